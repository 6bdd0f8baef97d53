//! The bodies of the Gerrit view. SQLite makes them whole, with the line before the JSON: each row that
//! a component reads, and each key that it writes, would cost more.
//!
//! Names need no escaping in JSON, and in a URL only their `+` does.

use tardist_contract::{BranchName, Kind, RepoName};

use super::statement::{Rendered, Row, RowError, Statement, Value};

/// Which entries of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many entries to look at; `None` for all.
    pub limit: Option<u32>,
    /// How many entries to skip before.
    pub start: u32,
}

impl Page {
    /// The page that has no entries.
    pub const EMPTY: Self = Self { limit: None, start: u32::MAX };

    fn limit(self) -> Value {
        Value::Integer(self.limit.map_or(-1, i64::from))
    }

    fn start(self) -> Value {
        Value::Integer(i64::from(self.start))
    }
}

/// The projects whose name begins with `prefix` and, in lower case, contains `part`.
///
/// `branches` is a JSON array of pairs: the name by which a branch was asked for, and the branch. Then
/// only projects that have one of the branches are listed. As in Gerrit, `page` counts projects before
/// that, and the last one that is looked at has `_more_projects` if it is not the last of all.
pub fn projects(
    prefix: &str,
    part: &str,
    branches: Option<&str>,
    page: Page,
) -> Statement<Rendered> {
    Statement {
        sql: include_str!("sql/gerrit_projects.sql"),
        params: vec![
            Value::text(prefix),
            Value::text(part),
            Value::optional(branches.map(str::to_owned)),
            page.limit(),
            page.start(),
        ],
        read: Row::rendered,
    }
}

/// The branches of a project whose name, in lower case, contains `part`; `None` where the project is not
/// published.
pub fn branches(
    kind: Kind,
    name: &RepoName,
    part: &str,
    page: Page,
) -> Statement<Option<Rendered>> {
    Statement {
        sql: include_str!("sql/gerrit_branches.sql"),
        params: vec![
            Value::text(&kind),
            Value::text(name),
            Value::text(part),
            page.limit(),
            page.start(),
        ],
        read: of_project,
    }
}

/// A project without its branches; `None` where it is not published.
pub fn project(kind: Kind, name: &RepoName) -> Statement<Option<Rendered>> {
    Statement {
        sql: include_str!("sql/gerrit_project.sql"),
        params: vec![Value::text(&kind), Value::text(name)],
        read: of_project,
    }
}

/// What there is of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tip {
    /// The project is not published.
    NoProject,
    /// The project is published without this branch.
    NoBranch,
    /// The branch with its commit.
    Branch(Rendered),
}

/// One branch of a project.
pub fn branch(kind: Kind, name: &RepoName, branch: &BranchName) -> Statement<Tip> {
    Statement {
        sql: include_str!("sql/gerrit_branch.sql"),
        params: vec![Value::text(&kind), Value::text(name), Value::text(branch)],
        read: |row| {
            let Some(modified_at) = row.optional_integer()? else { return Ok(Tip::NoProject) };
            let text = row.optional_text()?;
            Ok(text.map_or(Tip::NoBranch, |text| Tip::Branch(Rendered { text, modified_at })))
        },
    }
}

fn of_project(row: &mut Row) -> Result<Option<Rendered>, RowError> {
    let Some(modified_at) = row.optional_integer()? else { return Ok(None) };
    Ok(Some(Rendered { text: row.text()?, modified_at }))
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::{SCHEMA, USER_VERSION};

    use super::*;
    use crate::query::testing::run;

    const ALL: Page = Page { limit: None, start: 0 };

    fn snapshot() -> rusqlite::Connection {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db.pragma_update(None, "user_version", USER_VERSION).unwrap();
        db.execute_batch(
            "INSERT INTO answer VALUES ('/info', 'application/json', x'', NULL, '', 7)",
        )
        .unwrap();
        for (kind, name, branches) in [
            ("extensions", "C++", &["master"][..]),
            ("extensions", "apple", &["REL1_45", "master"]),
            ("extensions", "Zoo", &["REL1_44", "REL1_45"]),
            ("skins", "Apple", &["master", "wmf/1.46"]),
        ] {
            let sql =
                "INSERT INTO repository VALUES (?, ?, '', NULL, NULL, NULL, NULL, 4, '', 5, '{}')";
            db.execute(sql, [kind, name]).unwrap();
            for branch in branches {
                let sql = "INSERT INTO branch VALUES (?1, ?2, ?3, ?2 || ' ' || ?3, 3, 4, 1)";
                db.execute(sql, [kind, name, branch]).unwrap();
            }
        }
        db.execute_batch(
            "INSERT INTO distributed_branch SELECT DISTINCT branch, 0, 1, 1, 1 FROM branch",
        )
        .unwrap();
        db
    }

    fn document(body: &str) -> serde_json::Value {
        let json = body.strip_prefix(")]}'\n").and_then(|rest| rest.strip_suffix('\n')).unwrap();
        serde_json::from_str(json).unwrap()
    }

    /// The listed names with their branches, in their order, and the one that says that there are more.
    fn list(prefix: &str, part: &str, branches: Option<&str>, page: Page) -> String {
        let rendered = run(&snapshot(), &projects(prefix, part, branches, page)).unwrap();
        assert_eq!(rendered.modified_at, 7);
        let document = document(&rendered.text);
        let entries = document.as_object().unwrap().iter().map(|(project, info)| {
            assert_eq!(info["state"], "ACTIVE");
            let branches = info.get("branches").and_then(serde_json::Value::as_object);
            assert_eq!(
                info["id"],
                project.replace('/', "%2F").replace('+', "%2B"),
                "the id is the name, encoded"
            );
            let keys: Vec<&str> =
                branches.iter().flat_map(|it| it.keys()).map(String::as_str).collect();
            let more = if info.get("_more_projects").is_some() { "…" } else { "" };
            format!("{}:{}{more}", &project["mediawiki/".len()..], keys.join(","))
        });
        entries.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn projects_are_those_with_the_prefix_and_the_part() {
        let all = "extensions/C++: extensions/Zoo: extensions/apple: skins/Apple:";
        for (prefix, part, expected) in [
            ("", "", all),
            ("mediawiki/", "", all),
            ("mediawiki/skins/", "", "skins/Apple:"),
            ("mediawiki/extensions/app", "", "extensions/apple:"),
            ("mediawiki/extensions/App", "", ""),
            ("mediawiki/%", "", ""),
            ("", "appl", "extensions/apple: skins/Apple:"),
            ("", "wiki/ext", "extensions/C++: extensions/Zoo: extensions/apple:"),
        ] {
            assert_eq!(list(prefix, part, None, ALL), expected, "{prefix} {part}");
        }
    }

    #[test]
    fn branches_filter_and_pages_count_before_that() {
        let release = Some(r#"[["refs/heads/REL1_45","REL1_45"]]"#);
        let both = Some(r#"[["master","master"],["REL1_45","REL1_45"]]"#);
        let page = |start, limit| Page { limit: Some(limit), start };
        for (branches, page, expected) in [
            (release, ALL, "extensions/Zoo:refs/heads/REL1_45 extensions/apple:refs/heads/REL1_45"),
            (
                both,
                ALL,
                "extensions/C++:master extensions/Zoo:REL1_45 extensions/apple:REL1_45,master \
                 skins/Apple:master",
            ),
            (Some("[]"), ALL, ""),
            (None, page(0, 2), "extensions/C++: extensions/Zoo:…"),
            (None, page(2, 2), "extensions/apple: skins/Apple:"),
            (None, page(9, 2), ""),
            (None, Page::EMPTY, ""),
            (None, Page { limit: None, start: 3 }, "skins/Apple:"),
            // The last one that is looked at is not listed, and so nothing says that there are more.
            (release, page(0, 1), ""),
            (release, page(0, 2), "extensions/Zoo:refs/heads/REL1_45…"),
            (release, page(2, 2), "extensions/apple:refs/heads/REL1_45"),
        ] {
            assert_eq!(list("", "", branches, page), expected, "{branches:?} {page:?}");
        }
    }

    #[test]
    fn branches_are_in_the_order_of_their_names() {
        let db = snapshot();
        let list = |kind, name: &str, part, page| {
            let rendered =
                run(&db, &branches(kind, &name.parse().unwrap(), part, page)).unwrap()?;
            assert_eq!(rendered.modified_at, 5);
            let document = document(&rendered.text);
            let refs = document.as_array().unwrap().iter().map(|branch| {
                let name = branch["ref"].as_str().unwrap();
                let short = name.strip_prefix("refs/heads/").unwrap();
                assert!(branch["revision"].as_str().unwrap().ends_with(&format!(" {short}")));
                short.to_owned()
            });
            Some(refs.collect::<Vec<_>>())
        };
        let strings = |texts: &[&str]| Some(texts.iter().map(|it| (*it).to_owned()).collect());
        let (extensions, skins) = (Kind::Extensions, Kind::Skins);
        assert_eq!(list(extensions, "apple", "", ALL), strings(&["REL1_45", "master"]));
        assert_eq!(list(skins, "Apple", "wmf", ALL), strings(&["wmf/1.46"]));
        assert_eq!(list(skins, "Apple", "heads", ALL), strings(&[]));
        let second = Page { limit: Some(1), start: 1 };
        assert_eq!(list(extensions, "apple", "", second), strings(&["master"]));
        assert_eq!(list(skins, "apple", "", ALL), None);
    }

    #[test]
    fn a_branch_and_a_project_are_found_by_their_whole_names() {
        let db = snapshot();
        let tip = |name: &str, of: &str| {
            let statement =
                branch(Kind::Skins, &name.parse().unwrap(), &of.parse::<BranchName>().unwrap());
            match run(&db, &statement).unwrap() {
                Tip::Branch(rendered) => document(&rendered.text).to_string(),
                other => format!("{other:?}"),
            }
        };
        let found = r#"{"ref":"refs/heads/wmf/1.46","revision":"Apple wmf/1.46"}"#;
        assert_eq!(tip("Apple", "wmf/1.46"), found);
        assert_eq!(tip("Apple", "wmf"), "NoBranch");
        assert_eq!(tip("apple", "master"), "NoProject");
        let info =
            |name: &str| run(&db, &project(Kind::Extensions, &name.parse().unwrap())).unwrap();
        let found = document(&info("C++").unwrap().text);
        assert_eq!(found["id"], "mediawiki%2Fextensions%2FC%2B%2B");
        assert_eq!(
            (&found["name"], &found["state"]),
            (&"mediawiki/extensions/C++".into(), &"ACTIVE".into())
        );
        assert_eq!(info("Nothing"), None);
    }
}
