//! Publishing to the object store, after the snapshot is in place here: the tarballs, then the snapshot, then the
//! pointer, and only then what nobody names any more goes.
//!
//! A node that sees a pointer so finds all that it names. The pointer is replaced only if it is the one that this
//! builder saw last, so that two builders cannot overwrite each other. What was done is saved as it is done. A cycle
//! that is killed leaves objects that no pointer names, and the next one goes on from there.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    fs::{self, File},
    io::ErrorKind,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Instant, UNIX_EPOCH},
};

use jiff::Timestamp;
use tardist_contract::{
    TarballName,
    document::{Branch, Tarball},
    schema::USER_VERSION,
};

use crate::{
    Error, StoreFault, catalogue,
    cycle::{loss, report::StoreReport},
    data_dir::{atomic, files, layout::Layout},
    error::IoContext,
    pool,
    progress::Progress,
    settings::config::Config,
    snapshot::Snapshot,
    state::{Published, State, StoreMemory},
    store::{
        Entry, Found, Store, layout, packed,
        pointer::{MAX_POINTER, MAX_SERIAL, Pointer, Statement},
        pull::{download, look_for_space},
        signature::Signer,
        uploads::{self, Known, KnownObjects, Wanted, WantedObjects},
    },
};

/// How many uploads there are at once, each with a connection of its own. A part of each is in memory.
const UPLOADS: usize = 8;

/// After so many uploads what was done is saved. If the cycle is killed, so many are made again.
const SAVED: usize = 100;

/// Who publishes to the store, and who vouches for it. It is looked for before anything is done, so that a wrong file
/// is told at once.
#[derive(Debug)]
pub(super) struct StoreKeys {
    entry: Entry,
    signer: Option<Signer>,
}

impl StoreKeys {
    /// Reads the files that the settings name, or the variables. `None` if there is no store.
    ///
    /// # Errors
    /// [`Error::Config`] if one of them is wrong, or if there are no credentials.
    pub(super) fn open(config: &Config) -> Result<Option<Self>, Error> {
        let variable = |name: &str| env::var(name).ok();
        let Some(access) = config.store.clone() else { return Ok(None) };
        let entry = Entry::new(access, config.http_options(), variable)?;
        if !entry.may_write() {
            return Err(Error::Config(format!(
                "there are no credentials for {}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the setting \
                 store-credentials",
                entry.url()
            )));
        }
        let signer = Signer::find(config.store_key.as_deref(), variable).map_err(Error::Config)?;
        Ok(Some(Self { entry, signer }))
    }

    /// The URL of the store.
    pub(super) fn url(&self) -> String {
        self.entry.url().to_string()
    }
}

/// What publishing to a store needs.
pub(super) struct Storing<'a> {
    pub(super) config: &'a Config,
    pub(super) layout: &'a Layout,
    pub(super) keys: &'a StoreKeys,
    /// Take the store over, though another builder has published there. Once: then it is false.
    pub(super) take_over: &'a AtomicBool,
    /// When the cycle began.
    pub(super) began_at: Instant,
    /// Publish, though much is lost of what the store has and nothing is known of.
    pub(super) accept_loss: bool,
    pub(super) progress: &'a Progress,
}

impl Storing<'_> {
    /// Publishes to the store, at the end of a cycle. If that fails, what is published here stands, the report says
    /// why, and the next cycle tries again.
    pub(super) fn run(&self, state: &mut State) -> StoreReport {
        let start = Instant::now();
        let mut report = StoreReport { url: self.keys.url(), ..StoreReport::default() };
        if let Err(error) = self.publish(state, &mut report) {
            report.error = Some(error.to_string());
        }
        report.duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        report
    }

    /// Publishes to the store what is published here. Notes in the report what was done, also if it then fails.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::State`] or [`Error::Io`]. What is published in the store stays as it was, unless the
    /// error came after the new pointer.
    pub(super) fn publish(&self, state: &mut State, report: &mut StoreReport) -> Result<(), Error> {
        let store = Store::open(&self.keys.entry)?;
        let published = Publication { storing: self, store: &store }.publish(state, report);
        report.requests = store.requests();
        published
    }
}

/// One publication.
struct Publication<'a> {
    storing: &'a Storing<'a>,
    store: &'a Store,
}

/// What became of the pointer. Each has its entity tag.
enum Swapped {
    /// It is the new one.
    New(String),
    /// It is still the one that this builder wrote before.
    Not(String),
}

impl Publication<'_> {
    fn publish(&self, state: &mut State, report: &mut StoreReport) -> Result<(), Error> {
        let Some(published) = state.published.clone() else { return Ok(()) };
        let mut memory = self.look(state)?;
        let snapshot = (published.generation, published.modified);
        if memory.published != Some(snapshot) || !self.is_signed(&memory) {
            self.store.remove_unfinished();
            let mut objects = state.store_objects()?;
            self.replace(&published, state, &mut memory, &mut objects, report)?;
            memory.published = Some(snapshot);
            state.save_store(&memory)?;
        }
        report.serial = memory.serial;
        self.sweep(state, report)
    }

    /// True if the pointer is signed with the key of today, if there is one.
    fn is_signed(&self, memory: &StoreMemory) -> bool {
        let is_its_own = |signer: &Signer| {
            let pointer = Pointer::parse(memory.intended.as_bytes());
            pointer.is_ok_and(|pointer| signer.has_signed(&pointer))
        };
        self.storing.keys.signer.as_ref().is_none_or(is_its_own)
    }

    /// Looks at the pointer. Returns what is remembered of the store, with the pointer as it is now.
    fn look(&self, state: &mut State) -> Result<StoreMemory, Error> {
        let url = self.store.url().to_string();
        let remembered = state.store_memory(&url)?;
        let takes_over = self.storing.take_over.load(Ordering::Relaxed);
        let Some(mut memory) = remembered.clone().filter(|_| !takes_over) else {
            let begun = self.begin(url, remembered.unwrap_or_default(), state)?;
            self.storing.take_over.store(false, Ordering::Relaxed);
            return Ok(begun);
        };
        match self.store.read(layout::POINTER, memory.etag.as_deref(), MAX_POINTER)? {
            Found::Unchanged => Ok(memory),
            Found::Missing if memory.etag.is_none() => Ok(memory),
            Found::Missing => {
                tracing::warn!(
                    "{url} has no pointer any more; all that is missing is uploaded again"
                );
                self.begin(url, memory, state)
            }
            Found::Object { bytes, etag } if bytes == memory.intended.as_bytes() => {
                // The last cycle was killed after it wrote the pointer.
                memory.serial = serial(&bytes).map_err(|reason| self.unusable(&reason))?;
                memory.etag = Some(etag);
                state.save_store(&memory)?;
                Ok(memory)
            }
            Found::Object { bytes, .. } => Err(self.foreign(&bytes, &memory)),
        }
    }

    /// Begins with a store again: its lists tell what it has. `before` is what was remembered of it.
    fn begin(
        &self,
        url: String,
        before: StoreMemory,
        state: &mut State,
    ) -> Result<StoreMemory, Error> {
        // Nodes refuse a number below the one that they have.
        let least = before.serial;
        let mut hashes = BTreeMap::new();
        let (etag, serial) = match self.store.read(layout::POINTER, None, MAX_POINTER)? {
            Found::Object { bytes, etag } => {
                let statement = statement(&bytes).map_err(|reason| self.unusable(&reason))?;
                if statement.serial > MAX_SERIAL / 2 {
                    let reason =
                        format!("has the number {}, which no builder reaches", statement.serial);
                    return Err(self.unusable(&reason));
                }
                let is_new = before == StoreMemory::default();
                if let Some(snapshot) = self.snapshot_there(&statement)? {
                    if is_new && !self.storing.accept_loss {
                        self.refuse_losses(&snapshot, state)?;
                    }
                    let hash = |kind, branch: &Branch| {
                        let Tarball { file, sha256, .. } = &branch.tarball;
                        (layout::tarball(kind, file.as_str()), sha256.clone())
                    };
                    hashes
                        .extend(snapshot.branches(hash).map_err(|error| self.unreadable(&error))?);
                    hashes.insert(statement.object.clone(), statement.sha256.clone());
                }
                let serial = statement.serial;
                tracing::info!(
                    "{url} was published to before (number {serial}); this goes on from there"
                );
                (Some(etag), serial.max(least))
            }
            Found::Missing | Found::Unchanged => (None, least),
        };
        self.try_conditions(&url)?;
        let mut objects = KnownObjects::new();
        for folder in [layout::DIST, layout::SNAPSHOTS] {
            let known = |(name, size): (String, u64)| {
                // The list does not tell it. Of those that the pointer does not lead to, nobody does.
                let sha256 = hashes.remove(&name).unwrap_or_default();
                (name, Known { size, sha256, is_there: true, unnamed_since: None })
            };
            let listed = self.store.list(folder)?.into_iter();
            objects.extend(listed.filter(|(name, _)| layout::is_own(name)).map(known));
        }
        let memory =
            StoreMemory { url, etag, serial, intended: before.intended, ..StoreMemory::default() };
        state.begin_store(&memory, &objects)?;
        Ok(memory)
    }

    /// The snapshot that the pointer leads to. `None` if it is not there, or cannot be used and losses are accepted.
    fn snapshot_there(&self, statement: &Statement) -> Result<Option<Snapshot>, Error> {
        let root = self.storing.layout.root();
        look_for_space(root, statement.size, &self.storing.layout.snapshot())?;
        let draft = atomic::draft(root)?;
        match download(self.store, statement, draft.path(), draft.path()) {
            Ok(snapshot) => Ok(Some(snapshot)),
            // No node can have it either.
            Err(Error::Store { fault: StoreFault::Missing, .. }) => Ok(None),
            Err(Error::Store { .. }) if self.storing.accept_loss => Ok(None),
            Err(Error::Store { action, store, reason, fault }) => {
                let reason = format!(
                    "{reason}; it is compared with what is here before it is replaced, and `tardist sync --accept-loss` \
                     does without that"
                );
                Err(Error::Store { action, store, reason, fault })
            }
            Err(error) => Err(error),
        }
    }

    /// A builder that knows nothing of the store may have a new disk, and nearly nothing on it yet. Nodes must not lose what
    /// the store has because of that.
    fn refuse_losses(&self, snapshot: &Snapshot, state: &State) -> Result<(), Error> {
        let there = snapshot.names().map_err(|error| self.unreadable(&error))?;
        let losses = loss::between(&there, &state.catalogue, self.storing.config.max_loss);
        if losses.is_empty() {
            return Ok(());
        }
        let losses: Vec<String> = losses.iter().map(ToString::to_string).collect();
        let reason = format!(
            "another builder, or this one with another disk, has published there what this one does not have: {}. Nothing \
             was overwritten, and the next cycle tries again. To publish without it, run `tardist sync --accept-loss`",
            losses.join("; ")
        );
        Err(self.not_published(StoreFault::Conflict, reason))
    }

    /// Tries once whether the store keeps the conditions of requests. Some servers do not know them, and write.
    fn try_conditions(&self, url: &str) -> Result<(), Error> {
        // Of two builders that try at once, each has its own object.
        let name =
            format!("conditions-{}-{}", std::process::id(), Timestamp::now().as_nanosecond());
        let other = "\"00000000000000000000000000000000\"";
        let tries = [("1", None), ("2", None), ("3", Some(other))];
        let tries = tries.map(|(body, known)| self.store.swap(&name, body.into(), known));
        let (_, failure) = self.store.remove(&[name]);
        let [first, second, third] = tries;
        let (first, second, third) = (first?, second?, third?);
        failure.map_or(Ok(()), Err)?;
        if first.is_some() && (second.is_some() || third.is_some()) {
            tracing::warn!(
                "{url} does not keep conditions (If-Match, If-None-Match) when it writes: of two builders that publish \
                 at the same moment, both are told that all went well; make sure that only one builder publishes there"
            );
        }
        Ok(())
    }

    /// Uploads what is missing, replaces the pointer, and notes since when objects are unnamed.
    fn replace(
        &self,
        published: &Published,
        state: &mut State,
        memory: &mut StoreMemory,
        known: &mut KnownObjects,
        report: &mut StoreReport,
    ) -> Result<(), Error> {
        let wanted = self.wanted(state);
        let (lasting, plain): (WantedObjects, WantedObjects) =
            wanted.into_iter().partition(|(_, object)| !object.may_change);
        self.upload(&lasting, state, known, report)?;
        let statement = self.upload_snapshot(published, memory.serial + 1, state, known, report)?;
        let comment = format!("tardist {} number {}", self.store.url(), statement.serial);
        let sign = |text: &str| {
            self.storing.keys.signer.as_ref().map(|signer| signer.sign(text, &comment)).transpose()
        };
        let pointer = Pointer::new(&statement, sign).map_err(Error::Bug)?.bytes();
        let intended = String::from_utf8_lossy(&pointer).into_owned();
        let before = std::mem::replace(&mut memory.intended, intended);
        memory.published = None;
        state.save_store(memory)?;
        memory.etag = Some(match self.swap(pointer, memory, &before)? {
            Swapped::New(etag) => etag,
            Swapped::Not(etag) => {
                // It was not shown when this publication began.
                (memory.etag, memory.intended) = (Some(etag), before);
                state.save_store(memory)?;
                return Err(self.hidden());
            }
        });
        (report.is_new, report.serial) = (true, statement.serial);
        memory.serial = statement.serial;
        state.save_store(memory)?;
        // The grace period of what is not named any more begins now.
        state.advance(self.storing.began_at.elapsed());
        // A plain name gets other bytes when no snapshot says any more which it has.
        self.upload(&plain, state, known, report)?;
        let mut named: BTreeSet<&str> =
            lasting.keys().chain(plain.keys()).map(String::as_str).collect();
        named.insert(&statement.object);
        let changed = uploads::note_unnamed(known, &named, state.elapsed);
        state.save_store_objects(changed.iter().filter_map(|name| {
            known.get_key_value(name).map(|(name, object)| (name.as_str(), object))
        }))
    }

    /// Replaces the pointer. `before` are the bytes of the one that this builder wrote last.
    fn swap(&self, pointer: Vec<u8>, memory: &StoreMemory, before: &str) -> Result<Swapped, Error> {
        let known = memory.etag.as_deref();
        if let Some(etag) = self.store.swap(layout::POINTER, pointer, known)? {
            return Ok(Swapped::New(etag));
        }
        // A request that was tried again meets what its first try has written.
        match self.store.read(layout::POINTER, None, MAX_POINTER)? {
            Found::Object { bytes, etag } if bytes == memory.intended.as_bytes() => {
                Ok(Swapped::New(etag))
            }
            Found::Object { bytes, etag } if bytes == before.as_bytes() => Ok(Swapped::Not(etag)),
            Found::Object { bytes, .. } => Err(self.foreign(&bytes, memory)),
            Found::Missing | Found::Unchanged => {
                Err(self.conflict("its pointer was removed meanwhile"))
            }
        }
    }

    /// The tarballs that the snapshot names, and the plain names of those with a revision.
    fn wanted(&self, state: &State) -> WantedObjects {
        let mut wanted = WantedObjects::new();
        for (id, branch, file, record) in catalogue::tarballs(&state.catalogue) {
            let object = Wanted {
                file: self.storing.layout.dist(id.kind).join(file.as_str()),
                size: record.size,
                sha256: record.sha256.clone(),
                may_change: false,
            };
            if record.revision > 0 {
                let plain = TarballName::new(&id.name, branch, &record.commit);
                let name = layout::tarball(id.kind, plain.as_str());
                // Not over a tarball that has this name itself.
                wanted.entry(name).or_insert(Wanted { may_change: true, ..object.clone() });
            }
            wanted.insert(layout::tarball(id.kind, file.as_str()), object);
        }
        wanted
    }

    /// Uploads those of the wanted objects that are not there, several at once. After the first failure, no other is
    /// begun.
    fn upload(
        &self,
        wanted: &WantedObjects,
        state: &mut State,
        known: &mut KnownObjects,
        report: &mut StoreReport,
    ) -> Result<(), Error> {
        let names = uploads::missing(wanted, known);
        if names.is_empty() {
            return Ok(());
        }
        let begun = |it: &Wanted| Known {
            size: it.size,
            sha256: it.sha256.clone(),
            is_there: false,
            unnamed_since: None,
        };
        let rows: Vec<(String, Known)> = (names.iter())
            .filter_map(|name| Some((name.clone(), begun(wanted.get(name)?))))
            .collect();
        // Whatever becomes of them: the next cycle knows that they may be there.
        state.save_store_objects(rows.iter().map(|(name, it)| (name.as_str(), it)))?;
        known.extend(rows);
        let meter = self.storing.progress.count(names.len(), "objects uploaded", || 0);
        let has_failed = AtomicBool::new(false);
        let work = |name: &String| {
            let Some(object) = wanted.get(name) else { return Ok(false) };
            if has_failed.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let _task = meter.begin(name);
            // The name of a snapshot is that of its uncompressed file.
            let sha256 = name.starts_with(layout::DIST).then_some(object.sha256.as_str());
            let uploaded = self.store.upload(name, &object.file, sha256);
            if let Err(Error::Io { source, .. }) = &uploaded
                && source.kind() == ErrorKind::InvalidData
            {
                suspect(&object.file);
            }
            has_failed.fetch_or(uploaded.is_err(), Ordering::Relaxed);
            uploaded.map(|()| true)
        };
        let mut unsaved: Vec<String> = Vec::new();
        let mut result = Ok(());
        let mut saved = Ok(());
        pool::run(UPLOADS, names, work, |name, uploaded| match uploaded {
            Ok(true) => {
                if let Some(object) = known.get_mut(&name) {
                    object.is_there = true;
                    report.uploaded += 1;
                    report.uploaded_bytes += object.size;
                }
                unsaved.push(name);
                if unsaved.len() >= SAVED {
                    let rows = std::mem::take(&mut unsaved);
                    saved = self.save(&rows, state, known);
                    has_failed.fetch_or(saved.is_err(), Ordering::Relaxed);
                }
            }
            Ok(false) => {}
            Err(error) if result.is_ok() => result = Err(error),
            Err(error) => tracing::debug!("{error}"),
        });
        drop(meter);
        self.save(&unsaved, state, known)?;
        saved.and(result)
    }

    fn save(&self, names: &[String], state: &mut State, known: &KnownObjects) -> Result<(), Error> {
        state.save_store_objects(names.iter().filter_map(|name| {
            known.get_key_value(name).map(|(name, object)| (name.as_str(), object))
        }))
    }

    /// Uploads the snapshot under the name of its hash, unless it is there. Returns what the pointer says of it.
    fn upload_snapshot(
        &self,
        published: &Published,
        serial: u64,
        state: &mut State,
        known: &mut KnownObjects,
        report: &mut StoreReport,
    ) -> Result<Statement, Error> {
        let layout = self.storing.layout;
        let draft = atomic::draft(layout.root())?;
        let path = layout.snapshot();
        // What is published here is found damaged by whoever publishes again, which an upstream that is down can prevent.
        let is_published = || {
            let metadata = fs::metadata(&path);
            let same = (published.size, published.modified);
            metadata.is_ok_and(|it| (it.len(), files::modified(&it)) == same)
        };
        let before = is_published();
        let (sha256, size) = packed::pack(&path, draft.as_file()).at("compress", &path)?;
        if !before || !is_published() {
            let path = path.display();
            let reason = format!(
                "{path} is not what was published; the next cycle that publishes writes it anew"
            );
            return Err(self.not_published(StoreFault::Content, reason));
        }
        let metadata = draft.as_file().metadata().at("read", draft.path())?;
        let object = layout::snapshot(&sha256);
        let wanted = Wanted {
            file: draft.path().to_owned(),
            size: metadata.len(),
            // The name is that of the uncompressed file, which is what counts.
            sha256: sha256.clone(),
            may_change: false,
        };
        let wanted = WantedObjects::from([(object.clone(), wanted)]);
        self.upload(&wanted, state, known, report)?;
        let time = Timestamp::from_second(published.generated_at).unwrap_or_default();
        Ok(Statement {
            serial,
            sha256,
            size,
            object,
            object_size: metadata.len(),
            schema: USER_VERSION,
            generated_at: time.to_string(),
        })
    }

    /// Removes the objects whose grace period is over.
    fn sweep(&self, state: &mut State, report: &mut StoreReport) -> Result<(), Error> {
        let grace = i64::try_from(self.storing.config.grace.as_millis()).unwrap_or(i64::MAX);
        let known = state.unnamed_store_objects()?;
        let names = uploads::expired(&known, grace, state.elapsed);
        if names.is_empty() {
            return Ok(());
        }
        // Whatever becomes of them: one that is wanted again is uploaded again.
        let leaving = names.iter().filter_map(|name| {
            Some((name.as_str(), Known { is_there: false, ..known.get(name)?.clone() }))
        });
        let leaving: Vec<(&str, Known)> = leaving.collect();
        state.save_store_objects(leaving.iter().map(|(name, it)| (*name, it)))?;
        let (removed, failure) = self.store.remove(&names);
        state.forget_store_objects(&removed)?;
        report.removed = removed.len();
        failure.map_or(Ok(()), Err)
    }

    /// The error for a pointer that was not shown for a moment.
    fn hidden(&self) -> Error {
        let reason = format!(
            "it had no {} a moment ago, and has the one again that was written last; nothing was overwritten, and the next \
             cycle tries again",
            layout::POINTER
        );
        self.not_published(StoreFault::Unreachable, reason)
    }

    /// The error for a pointer that this builder did not write.
    fn foreign(&self, bytes: &[u8], memory: &StoreMemory) -> Error {
        match serial(bytes) {
            Err(reason) => self.unusable(&reason),
            Ok(serial) if serial < memory.serial => {
                let reason = format!(
                    "it answers with an older pointer (number {serial}) than the one that was written (number {}); the \
                     next cycle tries again. If the store was restored from a backup, run `tardist sync --take-over`",
                    memory.serial
                );
                self.not_published(StoreFault::Unreachable, reason)
            }
            Ok(serial) => self.conflict(&format!(
                "another builder has published there (number {serial}; this one knows number {})",
                memory.serial
            )),
        }
    }

    fn conflict(&self, what: &str) -> Error {
        let reason = format!(
            "{what}, and nothing was overwritten; make sure that only one builder publishes there. If it should be this \
             one, run `tardist sync --take-over`"
        );
        self.not_published(StoreFault::Conflict, reason)
    }

    /// The error for a pointer whose snapshot cannot be read.
    fn unreadable(&self, error: &dyn fmt::Display) -> Error {
        self.unusable(&format!("names a snapshot that cannot be read ({error})"))
    }

    /// The error for a pointer that cannot be read.
    fn unusable(&self, reason: &str) -> Error {
        let pointer = layout::POINTER;
        let reason = format!(
            "{pointer} {reason}; nothing was overwritten. If no other builder publishes there, remove {pointer} from the \
             store: the next cycle writes it anew"
        );
        self.not_published(StoreFault::Content, reason)
    }

    fn not_published(&self, fault: StoreFault, reason: String) -> Error {
        let store = self.store.url().to_string();
        Error::Store { action: "publish to".to_owned(), store, reason, fault }
    }
}

/// Lets the next cycle compare a tarball with its digest: it does so first with those that have another time than their
/// commit's. If that fails, its turn comes later.
fn suspect(file: &Path) {
    let opened = File::options().write(true).open(file);
    if let Err(error) = opened.and_then(|file| file.set_modified(UNIX_EPOCH)) {
        tracing::warn!("cannot change the time of {}: {error}", file.display());
    }
}

/// What a pointer says.
fn statement(pointer: &[u8]) -> Result<Statement, String> {
    Pointer::parse(pointer)?.statement()
}

/// The number of the publication that a pointer is of.
fn serial(pointer: &[u8]) -> Result<u64, String> {
    Ok(statement(pointer)?.serial)
}
