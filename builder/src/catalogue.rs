//! The catalogue: everything that is published, in memory. The snapshot is its form for the functions.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tardist_contract::{
    BranchName, CommitId, Kind, RepoName, TarballName,
    document::{Metadata, Requires},
};

use crate::{
    Error,
    content::{Ingredients, Missing},
    metadata::{About, Texts},
    repository_id::RepositoryId,
};

/// All published repositories, in the order in which they are listed.
pub type Catalogue = BTreeMap<RepositoryId, RepositoryRecord>;

/// The beginning of the [recipe](BranchRecord::recipe) of a tarball that is known from a snapshot only. It is taken for
/// made by the settings of that time; the cycle adds a digest of these.
pub const ADOPTED: &str = "adopted";

/// A published repository. It has at least one branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRecord {
    /// The URL or path of the upstream that lists it; empty if that is not known.
    pub upstream: String,
    /// The URL for `git clone`.
    pub source_url: String,
    /// Its published branches, newest first.
    pub branches: BTreeMap<BranchName, Shared<BranchRecord>>,
}

/// A value that several catalogues share, until one of them changes it. A cycle has several catalogues that are
/// nearly the same: what is published, what of it is intact, and what will be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shared<T>(Arc<T>);

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    /// Copies the value first if others have it, too.
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

/// A published branch: its tarball, and the metadata from its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchRecord {
    /// The commit that the tarball was made from.
    pub commit: CommitId,
    /// The committer's time in Unix seconds.
    pub committed_at: i64,
    /// The `version` of the manifest.
    pub version: Option<String>,
    /// The `requires` of the manifest.
    pub requires: Requires,
    /// Title, description, authors, license and other keys of the manifest.
    pub metadata: Metadata,
    /// What the branch is called elsewhere. `None` if that is not known: its tarball was made by an older tardist.
    #[serde(default)]
    pub about: Option<Arc<About>>,
    /// Titles and descriptions in other languages. `None` if there are none.
    pub messages: Option<Messages>,
    /// Problems with the content, as sentences for people.
    pub problems: Vec<String>,
    /// What belongs into the tarball and is not in it.
    pub missing: Vec<Missing>,
    /// Which settings matter for the tarball.
    pub ingredients: Ingredients,
    /// A digest of all that the tarball was made by besides its commit. Empty if that is not known. Made by
    /// the cycle, not by the worker.
    #[serde(default)]
    pub recipe: String,
    /// How many earlier tarballs of the same commit had other bytes. It is part of the file name.
    #[serde(default)]
    pub revision: u32,
    /// When this tarball was first published, in Unix seconds.
    #[serde(default)]
    pub published_at: i64,
    /// The tarball's size in bytes.
    pub size: u64,
    /// The tarball's SHA-256 in hexadecimal.
    pub sha256: String,
}

impl BranchRecord {
    /// The tarball's file name.
    pub fn tarball(&self, name: &RepoName, branch: &BranchName) -> TarballName {
        TarballName::revised(name, branch, &self.commit, self.revision)
    }

    /// True if nothing is missing from the tarball.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
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
            about: None,
            messages: None,
            problems: Vec::new(),
            missing: Vec::new(),
            ingredients: Ingredients::default(),
            recipe: String::new(),
            revision: 0,
            published_at: 0,
            size: 9,
            sha256: "0".repeat(64),
        }
    }
}

#[cfg(test)]
impl RepositoryRecord {
    /// A repository for tests, of an upstream that is not known.
    pub(crate) fn of_branches<'a>(
        source_url: &str,
        branches: impl IntoIterator<Item = (&'a str, BranchRecord)>,
    ) -> Self {
        let branches = branches.into_iter();
        Self {
            upstream: String::new(),
            source_url: source_url.to_owned(),
            branches: branches.map(|(name, it)| (name.parse().unwrap(), it.into())).collect(),
        }
    }
}

/// The titles and descriptions of a branch in all its languages, identified by a hash.
///
/// These texts are most of what the builder knows, and a cycle only needs to know whether they changed. So only
/// the branches that are new in this cycle have them in memory. The texts of all others stay on disk, in the
/// builder's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Messages {
    id: Arc<str>,
    texts: Option<Arc<MessageTexts>>,
}

/// The texts of [`Messages`], each a JSON object from language code to plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTexts {
    /// From the key `namemsg` of the manifest.
    pub titles: String,
    /// From the key `descriptionmsg`.
    pub descriptions: String,
}

impl MessageTexts {
    /// The hash of the texts: 32 hexadecimal digits.
    pub fn id(&self) -> String {
        let digest =
            Sha256::new().chain_update(&self.titles).chain_update(&self.descriptions).finalize();
        digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Where the texts of [`Messages`] are that are not in memory.
pub trait StoredTexts {
    /// The texts with this hash.
    ///
    /// # Errors
    /// [`Error::State`] if they are not there or cannot be read.
    fn texts(&self, id: &str) -> Result<MessageTexts, Error>;
}

impl Messages {
    /// The messages of a new branch. `None` if both are empty.
    ///
    /// # Errors
    /// [`Error::Bug`] if they cannot be written as JSON.
    pub fn new(titles: &Texts, descriptions: &Texts) -> Result<Option<Self>, Error> {
        if titles.is_empty() && descriptions.is_empty() {
            return Ok(None);
        }
        let json = |texts: &Texts| {
            serde_json::to_string(texts).map_err(|e| Error::Bug(format!("messages: {e}")))
        };
        let texts = MessageTexts { titles: json(titles)?, descriptions: json(descriptions)? };
        Ok(Some(Self { id: texts.id().into(), texts: Some(Arc::new(texts)) }))
    }

    /// Messages whose texts are in the builder's state.
    pub fn stored(id: Arc<str>) -> Self {
        Self { id, texts: None }
    }

    /// Checks what a worker says: that the texts are there, that they are what the hash says, and that they can be read.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        let texts = self.texts().ok_or("its messages have no texts")?;
        if texts.id() != *self.id {
            return Err("its messages have another hash".to_owned());
        }
        for json in [&texts.titles, &texts.descriptions] {
            let parsed = serde_json::from_str::<Texts>(json);
            parsed.map_err(|error| format!("its messages cannot be read: {error}"))?;
        }
        Ok(())
    }

    /// The same messages, with the texts on disk only.
    pub fn without_texts(self) -> Self {
        Self { texts: None, ..self }
    }

    /// See [`MessageTexts::id`].
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The texts. `None` if they are in the builder's state.
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

/// All tarballs of a catalogue: the repository, the branch, the file name and the record of each.
pub fn tarballs(
    catalogue: &Catalogue,
) -> impl Iterator<Item = (&RepositoryId, &BranchName, TarballName, &BranchRecord)> {
    records(catalogue)
        .map(|(id, branch, record)| (id, branch, record.tarball(&id.name, branch), record))
}

/// All branches of a catalogue: the repository, the branch and the record of each. It makes no names, which takes
/// a while for very many.
pub fn records(
    catalogue: &Catalogue,
) -> impl Iterator<Item = (&RepositoryId, &BranchName, &BranchRecord)> {
    catalogue.iter().flat_map(|(id, repository)| {
        repository.branches.iter().map(move |(branch, record)| (id, branch, &**record))
    })
}

/// The files that must stay because of a catalogue, by kind and name: its tarballs, and the plain name of each
/// published commit, which leads to the newest tarball of that commit ([`TarballName::revised`]).
pub fn files(catalogue: &Catalogue) -> impl Iterator<Item = (Kind, String)> {
    tarballs(catalogue).flat_map(|(id, branch, file, record)| {
        let is_revised = record.revision > 0;
        let plain = is_revised.then(|| TarballName::new(&id.name, branch, &record.commit));
        [Some(file), plain].into_iter().flatten().map(|file| (id.kind, file.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_a_worker_says_are_read_and_hashed_before_they_are_believed() {
        let texts = |titles: &str| MessageTexts {
            titles: titles.to_owned(),
            descriptions: "{}".to_owned(),
        };
        let said = |id: &str, texts: Option<MessageTexts>| {
            let said = serde_json::json!({ "id": id, "texts": texts });
            serde_json::from_value::<Messages>(said).unwrap().check()
        };
        let (good, bad) = (texts(r#"{"de":"Titel"}"#), texts("x"));
        assert_eq!(said(&good.id(), Some(good.clone())), Ok(()));
        assert!(said(&bad.id(), Some(bad.clone())).unwrap_err().contains("cannot be read"));
        assert!(said(&bad.id(), Some(good.clone())).unwrap_err().contains("another hash"));
        assert!(said(&good.id(), None).unwrap_err().contains("no texts"));
    }

    #[test]
    fn messages_are_equal_if_their_texts_are() {
        let messages = |title: &str| {
            let titles = [("en".to_owned(), title.to_owned())].into();
            Messages::new(&titles, &Texts::default()).unwrap().unwrap()
        };
        let one = messages("One");
        assert_eq!(one.texts().unwrap().titles, r#"{"en":"One"}"#);
        assert_eq!(one, messages("One"));
        assert_ne!(one, messages("Two"));
        let stored = Messages::stored(one.id().into());
        assert_eq!((one.id().len(), stored.texts()), (32, None));
        assert_eq!(stored, one);
        assert_eq!(Messages::new(&Texts::default(), &Texts::default()).unwrap(), None);
    }

    #[test]
    fn a_shared_value_is_copied_when_one_of_its_owners_changes_it() {
        let one = Shared::from(BranchRecord::of_commit('a'));
        let mut other = one.clone();
        other.size = 10;
        assert_eq!((one.size, other.size), (9, 10));
    }

    #[test]
    fn the_tarballs_are_those_of_all_branches() {
        let record = BranchRecord::of_commit('a');
        let branches = ["REL1_45", "master"].map(|name| (name, record.clone()));
        let repository = RepositoryRecord::of_branches("https://g/skins/Vector", branches);
        let catalogue = [("skins/Vector".parse().unwrap(), repository)].into();
        let names: Vec<String> =
            tarballs(&catalogue).map(|(_, _, name, _)| name.as_str().to_owned()).collect();
        assert_eq!(names, ["Vector-master-aaaaaaa.tar.gz", "Vector-REL1_45-aaaaaaa.tar.gz"]);
    }
}
