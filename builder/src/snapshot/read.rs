//! Reads a published snapshot: for commands that look at it, and for a builder that has lost its state.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    path::Path,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tardist_contract::{
    BranchName, Kind,
    document::{Branch, Repository},
    schema::USER_VERSION,
};

use crate::{
    metadata::Texts,
    repository_id::RepositoryId,
    rows::{all, id, json, parsed, text_at},
    snapshot::{
        digest,
        stamps::{Stamps, answer_key, document_key},
    },
};

/// The oldest version of a snapshot that can be read. Its documents do not say whether a tarball is complete, and
/// it has no digest.
const OLDEST_VERSION: i64 = 3;

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// There is none, or an empty file, which a function creates when it opens a snapshot that does not exist.
    #[error("there is no snapshot")]
    Missing,
    /// The system does not let this process read it, so that nobody knows what it is.
    #[error("it cannot be read: {0}")]
    Inaccessible(io::Error),
    /// It has a schema that this tardist does not know.
    #[error("it has schema version {0}, and this tardist reads {OLDEST_VERSION} to {USER_VERSION}")]
    Version(i64),
    /// It is damaged, or not a snapshot.
    #[error("it is damaged: {0}")]
    Damaged(#[from] rusqlite::Error),
}

impl Unreadable {
    /// What to do about it, as the end of a sentence. On a node, a cycle would make a builder of it.
    pub fn remedy(&self, is_node: bool) -> &'static str {
        match self {
            Self::Inaccessible(_) => {
                "let the user who runs tardist read it: look at its owner and mode, and at those of the folders above"
            }
            Self::Version(_) if is_node => {
                "run the version of tardist that the builder runs, and then `tardist pull`"
            }
            Self::Version(version) if *version > USER_VERSION => {
                "a newer tardist wrote it; run that one, or let `tardist sync` write it anew"
            }
            Self::Missing | Self::Version(_) | Self::Damaged(_) => made_anew(is_node),
        }
    }
}

/// What to do about a snapshot that cannot be used, as the end of a sentence.
pub fn made_anew(is_node: bool) -> &'static str {
    match is_node {
        true => "remove it, and `tardist pull` fetches it anew",
        false => "`tardist sync` writes it anew",
    }
}

/// The titles and descriptions of a repository, by language.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Localized {
    /// The titles.
    pub titles: Texts,
    /// The descriptions.
    pub descriptions: Texts,
}

/// A published snapshot.
#[derive(Debug)]
pub struct Snapshot {
    /// The version of its schema.
    pub version: i64,
    /// When it was written: Unix seconds.
    pub generated_at: i64,
    /// Its number. 0 in old versions.
    pub generation: i64,
    /// See [`fingerprint`](super::render::fingerprint).
    pub fingerprint: String,
    pub(super) db: Connection,
}

impl Snapshot {
    /// Opens the snapshot at `path`.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.len() > 0 => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Unreadable::Inaccessible(error));
            }
            Ok(_) | Err(_) => return Err(Unreadable::Missing),
        }
        // SQLite says only that it cannot open a file, and not why.
        let why = |error| match File::open(path) {
            Err(reason) => Unreadable::Inaccessible(reason),
            Ok(_) => Unreadable::Damaged(error),
        };
        let db =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(why)?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if !(OLDEST_VERSION..=USER_VERSION).contains(&version) {
            return Err(Unreadable::Version(version));
        }
        let generation = if version < 4 { "0" } else { "generation" };
        let sql = format!("SELECT generated_at, {generation}, fingerprint FROM snapshot");
        let (generated_at, generation, fingerprint) =
            db.query_row(&sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Self { version, generated_at, generation, fingerprint, db })
    }

    /// Opens the snapshot at `path` if it has a later generation than the given one. The generation 0 is before
    /// any snapshot. What cannot be read is logged.
    pub fn newer(path: &Path, generation: i64) -> Option<Self> {
        match Self::open(path) {
            Ok(snapshot) => {
                (generation == 0 || snapshot.generation > generation).then_some(snapshot)
            }
            Err(Unreadable::Missing) => None,
            Err(reason) => {
                tracing::warn!(
                    "the snapshot {} cannot be used: {reason}; {}",
                    path.display(),
                    reason.remedy(false)
                );
                None
            }
        }
    }

    /// The documents of all repositories.
    ///
    /// # Errors
    /// The errors of SQLite, or if a document is damaged.
    pub fn documents(&self) -> rusqlite::Result<Vec<Repository>> {
        let sql = "SELECT document FROM repository ORDER BY kind, lower(name), name";
        all(&self.db, sql, |row| json(row, 0))
    }

    /// The names of all repositories and their branches. Only one document is in memory at a time.
    ///
    /// # Errors
    /// The errors of SQLite, or if a document is damaged.
    pub fn names(&self) -> rusqlite::Result<BTreeMap<RepositoryId, BTreeSet<BranchName>>> {
        all(&self.db, "SELECT document FROM repository", |row| {
            let Repository { kind, name, branches, .. } = json(row, 0)?;
            Ok((RepositoryId { kind, name }, branches.into_keys().collect()))
        })
    }

    /// Something of all branches. Only one document is in memory at a time.
    ///
    /// # Errors
    /// The errors of SQLite, or if a document is damaged.
    pub fn branches<T>(&self, something: impl Fn(Kind, &Branch) -> T) -> rusqlite::Result<Vec<T>> {
        let of_repository = |repository: Repository| -> Vec<T> {
            repository.branches.values().map(|branch| something(repository.kind, branch)).collect()
        };
        let sql = "SELECT document FROM repository";
        let found: Vec<Vec<T>> = all(&self.db, sql, |row| Ok(of_repository(json(row, 0)?)))?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The titles and descriptions of all repositories that have any.
    ///
    /// # Errors
    /// The errors of SQLite.
    pub fn localized(&self) -> rusqlite::Result<BTreeMap<RepositoryId, Localized>> {
        let mut localized: BTreeMap<RepositoryId, Localized> = BTreeMap::new();
        let sql = "SELECT kind, name, language, title, description FROM localized";
        let mut select = self.db.prepare(sql)?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let texts = localized.entry(id(row)?).or_default();
            let language: String = row.get(2)?;
            let title: Option<String> = row.get(3)?;
            let description: Option<String> = row.get(4)?;
            texts.titles.extend(title.map(|title| (language.clone(), title)));
            texts.descriptions.extend(description.map(|description| (language, description)));
        }
        Ok(localized)
    }

    /// The entity tags of its response bodies.
    ///
    /// # Errors
    /// The errors of SQLite.
    pub fn stamps(&self) -> rusqlite::Result<Stamps> {
        let sql = "SELECT path, media_type, etag, modified_at FROM answer";
        let mut stamps: Stamps = all(&self.db, sql, |row| {
            let key = answer_key(text_at(row, 0)?, text_at(row, 1)?);
            Ok((key, (row.get(2)?, row.get(3)?)))
        })?;
        let sql = "SELECT kind, name, etag, modified_at FROM repository";
        let documents: Vec<_> =
            all(&self.db, sql, |row| Ok((document_key(&id(row)?), (row.get(2)?, row.get(3)?))))?;
        stamps.extend(documents);
        Ok(stamps)
    }

    /// The tarballs that an old version says are no longer named, each with the time since when: Unix seconds.
    /// Newer versions have them in the builder's state.
    ///
    /// # Errors
    /// The errors of SQLite.
    pub fn retired(&self) -> rusqlite::Result<Vec<((Kind, String), i64)>> {
        if self.version >= 4 {
            return Ok(Vec::new());
        }
        let sql = "SELECT kind, file, retired_at FROM retired";
        all(&self.db, sql, |row| Ok(((parsed(row, 0)?, row.get(1)?), row.get(2)?)))
    }

    /// The release branches that it distributes, each with whether MediaWiki has a release of it. Empty for versions that
    /// do not say so.
    ///
    /// # Errors
    /// The errors of SQLite.
    pub fn release_branches(&self) -> rusqlite::Result<BTreeMap<BranchName, bool>> {
        if self.version < 5 {
            return Ok(BTreeMap::new());
        }
        let sql = "SELECT branch, is_released FROM distributed_branch";
        let mut branches: BTreeMap<BranchName, bool> =
            all(&self.db, sql, |row| Ok((parsed(row, 0)?, row.get(1)?)))?;
        branches.retain(|branch, _| branch.release().is_some());
        Ok(branches)
    }

    /// True if its documents say which tarballs are incomplete.
    pub fn tells_missing(&self) -> bool {
        self.version >= 4
    }

    /// Checks that the file is what was written: by SQLite's own check, and by the digest.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        let check = || -> rusqlite::Result<Result<(), String>> {
            let text: String =
                self.db.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
            if text != "ok" {
                return Ok(Err(text));
            }
            if self.version < 4 {
                return Ok(Ok(()));
            }
            let sql = "SELECT sha256 FROM digest";
            let stored: Option<String> = self.db.query_row(sql, (), |row| row.get(0)).optional()?;
            let actual = digest::compute(&self.db)?;
            Ok(match stored {
                Some(stored) if stored == actual => Ok(()),
                Some(_) => Err("its content does not have the digest that it says".to_owned()),
                None => Err("it has no digest".to_owned()),
            })
        };
        check().unwrap_or_else(|error| Err(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_what_is_not_there_or_empty_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("snapshot.db");
        let opened = || Snapshot::open(&path).unwrap_err();
        assert!(matches!(opened(), Unreadable::Missing));
        fs::write(&path, "").unwrap();
        assert!(matches!(opened(), Unreadable::Missing));
        let below_a_file = Snapshot::open(&path.join("snapshot.db")).unwrap_err();
        assert!(matches!(below_a_file, Unreadable::Inaccessible(_)), "{below_a_file}");
        fs::remove_file(&path).unwrap();
        symlink(&path, &path).unwrap();
        let told = opened();
        assert!(matches!(told, Unreadable::Inaccessible(_)), "{told}");
        let says = "it cannot be read: Too many levels of symbolic links";
        assert!(told.to_string().starts_with(says), "{told}");
    }

    #[test]
    fn a_file_that_may_not_be_read_is_not_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("snapshot.db");
        fs::write(&path, "something").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
        let told = Snapshot::open(&path).unwrap_err();
        match nix::unistd::geteuid().is_root() {
            // Root may read all files.
            true => assert!(matches!(told, Unreadable::Damaged(_)), "{told}"),
            false => assert!(matches!(told, Unreadable::Inaccessible(_)), "{told}"),
        }
    }
}
