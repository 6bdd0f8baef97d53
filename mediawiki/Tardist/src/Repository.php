<?php

namespace MediaWiki\Extension\Tardist;

/**
 * What tardist says of one extension or skin, checked.
 *
 * The texts come from people who may write anything into their manifests. Nothing here is markup; what is
 * no text, too long, or no address of the web is left out. ExtensionDistributor puts addresses and file names into
 * wikitext and into a header, so these have only characters that mean nothing there.
 */
class Repository {

	/** How many characters a text has at most; longer ones are cut */
	public const MAX_TEXT = 5000;

	/** How many entries a list has at most */
	public const MAX_LIST = 200;

	private string $kind;
	private string $name;
	private array $document;

	/**
	 * @param string $kind 'extensions' or 'skins'
	 * @param string $name
	 * @param array $document As clean() returns it
	 */
	public function __construct( string $kind, string $name, array $document ) {
		$this->kind = $kind;
		$this->name = $name;
		$this->document = $document;
	}

	/**
	 * Whether tardist could have a repository with this name.
	 *
	 * @param string $name
	 * @return bool
	 */
	public static function isName( string $name ): bool {
		return preg_match( '/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}$/D', $name ) === 1;
	}

	/**
	 * The parts of a document of tardist that are used, each of the right type.
	 *
	 * @param array $document As `/info` has it with `lang=*`
	 * @param string $base The URL of tardist, which puts only paths into its links if it does not know it
	 * @return array
	 */
	public static function clean( array $document, string $base ): array {
		$clean = [
			'title' => self::text( $document['title'] ?? null ),
			'description' => self::text( $document['description'] ?? null ),
			'description_language' => self::code( $document['description_language'] ?? null ),
			'authors' => self::texts( $document['authors'] ?? null ),
			'license' => self::text( $document['license'] ?? null ),
			'url' => self::url( $document['url'] ?? null ),
			'type' => self::text( $document['type'] ?? null ),
			'source_url' => self::url( $document['source_url'] ?? null ),
			'translations' => [],
			'branches' => [],
		];
		foreach ( self::map( $document['translations'] ?? null, 1000 ) as $code => $texts ) {
			$code = self::code( $code );
			if ( $code !== null && is_array( $texts ) ) {
				$clean['translations'][$code] = array_filter( [
					'title' => self::text( $texts['title'] ?? null ),
					'description' => self::text( $texts['description'] ?? null ),
				], 'is_string' );
			}
		}
		foreach ( self::map( $document['branches'] ?? null, 1000 ) as $name => $branch ) {
			$branch = is_array( $branch ) ? self::branch( $branch, $base ) : null;
			if ( $branch ) {
				$clean['branches'][$name] = $branch;
			}
		}
		return $clean;
	}

	private static function branch( array $branch, string $base ): ?array {
		$tarball = is_array( $branch['tarball'] ?? null ) ? $branch['tarball'] : [];
		$url = $tarball['url'] ?? null;
		$url = self::url( is_string( $url ) && preg_match( '!^/[^/]!', $url ) ? $base . $url : $url );
		$file = $tarball['file'] ?? null;
		$commit = $branch['commit'] ?? null;
		if (
			$url === null ||
			!is_string( $file ) || !preg_match( '/^[A-Za-z0-9][A-Za-z0-9._~+-]{0,399}$/D', $file ) ||
			!is_string( $commit ) || !preg_match( '/^[0-9a-f]{40,64}$/D', $commit )
		) {
			return null;
		}
		$sha256 = $tarball['sha256'] ?? null;
		return [
			'commit' => $commit,
			'version' => self::text( $branch['version'] ?? null ),
			'requirements' => self::requirements( self::map( $branch['requires'] ?? null ) ),
			'tarball' => [
				'file' => $file,
				'url' => $url,
				'size' => is_int( $tarball['size'] ?? null ) ? max( 0, $tarball['size'] ) : 0,
				'sha256' => is_string( $sha256 ) && preg_match( '/^[0-9a-f]{64}$/D', $sha256 ) ? $sha256 : null,
			],
		];
	}

	/**
	 * @param array $requires
	 * @return string[][] Each has 'type' (mediawiki, extension, skin or platform), 'name', 'constraint'
	 */
	private static function requirements( array $requires ): array {
		$list = [];
		$core = self::text( $requires['MediaWiki'] ?? null );
		if ( $core !== null ) {
			$list[] = [ 'type' => 'mediawiki', 'name' => 'MediaWiki', 'constraint' => $core ];
		}
		foreach ( [ 'platform' => 'platform', 'extension' => 'extensions', 'skin' => 'skins' ] as $type => $key ) {
			foreach ( self::map( $requires[$key] ?? null ) as $name => $constraint ) {
				$list[] = [
					'type' => $type,
					'name' => self::text( (string)$name ) ?? '',
					'constraint' => self::text( $constraint ) ?? '*',
				];
			}
		}
		return $list;
	}

	private static function map( $value, int $limit = self::MAX_LIST ): array {
		return is_array( $value ) ? array_slice( $value, 0, $limit, true ) : [];
	}

	private static function text( $value ): ?string {
		return is_string( $value ) && $value !== '' ? mb_substr( $value, 0, self::MAX_TEXT ) : null;
	}

	private static function texts( $value ): array {
		return array_values( array_filter( array_map( [ self::class, 'text' ], self::map( $value ) ), 'is_string' ) );
	}

	private static function code( $value ): ?string {
		return is_string( $value ) && preg_match( '/^[a-z][a-z0-9-]{1,127}$/D', $value ) ? $value : null;
	}

	private static function url( $value ): ?string {
		// An apostrophe is right in a URL, but two of them mean something in wikitext.
		$value = is_string( $value ) ? str_replace( "'", '%27', $value ) : $value;
		$isUrl = is_string( $value ) && strlen( $value ) <= 2000 &&
			preg_match( '!^https?://[A-Za-z0-9\-._~:/?#@$&()*+,;=%\!]+$!iD', $value );
		return $isUrl ? $value : null;
	}

	public function getKind(): string {
		return $this->kind;
	}

	public function getName(): string {
		return $this->name;
	}

	/**
	 * The name for people, in the first of some languages that has one.
	 *
	 * @param string[] $languages Codes, best first
	 * @return string
	 */
	public function getTitle( array $languages ): string {
		return $this->translation( 'title', $languages )[0] ?? $this->document['title'] ?? $this->name;
	}

	/**
	 * The description and its language, in the first of some languages that has one.
	 *
	 * @param string[] $languages Codes, best first
	 * @return array{0:?string,1:?string}
	 */
	public function getDescription( array $languages ): array {
		return $this->translation( 'description', $languages ) ??
			[ $this->document['description'], $this->document['description_language'] ];
	}

	private function translation( string $field, array $languages ): ?array {
		foreach ( $languages as $language ) {
			$text = $this->document['translations'][$language][$field] ?? null;
			if ( $text !== null ) {
				return [ $text, $language ];
			}
		}
		return null;
	}

	/** @return string[] Plain text; `...` stands for others */
	public function getAuthors(): array {
		return $this->document['authors'];
	}

	public function getLicense(): ?string {
		return $this->document['license'];
	}

	public function getUrl(): ?string {
		return $this->document['url'];
	}

	/** @return string|null The group on Special:Version, such as `specialpage` */
	public function getType(): ?string {
		return $this->document['type'];
	}

	public function getSourceUrl(): ?string {
		return $this->document['source_url'];
	}

	/**
	 * Each has 'commit', 'version' (or null), 'requirements' and 'tarball' ('file', 'url', 'size' in bytes,
	 * 'sha256' or null).
	 *
	 * @return array[] By name of the branch
	 */
	public function getBranches(): array {
		return $this->document['branches'];
	}
}
