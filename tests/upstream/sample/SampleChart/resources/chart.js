document.querySelectorAll( '.sample-chart' ).forEach( ( node ) => mw.samplePlot( node ) );
