<?php

namespace MediaWiki\Extension\SampleCalendar;

use MediaWiki\SpecialPage\SpecialPage;

class SpecialSampleCalendar extends SpecialPage {
	public function __construct() {
		parent::__construct( 'SampleCalendar' );
	}
}
