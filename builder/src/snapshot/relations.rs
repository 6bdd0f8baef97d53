//! The tables of a snapshot that are about all repositories together: the branches that are distributed, the names
//! by which wikis know a repository, and who requires whom.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use tardist_contract::{BranchName, Kind, known_as};

use crate::{
    catalogue::{Catalogue, RepositoryRecord},
    repository_id::RepositoryId,
    snapshot::localized::LocalizedTexts,
};

/// The repositories that have a key.
type Known<'a> = BTreeMap<String, BTreeSet<&'a RepositoryId>>;

/// Fills `distributed_branch`, `known_as` and `requirement`. `unreleased` are the release branches of which MediaWiki
/// has no release yet.
pub(super) fn insert(
    db: &Connection,
    catalogue: &Catalogue,
    unreleased: &BTreeSet<BranchName>,
    localized: &LocalizedTexts<'_>,
) -> rusqlite::Result<()> {
    insert_branches(db, catalogue, unreleased)?;
    let mut known = names(catalogue);
    insert_requirements(db, catalogue, &known)?;
    add_pages(&mut known, catalogue, localized);
    let mut insert = db.prepare("INSERT INTO known_as VALUES (?, ?, ?)")?;
    for (key, ids) in known {
        for id in ids {
            insert.execute([&*key, id.kind.as_str(), id.name.as_str()])?;
        }
    }
    Ok(())
}

fn insert_branches(
    db: &Connection,
    catalogue: &Catalogue,
    unreleased: &BTreeSet<BranchName>,
) -> rusqlite::Result<()> {
    let mut counts: BTreeMap<&BranchName, [usize; 2]> = BTreeMap::new();
    for (id, repository) in catalogue {
        for branch in repository.branches.keys() {
            counts.entry(branch).or_default()[usize::from(id.kind == Kind::Skins)] += 1;
        }
    }
    let mut insert = db.prepare("INSERT INTO distributed_branch VALUES (?, ?, ?, ?, ?)")?;
    for (position, (branch, [extensions, skins])) in counts.into_iter().enumerate() {
        let is_released = branch.release().is_some() && !unreleased.contains(branch);
        insert.execute(params![branch.as_str(), position, extensions, skins, is_released])?;
    }
    Ok(())
}

/// The names of the repositories and of their manifests. A copy of an extension under another name often keeps its
/// manifest: the name in it is not that of the copy if there is a repository of that name, whose manifest has it, too.
fn names(catalogue: &Catalogue) -> Known<'_> {
    let mut known = Known::new();
    let mut owned = BTreeSet::new();
    for (id, repository) in catalogue {
        let name = known_as::by_name(id.name.as_str());
        let says_so = |manifest: &str| known_as::by_name(manifest) == name;
        if manifest_names(repository).next().is_none() || manifest_names(repository).any(says_so) {
            owned.insert((id.kind, name.clone()));
        }
        known.entry(name).or_default().insert(id);
        known.entry(known_as::by_repository(id.name.as_str())).or_default().insert(id);
    }
    for (id, repository) in catalogue {
        for name in manifest_names(repository).map(known_as::by_name) {
            if !owned.contains(&(id.kind, name.clone())) {
                known.entry(name).or_default().insert(id);
            }
        }
    }
    known
}

fn manifest_names(repository: &RepositoryRecord) -> impl Iterator<Item = &str> {
    let about = repository.branches.values().filter_map(|branch| branch.about.as_ref());
    about.filter_map(|about| about.manifest_name.as_deref())
}

/// Adds the titles and the home pages.
fn add_pages<'a>(known: &mut Known<'a>, catalogue: &'a Catalogue, localized: &LocalizedTexts<'_>) {
    for (id, repository) in catalogue {
        let metadata = || repository.branches.values().map(|branch| &branch.metadata);
        let translated = localized.get(id).into_iter().flat_map(|[titles, _]| titles.values());
        let titles = metadata().filter_map(|it| it.title.as_ref()).chain(translated);
        let titles = titles.map(|title| known_as::by_title(title));
        let pages = metadata().filter_map(|it| known_as::by_url(it.url.as_deref()?));
        for key in titles.chain(pages) {
            known.entry(key).or_default().insert(id);
        }
    }
}

/// If more repositories than this have a manifest of the same name, a requirement of that name is of none of them.
const MAX_ALIKE: usize = 20;

/// Who requires whom. A requirement names the manifest of another repository. The repository of that very name is
/// meant, if there is one, else the one that is [meant](known_as::meant). Where nobody knows, it is of all of them.
fn insert_requirements(
    db: &Connection,
    catalogue: &Catalogue,
    known: &Known<'_>,
) -> rusqlite::Result<()> {
    let mut own: BTreeMap<String, Vec<&RepositoryId>> = BTreeMap::new();
    for id in catalogue.keys() {
        own.entry(known_as::by_letters(id.name.as_str())).or_default().push(id);
    }
    let resolve = |kind, name: &str| -> Vec<&RepositoryId> {
        let exact = name.parse().ok().map(|name| RepositoryId { kind, name });
        if let Some((exact, _)) = exact.and_then(|exact| catalogue.get_key_value(&exact)) {
            return vec![exact];
        }
        let ids = known.get(&known_as::by_name(name)).into_iter().flatten().copied();
        let mut ids: Vec<_> = ids.filter(|id| id.kind == kind).take(MAX_ALIKE + 1).collect();
        let alike = own.get(&known_as::by_letters(name)).filter(|_| !ids.is_empty());
        let alike = alike.into_iter().flatten().filter(|id| id.kind == kind).take(MAX_ALIKE);
        let claimants: BTreeSet<_> = ids.iter().chain(alike).copied().collect();
        let names: Vec<_> = claimants.iter().map(|id| &id.name).collect();
        if let Some(meant) = known_as::meant(name, &names) {
            return claimants.into_iter().filter(|id| id.name == *meant).collect();
        }
        // Nobody knows which of so many is meant.
        if ids.len() > MAX_ALIKE {
            ids.clear();
        }
        ids
    };
    let mut insert = db.prepare("INSERT OR IGNORE INTO requirement VALUES (?, ?, ?, ?)")?;
    for (id, repository) in catalogue {
        let requires = repository.branches.values().map(|branch| &branch.requires);
        let by_kind =
            requires.flat_map(|it| [(Kind::Extensions, &it.extensions), (Kind::Skins, &it.skins)]);
        // Branches require the same things, and a thing may be written in many ways.
        let names: BTreeSet<(Kind, &str)> = by_kind
            .flat_map(|(kind, names)| names.keys().map(move |name| (kind, name.as_str())))
            .collect();
        let required: BTreeSet<&RepositoryId> =
            names.iter().flat_map(|(kind, name)| resolve(*kind, name)).collect();
        for required in required {
            let [kind, by_kind] = [required, id].map(|id| id.kind.as_str());
            insert.execute([kind, required.name.as_str(), by_kind, id.name.as_str()])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tardist_contract::{document::Metadata, schema::SCHEMA};

    use super::*;
    use crate::{catalogue::BranchRecord, metadata::About};

    fn record(name: Option<&str>, requires: &[&str]) -> BranchRecord {
        let mut record = BranchRecord {
            about: Some(Arc::new(About {
                manifest_name: name.map(str::to_owned),
                ..About::default()
            })),
            ..BranchRecord::of_commit('a')
        };
        let names = requires.iter().map(|name| ((*name).to_owned(), "*".to_owned()));
        record.requires.extensions = names.collect();
        record
    }

    fn repository(branches: Vec<(&str, BranchRecord)>) -> RepositoryRecord {
        RepositoryRecord::of_branches("", branches)
    }

    /// The rows that `sql` gives of a snapshot of `catalogue`.
    fn rows(catalogue: &Catalogue, localized: &LocalizedTexts<'_>, sql: &str) -> Vec<String> {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let unreleased = ["REL1_47".parse().unwrap()].into();
        insert(&db, catalogue, &unreleased, localized).unwrap();
        let mut select = db.prepare(sql).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn branches_are_counted_by_kind_newest_first() {
        let both = || vec![("REL1_45", record(None, &[])), ("master", record(None, &[]))];
        let catalogue = Catalogue::from([
            ("extensions/A".parse().unwrap(), repository(both())),
            ("extensions/N".parse().unwrap(), repository(vec![("REL1_47", record(None, &[]))])),
            ("skins/B".parse().unwrap(), repository(both())),
            ("skins/C".parse().unwrap(), repository(vec![("wmf/1", record(None, &[]))])),
        ]);
        let sql = "SELECT format('%s %d %d %d', branch, extensions, skins, is_released)
                   FROM distributed_branch ORDER BY position";
        let expected = ["master 1 1 0", "REL1_47 1 0 0", "REL1_45 1 1 1", "wmf/1 0 1 0"];
        assert_eq!(rows(&catalogue, &BTreeMap::new(), sql), expected);
    }

    #[test]
    fn a_repository_is_known_by_its_names_titles_and_page() {
        let mut record = record(Some("Liquid Threads"), &[]);
        record.metadata = Metadata {
            title: Some("LQT".to_owned()),
            url: Some("https://www.mediawiki.org/wiki/Extension:LiquidThreads".to_owned()),
            ..Metadata::default()
        };
        let catalogue: Catalogue =
            [("extensions/LiquidThreads".parse().unwrap(), repository(vec![("master", record)]))]
                .into();
        let titles = [("de".to_owned(), "Flüssige Fäden".to_owned())].into();
        let id = catalogue.keys().next().unwrap();
        let localized = BTreeMap::from([(id, [titles, BTreeMap::new()])]);
        let keys = rows(&catalogue, &localized, "SELECT key FROM known_as ORDER BY key");
        let expected = [
            "n liquid threads",
            "n liquidthreads",
            "r liquidthreads",
            "t flüssige fäden",
            "t lqt",
            "u mediawiki.org/wiki/extension:liquidthreads",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_copy_that_keeps_the_manifest_takes_no_name_away() {
        let one = |name| repository(vec![("master", record(name, &[]))]);
        let catalogue = Catalogue::from([
            ("extensions/Cite".parse().unwrap(), one(Some("Cite"))),
            ("extensions/CiteCopy".parse().unwrap(), one(Some("Cite"))),
            // Neither of these two is surely meant by `Base`.
            ("extensions/Base".parse().unwrap(), one(Some("BaseNamespace"))),
            ("extensions/NewBase".parse().unwrap(), one(Some("Base"))),
            ("skins/Cite".parse().unwrap(), one(None)),
        ]);
        let sql = "SELECT format('%s: %s/%s', key, kind, name) FROM known_as WHERE key LIKE 'n %' ORDER BY 1";
        let expected = [
            "n base: extensions/Base",
            "n base: extensions/NewBase",
            "n basenamespace: extensions/Base",
            "n cite: extensions/Cite",
            "n cite: skins/Cite",
            "n citecopy: extensions/CiteCopy",
            "n newbase: extensions/NewBase",
        ];
        assert_eq!(rows(&catalogue, &BTreeMap::new(), sql), expected);
    }

    #[test]
    fn a_requirement_is_of_the_repository_with_that_name_else_with_that_manifest() {
        let one = |name, requires: &[&str]| repository(vec![("master", record(name, requires))]);
        let catalogue = Catalogue::from([
            ("extensions/Base".parse().unwrap(), one(Some("Base"), &[])),
            ("extensions/Other".parse().unwrap(), one(Some("Base"), &[])),
            ("extensions/SMW".parse().unwrap(), one(Some("SemanticMediaWiki"), &["Nowhere"])),
            (
                "skins/Base".parse().unwrap(),
                one(None, &["Base", "SemanticMediaWiki", "Page Forms"]),
            ),
            // Anybody may copy a manifest.
            ("extensions/AEvil".parse().unwrap(), one(Some("Page Forms"), &[])),
            ("extensions/PageForms".parse().unwrap(), one(Some("Page Forms"), &[])),
        ]);
        let sql = "SELECT format('%s/%s of %s/%s', kind, name, required_by_kind, required_by_name)
                   FROM requirement ORDER BY 1";
        let expected =
            ["Base", "PageForms", "SMW"].map(|id| format!("extensions/{id} of skins/Base"));
        assert_eq!(rows(&catalogue, &BTreeMap::new(), sql), expected);
    }
}
