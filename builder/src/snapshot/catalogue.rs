//! The catalogue: what is published, as the builder knows it. The snapshot is its form on disk.

use std::{collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};
use tardist_contract::{
    BranchName, CommitId, RepoName, TarballName,
    document::{Metadata, Requires},
};

use crate::{Error, metadata::Texts, repository_id::RepositoryId};

/// All published repositories, in the order of lists.
pub type Catalogue = BTreeMap<RepositoryId, RepositoryRecord>;

/// One repository with at least one published branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRecord {
    /// Where it comes from: the URL that `git clone` takes.
    pub source_url: String,
    /// Its published branches, newest first.
    pub branches: BTreeMap<BranchName, BranchRecord>,
}

/// One published branch: its tarball, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchRecord {
    /// The commit that the tarball was made from.
    pub commit: CommitId,
    /// When it was committed: Unix seconds.
    pub committed_at: i64,
    /// The manifest's version.
    pub version: Option<String>,
    /// What it needs.
    pub requires: Requires,
    /// What it says.
    pub metadata: Metadata,
    /// Its title and description in other languages, if it has any.
    pub messages: Option<Messages>,
    /// What was wrong with its content.
    pub problems: Vec<String>,
    /// The tarball's size in bytes.
    pub size: u64,
    /// The tarball's SHA-256 in hexadecimal.
    pub sha256: String,
}

impl BranchRecord {
    /// The tarball's file name.
    pub fn tarball(&self, name: &RepoName, branch: &BranchName) -> TarballName {
        TarballName::new(name, branch, &self.commit)
    }
}

#[cfg(test)]
impl BranchRecord {
    /// A record for tests, with a commit id of this digit and a size of 9 bytes. It has no metadata.
    pub(crate) fn of_commit(digit: char) -> Self {
        Self {
            commit: digit.to_string().repeat(40).parse().unwrap(),
            committed_at: 0,
            version: None,
            requires: Requires::default(),
            metadata: Metadata::default(),
            messages: None,
            problems: Vec::new(),
            size: 9,
            sha256: "0".repeat(64),
        }
    }
}

/// The titles and descriptions of a branch in all its languages, known by their hash.
///
/// They are most of a snapshot, and a cycle only wants to know whether they are the same: so a
/// catalogue has the texts of the branches that are new in this cycle, and those of all others stay
/// in the earlier snapshot.
#[derive(Debug, Clone)]
pub struct Messages {
    id: Arc<str>,
    texts: Option<Arc<MessageTexts>>,
}

/// The texts of [`Messages`], each a JSON object from language code to plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTexts {
    /// From `namemsg`.
    pub titles: String,
    /// From `descriptionmsg`.
    pub descriptions: String,
}

impl Messages {
    /// New messages; `None` where there are none at all.
    ///
    /// # Errors
    /// [`Error::Bug`] where they can't be JSON.
    pub fn new(titles: &Texts, descriptions: &Texts) -> Result<Option<Self>, Error> {
        if titles.is_empty() && descriptions.is_empty() {
            return Ok(None);
        }
        let json = |texts: &Texts| {
            serde_json::to_string(texts).map_err(|e| Error::Bug(format!("messages: {e}")))
        };
        let texts = MessageTexts { titles: json(titles)?, descriptions: json(descriptions)? };
        let digest =
            Sha256::new().chain_update(&texts.titles).chain_update(&texts.descriptions).finalize();
        let id: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Self { id: id.into(), texts: Some(Arc::new(texts)) }))
    }

    /// Messages whose texts are in the earlier snapshot.
    pub fn stored(id: Arc<str>) -> Self {
        Self { id, texts: None }
    }

    /// The hash of the texts: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The texts, unless they are in the earlier snapshot.
    pub fn texts(&self) -> Option<&MessageTexts> {
        self.texts.as_deref()
    }
}

impl PartialEq for Messages {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Messages {}

/// Every tarball of a catalogue: whose, which branch, its name and record.
pub fn tarballs(
    catalogue: &Catalogue,
) -> impl Iterator<Item = (&RepositoryId, &BranchName, TarballName, &BranchRecord)> {
    catalogue.iter().flat_map(|(id, repository)| {
        repository
            .branches
            .iter()
            .map(move |(branch, record)| (id, branch, record.tarball(&id.name, branch), record))
    })
}
