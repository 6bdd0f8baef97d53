<?php

namespace MediaWiki\Extension\Tardist;

use MediaWiki\Html\Html;
use MediaWiki\Languages\LanguageFallback;
use MediaWiki\SpecialPage\Hook\SpecialPageBeforeExecuteHook;
use MediaWiki\SpecialPage\SpecialPage;

/**
 * Puts the card of the chosen repository above ExtensionDistributor's own text.
 */
class CardHandler implements SpecialPageBeforeExecuteHook {

	private const KINDS = [
		'ExtensionDistributor' => 'extensions',
		'SkinDistributor' => 'skins',
	];

	private LanguageFallback $languageFallback;
	private CardRenderer $cardRenderer;

	public function __construct( LanguageFallback $languageFallback, CardRenderer $cardRenderer ) {
		$this->languageFallback = $languageFallback;
		$this->cardRenderer = $cardRenderer;
	}

	/**
	 * @param SpecialPage $special
	 * @param string|null $subPage
	 */
	public function onSpecialPageBeforeExecute( $special, $subPage ) {
		$kind = self::KINDS[$special->getName()] ?? null;
		if ( $kind === null || !$special->getConfig()->get( 'ExtDistAPIConfig' ) ) {
			return;
		}
		$provider = TardistProvider::configured( $kind );
		if ( !$provider ) {
			return;
		}
		$output = $special->getOutput();
		$output->addModuleStyles( 'ext.tardist.styles' );
		$output->addModules( 'ext.tardist' );
		// As ExtensionDistributor reads them.
		$request = $special->getRequest();
		[ $name, $branchName ] = $subPage ?
			explode( '/', $subPage, 2 ) + [ 1 => null ] :
			[ $request->getVal( 'extdistname' ), $request->getVal( 'extdistversion' ) ];
		$name = (string)$name;
		$found = $name === '' ? [] : $provider->getRepositories( [ $name ] );
		$isKnown = $name === '' ? $provider->getNames() !== null : array_key_exists( $name, $found );
		if ( !$isKnown ) {
			// ExtensionDistributor says that there is nothing of this name, or nothing at all.
			$output->addModuleStyles( 'mediawiki.codex.messagebox.styles' );
			$output->addHTML( Html::errorBox( $special->msg( 'tardist-unavailable' )->escaped() ) );
		}
		$repository = $found[$name] ?? null;
		if ( !$repository ) {
			return;
		}
		$branches = $provider->getOfferedBranches( $repository );
		$branchName = $branchName ?: $special->getConfig()->get( 'ExtDistDefaultSnapshot' );
		if ( !isset( $branches[$branchName] ) ) {
			// The first of the list is what the form has chosen then.
			$branchName = (string)array_key_first( $branches );
		}
		$code = $special->getLanguage()->getCode();
		$output->addHTML( $this->cardRenderer->render(
			$repository,
			[ $code, ...$this->languageFallback->getAll( $code ) ],
			$branchName,
			$branches[$branchName] ?? null,
			$special->getContext()
		) );
	}
}
