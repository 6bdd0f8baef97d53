//! Writes a snapshot: the catalogue and its rendered response bodies, to one SQLite file.

use std::path::Path;

use rusqlite::{Connection, params};
use tardist_contract::{
    Kind,
    schema::{SCHEMA, USER_VERSION},
};

use crate::{
    Error,
    catalogue::{self, BranchRecord, Catalogue, StoredTexts},
    snapshot::{
        digest,
        localized::{self, LocalizedTexts},
        read::Snapshot,
        relations,
        render::{self, Basis, Rendered},
        search_index,
        stamps::{Stamps, answer_key, document_key},
    },
};

/// The longest summary of a description, in characters: a line or two on a page.
const MAX_SUMMARY: usize = 200;

/// What a snapshot is made of. It decides every byte of its tables.
pub struct Source<'a> {
    /// What is published.
    pub catalogue: &'a Catalogue,
    /// Its response bodies.
    pub rendered: &'a Rendered,
    /// What these depend on besides the catalogue.
    pub basis: Basis<'a>,
    /// The titles and descriptions that are not in memory.
    pub texts: &'a dyn StoredTexts,
    /// The stamps of all that was rendered.
    pub stamps: &'a Stamps,
    /// The number of the snapshot.
    pub generation: i64,
    /// The time of the snapshot, in Unix seconds.
    pub generated_at: i64,
}

/// Writes a snapshot to the empty file at `path`. `previous` is an undamaged snapshot: where it has the same search
/// index, that is copied, which is quicker than to make it.
///
/// # Errors
/// [`Error::Snapshot`] if SQLite cannot write the file, and the errors of reading the texts.
pub fn write(path: &Path, source: &Source<'_>, previous: Option<&Snapshot>) -> Result<(), Error> {
    let localized = localized::read(source.catalogue, source.texts)?;
    let failed = |source| Error::Snapshot { action: "write", path: path.to_owned(), source };
    fill(path, source, &localized, previous).map_err(failed)
}

fn fill(
    path: &Path,
    source: &Source<'_>,
    localized: &LocalizedTexts<'_>,
    previous: Option<&Snapshot>,
) -> rusqlite::Result<()> {
    let mut db = Connection::open(path)?;
    // No journal: nobody else sees the file yet, and the caller forces it to disk before anybody does.
    // No foreign keys: the code below ensures them, and SQLite would look up every row.
    // Pages larger than SQLite's 4 kB: bodies of several megabytes are read faster.
    db.execute_batch(
        "PRAGMA page_size = 16384;
         PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;",
    )?;
    db.execute_batch(SCHEMA)?;
    let transaction = db.transaction()?;
    insert_summary(&transaction, source)?;
    insert_bodies(&transaction, source)?;
    localized::insert(&transaction, localized)?;
    insert_branches(&transaction, source.catalogue)?;
    let same_code = previous.filter(|it| it.fingerprint == source.rendered.fingerprint);
    let previous = same_code.map(|it| &it.db);
    search_index::insert(&transaction, source.catalogue, source.basis.unreleased, previous)?;
    relations::insert(&transaction, source.catalogue, source.basis.unreleased, localized)?;
    transaction.pragma_update(None, "user_version", USER_VERSION)?;
    transaction.commit()?;
    // The full-text index is in its tables only now.
    let digest = digest::compute(&db)?;
    db.execute("INSERT INTO digest VALUES (?)", [digest])?;
    db.close().map_err(|(_, error)| error)
}

fn insert_summary(db: &Connection, source: &Source<'_>) -> rusqlite::Result<()> {
    let Source { catalogue, rendered, generation, generated_at, basis, .. } = source;
    let count = |kind| catalogue.keys().filter(|id| id.kind == kind).count();
    db.execute(
        "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            generated_at,
            env!("CARGO_PKG_VERSION"),
            generation,
            rendered.fingerprint,
            count(Kind::Extensions),
            count(Kind::Skins),
            catalogue::records(catalogue).count(),
            basis.public_url,
        ],
    )?;
    Ok(())
}

fn insert_bodies(db: &Connection, source: &Source<'_>) -> rusqlite::Result<()> {
    let modified_at =
        |key: &str| source.stamps.get(key).map_or(source.generated_at, |stamp| stamp.1);
    let mut insert = db.prepare("INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)")?;
    for ((path, media), body) in &source.rendered.answers {
        let at = modified_at(&answer_key(path, media));
        let gzip = body.gzip().map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        insert.execute(params![path, media, body.text.as_bytes(), gzip, body.etag, at])?;
    }
    let mut insert =
        db.prepare("INSERT INTO repository VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (id, body) in &source.rendered.documents {
        let Some(record) = source.catalogue.get(id) else { continue };
        let shown = render::newest(record);
        insert.execute(params![
            id.kind.as_str(),
            id.name.as_str(),
            record.source_url,
            shown.title,
            shown.description.as_deref().and_then(summary),
            shown.license,
            shown.r#type,
            record.branches.values().map(|branch| changed_at(branch)).max().unwrap_or_default(),
            body.etag,
            modified_at(&document_key(id)),
            body.text,
        ])?;
    }
    Ok(())
}

/// When a branch changed. Whoever commits chooses the time of the commit, and one in the future would stand before all others.
fn changed_at(branch: &BranchRecord) -> i64 {
    // An older tardist did not note when it was published.
    let latest = if branch.published_at > 0 { branch.published_at } else { i64::MAX };
    branch.committed_at.min(latest)
}

/// The first line of a description: at most [`MAX_SUMMARY`] characters, cut between words.
fn summary(description: &str) -> Option<String> {
    let line = description.lines().map(str::trim).find(|line| !line.is_empty())?;
    let Some((end, _)) = line.char_indices().nth(MAX_SUMMARY) else { return Some(line.to_owned()) };
    let cut = line.get(..end).unwrap_or(line);
    let cut = cut.rsplit_once(' ').map_or(cut, |(words, _)| words);
    Some(format!("{cut}…"))
}

fn insert_branches(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO branch VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    for (id, branch, record) in catalogue::records(catalogue) {
        insert.execute(params![
            id.kind.as_str(),
            id.name.as_str(),
            branch.as_str(),
            record.commit.as_str(),
            record.committed_at,
            record.published_at,
            record.is_complete(),
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tardist_contract::document::{Metadata, Requires};

    use super::*;
    use crate::{
        catalogue::{MessageTexts, Messages, RepositoryRecord},
        metadata::Texts,
        repository_id::RepositoryId,
        snapshot::{Summary, read::Unreadable, stamps},
    };

    #[test]
    fn a_commit_of_the_future_is_no_later_than_its_publication() {
        let branch = |committed_at, published_at| BranchRecord {
            committed_at,
            published_at,
            ..BranchRecord::of_commit('a')
        };
        assert_eq!(changed_at(&branch(5, 9)), 5);
        assert_eq!(changed_at(&branch(253_402_300_799, 9)), 9);
        assert_eq!(changed_at(&branch(5, 0)), 5, "it is not known when it was published");
    }

    fn catalogue() -> Catalogue {
        let branch = BranchRecord {
            commit: "a".repeat(40).parse().unwrap(),
            committed_at: 5,
            version: Some("1.0".into()),
            requires: Requires { mediawiki: Some(">= 1.45".into()), ..Requires::default() },
            about: None,
            messages: None,
            metadata: Metadata { authors: vec!["Ünï".into()], ..Metadata::default() },
            problems: vec!["p".into()],
            missing: Vec::new(),
            ingredients: Default::default(),
            recipe: String::new(),
            revision: 0,
            published_at: 5,
            size: u64::from(u32::MAX) + 1,
            sha256: "f".repeat(64),
        };
        let record = RepositoryRecord::of_branches("https://g/Foo.git", [("REL1_45", branch)]);
        Catalogue::from([("skins/Foo".parse().unwrap(), record)])
    }

    /// Texts that are all in memory.
    struct InMemory;

    impl StoredTexts for InMemory {
        fn texts(&self, id: &str) -> Result<MessageTexts, Error> {
            Err(Error::Bug(format!("nobody stored {id}")))
        }
    }

    fn write(path: &Path, catalogue: &Catalogue, previous: Option<&Snapshot>) {
        let basis = Basis { public_url: "", unreleased: &std::collections::BTreeSet::new() };
        let rendered = render::render(catalogue, basis).unwrap();
        let stamps = stamps::renewed(&rendered, &Stamps::new(), 100);
        let source = Source {
            catalogue,
            rendered: &rendered,
            basis,
            texts: &InMemory,
            stamps: &stamps,
            generation: 7,
            generated_at: 100,
        };
        super::write(path, &source, previous).unwrap();
    }

    #[test]
    fn what_is_written_is_read_and_is_a_function_of_its_source() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one.db"), dir.path().join("two.db"));
        let catalogue = catalogue_with_messages();
        write(&one, &catalogue, None);
        let first = Snapshot::open(&one).unwrap();
        assert_eq!((first.generation, first.generated_at), (7, 100));
        assert_eq!(first.check(), Ok(()));
        let documents = first.documents().unwrap();
        assert_eq!(documents[0].branches.len(), 2);
        let sizes = documents[0].branches.values().map(|branch| branch.tarball.size);
        let summary = Summary {
            generated_at: "1970-01-01T00:01:40Z".to_owned(),
            skins: 1,
            tarballs: 2,
            bytes: sizes.sum(),
            ..Summary::default()
        };
        assert_eq!(first.summary().unwrap(), summary);
        assert!(first.stamps().unwrap().values().all(|stamp| stamp.1 == 100));
        write(&two, &catalogue, Some(&first));
        let digest = |path| rows(path, "SELECT sha256 FROM digest");
        assert_eq!(digest(&one), digest(&two));
    }

    #[test]
    fn a_snapshot_with_a_flipped_byte_is_recognized() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.db");
        write(&path, &catalogue_with_messages(), None);
        let bytes = std::fs::read(&path).unwrap();
        let at = |text: &str| {
            bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
        };
        for place in ["Macht", "aaaaaaaaaaaaaaaa", "Does foo"].map(at) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            let found = Snapshot::open(&path).unwrap().check();
            assert!(found.is_err(), "{place}: {found:?}");
        }
    }

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(code, text)| ((*code).to_owned(), (*text).to_owned())).collect()
    }

    fn rows(path: &Path, sql: &str) -> Vec<String> {
        let db = Connection::open(path).unwrap();
        let mut select = db.prepare(sql).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// `REL1_45` as in [`catalogue`], and an older branch: both with the same messages.
    fn catalogue_with_messages() -> Catalogue {
        let mut catalogue = catalogue();
        let record = catalogue.values_mut().next().unwrap();
        let branch = record.branches.values_mut().next().unwrap();
        let descriptions = texts(&[("de", "Macht \"Foo\""), ("en", "Does foo"), ("he", "פו")]);
        branch.messages = Messages::new(&texts(&[("de", "Das Foo")]), &descriptions).unwrap();
        branch.metadata.title = Some("Foo".into());
        branch.metadata.description = Some("Does foo".into());
        let mut older = branch.clone();
        older.metadata.description = Some("Did foo".into());
        record.branches.insert("REL1_44".parse().unwrap(), older);
        catalogue
    }

    #[test]
    fn titles_and_descriptions_are_there_by_language() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        write(&path, &catalogue_with_messages(), None);
        let sql = "SELECT format('%s %s %s: %s, %s', kind, name, language, title, description)
                   FROM localized ORDER BY language";
        let expected = [
            "skins Foo de: Das Foo, Macht \"Foo\"",
            "skins Foo en: Foo, Does foo",
            "skins Foo he: , פו",
        ];
        assert_eq!(rows(&path, sql), expected);
    }

    #[test]
    fn a_copied_search_index_is_the_same_as_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let index = |path: &Path| {
            let tables = [
                "SELECT format('%s %s', id, hex(block)) FROM search_data ORDER BY id",
                "SELECT format('%s %s %s', segid, hex(term), pgno) FROM search_idx ORDER BY 1",
                "SELECT format('%s %s', k, v) FROM search_config ORDER BY 1",
                "SELECT format('%s %s', id, card) FROM search_card ORDER BY id",
            ];
            tables.map(|sql| rows(path, sql))
        };
        let found = |path: &Path, term: &str| {
            let sql = format!(
                "SELECT card FROM search JOIN search_card ON id = search.rowid WHERE search MATCH '\"{term}\"'"
            );
            rows(path, &sql).len()
        };
        let catalogue = catalogue_with_messages();
        write(&path("one"), &catalogue, None);
        let one = Snapshot::open(&path("one")).unwrap();

        // Another commit with the same texts.
        let mut next = catalogue.clone();
        let branches = &mut next.values_mut().next().unwrap().branches;
        branches.values_mut().for_each(|branch| branch.committed_at += 1);
        for (name, previous) in [("copied", Some(&one)), ("new", None)] {
            write(&path(name), &next, previous);
        }
        assert_eq!(index(&path("copied")), index(&path("new")));
        assert_eq!((found(&path("copied"), "efoo."), found(&path("copied"), "ebar.")), (1, 0));

        // A branch is gone.
        let mut fewer = next.clone();
        fewer.values_mut().next().unwrap().branches.pop_last();
        write(&path("fewer"), &fewer, Some(&one));
        let term = "b52454c315f3434.";
        assert_eq!((found(&path("copied"), term), found(&path("fewer"), term)), (1, 0));

        // A commit with another text in one translation.
        let branches = &mut next.values_mut().next().unwrap().branches;
        let descriptions = texts(&[("de", "Macht Bar"), ("en", "Does foo")]);
        for branch in branches.values_mut() {
            branch.messages = Messages::new(&Texts::new(), &descriptions).unwrap();
        }
        write(&path("two"), &next, Some(&one));
        assert_eq!((found(&path("two"), "emacht."), found(&path("two"), "ebar.")), (1, 1));
        // Another repository.
        let mut next = catalogue_with_messages();
        let record = next.values().next().unwrap().clone();
        next.insert(RepositoryId { kind: Kind::Skins, name: "Zoo".parse().unwrap() }, record);
        write(&path("three"), &next, Some(&one));
        assert_eq!((found(&path("three"), "nzoo."), found(&path("three"), "efoo.")), (1, 2));
    }

    #[test]
    fn a_file_that_is_not_a_snapshot_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("snapshot.db");
        let reason = || Snapshot::open(&path).unwrap_err();
        assert!(matches!(reason(), Unreadable::Missing));
        std::fs::write(&path, b"").unwrap();
        assert!(matches!(reason(), Unreadable::Missing));
        std::fs::write(&path, b"SQLite format 3\0 and then rubbish").unwrap();
        assert!(matches!(reason(), Unreadable::Damaged(_)));
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        assert!(matches!(reason(), Unreadable::Version(99)));
    }

    #[test]
    fn a_summary_is_the_first_line_cut_between_words() {
        assert_eq!(summary("\n One line. \nAnother"), Some("One line.".to_owned()));
        assert_eq!(summary(" \n"), None);
        let long = summary(&"word ".repeat(100)).unwrap();
        assert!(long.ends_with("word…") && long.chars().count() <= MAX_SUMMARY + 1);
        assert_eq!(summary(&"é".repeat(300)).unwrap().chars().count(), MAX_SUMMARY + 1);
    }
}
