<?php

namespace MediaWiki\Extension\ExtensionDistributor\Providers;

use FormatJson;
use MediaWiki\MediaWikiServices;

/**
 * A stand-in for tests: as the real one it asks with MediaWiki's own client, reads Gerrit's form of JSON with
 * MediaWiki's own parser, and keeps what it read in MediaWiki's own cache.
 */
class GerritExtDistProvider extends ExtDistProvider {

	private array $templates;

	public function __construct( array $options ) {
		parent::__construct( $options );
		$this->templates = $options;
	}

	/** @inheritDoc */
	public function getRepositoryList() {
		$cache = MediaWikiServices::getInstance()->getMainWANObjectCache();
		return $cache->getWithSetCallback(
			$cache->makeGlobalKey( 'stand-in-list', $this->repoType ),
			$cache::TTL_HOUR,
			fn () => $this->fetchRepositoryList()
		);
	}

	/** @inheritDoc */
	public function getBranches( $name ) {
		$cache = MediaWikiServices::getInstance()->getMainWANObjectCache();
		$all = $cache->getWithSetCallback(
			$cache->makeGlobalKey( 'stand-in-branches', $this->repoType, $name ),
			$this->getCacheDuration(),
			fn () => $this->fetchBranches( $name )
		);
		return array_intersect_key( $all, array_flip( $this->getEnabledBranches() ) );
	}

	/** @inheritDoc */
	public function getTarballLocation( $ext, $version ) {
		return $this->filled( 'tarballUrl', $ext, $version, substr( $this->getBranches( $ext )[$version], 0, 7 ) );
	}

	/** @inheritDoc */
	public function getSourceURL( $name ) {
		return $this->filled( 'sourceUrl', $name );
	}

	/** @inheritDoc */
	protected function getCacheDuration() {
		return 30 * 60;
	}

	protected function fetchRepositoryList(): array {
		$names = [];
		foreach ( $this->ask( $this->filled( 'repoListUrl' ) ) as $project => $info ) {
			$parts = explode( '/', $project );
			if ( count( $parts ) === 3 && ( $info['state'] ?? '' ) !== 'READ_ONLY' ) {
				$names[] = $parts[2];
			}
		}
		return $names;
	}

	/** @inheritDoc */
	protected function fetchBranches( $name ) {
		$branches = [];
		foreach ( $this->ask( $this->filled( 'apiUrl', $name ) ) as $branch ) {
			if ( substr( $branch['ref'], 0, 11 ) === 'refs/heads/' ) {
				$branches[substr( $branch['ref'], 11 )] = $branch['revision'];
			}
		}
		return $branches;
	}

	private function ask( string $url ): array {
		$request = MediaWikiServices::getInstance()->getHttpRequestFactory()->create( $url, [], __METHOD__ );
		$status = $request->execute();
		return $status->isOK() ? FormatJson::decode( substr( $request->getContent(), 4 ), true ) : [];
	}

	private function filled( string $template, string $name = '', string $branch = '', string $commit = '' ): string {
		$values = [ '$EXT' => $name, '$REF' => $branch, '$SHA' => $commit, '$TYPE' => $this->repoType ];
		return strtr( $this->templates[$template], array_map( 'rawurlencode', $values ) );
	}
}
