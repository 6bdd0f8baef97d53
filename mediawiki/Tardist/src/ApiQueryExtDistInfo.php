<?php

namespace MediaWiki\Extension\Tardist;

use MediaWiki\Api\ApiQuery;
use MediaWiki\Api\ApiQueryBase;
use MediaWiki\Api\ApiResult;
use MediaWiki\Languages\LanguageFallback;
use Wikimedia\ParamValidator\ParamValidator;
use Wikimedia\ParamValidator\TypeDef\IntegerDef;

/**
 * `list=extdistinfo`: what is known about extensions and skins, beyond their names.
 *
 * The names are no enumeration, as they are in ExtensionDistributor's modules: `action=help` would list
 * all of them.
 */
class ApiQueryExtDistInfo extends ApiQueryBase {

	private const KINDS = [ 'extensions', 'skins' ];

	private LanguageFallback $languageFallback;
	private CardRenderer $cardRenderer;

	/**
	 * @param ApiQuery $query
	 * @param string $moduleName
	 * @param LanguageFallback $languageFallback
	 * @param CardRenderer $cardRenderer
	 */
	public function __construct(
		ApiQuery $query, $moduleName, LanguageFallback $languageFallback, CardRenderer $cardRenderer
	) {
		parent::__construct( $query, $moduleName, 'edi' );
		$this->languageFallback = $languageFallback;
		$this->cardRenderer = $cardRenderer;
	}

	/** @inheritDoc */
	public function execute() {
		$params = $this->extractRequestParams();
		$providers = [];
		foreach ( self::KINDS as $kind ) {
			if ( in_array( $kind, $params['kind'], true ) ) {
				$providers[$kind] = TardistProvider::configured( $kind ) ??
					$this->dieWithError( 'apierror-tardist-notconfigured', 'notconfigured' );
			}
		}
		$entries = $this->entries( $providers, $params['names'] );
		if ( $params['continue'] !== null ) {
			$from = $this->parseContinueParamOrDie( $params['continue'], [ 'string', 'string' ] );
			$this->dieContinueUsageIf( !in_array( $from[0], [ ...self::KINDS, 'missing' ], true ) );
			$entries = array_filter( $entries, static fn ( $entry ) => self::compare( $entry, $from ) >= 0 );
		}
		$code = $this->getLanguage()->getCode();
		$languages = [ $code, ...$this->languageFallback->getAll( $code ) ];
		$next = array_slice( $entries, $params['limit'], 1 )[0] ?? null;
		$page = array_slice( $entries, 0, $params['limit'] );
		$found = [];
		foreach ( $providers as $kind => $provider ) {
			$names = array_column( array_filter( $page, static fn ( $entry ) => $entry[0] === $kind ), 1 );
			$found[$kind] = $provider->getRepositories( $names );
			if ( array_diff( $names, array_map( 'strval', array_keys( $found[$kind] ) ) ) ) {
				$this->dieUnavailable();
			}
		}
		$result = $this->getResult();
		$path = [ 'query', $this->getModuleName() ];
		foreach ( $page as [ $kind, $name ] ) {
			$repository = $found[$kind][$name] ?? null;
			$value = $repository ?
				$this->describe( $repository, $providers[$kind], $params, $languages ) :
				[ 'name' => $name, 'missing' => true ];
			if ( !$result->addValue( $path, null, $value ) ) {
				$next = [ $kind, $name ];
				break;
			}
		}
		if ( $next ) {
			$this->setContinueEnumParameter( 'continue', implode( '|', $next ) );
		}
		$result->addIndexedTagName( $path, 'repository' );
	}

	/**
	 * What is wanted: pairs of kind and name, in their order. The kind of a name that is nowhere is 'missing'.
	 *
	 * @param TardistProvider[] $providers By kind
	 * @param string[]|null $wanted
	 * @return string[][]
	 */
	private function entries( array $providers, ?array $wanted ): array {
		$entries = [];
		$seen = [];
		foreach ( $providers as $kind => $provider ) {
			$names = $provider->getNames() ?? $this->dieUnavailable();
			foreach ( $wanted === null ? $names : array_intersect( $names, $wanted ) as $name ) {
				$entries[] = [ $kind, $name ];
				$seen[] = $name;
			}
		}
		foreach ( array_diff( $wanted ?? [], $seen ) as $name ) {
			$entries[] = [ 'missing', $name ];
		}
		usort( $entries, [ self::class, 'compare' ] );
		return $entries;
	}

	private static function compare( array $a, array $b ): int {
		return strcmp( self::rank( $a ), self::rank( $b ) );
	}

	private static function rank( array $entry ): string {
		return array_search( $entry[0], [ ...self::KINDS, 'missing' ] ) . $entry[1];
	}

	/** @return never */
	private function dieUnavailable() {
		$this->dieWithError( 'tardist-unavailable', 'unavailable', null, 503 );
	}

	private function describe(
		Repository $repository, TardistProvider $provider, array $params, array $languages
	): array {
		$props = array_flip( $params['prop'] );
		[ $description, $descriptionLanguage ] = $repository->getDescription( $languages );
		$value = [ 'kind' => $repository->getKind(), 'name' => $repository->getName() ];
		$value += array_filter( array_intersect_key( [
			'title' => $repository->getTitle( $languages ),
			'description' => $description,
			'license' => $repository->getLicense(),
			'authors' => $repository->getAuthors(),
			'url' => $repository->getUrl(),
			'type' => $repository->getType(),
		], $props ), static fn ( $it ) => $it !== null );
		if ( isset( $value['description'] ) && $descriptionLanguage !== null ) {
			$value['descriptionlanguage'] = $descriptionLanguage;
		}
		if ( isset( $value['authors'] ) ) {
			ApiResult::setIndexedTagName( $value['authors'], 'author' );
		}
		$branches = $provider->getOfferedBranches( $repository );
		if ( isset( $props['branches'] ) ) {
			$value['branches'] = [];
			foreach ( $branches as $name => $branch ) {
				$entry = array_filter( [ 'branch' => (string)$name ] + $branch, static fn ( $it ) => $it !== null );
				$entry['tarball'] = array_filter( $branch['tarball'], static fn ( $it ) => $it !== null );
				ApiResult::setIndexedTagName( $entry['requirements'], 'requirement' );
				$value['branches'][] = $entry;
			}
			ApiResult::setIndexedTagName( $value['branches'], 'branch' );
		}
		if ( isset( $props['card'] ) ) {
			$name = $params['branch'] ?? $this->getConfig()->get( 'ExtDistDefaultSnapshot' );
			$name = isset( $branches[$name] ) ? $name : (string)array_key_first( $branches );
			$value['card'] = $this->cardRenderer->render(
				$repository, $languages, $name, $branches[$name] ?? null, $this
			);
		}
		return $value;
	}

	/** @inheritDoc */
	public function getCacheMode( $params ) {
		// The language is that of the user.
		return 'anon-public-user-private';
	}

	/** @inheritDoc */
	public function isInternal() {
		return true;
	}

	/** @inheritDoc */
	protected function getAllowedParams() {
		return [
			'names' => [
				ParamValidator::PARAM_ISMULTI => true,
			],
			'kind' => [
				ParamValidator::PARAM_ISMULTI => true,
				ParamValidator::PARAM_TYPE => self::KINDS,
				ParamValidator::PARAM_DEFAULT => implode( '|', self::KINDS ),
			],
			'prop' => [
				ParamValidator::PARAM_ISMULTI => true,
				ParamValidator::PARAM_TYPE => [
					'title', 'description', 'license', 'authors', 'url', 'type', 'branches', 'card',
				],
				ParamValidator::PARAM_DEFAULT => 'title|description|license|authors|url|type|branches',
				self::PARAM_HELP_MSG_PER_VALUE => [],
			],
			'branch' => null,
			'limit' => [
				ParamValidator::PARAM_DEFAULT => 10,
				ParamValidator::PARAM_TYPE => 'limit',
				IntegerDef::PARAM_MIN => 1,
				IntegerDef::PARAM_MAX => self::LIMIT_SML1,
				IntegerDef::PARAM_MAX2 => self::LIMIT_SML2,
			],
			'continue' => [
				self::PARAM_HELP_MSG => 'api-help-param-continue',
			],
		];
	}

	/** @inheritDoc */
	protected function getExamplesMessages() {
		return [
			'action=query&list=extdistinfo&edinames=ExtensionDistributor'
				=> 'apihelp-query+extdistinfo-example-one',
			'action=query&list=extdistinfo&edikind=skins&ediprop=title|description&uselang=de'
				=> 'apihelp-query+extdistinfo-example-skins',
		];
	}
}
