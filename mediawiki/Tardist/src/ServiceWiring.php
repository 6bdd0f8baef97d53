<?php

use MediaWiki\Config\ServiceOptions;
use MediaWiki\Extension\Tardist\CardRenderer;
use MediaWiki\Extension\Tardist\ClientFactory;
use MediaWiki\Logger\LoggerFactory;
use MediaWiki\MediaWikiServices;

return [
	'Tardist.CardRenderer' => static function ( MediaWikiServices $services ): CardRenderer {
		return new CardRenderer(
			$services->getLanguageFactory(),
			$services->getLanguageNameUtils()
		);
	},
	'Tardist.ClientFactory' => static function ( MediaWikiServices $services ): ClientFactory {
		return new ClientFactory(
			new ServiceOptions( ClientFactory::CONSTRUCTOR_OPTIONS, $services->getMainConfig() ),
			$services->getHttpRequestFactory(),
			$services->getMainWANObjectCache(),
			// The store behind it, which has locks.
			$services->getObjectCacheFactory()->getLocalClusterInstance(),
			LoggerFactory::getInstance( 'Tardist' )
		);
	},
];
