//! The JSON documents that are published: what the builder writes into the snapshot, ready-made,
//! and the functions hand out. Keys and order are the contract's; every key is always present, and
//! what a repository does not say is `null` or empty, never invented.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{BranchName, CommitId, Kind, RepoName, TarballName};

/// The answer of `/info/KIND/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// `extensions` or `skins`.
    pub kind: Kind,
    /// The repository's name.
    pub name: RepoName,
    /// What its newest branch that says anything says, field by field.
    #[serde(flatten)]
    pub metadata: LocalizedMetadata,
    /// Where it comes from: the URL that `git clone` takes.
    pub source_url: String,
    /// The branch to offer first: the newest release branch, else the newest branch of all.
    pub default_branch: BranchName,
    /// Its published branches, newest first; never empty.
    pub branches: BTreeMap<BranchName, Branch>,
}

/// One published branch of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// The commit that the tarball was made from.
    pub commit: CommitId,
    /// When it was committed: RFC 3339, UTC, whole seconds.
    pub committed_at: String,
    /// The manifest's `version`.
    pub version: Option<String>,
    /// What it needs to run.
    pub requires: Requires,
    /// What this branch says of itself.
    pub metadata: Metadata,
    /// What was wrong in the branch's content, for people; empty when nothing was.
    pub problems: Vec<String>,
    /// The file to download.
    pub tarball: Tarball,
}

/// What a manifest says of its extension or skin
/// (<https://www.mediawiki.org/wiki/Manual:Extension.json/Schema>), wikitext and HTML as plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The English text of its `namemsg`, else its `name`.
    pub title: Option<String>,
    /// The English text of its `descriptionmsg`, else its `description`. Paragraphs and list items
    /// are lines.
    pub description: Option<String>,
    /// Its `author`s; `...` stands for others, as in MediaWiki.
    pub authors: Vec<String>,
    /// Its `license-name`, an SPDX identifier.
    pub license: Option<String>,
    /// Its home page: an `http` or `https` URL.
    pub url: Option<String>,
    /// Its group on Special:Version, such as `specialpage`.
    pub r#type: Option<String>,
}

/// [`Metadata`] of a whole repository, and the language that its description came out in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LocalizedMetadata {
    /// As [`Metadata::title`].
    pub title: Option<String>,
    /// As [`Metadata::description`].
    pub description: Option<String>,
    /// The language code of `description`; `null` with it.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tarball {
    /// Its file name.
    pub file: TarballName,
    /// Where to download it: absolute when the builder knows its public URL, else a path.
    pub url: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes: 64 lowercase hexadecimal digits.
    pub sha256: String,
}
