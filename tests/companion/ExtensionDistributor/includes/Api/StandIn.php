<?php

namespace MediaWiki\Extension\ExtensionDistributor\Api;

use ApiQuery;
use ApiQueryBase;
use MediaWiki\Extension\ExtensionDistributor\Providers\ExtDistProvider;
use Wikimedia\ParamValidator\ParamValidator;

/**
 * A stand-in for tests: the answers of `list=extdistrepos` and `list=extdistbranches`.
 */
class StandIn extends ApiQueryBase {

	private const KINDS = [ 'exts' => 'extensions', 'skins' => 'skins' ];

	public function __construct( ApiQuery $query, $moduleName ) {
		parent::__construct( $query, $moduleName, $moduleName === 'extdistbranches' ? 'edb' : 'edr' );
	}

	/** @inheritDoc */
	public function execute() {
		$info = [];
		foreach ( self::KINDS as $parameter => $kind ) {
			$provider = ExtDistProvider::getProviderFor( $kind );
			if ( $this->getModuleName() === 'extdistrepos' ) {
				$info[$kind] = $provider->getRepositoryList();
				continue;
			}
			foreach ( $this->extractRequestParams()[$parameter] ?? [] as $name ) {
				foreach ( array_keys( $provider->getBranches( $name ) ) as $branch ) {
					$info[$kind][$name][$branch] = $provider->getTarballLocation( $name, $branch );
				}
				$info[$kind][$name]['source'] = $provider->getSourceURL( $name );
			}
		}
		$this->getResult()->addValue( 'query', $this->getModuleName(), $info );
	}

	/** @inheritDoc */
	public function isInternal() {
		return true;
	}

	/** @inheritDoc */
	protected function getAllowedParams() {
		$names = [ ParamValidator::PARAM_ISMULTI => true ];
		return $this->getModuleName() === 'extdistbranches' ? [ 'exts' => $names, 'skins' => $names ] : [];
	}
}
