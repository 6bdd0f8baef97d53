//! What Wikimedia has, and what the defaults of the settings are made of.

/// The Gerrit that holds MediaWiki's extensions and skins
/// (<https://www.mediawiki.org/wiki/Gerrit>).
pub const GERRIT: &str = "https://gerrit.wikimedia.org/r";

/// Where submodules of what is in [`GERRIT`] are, besides in it: WikiLambda has one on GitLab, old releases of Wikibase
/// have three on Phabricator.
pub const SUBMODULE_HOSTS: [&str; 2] =
    ["https://phabricator.wikimedia.org", "https://gitlab.wikimedia.org"];

/// What mediawiki.org's ExtensionDistributor offers (`$wgExtDistSnapshotRefs`, to be read in its
/// siteinfo): the development branch and the releases that get fixes.
pub const BRANCHES: [&str; 5] = ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"];
