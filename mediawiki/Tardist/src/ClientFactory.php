<?php

namespace MediaWiki\Extension\Tardist;

use MediaWiki\Config\ServiceOptions;
use MediaWiki\Http\HttpRequestFactory;
use Psr\Log\LoggerInterface;
use Wikimedia\ObjectCache\BagOStuff;
use Wikimedia\ObjectCache\WANObjectCache;

/**
 * Makes one client for each tardist that is asked, so that all of a request shares what it learned.
 */
class ClientFactory {

	public const CONSTRUCTOR_OPTIONS = [ 'TardistTimeout', 'TardistFreshness' ];

	private ServiceOptions $options;
	private HttpRequestFactory $httpRequestFactory;
	private WANObjectCache $cache;
	private BagOStuff $locks;
	private LoggerInterface $logger;

	/** @var Client[] By URL and proxy */
	private array $clients = [];

	public function __construct(
		ServiceOptions $options,
		HttpRequestFactory $httpRequestFactory,
		WANObjectCache $cache,
		BagOStuff $locks,
		LoggerInterface $logger
	) {
		$options->assertRequiredOptions( self::CONSTRUCTOR_OPTIONS );
		$this->options = $options;
		$this->httpRequestFactory = $httpRequestFactory;
		$this->cache = $cache;
		$this->locks = $locks;
		$this->logger = $logger;
	}

	/**
	 * @param string $url Where tardist is, such as https://extdist.example.org
	 * @param string|null $proxy
	 * @return Client
	 */
	public function getClient( string $url, ?string $proxy ): Client {
		$url = rtrim( $url, '/' );
		$this->clients["$url $proxy"] ??= new Client(
			$url,
			$proxy,
			(int)$this->options->get( 'TardistTimeout' ),
			(int)$this->options->get( 'TardistFreshness' ),
			$this->httpRequestFactory,
			$this->cache,
			$this->locks,
			$this->logger
		);
		return $this->clients["$url $proxy"];
	}
}
