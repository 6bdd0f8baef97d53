<?php

namespace MediaWiki\Extension\Tardist;

use MediaWiki\Http\HttpRequestFactory;
use MediaWiki\Status\Status;
use Psr\Log\LoggerInterface;
use RuntimeException;
use Wikimedia\ObjectCache\BagOStuff;
use Wikimedia\ObjectCache\WANObjectCache;
use Wikimedia\Timestamp\ConvertibleTimestamp;

/**
 * Asks tardist, and remembers what it said.
 *
 * Answers are used without asking again while they are fresh. They are kept for much longer: when tardist
 * cannot answer, an earlier answer serves. After a failure nobody asks for a short time, so that a tardist
 * that hangs costs one timeout and not one for each page. A failure is never stored as an answer.
 *
 * When an answer is not fresh any more, one process asks again. The others use the earlier answer meanwhile; if
 * there is none, they wait for the process that asks.
 *
 * A document has all of its translations, so no language of a user makes a request or an entry of its own.
 *
 * WANObjectCache::getMultiWithUnionSetCallback() would ask for many names at once too, but it does not
 * give the earlier values to its callback, and it knows no `lockTSE`.
 */
class Client {

	/** For how long nobody asks after a failure, in seconds: less than half a minute */
	private const PAUSE = 15;

	/** For how long an earlier answer may serve; tardist keeps old tarballs for a week by default */
	private const KEPT = WANObjectCache::TTL_DAY;

	/** How many names are in one request */
	private const BATCH = 50;

	/** How large an answer may be: 50 documents with 300 translations each have some 10 MB */
	private const MAX_BYTES = 32 * 1024 * 1024;

	private string $url;
	private ?string $proxy;
	private int $timeout;
	private int $freshness;
	private HttpRequestFactory $httpRequestFactory;
	private WANObjectCache $cache;
	private BagOStuff $locks;
	private LoggerInterface $logger;

	/** @var bool Whether a request failed in this process */
	private bool $isDown = false;

	/** @var array Values by key of the cache, for this process */
	private array $known = [];

	/**
	 * @param string $url Without a slash at its end
	 * @param string|null $proxy
	 * @param int $timeout In seconds
	 * @param int $freshness In seconds
	 * @param HttpRequestFactory $httpRequestFactory
	 * @param WANObjectCache $cache
	 * @param BagOStuff $locks
	 * @param LoggerInterface $logger
	 */
	public function __construct(
		string $url,
		?string $proxy,
		int $timeout,
		int $freshness,
		HttpRequestFactory $httpRequestFactory,
		WANObjectCache $cache,
		BagOStuff $locks,
		LoggerInterface $logger
	) {
		$this->url = $url;
		$this->proxy = $proxy;
		$this->timeout = $timeout;
		$this->freshness = $freshness;
		$this->httpRequestFactory = $httpRequestFactory;
		$this->cache = $cache;
		$this->locks = $locks;
		$this->logger = $logger;
	}

	/**
	 * The names of all extensions or of all skins.
	 *
	 * @param string $kind 'extensions' or 'skins'
	 * @return string[]|null Null if tardist cannot answer, and never did
	 */
	public function getNames( string $kind ): ?array {
		$names = $this->get( [ $kind => $this->key( 'list', $kind ) ], function () use ( $kind ) {
			$list = $this->fetch( "/list/$kind" )[$kind] ?? null;
			if ( !is_array( $list ) ) {
				return [];
			}
			$isName = static fn ( $name ) => is_string( $name ) && Repository::isName( $name );
			return [ $kind => array_values( array_filter( $list, $isName ) ) ];
		} );
		return $names[$kind] ?? null;
	}

	/**
	 * @param string $kind 'extensions' or 'skins'
	 * @param string[] $names
	 * @return (Repository|null)[] By name; null where tardist has no such repository. Names of which
	 *  nothing is known because tardist cannot answer are absent.
	 */
	public function getRepositories( string $kind, array $names ): array {
		$found = [];
		foreach ( array_chunk( array_filter( $names, [ Repository::class, 'isName' ] ), self::BATCH ) as $batch ) {
			$keys = [];
			foreach ( $batch as $name ) {
				$keys[$name] = $this->key( 'info', $kind, $name );
			}
			$found += $this->get( $keys, function ( array $wanted ) use ( $kind ) {
				$answer = $this->fetch( wfAppendQuery( "/info/$kind", [
					'names' => implode( '|', $wanted ),
					'lang' => '*',
				] ) );
				if ( !is_array( $answer[$kind] ?? null ) ) {
					return [];
				}
				$values = array_fill_keys( $wanted, false );
				foreach ( $wanted as $name ) {
					if ( is_array( $answer[$kind][$name] ?? null ) ) {
						$values[$name] = Repository::clean( $answer[$kind][$name], $this->url );
					}
				}
				return $values;
			} );
		}
		foreach ( $names as $name ) {
			if ( !Repository::isName( $name ) ) {
				$found[$name] = false;
			}
		}
		foreach ( $found as $name => $document ) {
			// A name of digits alone is a number as a key.
			$found[$name] = $document ? new Repository( $kind, (string)$name, $document ) : null;
		}
		return $found;
	}

	/**
	 * Values of the cache; those that are not fresh are fetched, all at once.
	 *
	 * @param string[] $keys By name
	 * @param callable $fetch Gets the names to fetch, and returns values by name. A name without a value
	 *  could not be fetched.
	 * @return array By name
	 */
	private function get( array $keys, callable $fetch ): array {
		$this->read( array_diff( $keys, array_keys( $this->known ) ) );
		$stale = $this->stale( $keys );
		if ( $stale && !$this->isDown() ) {
			$this->refresh( $stale, $fetch );
		}
		$values = [];
		foreach ( $keys as $name => $key ) {
			if ( $this->known[$key] ) {
				$values[$name] = $this->known[$key]['value'];
			}
		}
		return $values;
	}

	/**
	 * @param string[] $keys By name
	 * @param callable $fetch See get()
	 */
	private function refresh( array $keys, callable $fetch ): void {
		$isKnown = count( array_filter( array_intersect_key( $this->known, array_flip( $keys ) ) ) ) === count( $keys );
		// A process that asks has its answer, or has failed, before those that wait give up.
		$lock = $this->locks->getScopedLock(
			$this->key( 'lock', sha1( implode( ' ', $keys ) ) ),
			$isKnown ? 0 : $this->timeout + 1,
			$this->timeout + 2
		);
		if ( !$lock && $isKnown ) {
			return;
		}
		// Another process may have got an answer just before. One that has waited in vain asks itself.
		$this->read( $keys );
		$stale = $this->stale( $keys );
		if ( !$stale || $this->isDown() ) {
			return;
		}
		$now = self::now();
		foreach ( $fetch( array_map( 'strval', array_keys( $stale ) ) ) as $name => $value ) {
			$entry = [ 'at' => $now, 'value' => $value ];
			$this->known[$keys[$name]] = $entry;
			$this->cache->set( $keys[$name], $entry, self::KEPT );
		}
	}

	/**
	 * Takes over what the cache has.
	 *
	 * @param string[] $keys
	 */
	private function read( array $keys ): void {
		if ( $keys ) {
			$keys = array_values( $keys );
			$this->known = array_replace(
				$this->known + array_fill_keys( $keys, null ), $this->cache->getMulti( $keys )
			);
		}
	}

	/**
	 * Those of which nothing is known, or nothing fresh.
	 *
	 * @param string[] $keys By name
	 * @return string[] By name
	 */
	private function stale( array $keys ): array {
		$now = self::now();
		return array_filter( $keys, function ( string $key ) use ( $now ) {
			$entry = $this->known[$key];
			return !$entry || $entry['at'] + $this->freshness <= $now || $entry['at'] > $now;
		} );
	}

	private static function now(): int {
		return (int)ConvertibleTimestamp::now( TS_UNIX );
	}

	private function key( string ...$parts ): string {
		// Other wikis and other settings may ask another tardist.
		return $this->cache->makeGlobalKey( 'tardist', 1, sha1( $this->url ), ...$parts );
	}

	private function isDown(): bool {
		$this->isDown = $this->isDown || $this->cache->get( $this->key( 'down' ) );
		return $this->isDown;
	}

	private function markDown( string $path, string $reason ): void {
		$this->logger->error( 'tardist cannot be asked for {url}: {reason}', [
			'url' => $this->url . $path,
			'reason' => $reason,
		] );
		$this->isDown = true;
		$this->cache->set( $this->key( 'down' ), 1, self::PAUSE );
	}

	/**
	 * @param string $path With its query
	 * @return array|null Null if there is no answer
	 */
	private function fetch( string $path ): ?array {
		$options = [
			'timeout' => $this->timeout,
			'connectTimeout' => $this->timeout,
			'userAgent' => $this->httpRequestFactory->getUserAgent() . ' Tardist',
		];
		if ( $this->proxy !== null ) {
			$options['proxy'] = $this->proxy;
		}
		$request = $this->httpRequestFactory->create( $this->url . $path, $options, __METHOD__ );
		$request->setHeader( 'Accept', 'application/json' );
		$body = '';
		$end = microtime( true ) + $this->timeout;
		// Without the extension curl, the timeout of PHP's streams starts again with each packet.
		$request->setCallback( static function ( $stream, string $part ) use ( &$body, $end ) {
			$body .= $part;
			if ( strlen( $body ) > self::MAX_BYTES || microtime( true ) > $end ) {
				throw new RuntimeException( 'the answer is too large or too slow' );
			}
			return strlen( $part );
		} );
		try {
			$status = $request->execute();
		} catch ( RuntimeException $exception ) {
			$this->markDown( $path, $exception->getMessage() );
			return null;
		}
		$code = $request->getStatus();
		if ( $code >= 400 && $code < 500 && $code !== 408 && $code !== 429 ) {
			// It answers, but not this: it is not down.
			$this->logger->warning( 'tardist answers {code} to {url}', [
				'code' => $code,
				'url' => $this->url . $path,
			] );
			return null;
		}
		if ( !$status->isOK() ) {
			$this->markDown( $path, Status::wrap( $status )->getWikiText( false, false, 'en' ) );
			return null;
		}
		$answer = json_decode( $body, true );
		if ( !is_array( $answer ) ) {
			$this->markDown( $path, "status $code, and the answer is no JSON" );
			return null;
		}
		return $answer;
	}
}
