<?php

namespace MediaWiki\Extension\ExtensionDistributor\Providers;

/**
 * A stand-in for tests: what the companion uses of the class of this name in the real ExtensionDistributor.
 */
abstract class ExtDistProvider {

	/** @var string|bool */
	protected $proxy;
	/** @var string */
	protected $apiUrl;
	/** @var string */
	protected $repoType;
	/** @var string|false */
	protected $sourceUrl;

	public function __construct( array $options ) {
		$this->proxy = $options['proxy'] ?? false;
		$this->apiUrl = $options['apiUrl'];
		$this->repoType = $options['repoType'];
		$this->sourceUrl = $options['sourceUrl'] ?? false;
		// The real one takes these without asking whether they are there.
		[ $options['tarballUrl'], $options['tarballName'] ];
	}

	public static function getProviderFor( $type ) {
		global $wgExtDistAPIConfig;
		return $wgExtDistAPIConfig ?
			new $wgExtDistAPIConfig['class']( $wgExtDistAPIConfig + [ 'repoType' => $type ] ) :
			null;
	}

	protected function getEnabledBranches() {
		global $wgExtDistSnapshotRefs;
		return $wgExtDistSnapshotRefs;
	}

	abstract protected function getCacheDuration();

	abstract public function getTarballLocation( $ext, $version );

	abstract protected function fetchBranches( $name );

	abstract public function getBranches( $name );

	abstract public function getRepositoryList();

	public function getSourceURL( $name ) {
		return $this->sourceUrl;
	}
}
