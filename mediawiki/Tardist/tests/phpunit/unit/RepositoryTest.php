<?php

namespace MediaWiki\Extension\Tardist\Tests\Unit;

use MediaWiki\Extension\Tardist\Repository;
use PHPUnit\Framework\TestCase;

/**
 * @covers \MediaWiki\Extension\Tardist\Repository
 */
class RepositoryTest extends TestCase {

	private const COMMIT = '0123456789abcdef0123456789abcdef01234567';

	private static function branch( array $tarball = [] ): array {
		return [
			'commit' => self::COMMIT,
			'version' => '1.0',
			'requires' => [
				'MediaWiki' => '>= 1.43.0',
				'extensions' => [ 'Other' => '*' ],
				'skins' => [],
				'platform' => [ 'php' => '>= 8.1' ],
			],
			'tarball' => $tarball + [
				'file' => 'A-wmf~1.46.0-0123456.tar.gz',
				'url' => 'https://example.org/dist/extensions/A-wmf~1.46.0-0123456.tar.gz',
				'size' => 5,
				'sha256' => str_repeat( 'a', 64 ),
			],
		];
	}

	private static function repository( array $document ): Repository {
		return new Repository( 'extensions', 'A', Repository::clean( $document, 'https://tardist.example' ) );
	}

	public function testTitleAndDescriptionFallBackSeparately() {
		$repository = self::repository( [
			'title' => 'Title',
			'description' => 'English',
			'description_language' => 'en',
			'translations' => [
				'de' => [ 'title' => null, 'description' => 'Deutsch' ],
				'bar' => [ 'title' => 'Boarisch', 'description' => null ],
			],
		] );
		$this->assertSame( 'Boarisch', $repository->getTitle( [ 'bar', 'de', 'en' ] ) );
		$this->assertSame( [ 'Deutsch', 'de' ], $repository->getDescription( [ 'bar', 'de', 'en' ] ) );
		$this->assertSame( [ 'English', 'en' ], $repository->getDescription( [ 'fr', 'en' ] ) );
		$this->assertSame( 'Title', $repository->getTitle( [ 'fr', 'en' ] ) );
		$this->assertSame( 'A', self::repository( [] )->getTitle( [ 'en' ] ) );
	}

	public function testRequirementsAreAList() {
		$branches = self::repository( [ 'branches' => [ 'wmf/1.46.0' => self::branch() ] ] )->getBranches();
		$this->assertSame( [
			[ 'type' => 'mediawiki', 'name' => 'MediaWiki', 'constraint' => '>= 1.43.0' ],
			[ 'type' => 'platform', 'name' => 'php', 'constraint' => '>= 8.1' ],
			[ 'type' => 'extension', 'name' => 'Other', 'constraint' => '*' ],
		], $branches['wmf/1.46.0']['requirements'] );
	}

	public function testAPathLeadsToTardist() {
		$document = [ 'branches' => [ 'master' => self::branch( [ 'url' => '/dist/a.tar.gz' ] ) ] ];
		$branches = self::repository( $document )->getBranches();
		$this->assertSame( 'https://tardist.example/dist/a.tar.gz', $branches['master']['tarball']['url'] );
	}

	public function testAnApostropheInAUrlIsEncoded() {
		$repository = self::repository( [ 'url' => "https://example.org/wiki/Extension:Author's_page" ] );
		$this->assertSame( 'https://example.org/wiki/Extension:Author%27s_page', $repository->getUrl() );
		$document = [ 'branches' => [ 'master' => self::branch( [ 'url' => "/dist/a'b.tar.gz" ] ) ] ];
		$tarball = self::repository( $document )->getBranches()['master']['tarball'];
		$this->assertSame( 'https://tardist.example/dist/a%27b.tar.gz', $tarball['url'] );
	}

	public static function provideBadTarballs() {
		yield [ [ 'url' => '//evil.example/a.tar.gz' ] ];
		yield [ [ 'url' => 'javascript:alert(1)' ] ];
		yield [ [ 'url' => "https://example.org/\nSet-Cookie: a" ] ];
		yield [ [ 'url' => 'https://example.org/[[x]]' ] ];
		yield [ [ 'url' => 'https://example.org/"onclick=' ] ];
		yield [ [ 'url' => [] ] ];
		yield [ [ 'file' => '</pre><script>' ] ];
		yield [ [ 'file' => '-rf; x' ] ];
		yield [ [ 'file' => "a.tar.gz\n" ] ];
		yield [ [ 'file' => null ] ];
	}

	/**
	 * @dataProvider provideBadTarballs
	 */
	public function testABranchWithoutATarballThatIsSafeToNameIsNotThere( array $tarball ) {
		$document = [ 'branches' => [ 'master' => self::branch( $tarball ), 'REL1_43' => self::branch() ] ];
		$this->assertSame( [ 'REL1_43' ], array_keys( self::repository( $document )->getBranches() ) );
	}

	public function testWhatIsNoTextIsLeftOutAndLongTextsAreCut() {
		$repository = self::repository( [
			'title' => [ 'x' ],
			'description' => str_repeat( 'ü', 1_000_000 ),
			'description_language' => '"><script>',
			'authors' => [ 'A', 5, [ 'B' ], '', ...array_fill( 0, 1000, 'C' ) ],
			'license' => 7,
			'url' => 'javascript:alert(1)',
			'type' => null,
			'translations' => [ 'de' => 'x', '"' => [ 'title' => 'y' ], 3 => [] ],
			'branches' => 'none',
		] );
		$this->assertSame( 'A', $repository->getTitle( [ 'de', 'en' ] ) );
		[ $description, $language ] = $repository->getDescription( [ 'de', 'en' ] );
		$this->assertSame( str_repeat( 'ü', Repository::MAX_TEXT ), $description );
		$this->assertNull( $language );
		$this->assertLessThanOrEqual( Repository::MAX_LIST, count( $repository->getAuthors() ) );
		$this->assertSame( [ 'A', 'C' ], array_slice( $repository->getAuthors(), 0, 2 ) );
		$this->assertNull( $repository->getLicense() );
		$this->assertNull( $repository->getUrl() );
		$this->assertSame( [], $repository->getBranches() );
	}

	public function testNamesAreThoseThatTardistCanHave() {
		foreach ( [ 'MassMessage', '3D', 'Foo-Bar_2.0', 'C++' ] as $name ) {
			$this->assertTrue( Repository::isName( $name ), $name );
		}
		foreach ( [ '', 'a/b', 'a|b', '-x', "a\n", 'ü', '<b>', str_repeat( 'x', 101 ) ] as $name ) {
			$this->assertFalse( Repository::isName( $name ), $name );
		}
	}
}
