//! The tarball that an address without a commit stands for.

use tardist_contract::{BranchName, Kind};

use super::statement::{Row, RowError, Statement, Value};

/// What there is at a path below `/download/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A tarball.
    Tarball(Tarball),
    /// The repository, without the branch: it has these, newest first.
    Branches(Vec<BranchName>),
    /// No repository.
    Nothing,
}

/// The newest published tarball of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tarball {
    /// True if the path asks for its checksum.
    pub is_checksum: bool,
    /// Where it is, as in `/info`.
    pub url: String,
    /// Its file name.
    pub file: String,
    /// The SHA-256 of its bytes: 64 hexadecimal digits.
    pub sha256: String,
    /// When the document of its repository last changed: Unix seconds.
    pub modified_at: i64,
}

/// The first of the `readings` of a path that has a tarball. They are a JSON array of triples: the name of
/// a repository, its branch or `null` for the default one, and 1 where the checksum is asked for.
pub fn download(kind: Kind, readings: String) -> Statement<Found> {
    Statement {
        sql: include_str!("sql/download.sql"),
        params: vec![Value::text(&kind), Value::Text(readings)],
        read: found,
    }
}

fn found(row: &mut Row) -> Result<Found, RowError> {
    let Some(is_checksum) = row.optional_integer()? else { return Ok(Found::Nothing) };
    let Some(url) = row.optional_text()? else {
        let (_file, _sha256, _modified_at) = (row.next(), row.next(), row.next());
        let branches = row.text()?;
        // Names have no spaces.
        let branches = branches.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>();
        return branches.map(Found::Branches).map_err(|_| row.unlike("a list of branches"));
    };
    Ok(Found::Tarball(Tarball {
        is_checksum: is_checksum != 0,
        url,
        file: row.text()?,
        sha256: row.text()?,
        modified_at: row.integer()?,
    }))
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    /// A snapshot with `Foo`, which has a branch named `a.sha256` beside `a`, and with `Foo.sha256`.
    fn db() -> rusqlite::Connection {
        let db = snapshot(USER_VERSION);
        for (name, branches) in
            [("Foo", &["wmf/1.45", "a", "a.sha256"][..]), ("Foo.sha256", &["a"])]
        {
            let branches: serde_json::Map<_, _> = branches
                .iter()
                .map(|branch| {
                    let file = format!("{name}-{branch}");
                    let url = format!("/dist/{file}");
                    let tarball = serde_json::json!({"file": file, "url": url, "sha256": "5"});
                    ((*branch).to_owned(), serde_json::json!({ "tarball": tarball }))
                })
                .collect();
            let document = serde_json::json!({"default_branch": "a", "branches": branches});
            let sql = "UPDATE repository SET name = ?2, document = ?3 WHERE kind = 'extensions' AND name = ?1";
            let old = if name == "Foo" { "Alpha" } else { "beta" };
            db.execute(sql, [old, name, &document.to_string()]).unwrap();
        }
        db
    }

    #[test]
    fn the_first_reading_that_exists_is_meant() {
        let db = db();
        let found = |readings: &str| match run(&db, &download(Kind::Extensions, readings.into())) {
            Ok(Found::Tarball(it)) if it.is_checksum => format!("sum of {}", it.file),
            Ok(Found::Tarball(it)) => it.url,
            Ok(Found::Branches(all)) => format!("{all:?}"),
            other => format!("{other:?}"),
        };
        for (readings, expected) in [
            (r#"[["Foo",null,0]]"#, "/dist/Foo-a"),
            (r#"[["Foo","wmf/1.45",0]]"#, "/dist/Foo-wmf/1.45"),
            (r#"[["Foo.sha256",null,0],["Foo",null,1]]"#, "/dist/Foo.sha256-a"),
            (r#"[["Foo.sha256.sha256",null,0],["Foo.sha256",null,1]]"#, "sum of Foo.sha256-a"),
            (r#"[["Foo","a.sha256",0],["Foo","a",1]]"#, "/dist/Foo-a.sha256"),
            (r#"[["Foo","wmf/1.45.sha256",0],["Foo","wmf/1.45",1]]"#, "sum of Foo-wmf/1.45"),
            (r#"[["Foo.sha256","b",0]]"#, r#"[BranchName("a")]"#),
            (r#"[["Bar",null,0]]"#, "Ok(Nothing)"),
        ] {
            assert_eq!(found(readings), expected, "{readings}");
        }
    }
}
