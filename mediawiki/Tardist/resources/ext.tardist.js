/**
 * Keeps the card in step with what is chosen in ExtensionDistributor's form. The card itself is
 * made by the server alone.
 */
( function () {
	'use strict';

	const KINDS = {
		ExtensionDistributor: 'extensions',
		SkinDistributor: 'skins'
	};

	const kind = KINDS[ mw.config.get( 'wgCanonicalSpecialPageName' ) ];
	const content = document.getElementById( 'mw-content-text' );
	if ( !kind || !content ) {
		return;
	}

	const api = new mw.Api();
	let shown = null;

	function valueOf( field ) {
		const element = content.querySelector( '[name="' + field + '"]' );
		return element ? element.value : '';
	}

	function chosen() {
		return valueOf( 'extdistname' ) + '/' + valueOf( 'extdistversion' );
	}

	function show( html ) {
		const old = content.querySelector( '.ext-tardist-card' );
		// The card is HTML of our own server, with everything from outside escaped.
		const card = html ? new DOMParser().parseFromString( html, 'text/html' ).body.firstChild : null;
		if ( old && card ) {
			old.replaceWith( card );
		} else if ( old ) {
			old.remove();
		} else if ( card ) {
			const container = content.querySelector( '.mw-extdist-container' );
			if ( container ) {
				container.after( card );
			} else {
				content.append( card );
			}
		}
	}

	function update() {
		const now = chosen();
		if ( now === shown ) {
			return;
		}
		shown = now;
		api.abort();
		const name = valueOf( 'extdistname' );
		if ( !name ) {
			show( '' );
			return;
		}
		const branch = valueOf( 'extdistversion' );
		api.get( {
			action: 'query',
			list: 'extdistinfo',
			formatversion: 2,
			uselang: mw.config.get( 'wgUserLanguage' ),
			edinames: name,
			edikind: kind,
			ediprop: 'card',
			edibranch: branch || undefined
		} ).then( ( data ) => {
			if ( shown === now ) {
				show( data.query.extdistinfo[ 0 ].card || '' );
			}
		}, ( code, error ) => {
			// Without a card the page works as it did before.
			if ( shown === now && !( error && error.textStatus === 'abort' ) ) {
				show( '' );
			}
		} );
	}

	// ExtensionDistributor builds its form with OOUI, whose fields change without an event that
	// others see.
	if ( content.querySelector( '[name="extdistname"]' ) ) {
		// The server has made the card for what the form says now.
		shown = chosen();
		content.addEventListener( 'change', update );
		new MutationObserver( update ).observe( content, {
			childList: true,
			subtree: true,
			characterData: true
		} );
	}
}() );
