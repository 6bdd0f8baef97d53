<?php

namespace MediaWiki\Extension\Tardist;

use MediaWiki\Extension\ExtensionDistributor\Providers\ExtDistProvider;
use MediaWiki\MediaWikiServices;

/**
 * Lets ExtensionDistributor use tardist.
 *
 *     $wgExtDistAPIConfig = [
 *         'class' => 'MediaWiki\\Extension\\Tardist\\TardistProvider',
 *         'apiUrl' => 'https://extdist.example.org',
 *     ];
 *
 * Lists and links come from tardist's documents, so ExtensionDistributor's templates of URLs are not needed. Its
 * own cache is not used: the keys name neither the class nor the URL, and it keeps failures for an hour. So
 * the public methods are overridden, and not only those that fetch.
 */
class TardistProvider extends ExtDistProvider {

	private Client $client;

	/**
	 * ExtensionDistributor makes it, so services cannot be injected.
	 *
	 * @param array $options
	 */
	public function __construct( array $options ) {
		parent::__construct( $options + [ 'tarballUrl' => '', 'tarballName' => '' ] );
		$this->client = MediaWikiServices::getInstance()->getService( 'Tardist.ClientFactory' )
			->getClient( $this->apiUrl, $this->proxy ?: null );
	}

	/**
	 * The configured provider, if it is this one.
	 *
	 * @param string $kind 'extensions' or 'skins'
	 * @return self|null
	 */
	public static function configured( string $kind ): ?self {
		$provider = self::getProviderFor( $kind );
		return $provider instanceof self ? $provider : null;
	}

	/** @inheritDoc */
	public function getRepositoryList() {
		return $this->client->getNames( $this->repoType ) ?? [];
	}

	/**
	 * The names, or null if they are not known.
	 *
	 * @return string[]|null
	 */
	public function getNames(): ?array {
		return $this->client->getNames( $this->repoType );
	}

	/**
	 * @param string[] $names
	 * @return (Repository|null)[] See Client::getRepositories()
	 */
	public function getRepositories( array $names ): array {
		return $this->client->getRepositories( $this->repoType, $names );
	}

	/**
	 * The branches of a repository that the wiki offers, in the order of $wgExtDistSnapshotRefs.
	 *
	 * @param Repository $repository
	 * @return array[] As Repository::getBranches()
	 */
	public function getOfferedBranches( Repository $repository ): array {
		$offered = [];
		foreach ( $this->getEnabledBranches() as $name ) {
			if ( isset( $repository->getBranches()[$name] ) ) {
				$offered[$name] = $repository->getBranches()[$name];
			}
		}
		return $offered;
	}

	/** @inheritDoc */
	public function getBranches( $name ) {
		$repository = $this->getRepositories( [ (string)$name ] )[$name] ?? null;
		return $repository ? array_map(
			static fn ( array $branch ) => $branch['commit'],
			$this->getOfferedBranches( $repository )
		) : [];
	}

	private function tarball( string $name, string $branch, string $field ): string {
		$repository = $this->getRepositories( [ $name ] )[$name] ?? null;
		return $repository ? $repository->getBranches()[$branch]['tarball'][$field] ?? '' : '';
	}

	/** @inheritDoc */
	public function getTarballLocation( $ext, $version ) {
		return $this->tarball( (string)$ext, (string)$version, 'url' );
	}

	/** @inheritDoc */
	public function getExpectedTarballName( $ext, $version ) {
		return $this->tarball( (string)$ext, (string)$version, 'file' );
	}

	/** @inheritDoc */
	public function getSourceURL( $name ) {
		if ( $this->sourceUrl !== false ) {
			return parent::getSourceURL( $name );
		}
		$repository = $this->getRepositories( [ (string)$name ] )[$name] ?? null;
		return ( $repository ? $repository->getSourceUrl() : null ) ?? false;
	}

	/** @inheritDoc */
	protected function fetchBranches( $name ) {
		return $this->getBranches( $name );
	}

	/** @inheritDoc */
	protected function fetchRepositoryList() {
		return $this->getRepositoryList();
	}

	/** @inheritDoc */
	protected function getCacheDuration() {
		return 0;
	}
}
