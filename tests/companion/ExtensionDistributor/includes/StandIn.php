<?php

namespace MediaWiki\Extension\ExtensionDistributor;

// These names are known to MediaWiki 1.39 and to 1.43.
use Html;
use MediaWiki\Extension\ExtensionDistributor\Providers\ExtDistProvider;
use SpecialPage;
use XmlSelect;

/**
 * A stand-in for tests: the fields and the links of the real special pages, without their texts.
 */
class StandIn extends SpecialPage {

	private string $type;

	public function __construct( string $name, string $type ) {
		parent::__construct( $name );
		$this->type = $type;
	}

	/** @inheritDoc */
	public function execute( $subPage ) {
		$this->setHeaders();
		$provider = ExtDistProvider::getProviderFor( $this->type );
		$parts = explode( '/', (string)$subPage, 2 );
		$names = $provider->getRepositoryList();
		$name = in_array( $parts[0], $names ) ? $parts[0] : null;
		$branches = $name === null ? [] : $provider->getBranches( $name );
		if ( isset( $branches[$parts[1] ?? ''] ) ) {
			$url = $provider->getTarballLocation( $name, $parts[1] );
			$link = Html::element( 'a', [ 'class' => 'external free', 'href' => $url ], $url );
			$this->getOutput()->addHTML( $link );
			return;
		}
		$select = new XmlSelect( 'extdistname', false, $name ?? '' );
		$select->addOptions( array_combine( [ '', ...$names ], [ '', ...$names ] ) );
		$html = $select->getHTML();
		if ( $name !== null ) {
			$version = new XmlSelect( 'extdistversion', false, $this->getConfig()->get( 'ExtDistDefaultSnapshot' ) );
			$version->addOptions( array_combine( array_keys( $branches ), array_keys( $branches ) ) );
			$html .= $version->getHTML();
		}
		$this->getOutput()->addHTML( Html::rawElement( 'div', [ 'class' => 'mw-extdist-container' ], $html ) );
	}
}
