//! A node's side: follows the pointer of a store into the local snapshot that the functions read.
//!
//! Readers keep the last good snapshot until the new one is whole and checked. Then it takes its place by a rename.
//! A node holds, besides, what it has pulled (`pull.json`), and the lists of the tarballs in `dist/`, which are answers
//! of the functions. The tarballs themselves stay in the store.

use std::{
    fs,
    io::{self, BufWriter},
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tardist_contract::{Kind, document::Branch, schema::USER_VERSION};

use super::{
    client::{Found, Store},
    layout,
    packed::Unpacker,
    pointer::{MAX_POINTER, Pointer, Statement},
    signature::Verifier,
};
use crate::{
    Error, StoreFault,
    data_dir::{
        atomic, disk,
        files::{self, modified},
        layout::Layout,
        lock::Lock,
        set_aside, unfinished,
    },
    error::IoContext,
    listings::{self, Listed},
    snapshot::Snapshot,
};

/// What a node insists on.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The pointer has to be signed by this key.
    pub key: Option<Verifier>,
    /// An older publication than the one at hand is taken, too.
    pub allow_older: bool,
}

/// How a look at the store ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The local snapshot is the published one.
    Unchanged {
        /// The number of its publication.
        serial: u64,
    },
    /// A new snapshot is in place.
    Pulled(Statement),
}

/// What a node has: `pull.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct AtHand {
    /// The URL of the store.
    store: String,
    /// The entity tag of the pointer.
    etag: String,
    /// The number of its publication.
    serial: u64,
    /// The version of the snapshot's tables.
    schema: i64,
    /// The SHA-256 of the snapshot's file.
    sha256: String,
    /// The size of the snapshot's file in bytes.
    size: u64,
    /// Its modification time: Unix nanoseconds.
    modified: i64,
    /// The key that the pointer was checked by; empty if none was asked for.
    key: String,
    /// The SHA-256 of the snapshot that is about to take the place of this one. Whoever looks in that moment finds one of
    /// the two. Empty when nothing is under way.
    coming: String,
}

impl AtHand {
    /// Reads it. `None` if it is not there, or cannot be read.
    fn read(directory: &Layout) -> Option<Self> {
        serde_json::from_slice(&fs::read(directory.pulled()).ok()?).ok()
    }

    /// Writes it.
    fn write(&self, directory: &Layout) -> Result<(), Error> {
        let bytes = serde_json::to_vec_pretty(self).map_err(|e| Error::Bug(e.to_string()))?;
        atomic::put(&directory.pulled(), |out| Ok(out.write_all(&bytes)))
    }

    /// True for the file that was pulled, by its size and time.
    fn is(&self, file: &fs::Metadata) -> bool {
        (file.len(), modified(file)) == (self.size, self.modified)
    }
}

/// Looks at the store once, and pulls the snapshot into the data directory if there is a new one.
///
/// # Errors
/// [`Error::Config`] if a builder works in this data directory, [`Error::Locked`] if another `tardist` does now,
/// [`Error::Store`] if the store cannot be asked or what it has is not what it should be, [`Error::Io`] if the disk is
/// full or cannot be written. The local snapshot is then as it was.
pub fn pull(store: &Store, directory: &Layout, rules: &Rules) -> Result<Outcome, Error> {
    let root = directory.root();
    fs::create_dir_all(root).at("create", root)?;
    if directory.state().exists() {
        return Err(Error::Config(format!(
            "{} is the data directory of a builder ({}), and what it publishes would be replaced: give another one (--data). \
             If it is a node, remove that file",
            root.display(),
            directory.state().display()
        )));
    }
    let _lock = Lock::acquire(directory)?;
    // Of a pull that was killed.
    unfinished::remove_all(root)?;
    // The application that serves the snapshot names these folders, and Spin does not start without them.
    for folder in Kind::ALL.map(|kind| directory.dist(kind)) {
        fs::create_dir_all(&folder).at("create", &folder)?;
        unfinished::remove_all(&folder)?;
    }
    let node = Node { store, directory, rules, url: store.url().to_string() };
    let at_hand = node.at_hand();
    let lists = Kind::ALL.map(|kind| [directory.checksums(kind), directory.index_page(kind)]);
    let is_standing =
        node.is_standing(&at_hand) && lists.as_flattened().iter().all(|list| list.is_file());
    let known = Some(at_hand.etag.as_str()).filter(|etag| is_standing && !etag.is_empty());
    let (bytes, etag) = match store.read(layout::POINTER, known, MAX_POINTER)? {
        Found::Unchanged => return Ok(Outcome::Unchanged { serial: at_hand.serial }),
        Found::Object { bytes, etag } => (bytes, etag),
        Found::Missing => return Err(node.nothing_published()),
    };
    let statement = node.check(&bytes, &at_hand)?;
    let is_same = match is_standing {
        true => at_hand.sha256 == statement.sha256,
        // The last pull was killed after the rename, or somebody has copied the snapshot.
        false => files::sha256(&directory.snapshot()).is_ok_and(|it| it == statement.sha256),
    };
    if !is_same {
        node.fetch(&statement)?;
    }
    listings::write(directory, &node.listed()?)?;
    node.note(&statement, etag)?;
    Ok(match is_same {
        true => Outcome::Unchanged { serial: statement.serial },
        false => Outcome::Pulled(statement),
    })
}

/// Downloads the snapshot that a statement names into a file that exists. Errors name it as `path`.
///
/// # Errors
/// [`Error::Store`] if it cannot be downloaded, or is not the one; [`Error::Io`] if it cannot be written.
pub fn download(
    store: &Store,
    statement: &Statement,
    file: &Path,
    path: &Path,
) -> Result<Snapshot, Error> {
    let wrong = |reason: &str| store.wrong(&statement.object, reason);
    let out = fs::File::options().write(true).open(file).at("open", file)?;
    let mut unpacker = Unpacker::new(BufWriter::with_capacity(1 << 18, out), statement.size);
    store.download(&statement.object, statement.object_size, path, &mut unpacker)?;
    let (sha256, size) = unpacker.finish().map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
            wrong("it ends too early, or is damaged")
        }
        io::ErrorKind::InvalidData => wrong(&error.to_string()),
        _ => Error::Io { action: "write", path: path.to_owned(), source: error },
    })?;
    if size != statement.size || sha256 != statement.sha256 {
        return Err(wrong(&format!(
            "it has not the SHA-256 that its pointer names, but {sha256} and {size} bytes"
        )));
    }
    Snapshot::open(file).map_err(|error| wrong(&error.to_string()))
}

/// Checks that a file of this size fits onto the disk of `root`. The error names `path`.
///
/// # Errors
/// [`Error::Io`] if it does not.
pub fn look_for_space(root: &Path, size: u64, path: &Path) -> Result<(), Error> {
    let free = disk::space(root)?.free;
    if free >= size {
        return Ok(());
    }
    let text = format!("{size} bytes are needed, and {free} are free");
    let source = io::Error::new(io::ErrorKind::StorageFull, text);
    Err(Error::Io { action: "write", path: path.to_owned(), source })
}

/// How the local snapshot differs from what was pulled last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It is another file: somebody has copied it there.
    Replaced,
    /// It is the file that was pulled, with other bytes.
    Damaged,
}

/// So often the snapshot is compared again, if there is news each time.
const COMPARISONS: usize = 10;

/// Compares the local snapshot with what was pulled last. Changes nothing, and a pull may be at work meanwhile. `None` if
/// it is the same.
///
/// # Errors
/// [`Error::Io`] if the snapshot cannot be read.
pub fn compare(directory: &Layout) -> Result<Option<Difference>, Error> {
    let path = directory.snapshot();
    let mut at_hand = AtHand::read(directory).unwrap_or_default();
    for _ in 0..COMPARISONS {
        let metadata = fs::metadata(&path).at("read", &path)?;
        let sha256 = files::sha256(&path).at("read", &path)?;
        if sha256 == at_hand.sha256 || sha256 == at_hand.coming {
            return Ok(None);
        }
        let now = AtHand::read(directory).unwrap_or_default();
        if now == at_hand {
            let is_pulled = at_hand.is(&metadata);
            return Ok(Some(if is_pulled { Difference::Damaged } else { Difference::Replaced }));
        }
        at_hand = now;
    }
    Ok(None)
}

struct Node<'a> {
    store: &'a Store,
    directory: &'a Layout,
    rules: &'a Rules,
    url: String,
}

impl Node<'_> {
    /// What was pulled from this store. Nothing, if that is not known.
    fn at_hand(&self) -> AtHand {
        AtHand::read(self.directory).filter(|it| it.store == self.url).unwrap_or_default()
    }

    /// The key that is insisted on, as a text.
    fn key(&self) -> String {
        self.rules.key.as_ref().map(Verifier::text).unwrap_or_default()
    }

    /// True if the local snapshot is the file that was pulled, by the rules that count now.
    fn is_standing(&self, at_hand: &AtHand) -> bool {
        // After an upgrade, the functions may not be able to read it any more.
        at_hand.schema == USER_VERSION
            && at_hand.key == self.key()
            && fs::metadata(self.directory.snapshot()).is_ok_and(|it| at_hand.is(&it))
    }

    /// Reads the pointer, and checks whether what it names may be taken.
    fn check(&self, bytes: &[u8], at_hand: &AtHand) -> Result<Statement, Error> {
        let wrong = |reason: String| self.store.wrong(layout::POINTER, &format!("it {reason}"));
        let pointer = Pointer::parse(bytes).map_err(wrong)?;
        if let Some(key) = &self.rules.key {
            let signature = pointer.signature.as_deref().ok_or_else(|| {
                wrong("is not signed, and this node insists on a signature (setting store-public-key)".to_owned())
            })?;
            key.check(&pointer.statement, signature).map_err(wrong)?;
        }
        let statement = pointer.statement().map_err(wrong)?;
        if statement.schema != USER_VERSION {
            let who = if statement.schema > USER_VERSION { "this node" } else { "the builder" };
            return Err(wrong(format!(
                "names a snapshot of schema {}, and the functions of this tardist read schema {USER_VERSION}; the \
                 snapshot at hand stays; upgrade {who}",
                statement.schema
            )));
        }
        if statement.serial < at_hand.serial && !self.rules.allow_older {
            return Err(wrong(format!(
                "is older (number {}) than what is at hand (number {}), which stays; if that is right, run `tardist pull \
                 --allow-older` once",
                statement.serial, at_hand.serial
            )));
        }
        Ok(statement)
    }

    /// Brings the snapshot that the statement names into place.
    fn fetch(&self, statement: &Statement) -> Result<(), Error> {
        let path = self.directory.snapshot();
        look_for_space(self.directory.root(), statement.size, &path)?;
        let wrong = |reason: &str| self.store.wrong(&statement.object, reason);
        atomic::put_file(&path, |unfinished| {
            let snapshot = download(self.store, statement, unfinished, &path)?;
            if snapshot.version != statement.schema {
                return Err(wrong("it has not the schema that its pointer names"));
            }
            snapshot.check().map_err(|damage| wrong(&damage))?;
            drop(snapshot);
            // Also if it is of another store: as long as the file is the one that it names.
            let before = AtHand::read(self.directory).unwrap_or_default();
            AtHand { coming: statement.sha256.clone(), ..before }.write(self.directory)?;
            // A journal that lies there is of an earlier file. SQLite would apply it to this one.
            set_aside::remove_journals(&path)
        })?;
        atomic::sync_folder(self.directory.root())
    }

    /// The tarballs that the snapshot names.
    fn listed(&self) -> Result<Vec<Listed>, Error> {
        let path = self.directory.snapshot();
        let unreadable = |reason: String| Error::Bug(format!("{}: {reason}", path.display()));
        let snapshot = Snapshot::open(&path).map_err(|error| unreadable(error.to_string()))?;
        let listed = |kind, branch: &Branch| Listed {
            kind,
            file: branch.tarball.file.as_str().to_owned(),
            committed_at: branch.committed_at.parse().map_or(0, Timestamp::as_second),
            size: branch.tarball.size,
            sha256: branch.tarball.sha256.clone(),
        };
        snapshot.branches(listed).map_err(|error| unreadable(error.to_string()))
    }

    /// Notes what is in place.
    fn note(&self, statement: &Statement, etag: String) -> Result<(), Error> {
        let path = self.directory.snapshot();
        let metadata = fs::metadata(&path).at("read", &path)?;
        let at_hand = AtHand {
            store: self.url.clone(),
            etag,
            serial: statement.serial,
            schema: statement.schema,
            sha256: statement.sha256.clone(),
            size: metadata.len(),
            modified: modified(&metadata),
            key: self.key(),
            coming: String::new(),
        };
        at_hand.write(self.directory)
    }

    fn nothing_published(&self) -> Error {
        Error::Store {
            action: "pull from".to_owned(),
            store: self.url.clone(),
            reason: format!("there is no {}: nothing was published there yet", layout::POINTER),
            fault: StoreFault::Missing,
        }
    }
}

/// Reads the pointer, checks its signature, and compares the local snapshot with it. Changes nothing. Returns the number
/// of the publication.
///
/// # Errors
/// [`Error::Store`] if the store cannot be asked, or if something does not fit.
pub fn verify(store: &Store, directory: &Layout, key: &Verifier) -> Result<u64, Error> {
    let rules = Rules { key: Some(key.clone()), allow_older: true };
    let node = Node { store, directory, rules: &rules, url: store.url().to_string() };
    let bytes = match store.read(layout::POINTER, None, MAX_POINTER)? {
        Found::Object { bytes, .. } => bytes,
        Found::Missing | Found::Unchanged => return Err(node.nothing_published()),
    };
    let statement = node.check(&bytes, &AtHand::default())?;
    let path = directory.snapshot();
    let sha256 = files::sha256(&path).at("read", &path)?;
    if sha256 != statement.sha256 {
        return Err(store.wrong(
            layout::POINTER,
            &format!(
                "its signature is valid, but it names the snapshot {}, and {} is {sha256}",
                statement.sha256,
                path.display()
            ),
        ));
    }
    Ok(statement.serial)
}
