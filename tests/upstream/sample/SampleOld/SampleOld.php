<?php
/**
 * An extension from before extension.json: its credits are PHP.
 *
 * @license GPL-2.0-or-later
 */
$wgExtensionCredits['other'][] = array(
	'path' => __FILE__,
	'name' => 'SampleOld',
	'author' => 'Grace Sample',
	'description' => 'Comes from before there were manifests',
	'version' => '0.1',
);
