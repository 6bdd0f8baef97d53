<?php

namespace MediaWiki\Extension\SampleGreeting;

use MediaWiki\Hook\ParserFirstCallInitHook;

class Hooks implements ParserFirstCallInitHook {
	/** @inheritDoc */
	public function onParserFirstCallInit( $parser ) {
		$parser->setHook( 'greeting', static fn ( $name ) => htmlspecialchars( "Hello, $name!" ) );
	}
}
