//! What Wikimedia has, and what the defaults of the settings are made of.

/// The Gerrit that holds MediaWiki's extensions and skins
/// (<https://www.mediawiki.org/wiki/Gerrit>).
pub const GERRIT: &str = "https://gerrit.wikimedia.org/r";

/// Where submodules of what is in [`GERRIT`] are, besides in it: WikiLambda has one on GitLab, old releases of Wikibase
/// have three on Phabricator.
pub const SUBMODULE_HOSTS: [&str; 2] =
    ["https://phabricator.wikimedia.org", "https://gitlab.wikimedia.org"];

/// The development branch of MediaWiki and of what belongs to it.
pub const BRANCH: &str = "master";

/// How many release branches mediawiki.org's ExtensionDistributor offers (`$wgExtDistSnapshotRefs`, to be read in its
/// siteinfo): the releases that get fixes, and often the next one.
pub const RELEASE_BRANCHES: usize = 4;
