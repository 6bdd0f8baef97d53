//! The statements behind the Gerrit view: the whole bodies, guard line and all, are made by SQLite,
//! since a row that a function reads costs a hop and a key that it renders costs more.
//!
//! Names need no escaping in JSON, and of their characters only `+` needs any in a URL.

use tardist_contract::{Kind, RepoName};

use super::statement::{Made, Row, RowError, Statement, Value};

/// The part of a list that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many entries to look at; `None` for all.
    pub limit: Option<u32>,
    /// How many entries to skip before.
    pub start: u32,
}

impl Page {
    /// The page that nothing is on.
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
/// `branches` is a JSON array of pairs, the name to answer with and the branch that it means: of the
/// projects only those that have one of them are listed. As in Gerrit, `page` counts projects before
/// that, and the last one that is looked at has `_more_projects` if it is not the last of all.
pub fn projects(prefix: &str, part: &str, branches: Option<&str>, page: Page) -> Statement<Made> {
    Statement {
        sql: "
WITH wanted AS MATERIALIZED (
    SELECT key AS place, value ->> 0 AS asked, value ->> 1 AS branch FROM json_each(?3)
), project AS (
    SELECT kind, name, row_number() OVER (ORDER BY kind, name) AS place, count(*) OVER () AS total
    FROM (
        SELECT kind, name, 'mediawiki/' || kind || '/' || name AS project FROM repository
    )
    WHERE substr(project, 1, length(?1)) = ?1 AND instr(lower(project), ?2) > 0
    ORDER BY kind, name
), listed AS (
    SELECT kind, name, place, ?4 >= 0 AND place = ?4 + ?5 AND place < total AS more, (
        SELECT json_group_object(asked, commit_id) FROM (
            SELECT asked, commit_id FROM wanted JOIN branch USING (branch)
            WHERE branch.kind = project.kind AND branch.name = project.name
            ORDER BY wanted.place
        )
    ) AS tips
    FROM project WHERE place > ?5 AND (?4 < 0 OR place <= ?4 + ?5)
)
SELECT user_version, ')]}''' || char(10) || '{' || coalesce(body, '') || '}' || char(10), (
    SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = '/info'
)
FROM pragma_user_version, (
    SELECT group_concat(
        '\"mediawiki/' || kind || '/' || name || '\":{\"id\":\"mediawiki%2F' || kind || '%2F'
            || replace(name, '+', '%2B') || '\",\"state\":\"ACTIVE\"'
            || CASE WHEN ?3 IS NULL THEN '' ELSE ',\"branches\":' || tips END
            || CASE WHEN more THEN ',\"_more_projects\":true}' ELSE '}' END,
        ','
    ) AS body
    FROM (SELECT * FROM listed WHERE ?3 IS NULL OR tips <> '{}' ORDER BY place)
)",
        params: vec![
            Value::Text(prefix.to_owned()),
            Value::Text(part.to_owned()),
            branches.map_or(Value::Null, |branches| Value::Text(branches.to_owned())),
            page.limit(),
            page.start(),
        ],
        read: Row::made,
    }
}

/// The branches of a project whose name contains `part` in lower case; `None` where the project is not
/// published.
pub fn branches(kind: Kind, name: &RepoName, part: &str, page: Page) -> Statement<Option<Made>> {
    Statement {
        sql: "
SELECT user_version, modified_at, ')]}''' || char(10) || (
    SELECT json_group_array(json_object('ref', 'refs/heads/' || branch, 'revision', commit_id))
    FROM (
        SELECT branch, commit_id FROM branch
        WHERE kind = ?1 AND name = ?2 AND instr(lower(branch), ?3) > 0
        ORDER BY branch LIMIT ?4 OFFSET ?5
    )
) || char(10)
FROM pragma_user_version LEFT JOIN repository ON kind = ?1 AND name = ?2",
        params: vec![
            Value::Text(kind.to_string()),
            Value::Text(name.to_string()),
            Value::Text(part.to_owned()),
            page.limit(),
            page.start(),
        ],
        read: branches_row,
    }
}

fn branches_row(row: &mut Row) -> Result<Option<Made>, RowError> {
    let modified_at = match row.next() {
        Value::Null => return Ok(None),
        Value::Integer(time) => time,
        _ => return Err(row.unlike("an integer")),
    };
    Ok(Some(Made { body: row.text()?, modified_at }))
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::{SCHEMA, USER_VERSION};

    use super::{super::statement::tests::run, *};

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
            let sql = "INSERT INTO repository VALUES (?, ?, '', '{}', '', 5)";
            db.execute(sql, [kind, name]).unwrap();
            for branch in branches {
                let sql = "INSERT INTO branch VALUES
                           (?1, ?2, ?3, ?2 || ' ' || ?3, 1, NULL, '', '', NULL, '', 1, '')";
                db.execute(sql, [kind, name, branch]).unwrap();
            }
        }
        db
    }

    fn document(body: &str) -> serde_json::Value {
        let json = body.strip_prefix(")]}'\n").and_then(|rest| rest.strip_suffix('\n')).unwrap();
        serde_json::from_str(json).unwrap()
    }

    /// The listed names with their branches, in their order, and the one that says that there are more.
    fn list(prefix: &str, part: &str, branches: Option<&str>, page: Page) -> String {
        let made = run(&snapshot(), &projects(prefix, part, branches, page)).unwrap();
        assert_eq!(made.modified_at, 7);
        let document = document(&made.body);
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
            let made = run(&db, &branches(kind, &name.parse().unwrap(), part, page)).unwrap()?;
            assert_eq!(made.modified_at, 5);
            let document = document(&made.body);
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
}
