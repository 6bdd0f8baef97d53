<?php

namespace MediaWiki\Extension\Tardist;

use MediaWiki\Html\Html;
use MediaWiki\Languages\LanguageFactory;
use MediaWiki\Languages\LanguageNameUtils;
use MediaWiki\Specials\SpecialVersion;
use MessageLocalizer;

/**
 * The card of a repository: the only place that turns what tardist says into HTML.
 */
class CardRenderer {

	private LanguageFactory $languageFactory;
	private LanguageNameUtils $languageNameUtils;

	public function __construct( LanguageFactory $languageFactory, LanguageNameUtils $languageNameUtils ) {
		$this->languageFactory = $languageFactory;
		$this->languageNameUtils = $languageNameUtils;
	}

	/**
	 * @param Repository $repository
	 * @param string[] $languages Of the user, best first
	 * @param string|null $branchName
	 * @param array|null $branch As in Repository::getBranches(); null for a card without one
	 * @param MessageLocalizer $localizer
	 * @return string HTML
	 */
	public function render(
		Repository $repository,
		array $languages,
		?string $branchName,
		?array $branch,
		MessageLocalizer $localizer
	): string {
		[ $description, $code ] = $repository->getDescription( $languages );
		$rows = $this->rows( $repository, $localizer );
		if ( $branch ) {
			$rows += $this->branchRows( $branchName, $branch, $languages[0], $localizer );
		}
		$list = '';
		foreach ( $rows as $message => $html ) {
			$list .= Html::rawElement( 'div', [],
				Html::element( 'dt', [], $localizer->msg( $message )->text() ) .
				Html::rawElement( 'dd', [], $html )
			);
		}
		// The heading of the page stays the first thing that is read, so this is of level 2.
		$heading = Html::rawElement( 'h2', [ 'class' => 'ext-tardist-card-title' ],
			Html::element( 'bdi', [], $repository->getTitle( $languages ) )
		);
		$text = $description === null ? '' : Html::element( 'p', [
			'class' => 'ext-tardist-card-description',
			// So that it can be scrolled with the keyboard.
			'tabindex' => self::mayScroll( $description ) ? '0' : null,
		] + $this->languageAttributes( $code ), $description );
		return Html::rawElement( 'section', [ 'class' => 'ext-tardist-card' ],
			$heading . $text . Html::rawElement( 'dl', [ 'class' => 'ext-tardist-card-facts' ], $list )
		);
	}

	/**
	 * Whether a text could be higher on a phone than the style sheet lets it be.
	 *
	 * @param string $text
	 * @return bool
	 */
	private static function mayScroll( string $text ): bool {
		$rows = 0;
		foreach ( explode( "\n", $text ) as $line ) {
			$rows += max( 1, (int)ceil( mb_strwidth( $line ) / 30 ) );
		}
		return $rows > 10;
	}

	private function languageAttributes( ?string $code ): array {
		if ( $code === null || !$this->languageNameUtils->isKnownLanguageTag( $code ) ) {
			return [ 'dir' => 'auto' ];
		}
		$language = $this->languageFactory->getLanguage( $code );
		return [ 'lang' => $language->getHtmlCode(), 'dir' => $language->getDir() ];
	}

	private function rows( Repository $repository, MessageLocalizer $localizer ): array {
		$rows = [];
		$authors = $repository->getAuthors();
		if ( $authors ) {
			$names = [];
			foreach ( $authors as $author ) {
				// A name may have characters that turn the direction of what follows.
				$names[] = $author === '...' ?
					$localizer->msg( 'version-poweredby-others' )->escaped() :
					Html::element( 'bdi', [], $author );
			}
			$rows['tardist-card-authors'] = $this->joined( $names, $localizer );
		}
		if ( $repository->getLicense() !== null ) {
			$rows['tardist-card-license'] = Html::element( 'bdi', [], $repository->getLicense() );
		}
		// All skins are in the same group.
		if ( $repository->getType() !== null && $repository->getKind() === 'extensions' ) {
			$rows['tardist-card-type'] = Html::element( 'span', [],
				SpecialVersion::getExtensionTypeName( $repository->getType() ) );
		}
		if ( $repository->getUrl() !== null ) {
			$rows['tardist-card-url'] = $this->link( $repository->getUrl(), $repository->getUrl() );
		}
		return $rows;
	}

	private function branchRows(
		string $name, array $branch, string $language, MessageLocalizer $localizer
	): array {
		$rows = [ 'tardist-card-branch' => Html::element( 'bdi', [], $name ) ];
		if ( $branch['version'] !== null ) {
			$rows['tardist-card-version'] = Html::element( 'bdi', [], $branch['version'] );
		}
		if ( $branch['requirements'] ) {
			$items = [];
			foreach ( $branch['requirements'] as $requirement ) {
				// `*` is any version.
				$version = $requirement['constraint'] === '*' ? '' : " {$requirement['constraint']}";
				$items[] = Html::element( 'bdi', [], $requirement['name'] . $version );
			}
			$rows['tardist-card-requirements'] = $this->joined( $items, $localizer );
		}
		$tarball = $branch['tarball'];
		$size = $this->languageFactory->getLanguage( $language )->formatSize( $tarball['size'] );
		$rows['tardist-card-tarball'] = $this->link( $tarball['url'], $tarball['file'] ) . ' ' .
			Html::element( 'span', [ 'class' => 'ext-tardist-card-size' ],
				$localizer->msg( 'parentheses' )->plaintextParams( $size )->text() );
		if ( $tarball['sha256'] !== null ) {
			$rows['tardist-card-sha256'] = Html::element( 'code', [ 'dir' => 'ltr' ], $tarball['sha256'] );
		}
		$rows['tardist-card-commit'] = Html::element( 'code', [ 'dir' => 'ltr' ], substr( $branch['commit'], 0, 12 ) );
		return $rows;
	}

	private function joined( array $items, MessageLocalizer $localizer ): string {
		return implode( $localizer->msg( 'comma-separator' )->escaped(), $items );
	}

	private function link( string $url, string $text ): string {
		// Not the classes of a bare URL in wikitext: programs that read ExtensionDistributor's page take the
		// first such link for that of the tarball.
		return Html::rawElement( 'a', [ 'href' => $url, 'rel' => 'nofollow' ], Html::element( 'bdi', [], $text ) );
	}
}
