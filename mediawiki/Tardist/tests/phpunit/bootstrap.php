<?php

// The unit tests need no MediaWiki: phpunit --bootstrap tests/phpunit/bootstrap.php tests/phpunit/unit
spl_autoload_register( static function ( string $class ) {
	$prefix = 'MediaWiki\\Extension\\Tardist\\';
	if ( str_starts_with( $class, $prefix ) ) {
		require_once __DIR__ . '/../../src/' . substr( $class, strlen( $prefix ) ) . '.php';
	}
} );
