//! The JSON documents that are published: the builder writes them into the snapshot, and the functions
//! answer with them. The keys and their order are part of the contract. Every key is always present;
//! where a repository gives no value it is `null` or empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    branch_name::BranchName, commit_id::CommitId, kind::Kind, repo_name::RepoName,
    tarball_name::TarballName,
};

/// The answer of `/info/KIND/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// `extensions` or `skins`.
    pub kind: Kind,
    /// The repository's name.
    pub name: RepoName,
    /// Per field: the value of the newest branch that sets it.
    #[serde(flatten)]
    pub metadata: LocalizedMetadata,
    /// The URL that `git clone` takes.
    pub source_url: String,
    /// The `name` of its `composer.json`, of the newest branch that has one: `mediawiki/semantic-media-wiki`.
    #[serde(default)]
    pub composer: Option<String>,
    /// The `name` of its manifest, of the newest branch that has one. Other manifests require it by this name.
    #[serde(default)]
    pub manifest_name: Option<String>,
    /// The branch to offer first: the newest release branch of which there is a release, else the newest release
    /// branch, else the first of `branches`.
    pub default_branch: BranchName,
    /// Its published branches, newest first; never empty.
    pub branches: BTreeMap<BranchName, Branch>,
}

/// One published branch of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The commit that the tarball was made from.
    pub commit: CommitId,
    /// The committer date: RFC 3339, UTC, whole seconds.
    pub committed_at: String,
    /// When this tarball was first published: RFC 3339, UTC, whole seconds. Empty in snapshots before
    /// version 4.
    #[serde(default)]
    pub published_at: String,
    /// The manifest's `version`.
    pub version: Option<String>,
    /// What the branch needs to run.
    pub requires: Requires,
    /// What the manifest of this branch says.
    pub metadata: Metadata,
    /// What is wrong with the content of the branch, as sentences for people.
    pub problems: Vec<String>,
    /// False if something that belongs into the tarball is not in it. `problems` says what.
    #[serde(default = "complete")]
    pub complete: bool,
    /// The file to download.
    pub tarball: Tarball,
}

/// The problem of a branch whose tarball lacks the libraries that Composer would install: who installs it needs
/// Composer then.
pub const WITHOUT_VENDOR: &str =
    "the packages that composer.json requires are not in the tarball (vendor/)";

/// Snapshots before version 4 do not say whether a tarball is complete.
fn complete() -> bool {
    true
}

/// What a manifest says of its extension or skin
/// (<https://www.mediawiki.org/wiki/Manual:Extension.json/Schema>). Wikitext and HTML are plain text here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The English text of its `namemsg`, else its `name`.
    pub title: Option<String>,
    /// The English text of its `descriptionmsg`, else its `description`. Each paragraph and list item
    /// is a line.
    pub description: Option<String>,
    /// Its `author`s. As in MediaWiki, `...` stands for others.
    pub authors: Vec<String>,
    /// Its `license-name`, an SPDX identifier.
    pub license: Option<String>,
    /// Its home page: an `http` or `https` URL.
    pub url: Option<String>,
    /// Its group on Special:Version, such as `specialpage`.
    pub r#type: Option<String>,
}

/// [`Metadata`] of a whole repository, and the language of its description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalizedMetadata {
    /// As [`Metadata::title`].
    pub title: Option<String>,
    /// As [`Metadata::description`].
    pub description: Option<String>,
    /// The language code of `description`; `null` where that is `null`.
    pub description_language: Option<String>,
    /// As [`Metadata::authors`].
    pub authors: Vec<String>,
    /// As [`Metadata::license`].
    pub license: Option<String>,
    /// As [`Metadata::url`].
    pub url: Option<String>,
    /// As [`Metadata::type`].
    pub r#type: Option<String>,
}

/// What a branch needs to run, as constraints in Composer's syntax: `>= 1.45.0`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requires {
    /// The MediaWiki core versions that it runs on.
    #[serde(rename = "MediaWiki")]
    pub mediawiki: Option<String>,
    /// Extensions by name.
    pub extensions: BTreeMap<String, String>,
    /// Skins by name.
    pub skins: BTreeMap<String, String>,
    /// PHP (`php`), its extensions (`ext-curl`) and abilities (`ability-shell`).
    pub platform: BTreeMap<String, String>,
}

/// A published tarball.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tarball {
    /// Its file name.
    pub file: TarballName,
    /// Where to download it: an absolute URL if the builder knows its public URL, else a path.
    pub url: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes: 64 lowercase hexadecimal digits.
    pub sha256: String,
}
