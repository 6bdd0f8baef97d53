//! The repositories that a wiki's extensions and skins are, and what is published of each.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};
use tardist_contract::{
    BranchName, Kind, RepoName,
    document::{Requires, Tarball},
};

use super::{
    json::json,
    statement::{RowError, Statement, Value},
};
use crate::http::problem::ApiError;

/// A name by which an entry of the wiki may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The index of the entry.
    pub entry: usize,
    /// Its place among the candidates of the entry, less than [`PLACES`]: the lowest one that names any
    /// repository counts.
    pub place: usize,
    /// The kind of the repository.
    pub kind: Kind,
    /// A key of [`tardist_contract::known_as`].
    pub key: String,
    /// What the wiki calls the entry, which decides where the key names several repositories.
    pub said: Cow<'a, str>,
}

impl Candidate<'_> {
    /// Its place among the candidates of all entries.
    pub fn slot(&self) -> usize {
        self.entry * PLACES + self.place
    }
}

/// How many candidates an entry may have.
pub const PLACES: usize = 9;

/// The candidates as one list of texts, in which the index says entry and place, and the first letter the
/// kind. To take lists apart would be a third of SQLite's time.
fn slots(candidates: &[Candidate]) -> Vec<Option<String>> {
    let count = candidates.iter().map(|it| it.entry + 1).max().unwrap_or(0);
    let mut slots = vec![None; count * PLACES];
    for it in candidates {
        let letter = match it.kind {
            Kind::Extensions => 'e',
            Kind::Skins => 's',
        };
        if let Some(slot) = slots.get_mut(it.slot()) {
            *slot = Some(format!("{letter}{}", it.key));
        }
    }
    slots
}

/// What is published for a wiki.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The branch that the wiki is compared with.
    pub branch: BranchName,
    /// All branches that are distributed, newest first.
    pub branches: Vec<BranchName>,
    /// The repositories, at most one for each entry, in any order.
    pub repositories: Vec<Found>,
    /// The entries that may be several repositories, which have none for now.
    pub several: Vec<Several>,
}

impl Published {
    /// The indexes of the entries that may be several repositories.
    pub fn of_several(&self) -> BTreeSet<usize> {
        self.several.iter().flat_map(|it| &it.slots).map(|slot| slot / PLACES).collect()
    }
}

/// Several repositories that have the same key, which is the surest one of some entries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Several {
    /// The [slots](Candidate::slot) of those candidates that have the key.
    pub slots: Vec<usize>,
    /// The names of the repositories.
    pub names: Vec<RepoName>,
}

/// The repository that an entry is, although its key names several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meant {
    /// The index of the entry.
    pub entry: usize,
    /// The kind of the repository.
    pub kind: Kind,
    /// Its name.
    pub name: RepoName,
}

/// The repository that an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// The index of the entry.
    pub entry: usize,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: RepoName,
    /// The name in its manifest, by which others require it.
    pub manifest_name: Option<String>,
    /// Its published branches with their commits: those at the commit that the wiki has, or all where it does
    /// not have the branch.
    pub commits: BTreeMap<BranchName, String>,
    /// What is published of the branch; `None` where it does not have it.
    pub branch: Option<Branch>,
}

/// One published branch: the part of [`tardist_contract::document::Branch`] that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// The commit.
    pub commit: String,
    /// Its time, as in `2026-08-06T09:30:00Z`.
    pub committed_at: String,
    /// The manifest's version.
    pub version: Option<String>,
    /// What it needs, if that was asked for. With the first entry of the repository alone.
    pub requires: Option<Requires>,
    /// False if something is missing from the tarball.
    pub complete: bool,
    /// The file to download.
    pub tarball: Tarball,
}

/// What is asked about a wiki.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The names by which its entries may be found.
    pub candidates: &'a [Candidate<'a>],
    /// The entries whose repositories are known, and which have no candidates.
    pub meant: &'a [Meant],
    /// The commit of each entry, where the wiki says it.
    pub commits: &'a [Option<&'a str>],
    /// The branch that the wiki is compared with.
    pub branch: &'a BranchName,
    /// What takes its place if it is not distributed.
    pub otherwise: &'a BranchName,
    /// Whether what the branches need is asked for, too.
    pub with_requires: bool,
}

/// Finds the repositories for all entries of a wiki, and what is published of the branch.
///
/// One statement for all, since each row costs more than SQLite's part in it.
///
/// # Errors
/// None: texts always have a form in JSON.
pub fn published(asked: &Asked) -> Result<Statement<Published>, ApiError> {
    Ok(Statement {
        sql: include_str!("sql/updates.sql"),
        params: vec![
            Value::Text(json(&slots(asked.candidates))?),
            Value::text(asked.branch),
            Value::text(asked.otherwise),
            Value::Text(json(&asked.commits)?),
            Value::Integer(asked.with_requires.into()),
            Value::Text(json(&asked.meant)?),
        ],
        read: |row| {
            Ok(Published {
                branch: row
                    .text()?
                    .parse()
                    .map_err(|_| RowError::Column { index: 1, wanted: "a branch" })?,
                branches: row.json("a list of branches")?,
                repositories: row.json("a list of repositories")?,
                several: row.json("a list of keys with several repositories")?,
            })
        },
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tardist_contract::{known_as, schema::USER_VERSION};

    use super::*;
    use crate::query::testing::{run, snapshot};

    /// The commit of all published branches.
    const COMMIT: &str = "1111111111111111111111111111111111111111";

    fn insert(db: &Connection, kind: &str, name: &str, branches: &[&str], keys: &[&str]) {
        let branch = |commit: &str| {
            format!(
                r#"{{"commit":"{commit}","committed_at":"2026-08-06T09:30:00Z","published_at":"",
                    "version":"1.0","requires":{{"MediaWiki":null,"extensions":{{}},"skins":{{}},"platform":{{}}}},
                    "metadata":{{}},"problems":[],"complete":true,"tarball":{{"file":"A-x-1.tar.gz","url":"/d",
                    "size":1,"sha256":""}}}}"#
            )
        };
        let documents: Vec<_> =
            branches.iter().map(|name| format!("\"{name}\":{}", branch(COMMIT))).collect();
        let document = format!(r#"{{"manifest_name":"M","branches":{{{}}}}}"#, documents.join(","));
        db.execute(
            "INSERT INTO repository VALUES (?, ?, 'u', NULL, NULL, NULL, NULL, 5, 'e', 800, ?)",
            (kind, name, document),
        )
        .unwrap();
        for branch in branches {
            db.execute(
                "INSERT INTO branch VALUES (?, ?, ?, ?, 1, 1, 1)",
                (kind, name, branch, COMMIT),
            )
            .unwrap();
        }
        for key in keys {
            db.execute("INSERT INTO known_as VALUES (?, ?, ?)", (key, kind, name)).unwrap();
        }
    }

    fn filled() -> Connection {
        let db = snapshot(USER_VERSION);
        db.execute_batch(
            "INSERT INTO distributed_branch VALUES
                 ('REL1_45', 1, 1, 1, 1), ('master', 0, 1, 1, 0);",
        )
        .unwrap();
        let both = ["n one", "t shared", "u a/page"];
        insert(&db, "extensions", "One", &["master", "REL1_45"], &both);
        insert(&db, "extensions", "Two", &["master"], &["n two", "t shared"]);
        insert(&db, "skins", "One", &["REL1_45"], &["n one"]);
        db
    }

    fn asked<'a>(candidates: &'a [Candidate<'a>], branch: &'a BranchName) -> Asked<'a> {
        let (meant, commits, otherwise, with_requires) = (&[], &[], branch, false);
        Asked { candidates, meant, commits, branch, otherwise, with_requires }
    }

    fn answer(asked: &Asked) -> Published {
        run(&filled(), &published(asked).unwrap()).unwrap()
    }

    fn ask(candidates: &[Candidate], branch: &str, otherwise: &str) -> Published {
        let (branch, otherwise) = (branch.parse().unwrap(), otherwise.parse().unwrap());
        let mut answer = answer(&Asked {
            commits: &[None, None, Some(COMMIT), Some("2")],
            otherwise: &otherwise,
            ..asked(candidates, &branch)
        });
        answer.repositories.sort_by_key(|it| it.entry);
        answer
    }

    fn candidate(entry: usize, place: usize, kind: Kind, key: String) -> Candidate<'static> {
        Candidate { entry, place, kind, key, said: Cow::Borrowed("") }
    }

    #[test]
    fn an_entry_is_the_repository_of_the_first_key_that_is_known() {
        use Kind::{Extensions, Skins};
        let answer = ask(
            &[
                candidate(0, 0, Extensions, known_as::by_name("three")),
                candidate(0, 1, Extensions, known_as::by_name("two")),
                candidate(0, 2, Extensions, known_as::by_name("one")),
                candidate(1, 0, Extensions, known_as::by_name("four")),
                candidate(2, 0, Skins, known_as::by_name("One")),
                candidate(3, 0, Skins, known_as::by_name("Two")),
                candidate(3, 1, Extensions, known_as::by_name("Two")),
            ],
            "REL1_45",
            "REL1_45",
        );
        let found: Vec<_> = answer
            .repositories
            .iter()
            .map(|it| (it.entry, it.kind, it.name.as_str(), it.branch.is_some()))
            .collect();
        assert_eq!(
            found,
            [(0, Extensions, "Two", false), (2, Skins, "One", true), (3, Extensions, "Two", false)]
        );
        assert_eq!(answer.branches.len(), 2);
        assert_eq!(answer.repositories[0].commits.len(), 1);
        assert_eq!(answer.repositories[1].manifest_name.as_deref(), Some("M"));
        assert_eq!(answer.several, []);
    }

    #[test]
    fn a_key_of_several_repositories_ends_the_search_and_names_them_once() {
        let shared = |entry| candidate(entry, 1, Kind::Extensions, known_as::by_title("Shared"));
        let weaker = |entry| candidate(entry, 2, Kind::Extensions, known_as::by_name("one"));
        let surer = candidate(1, 0, Kind::Extensions, known_as::by_name("two"));
        let all = [shared(0), weaker(0), surer, shared(1), shared(2), weaker(2)];
        let answer = ask(&all, "REL1_45", "REL1_45");
        let found: Vec<_> =
            answer.repositories.iter().map(|it| (it.entry, it.name.as_str())).collect();
        assert_eq!(found, [(1, "Two")]);
        let names = ["One", "Two"].map(|name| name.parse().unwrap()).to_vec();
        assert_eq!(answer.several, [Several { slots: vec![1, 2 * PLACES + 1], names }]);
        assert_eq!(answer.of_several(), [0, 2].into());
    }

    #[test]
    fn what_is_meant_is_found_without_a_key() {
        let branch: BranchName = "REL1_45".parse().unwrap();
        let meant = |entry, kind, name: &str| Meant { entry, kind, name: name.parse().unwrap() };
        let meant = [
            meant(0, Kind::Extensions, "Two"),
            meant(2, Kind::Skins, "One"),
            meant(3, Kind::Skins, "Gone"),
        ];
        let by_name = [candidate(1, 0, Kind::Extensions, known_as::by_name("one"))];
        let answer = answer(&Asked { meant: &meant, ..asked(&by_name, &branch) });
        let found: BTreeSet<_> =
            answer.repositories.iter().map(|it| (it.entry, it.kind, it.name.as_str())).collect();
        let expected =
            [(0, Kind::Extensions, "Two"), (1, Kind::Extensions, "One"), (2, Kind::Skins, "One")];
        assert_eq!(found, expected.into());
    }

    #[test]
    fn commits_are_those_at_the_commit_of_the_wiki_or_all_where_the_branch_is_missing() {
        let by_name = |entry, name| candidate(entry, 0, Kind::Extensions, known_as::by_name(name));
        let all = [by_name(1, "one"), by_name(2, "one"), by_name(3, "two")];
        let answer = ask(&all, "REL1_45", "REL1_45");
        let commits: Vec<Vec<_>> =
            answer.repositories.iter().map(|it| names(&it.commits)).collect();
        assert_eq!(commits, [vec![], vec!["master", "REL1_45"], vec!["master"]]);
    }

    fn names(commits: &BTreeMap<BranchName, String>) -> Vec<&str> {
        commits.keys().map(BranchName::as_str).collect()
    }

    #[test]
    fn what_branches_need_is_there_if_it_is_asked_for() {
        let found = [candidate(0, 0, Kind::Extensions, known_as::by_name("one"))];
        let branch: BranchName = "REL1_45".parse().unwrap();
        for with_requires in [true, false] {
            let answer = answer(&Asked { with_requires, ..asked(&found, &branch) });
            let published = answer.repositories[0].branch.as_ref().unwrap();
            assert_eq!(published.requires.is_some(), with_requires);
        }
    }

    #[test]
    fn what_a_branch_needs_is_there_once_however_many_entries_are_of_it() {
        let by_name = |entry| candidate(entry, 0, Kind::Extensions, known_as::by_name("one"));
        let branch: BranchName = "REL1_45".parse().unwrap();
        let all = [by_name(2), by_name(0), by_name(1)];
        let answer = answer(&Asked { with_requires: true, ..asked(&all, &branch) });
        let needs = answer
            .repositories
            .iter()
            .map(|it| (it.entry, it.branch.as_ref().unwrap().requires.is_some()));
        let needs: BTreeMap<_, _> = needs.collect();
        assert_eq!(needs, [(0, true), (1, false), (2, false)].into());
    }

    #[test]
    fn another_branch_takes_the_place_of_one_that_is_not_distributed() {
        let branch = |branch, otherwise| ask(&[], branch, otherwise).branch.to_string();
        assert_eq!(branch("REL1_45", "master"), "REL1_45");
        assert_eq!(branch("REL1_47", "master"), "master");
        assert_eq!(branch("REL1_31", "REL1_31"), "REL1_31");
        assert_eq!(ask(&[], "REL1_31", "REL1_31").repositories, []);
    }
}
