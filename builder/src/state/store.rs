//! Opens the state, and saves it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, params};

use crate::{
    Error,
    catalogue::{self, Catalogue, MessageTexts, Messages, StoredTexts},
    data_dir::{layout::Layout, set_aside},
    rows::{all, parsed},
    snapshot::{Snapshot, Stamps},
    state::{
        branches::KnownBranches,
        clock::Reading,
        import::{self, Imported},
        migrations,
        tables::{
            CycleRow, Published, Retired, read_catalogue, write_branches, write_messages,
            write_repositories, write_retired, write_stamps, write_texts,
        },
        withdrawn::Withdrawn,
    },
};

/// What a cycle publishes.
#[derive(Debug)]
pub struct Changes {
    /// All repositories.
    pub catalogue: Catalogue,
    /// The entity tags of their response bodies.
    pub stamps: Stamps,
}

/// How long a write waits while somebody reads the file by hand.
const PATIENCE: Duration = Duration::from_secs(60);

/// In milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// The builder's memory. Only the holder of the data directory's lock may open it.
#[derive(Debug)]
pub struct State {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    /// The repositories and branches. What the last cycle made of them is published, or will be.
    pub catalogue: Catalogue,
    /// The entity tags of their response bodies.
    pub stamps: Stamps,
    /// The tarballs that wait for the end of their grace period.
    pub retired: Retired,
    /// When those were first published of them that were named before.
    pub withdrawn: Withdrawn,
    /// The branches that the last cycle found.
    pub branches: KnownBranches,
    /// The number of the catalogue. The snapshot with this number has the same catalogue.
    pub generation: i64,
    /// The snapshot that was published last. `None` if there is none.
    pub published: Option<Published>,
    /// The time of all cycles until now, in milliseconds: see [`clock`](super::clock).
    pub elapsed: i64,
    /// The same at the end of the last cycle.
    elapsed_before: i64,
    /// The tarball whose bytes were compared last: `KIND/FILE`.
    pub checked: String,
    /// True if the catalogue was made from the snapshot, and is not on disk yet.
    pub is_imported: bool,
    /// False if the catalogue was made from an old snapshot, which does not say of all tarballs what is missing from
    /// them.
    pub knows_missing: bool,
    /// False if what is [retired](Self::retired) differs from what is on disk.
    is_retired_saved: bool,
    /// The branches that are on disk.
    saved_branches: KnownBranches,
    reading: Reading,
    /// The time of all cycles, and what the clocks said, when it was opened.
    opened: (i64, Reading),
}

impl State {
    /// Opens the state. If there is none, if it is damaged, or if it is older than the snapshot, it is made from
    /// the snapshot. A damaged file is renamed, and the log says so. `reading` is the time, `grace` the setting.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot read the file for another reason than damage, or if a newer tardist
    /// wrote it; [`Error::Io`] if a damaged file cannot be renamed.
    pub fn open(layout: &Layout, reading: Reading, grace: Duration) -> Result<Self, Error> {
        let path = layout.state();
        set_aside::unless_file(&path)?;
        let loaded = Self::load(&path).and_then(|state| {
            // The cycle begins with what it has to write from these texts.
            if state.is_ahead() {
                state.check_texts()?;
            }
            Ok(state)
        });
        let mut state = match loaded {
            Err(error) if is_damage(&error) => {
                let moved = set_aside::rename(&path)?;
                tracing::warn!(
                    "{} is damaged ({error}), and is now {}; it is made again from the snapshot",
                    path.display(),
                    moved.display()
                );
                Self::load(&path)
            }
            loaded => loaded,
        }
        .map_err(|source| failed("open", &path, source))?;
        state.elapsed = state.elapsed.saturating_add(reading.since(&state.reading, grace));
        state.reading = reading;
        state.opened = (state.elapsed, state.reading.clone());
        if let Some(snapshot) = Snapshot::newer(&layout.snapshot(), state.generation) {
            state.import(&snapshot)?;
        }
        // A cycle that was killed, or an older state, may have named some of them again.
        for file in catalogue::files(&state.catalogue) {
            state.is_retired_saved &= state.retired.remove(&file).is_none();
        }
        Ok(state)
    }

    /// What is published as far as the builder knows, for commands that change nothing: from the state, else from
    /// the snapshot. Empty if there is neither, or if they cannot be read.
    pub fn look(layout: &Layout) -> Catalogue {
        let state = open_to_read(layout).and_then(|db| {
            let generation = CycleRow::read(&db)?.generation;
            Ok((read_catalogue(&db)?, generation))
        });
        let (known, generation) = state.unwrap_or_default();
        let imported = Snapshot::newer(&layout.snapshot(), generation)
            .and_then(|snapshot| import::import(&snapshot).ok());
        match imported {
            Some(imported) => import::merge(imported.catalogue, known),
            None => known,
        }
    }

    /// The branches that the last cycle found, for commands that change nothing. Empty if that cannot be read.
    pub fn look_branches(layout: &Layout) -> KnownBranches {
        open_to_read(layout).and_then(|db| KnownBranches::read(&db)).unwrap_or_default()
    }

    /// The [hours](Self::hours) of a cycle that would begin now, for commands that change nothing. 0 if the state cannot be
    /// read.
    pub fn look_hours(layout: &Layout, reading: &Reading, grace: Duration) -> usize {
        open_to_read(layout)
            .and_then(|db| CycleRow::read(&db))
            .map(|row| hours(row.elapsed.saturating_add(reading.since(&row.reading, grace))))
            .unwrap_or_default()
    }

    /// Compares all texts with their hashes. SQLite would not notice a wrong bit.
    fn check_texts(&self) -> rusqlite::Result<()> {
        let mut select = self.db.prepare("SELECT id FROM messages")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            self.read_texts(&row.get::<_, String>(0)?)?;
        }
        Ok(())
    }

    /// Reads the texts with this hash.
    fn read_texts(&self, id: &str) -> rusqlite::Result<MessageTexts> {
        let mut select =
            self.db.prepare_cached("SELECT titles, descriptions FROM messages WHERE id = ?")?;
        let texts = select.query_row([id], |row| {
            Ok(MessageTexts { titles: row.get(0)?, descriptions: row.get(1)? })
        })?;
        if texts.id() == id {
            return Ok(texts);
        }
        let damage = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(damage, Some(format!("the texts {id} are damaged"))))
    }

    fn load(path: &Path) -> rusqlite::Result<Self> {
        let mut db = Connection::open(path)?;
        db.busy_timeout(PATIENCE)?;
        db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        migrations::migrate(&mut db)?;
        let catalogue = read_catalogue(&db)?;
        let stamps = all(&db, "SELECT key, etag, modified_at FROM stamp", |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        let retired = all(&db, "SELECT kind, file, since FROM retired", |row| {
            Ok(((parsed(row, 0)?, row.get(1)?), row.get(2)?))
        })?;
        let branches = KnownBranches::read(&db)?;
        let CycleRow { generation, published, elapsed, checked, reading } = CycleRow::read(&db)?;
        Ok(Self {
            path: path.to_owned(),
            withdrawn: Withdrawn::read(&db)?,
            db,
            catalogue,
            stamps,
            retired,
            saved_branches: branches.clone(),
            branches,
            generation,
            published,
            elapsed,
            elapsed_before: elapsed,
            checked,
            is_imported: false,
            knows_missing: true,
            is_retired_saved: true,
            opened: (elapsed, reading.clone()),
            reading,
        })
    }

    /// Takes over what a snapshot names. Records that are the same stay, because they know more.
    fn import(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let Imported { catalogue, stamps, retired } = import::import(snapshot)?;
        let known = std::mem::take(&mut self.catalogue);
        self.catalogue = import::merge(catalogue, known);
        self.stamps = stamps;
        for (tarball, wall) in retired {
            let ago = self.reading.wall.saturating_sub(wall).max(0).saturating_mul(1000);
            let since = self.elapsed.saturating_sub(ago);
            self.retired.entry(tarball).or_insert(since);
        }
        self.generation = snapshot.generation;
        self.published = None;
        (self.is_imported, self.is_retired_saved) = (true, false);
        self.knows_missing = snapshot.tells_missing();
        // An older state knows more of them.
        if self.branches.found.is_empty() {
            self.branches.found = snapshot.release_branches().unwrap_or_default();
        }
        tracing::info!("{} is made from the snapshot", self.path.display());
        Ok(())
    }

    /// Saves what the cycle publishes next, as the next generation.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file. It is then unchanged, or renamed if it is damaged.
    pub fn save(&mut self, changes: Changes) -> Result<(), Error> {
        let generation = self.generation + 1;
        let withdrawn = self.withdrawn.after(&self.catalogue, &changes.catalogue);
        self.write(&changes, &withdrawn, generation)
            .map_err(|source| self.failed("write", source))?;
        self.withdrawn = withdrawn;
        (self.catalogue, self.stamps) = (stored(changes.catalogue), changes.stamps);
        self.saved_branches = self.branches.clone();
        (self.generation, self.is_imported, self.is_retired_saved) = (generation, false, true);
        Ok(())
    }

    /// Writes the texts of a catalogue that are in memory, and leaves their hashes in it. They stay until the next
    /// [`save`](Self::save), which removes what it does not name.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file. All texts are then still in memory.
    pub fn store_texts(&mut self, catalogue: &mut Catalogue) -> Result<(), Error> {
        let transaction = self.db.transaction().and_then(|transaction| {
            write_texts(&transaction, catalogue)?;
            transaction.commit()
        });
        transaction.map_err(|source| self.failed("write", source))?;
        *catalogue = stored(std::mem::take(catalogue));
        Ok(())
    }

    fn write(
        &mut self,
        changes: &Changes,
        withdrawn: &Withdrawn,
        generation: i64,
    ) -> rusqlite::Result<()> {
        // What was imported is not in the file.
        let (nothing, no_stamps) = (Catalogue::new(), Stamps::new());
        let (known, stamps) = match self.is_imported {
            true => (&nothing, &no_stamps),
            false => (&self.catalogue, &self.stamps),
        };
        let transaction = self.db.transaction()?;
        if self.is_imported {
            transaction.execute_batch("DELETE FROM branch; DELETE FROM repository;")?;
            transaction.execute_batch("DELETE FROM stamp;")?;
        }
        if !self.is_retired_saved {
            // Else a tarball that is withdrawn again would have the grace period of the first time.
            write_retired(&transaction, &self.retired)?;
        }
        write_messages(&transaction, &changes.catalogue)?;
        write_repositories(&transaction, known, &changes.catalogue)?;
        write_branches(&transaction, known, &changes.catalogue)?;
        write_stamps(&transaction, stamps, &changes.stamps)?;
        if *withdrawn != self.withdrawn {
            withdrawn.write(&transaction)?;
        }
        if self.branches != self.saved_branches {
            self.branches.write(&transaction)?;
        }
        transaction.execute("UPDATE cycle SET generation = ?", [generation])?;
        transaction.commit()
    }

    /// Saves how the cycle ended: what is published now, the tarballs that wait for the end of their grace
    /// period, and the time.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file.
    pub fn finish(&mut self, published: Option<Published>, retired: Retired) -> Result<(), Error> {
        // While workers run, what has just been withdrawn is not retired yet.
        let withdrawn = match retired == self.retired {
            true => self.withdrawn.clone(),
            false => self.withdrawn.on_disk(&retired),
        };
        self.write_end(published.as_ref(), &retired, &withdrawn)
            .map_err(|source| self.failed("write", source))?;
        (self.published, self.retired, self.withdrawn) = (published, retired, withdrawn);
        self.saved_branches = self.branches.clone();
        self.is_retired_saved = true;
        Ok(())
    }

    fn write_end(
        &mut self,
        published: Option<&Published>,
        retired: &Retired,
        withdrawn: &Withdrawn,
    ) -> rusqlite::Result<()> {
        let Reading { wall, boot, uptime } = &self.reading;
        let transaction = self.db.transaction()?;
        if *retired != self.retired || !self.is_retired_saved {
            write_retired(&transaction, retired)?;
        }
        if *withdrawn != self.withdrawn {
            withdrawn.write(&transaction)?;
        }
        if self.branches != self.saved_branches {
            self.branches.write(&transaction)?;
        }
        transaction.execute(
            "UPDATE cycle SET elapsed = ?, wall = ?, boot = ?, uptime = ?, checked = ?, published = ?,
                    generated_at = ?, fingerprint = ?, size = ?, modified = ?",
            params![
                self.elapsed,
                wall,
                boot,
                uptime,
                self.checked,
                published.map(|it| it.generation),
                published.map(|it| it.generated_at),
                published.map(|it| &it.fingerprint),
                published.map(|it| it.size),
                published.map(|it| it.modified),
            ],
        )?;
        transaction.commit()
    }

    /// The error for what SQLite could not do. Some damage is not met when the file is opened, but only now. Then the file
    /// is renamed, too. Else each cycle would fail at the same place.
    pub(super) fn failed(&self, action: &'static str, source: rusqlite::Error) -> Error {
        if is_damage(&source) && self.path.exists() {
            match set_aside::rename(&self.path) {
                Ok(moved) => tracing::warn!(
                    "{} is damaged, and is now {}; the next cycle makes it again from the snapshot",
                    self.path.display(),
                    moved.display()
                ),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        if self.path.exists() {
            return failed(action, &self.path, source);
        }
        let damage = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        let what = "it was damaged, and is renamed; the next cycle makes it again".to_owned();
        failed(action, &self.path, rusqlite::Error::SqliteFailure(damage, Some(what)))
    }

    /// Counts the time that has passed since the state was opened. What ceases to be named does so now, and not when the
    /// cycle began.
    pub fn advance(&mut self, passed: Duration) {
        let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let (elapsed, reading) = &self.opened;
        (self.elapsed, self.reading) = (elapsed.saturating_add(passed), reading.after(passed));
    }

    /// The hours of [`elapsed`](Self::elapsed): a number that grows whether or not something is published.
    pub fn hours(&self) -> usize {
        hours(self.elapsed)
    }

    /// True in the first cycle of each 24 hours.
    pub fn is_first_of_day(&self) -> bool {
        let day = 24 * HOUR;
        self.elapsed / day > self.elapsed_before / day
    }

    /// True if the snapshot does not have this catalogue yet: the last cycle was killed before it could write it.
    pub fn is_ahead(&self) -> bool {
        !self.is_imported
            && self.generation > self.published.as_ref().map_or(0, |published| published.generation)
    }

    /// True if a snapshot of `catalogue` would differ from the published one, apart from times. `fingerprint` is
    /// that of the new snapshot.
    pub fn differs(&self, catalogue: &Catalogue, fingerprint: &str) -> bool {
        let is_published = self.published.as_ref().is_some_and(|published| {
            published.generation == self.generation && published.fingerprint == fingerprint
        });
        !is_published || self.catalogue != *catalogue
    }
}

/// Opens the file for who changes nothing.
fn open_to_read(layout: &Layout) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(layout.state(), OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The whole hours in so many milliseconds.
fn hours(elapsed: i64) -> usize {
    usize::try_from(elapsed / HOUR).unwrap_or_default()
}

impl StoredTexts for State {
    fn texts(&self, id: &str) -> Result<MessageTexts, Error> {
        self.read_texts(id).map_err(|source| self.failed("read", source))
    }
}

/// Drops the texts that are on disk now.
fn stored(mut catalogue: Catalogue) -> Catalogue {
    for record in catalogue.values_mut().flat_map(|repository| repository.branches.values_mut()) {
        if record.messages.as_ref().is_some_and(|messages| messages.texts().is_some()) {
            record.messages = record.messages.take().map(Messages::without_texts);
        }
    }
    catalogue
}

fn failed(action: &'static str, path: &Path, source: rusqlite::Error) -> Error {
    Error::State { action, path: path.to_owned(), source }
}

/// True if the file is no database, or does not have what this code wrote into it.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::{Error as E, ErrorCode};
    match error {
        E::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::ConstraintViolation
                | ErrorCode::SchemaChanged
        ),
        // From a newer tardist; a number that is too large to be written.
        E::InvalidQuery | E::ToSqlConversionFailure(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use tardist_contract::Kind;

    use super::*;
    use crate::{
        catalogue::{BranchRecord, RepositoryRecord},
        data_dir::files::names,
        metadata::Texts,
    };

    const GRACE: Duration = Duration::from_secs(60);

    fn reading(wall: i64) -> Reading {
        Reading { wall, boot: Some("boot".to_owned()), uptime: wall * 1000 }
    }

    fn open(layout: &Layout) -> State {
        State::open(layout, reading(100), GRACE).unwrap()
    }

    fn data() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        (folder, layout)
    }

    fn texts(text: &str) -> Option<Messages> {
        let texts = |text: String| Texts::from([("de".to_owned(), text)]);
        Messages::new(&texts(format!("Titel {text}")), &texts(format!("Tut {text}"))).unwrap()
    }

    /// Skins with these names, each with two branches and their texts.
    fn catalogue(names: &[&str]) -> Catalogue {
        let record = |name: &str, digit| BranchRecord {
            messages: texts(name),
            recipe: "r".to_owned(),
            published_at: 50,
            ..BranchRecord::of_commit(digit)
        };
        let repository = |name: &str| RepositoryRecord {
            upstream: "https://g".to_owned(),
            source_url: format!("https://g/{name}"),
            branches: BTreeMap::from([
                ("master".parse().unwrap(), record(name, 'a').into()),
                ("REL1_45".parse().unwrap(), record(name, 'b').into()),
            ]),
        };
        names.iter().map(|it| (format!("skins/{it}").parse().unwrap(), repository(it))).collect()
    }

    fn save(state: &mut State, catalogue: Catalogue) {
        let stamps = Stamps::from([("/list".to_owned(), ("e".to_owned(), 7))]);
        state.save(Changes { catalogue, stamps }).unwrap();
    }

    /// Writes a snapshot of the state, as a cycle does.
    fn publish(layout: &Layout, state: &mut State) {
        let catalogue = state.catalogue.clone();
        let published = state.publish(layout, catalogue, "", None, 100).unwrap();
        state.finish(Some(published), Retired::new()).unwrap();
    }

    #[test]
    fn what_is_saved_is_there_the_next_time() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        assert!(state.catalogue.is_empty() && !state.is_imported && !state.is_ahead());
        save(&mut state, catalogue(&["A", "B", "C"]));
        assert!(state.is_ahead(), "no snapshot has it yet");
        publish(&layout, &mut state);
        let retired = Retired::from([((Kind::Skins, "x.tar.gz".to_owned()), 5)]);
        state.checked = "skins/x".to_owned();
        state.branches.found.insert("REL1_47".parse().unwrap(), false);
        state.branches.over.insert("REL1_43".parse().unwrap(), 7);
        let branches = state.branches.clone();
        let published = state.published.clone();
        state.finish(published, retired.clone()).unwrap();

        let state = open(&layout);
        assert_eq!(state.branches, branches);
        assert_eq!(State::look_branches(&layout), branches);
        assert_eq!(state.catalogue, catalogue(&["A", "B", "C"]));
        assert_eq!((state.generation, state.is_imported, state.is_ahead()), (2, false, false));
        assert_eq!((state.retired, state.checked.as_str()), (retired, "skins/x"));
        assert!(state.stamps.contains_key("skins/A"));
    }

    #[test]
    fn changes_replace_what_was_there_and_texts_that_nobody_needs_go() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        save(&mut state, catalogue(&["A", "B", "C"]));
        let mut next = state.catalogue.clone();
        next.remove(&"skins/A".parse().unwrap());
        let changed = next.get_mut(&"skins/B".parse().unwrap()).unwrap();
        changed.source_url = "https://other".to_owned();
        changed.branches.remove(&"REL1_45".parse().unwrap());
        changed.branches.values_mut().for_each(|record| record.messages = texts("new"));
        next.extend(catalogue(&["D"]));
        save(&mut state, next.clone());
        let state = open(&layout);
        assert_eq!((&state.catalogue, state.generation), (&next, 2));
        let id = |messages: Option<Messages>| messages.unwrap().id().to_owned();
        assert_eq!(state.texts(&id(texts("new"))).unwrap().titles, r#"{"de":"Titel new"}"#);
        assert!(state.texts(&id(texts("C"))).is_ok() && state.texts(&id(texts("D"))).is_ok());
        assert!(state.texts(&id(texts("A"))).is_err() && state.texts(&id(texts("B"))).is_err());
    }

    #[test]
    fn texts_can_be_stored_before_their_branches_and_go_if_no_branch_needs_them() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        let mut early = catalogue(&["A", "B"]);
        let whole = early.clone();
        state.store_texts(&mut early).unwrap();
        let in_memory = catalogue::records(&early).any(|(_, _, it)| {
            it.messages.as_ref().is_some_and(|messages| messages.texts().is_some())
        });
        assert!(!in_memory && early == whole);
        early.remove(&"skins/B".parse().unwrap());
        save(&mut state, early);
        let state = open(&layout);
        let id = |name| texts(name).unwrap().id().to_owned();
        assert!(state.texts(&id("A")).is_ok() && state.texts(&id("B")).is_err());
    }

    #[test]
    fn damaged_texts_do_not_stop_a_cycle_that_has_to_publish_them() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        publish(&layout, &mut state);
        save(&mut state, catalogue(&["A"]));
        publish(&layout, &mut state);
        state.db.execute("UPDATE messages SET titles = replace(titles, 'T', 'U')", []).unwrap();
        assert!(!open(&layout).is_imported, "nobody reads them now");
        save(&mut state, catalogue(&["A", "B"]));
        state.db.execute("UPDATE messages SET titles = replace(titles, 'T', 'U')", []).unwrap();
        drop(state);
        let mut state = open(&layout);
        assert!(state.is_imported && !state.is_ahead(), "made again from the snapshot");
        assert_eq!(state.catalogue.len(), 1);
        publish(&layout, &mut state);
        assert!(names(layout.root()).iter().any(|it| it.contains("set-aside")));
    }

    #[test]
    fn a_state_that_is_damaged_where_it_is_only_written_is_made_again() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        save(&mut state, catalogue(&["A"]));
        publish(&layout, &mut state);
        let number = |sql| state.db.query_row(sql, [], |row| row.get::<_, usize>(0)).unwrap();
        let page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'");
        let start = (page - 1) * number("PRAGMA page_size");
        drop(state);
        let mut bytes = fs::read(layout.state()).unwrap();
        bytes[start] = 0xff;
        fs::write(layout.state(), bytes).unwrap();
        let mut state = open(&layout);
        assert!(!state.is_imported, "nobody has read the page");
        let changes = || Changes { catalogue: catalogue(&["A", "B"]), stamps: Stamps::new() };
        assert!(matches!(state.save(changes()), Err(Error::State { .. })));
        drop(state);
        let mut state = open(&layout);
        assert!(state.is_imported, "made again from the snapshot");
        state.save(changes()).unwrap();
        publish(&layout, &mut state);
        assert!(names(layout.root()).contains(&"state.db.set-aside-1".to_owned()));
    }

    #[test]
    fn time_passes_between_cycles_whatever_the_clock_says() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        state.finish(None, Retired::new()).unwrap();
        let before = state.elapsed;
        let later = Reading { wall: 100 + 1_000_000, ..reading(103) };
        let mut state = State::open(&layout, later, GRACE).unwrap();
        assert_eq!(state.elapsed - before, 3000);
        state.finish(None, Retired::new()).unwrap();
        assert_eq!(State::open(&layout, reading(104), GRACE).unwrap().elapsed - before, 4000);
    }

    #[test]
    fn the_time_of_a_cycle_counts_once() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        let before = state.elapsed;
        for passed in [700, 5000] {
            state.advance(Duration::from_millis(passed));
        }
        assert_eq!(state.elapsed - before, 5000);
        state.finish(None, Retired::new()).unwrap();
        let next = State::open(&layout, reading(107), GRACE).unwrap();
        assert_eq!(next.elapsed - before, 7000);
    }

    #[test]
    fn one_cycle_is_the_first_of_each_24_hours() {
        let (_folder, layout) = data();
        let start = open(&layout).reading.uptime;
        let mut seen = Vec::new();
        for hours in [0, 1, 23, 24, 25, 47, 50, 51, 74] {
            let later = Reading { uptime: start + hours * HOUR, ..reading(100) };
            let seen_by_others = State::look_hours(&layout, &later, GRACE);
            let mut state = State::open(&layout, later, GRACE).unwrap();
            // As often as it is asked before the cycle ends.
            if state.is_first_of_day() && state.is_first_of_day() {
                seen.push(hours);
            }
            assert_eq!(state.hours(), usize::try_from(hours).unwrap());
            assert_eq!(state.hours(), seen_by_others);
            state.finish(None, Retired::new()).unwrap();
        }
        assert_eq!(seen, [24, 50, 74]);
    }

    #[test]
    fn a_lost_state_is_made_from_the_snapshot_and_makes_the_same_snapshot() {
        let (folder, layout) = data();
        let mut state = open(&layout);
        save(&mut state, catalogue(&["A", "B"]));
        publish(&layout, &mut state);
        let rows = |layout: &Layout| {
            let snapshot = Snapshot::open(&layout.snapshot()).unwrap();
            (snapshot.documents().unwrap(), snapshot.localized().unwrap())
        };
        let before = rows(&layout);
        for damage in [&b""[..], b"no database at all, but long enough to be one", b"removed"] {
            match damage {
                b"removed" => fs::remove_file(layout.state()).unwrap(),
                damage => fs::write(layout.state(), damage).unwrap(),
            }
            let mut state = open(&layout);
            assert!(state.is_imported && !state.is_ahead());
            assert!(state.catalogue.values().all(|it| it.branches.len() == 2));
            let record = state.catalogue.values().next().unwrap().branches.values().next().unwrap();
            assert_eq!(
                (record.recipe.as_str(), record.published_at),
                (crate::catalogue::ADOPTED, 50)
            );
            publish(&layout, &mut state);
            assert_eq!(rows(&layout), before);
        }
        let set_aside = names(folder.path()).iter().filter(|it| it.contains("set-aside")).count();
        assert_eq!(set_aside, 1, "an empty file is as good as none");
    }

    #[test]
    fn a_flipped_byte_in_a_record_is_damage() {
        let (folder, layout) = data();
        let mut state = open(&layout);
        save(&mut state, catalogue(&["A"]));
        publish(&layout, &mut state);
        drop(state);
        let mut bytes = fs::read(layout.state()).unwrap();
        let commit = "a".repeat(40);
        let at = bytes.windows(40).position(|window| window == commit.as_bytes()).unwrap();
        bytes[at] = b'b';
        fs::write(layout.state(), bytes).unwrap();
        let state = open(&layout);
        let commits: Vec<_> =
            catalogue::tarballs(&state.catalogue).map(|it| it.3.commit.clone()).collect();
        assert_eq!(commits[0].as_str(), commit);
        assert!(names(folder.path()).contains(&"state.db.set-aside-1".to_owned()));
    }

    #[test]
    fn an_older_state_takes_over_what_the_snapshot_has_and_keeps_what_only_it_knows() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        save(&mut state, catalogue(&["A"]));
        let file = (Kind::Skins, "C-master-aaaaaaa.tar.gz".to_owned());
        state.finish(None, Retired::from([(file.clone(), 5)])).unwrap();
        let older = fs::read(layout.state()).unwrap();
        save(&mut state, catalogue(&["A", "C"]));
        publish(&layout, &mut state);
        drop(state);
        fs::write(layout.state(), older).unwrap();
        let state = open(&layout);
        assert!(state.is_imported);
        assert_eq!(state.catalogue.len(), 2);
        let recipes: Vec<_> =
            catalogue::tarballs(&state.catalogue).map(|it| it.3.recipe.as_str()).collect();
        assert_eq!(recipes, ["r", "r", "adopted", "adopted"]);
        assert_eq!(state.retired, Retired::new(), "it is published again");
    }

    #[test]
    fn a_tarball_that_a_killed_cycle_named_again_is_not_retired_any_more() {
        let (_folder, layout) = data();
        let mut state = open(&layout);
        let key = |file: &str| (Kind::Skins, file.to_owned());
        let retired = [("A-master-aaaaaaa.tar.gz", 1), ("other", 2)];
        state.finish(None, retired.map(|(file, since)| (key(file), since)).into()).unwrap();
        // It is killed before the end.
        save(&mut state, catalogue(&["A"]));
        drop(state);
        assert_eq!(open(&layout).retired, Retired::from([(key("other"), 2)]));
        let mut state = open(&layout);
        save(&mut state, Catalogue::new());
        drop(state);
        let retired = open(&layout).retired;
        assert_eq!(retired, Retired::from([(key("other"), 2)]), "its time begins anew");
    }

    #[test]
    fn a_state_of_a_newer_version_is_not_touched() {
        let (folder, layout) = data();
        drop(open(&layout));
        let db = Connection::open(layout.state()).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        let error = State::open(&layout, reading(100), GRACE).unwrap_err().to_string();
        assert!(error.contains("newer tardist"), "{error}");
        assert!(!names(folder.path()).iter().any(|name| name.contains("set-aside")));
    }

    #[test]
    fn looking_changes_nothing() {
        let (folder, layout) = data();
        assert_eq!(State::look(&layout), Catalogue::new());
        assert!(!names(folder.path()).contains(&"state.db".to_owned()));
        let mut state = open(&layout);
        save(&mut state, catalogue(&["A"]));
        publish(&layout, &mut state);
        assert_eq!(State::look(&layout), catalogue(&["A"]));
        fs::remove_file(layout.state()).unwrap();
        assert_eq!(State::look(&layout).len(), 1);
    }
}
