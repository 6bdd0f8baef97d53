//! Every `SELECT` that a function runs: its text, its parameters, and how its row is read.
//!
//! Each statement gives exactly one row, whose first column is the snapshot's `user_version`: a row
//! costs a hop between host and component, and so the version needs no look-up of its own and can
//! never belong to another file than the data.

pub mod gerrit;

use crate::{BranchName, Kind, RepoName, neighbours::COUNT, schema::USER_VERSION};

/// A value of SQLite, on its way in or out.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL, which no statement uses.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// Why a row is not what the schema promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The snapshot has another schema.
    #[error("the snapshot has schema version {found}, and {USER_VERSION} is needed")]
    Version {
        /// Its `user_version`.
        found: i64,
    },
    /// A column has a type that the schema rules out, or is missing.
    #[error("column {index} of the row is not {wanted}")]
    Column {
        /// The column's place, from 0.
        index: usize,
        /// What it should be.
        wanted: &'static str,
    },
}

/// A `SELECT` with its parameters, and the way from its one row to a `T`.
#[derive(Debug)]
pub struct Statement<T> {
    /// The text.
    pub sql: &'static str,
    /// A value for each `?` in order.
    pub params: Vec<Value>,
    read: fn(&mut Row) -> Result<T, RowError>,
}

impl<T> Statement<T> {
    /// Reads the statement's row.
    ///
    /// # Errors
    /// [`RowError::Version`] for a snapshot of another schema, [`RowError::Column`] for a row that
    /// the schema rules out.
    pub fn read(&self, row: Vec<Value>) -> Result<T, RowError> {
        let mut row = Row { values: row.into_iter(), index: 0 };
        match row.integer()? {
            USER_VERSION => (self.read)(&mut row),
            found => Err(RowError::Version { found }),
        }
    }
}

/// A ready-made body and what HTTP wants to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The bytes.
    pub body: Vec<u8>,
    /// True where they are compressed.
    pub is_gzip: bool,
    /// The entity tag of the plain body, without quotes.
    pub etag: String,
    /// When the body last changed: Unix seconds.
    pub modified_at: i64,
}

/// What the snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When it was made: Unix seconds.
    pub generated_at: i64,
    /// How many extensions it names.
    pub extensions: i64,
    /// How many skins it names.
    pub skins: i64,
    /// How many tarballs it names.
    pub tarballs: i64,
}

/// A body that SQLite made for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The text.
    pub body: String,
    /// A time, in Unix seconds, since which it has not changed; as it could be by any repository that
    /// comes or goes, that is when any of them last did.
    pub modified_at: i64,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// How many there are, up to one more than asked for.
    pub count: i64,
    /// The elements of a JSON array without its brackets, best first: each is a
    /// [`Card`](crate::search::Card) with the [`Step`](crate::search::Step)'s `match` before it.
    pub results: String,
}

/// Repositories with a text in their name or title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titled {
    /// A JSON array of objects with `kind`, `name`, `title`, `description`, `description_language`.
    pub found: String,
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
}

/// The schema version alone, which every SQLite file has: 0 where there is no snapshot.
/// Its text is not a [`Statement`], whose version is checked.
pub const USER_VERSION_SQL: &str = "SELECT user_version FROM pragma_user_version";

/// The snapshot's summary.
pub fn summary() -> Statement<Summary> {
    Statement {
        sql: "SELECT user_version, generated_at, extensions, skins, tarballs
              FROM pragma_user_version, snapshot",
        params: Vec::new(),
        read: |row| {
            Ok(Summary {
                generated_at: row.integer()?,
                extensions: row.integer()?,
                skins: row.integer()?,
                tarballs: row.integer()?,
            })
        },
    }
}

/// The ready-made answer to a path without parameters, such as `/list/extensions`; with `gzip` the
/// compressed one, where there is one.
pub fn answer(path: &str, media_type: &str, gzip: bool) -> Statement<Option<Answer>> {
    Statement {
        sql: "SELECT user_version, iif(?3 AND gzip IS NOT NULL, gzip, body), etag, modified_at,
                     ?3 AND gzip IS NOT NULL
              FROM pragma_user_version LEFT JOIN answer ON path = ?1 AND media_type = ?2",
        params: vec![
            Value::Text(path.to_owned()),
            Value::Text(media_type.to_owned()),
            Value::Integer(gzip.into()),
        ],
        read: Row::answer,
    }
}

/// The document of one repository, or `None` where it is not published.
pub fn repository(kind: Kind, name: &RepoName) -> Statement<Option<Answer>> {
    Statement {
        sql: "SELECT user_version, document, etag, modified_at, 0 FROM pragma_user_version
              LEFT JOIN repository ON kind = ? AND name = ?",
        params: vec![Value::Text(kind.to_string()), Value::Text(name.to_string())],
        read: Row::answer,
    }
}

/// The piece with the document of a repository and those of its [`neighbours`](crate::neighbours), or
/// `None` where the repository is not published.
pub fn neighbours(kind: Kind, name: &RepoName) -> Statement<Option<Vec<u8>>> {
    Statement {
        sql: "SELECT user_version, documents FROM pragma_user_version LEFT JOIN neighbours
              ON id = (SELECT rowid / ? FROM repository WHERE kind = ? AND name = ?)",
        params: vec![
            Value::Integer(COUNT),
            Value::Text(kind.to_string()),
            Value::Text(name.to_string()),
        ],
        read: |row| match row.next() {
            Value::Null => Ok(None),
            Value::Blob(piece) => Ok(Some(piece)),
            _ => Err(row.unlike("a blob")),
        },
    }
}

/// The answer of `/info/KIND` or `/info` for a part of the repositories: those of `kinds`, a JSON array;
/// of `names`, a JSON array too, or all; and with `branch` only those that have it, with no other branch
/// in their documents. With `names` the first kind's names that are not there are listed as `missing`.
/// `path` is that of the answer with all of them.
///
/// SQLite makes the whole body, since 25 rows through the row stream cost four times one row, and a
/// function that put it together would hold it twice.
pub fn selection(
    path: &str,
    kinds: &str,
    names: Option<&str>,
    branch: Option<&BranchName>,
) -> Statement<Made> {
    let optional = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    Statement {
        sql: "
WITH found AS NOT MATERIALIZED (
    SELECT kind, name, CASE WHEN ?4 IS NULL THEN document ELSE
        json_set(document, '$.branches', json_object(?4, document -> ('$.branches.\"' || ?4 || '\"')))
    END AS document
    FROM repository WHERE ?4 IS NULL OR EXISTS (
        SELECT 1 FROM branch
        WHERE branch.kind = repository.kind AND branch.name = repository.name AND branch = ?4
    )
)
SELECT user_version, '{' || (
    SELECT group_concat(json_quote(wanted.value) || ':{' || coalesce((
        SELECT group_concat(json_quote(name) || ':' || document, ',') FROM (
            SELECT name, document FROM found WHERE kind = wanted.value AND name IN (
                SELECT value FROM json_each(coalesce(?3, (
                    SELECT json_group_array(name) FROM repository WHERE kind = wanted.value
                )))
            )
            ORDER BY lower(name), name
        )
    ), '') || '}', ',')
    FROM json_each(?2) AS wanted
) || CASE WHEN ?3 IS NULL THEN '' ELSE ',\"missing\":' || (
    SELECT json_group_array(value) FROM json_each(?3)
    WHERE value NOT IN (SELECT name FROM found WHERE kind = ?2 ->> 0)
) END || '}', (SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = ?1)
FROM pragma_user_version",
        params: vec![
            Value::Text(path.to_owned()),
            Value::Text(kinds.to_owned()),
            optional(names.map(str::to_owned)),
            optional(branch.map(BranchName::to_string)),
        ],
        read: Row::made,
    }
}

/// The best `limit` of what is found in `steps`: [`search::steps`](crate::search::steps) as JSON.
///
/// Step by step, what was found before is kept and what else is found is added, until there is one
/// more than the limit; as numbers that hold both the id and, in the last four bits, the step.
pub fn search(steps: &str, limit: u32) -> Statement<Found> {
    Statement {
        sql: "WITH RECURSIVE so_far (step, found) AS (
                  SELECT 0, '[]'
                  UNION ALL
                  SELECT step + 1, (
                      SELECT json_group_array(it) FROM (
                          SELECT value AS it FROM json_each(found)
                          UNION ALL
                          SELECT * FROM (
                              SELECT rowid << 4 | step FROM search
                              WHERE search MATCH json_extract(?1, '$[' || step || '].terms')
                                AND rowid NOT IN (SELECT value >> 4 FROM json_each(found))
                              ORDER BY rowid LIMIT ?2)))
                  FROM so_far
                  WHERE step < json_array_length(?1) AND json_array_length(found) < ?2
              ),
              best AS MATERIALIZED (
                  SELECT value >> 4 AS id, value & 15 AS step
                  FROM json_each((SELECT found FROM so_far ORDER BY step DESC LIMIT 1))
                  ORDER BY 2, 1 LIMIT ?2
              )
              SELECT user_version, generated_at, (SELECT count(*) FROM best), (
                  SELECT coalesce(group_concat(it, ','), '') FROM (
                      SELECT '{\"match\":' || (?1 -> ('$[' || step || '].match'))
                             || ',' || substr(card, 2) AS it
                      FROM best JOIN search_card USING (id)
                      ORDER BY step, id LIMIT ?2 - 1))
              FROM pragma_user_version, snapshot",
        params: vec![Value::Text(steps.to_owned()), Value::Integer(i64::from(limit) + 1)],
        read: |row| {
            Ok(Found { generated_at: row.integer()?, count: row.integer()?, results: row.text()? })
        },
    }
}

/// The first `limit` repositories of one kind, or of both, with `text` in their name or title; first
/// those whose name begins with it. Case matters beyond ASCII only.
pub fn titled(kind: Option<Kind>, text: &str, limit: usize) -> Statement<Titled> {
    let kind = kind.map_or("%", Kind::as_str);
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let (inside, start) = (format!("%{escaped}%"), format!("{escaped}%"));
    let params = [kind, &inside, &inside, &start, &limit.to_string()];
    Statement {
        sql: "SELECT user_version, found.repositories, generated_at
              FROM pragma_user_version, snapshot, (
                  SELECT json_group_array(json_object('kind', kind, 'name', name, 'title', title,
                      'description', document ->> '$.description',
                      'description_language', document ->> '$.description_language')) AS repositories
                  FROM (SELECT kind, name, document, document ->> '$.title' AS title
                        FROM repository
                        WHERE kind LIKE ?
                        AND (name LIKE ? ESCAPE '\\' OR title LIKE ? ESCAPE '\\')
                        ORDER BY name NOT LIKE ? ESCAPE '\\', lower(name), name, kind
                        LIMIT CAST(? AS INTEGER))
              ) AS found",
        params: params.iter().map(|&text| Value::Text(text.to_owned())).collect(),
        read: |row| Ok(Titled { found: row.text()?, generated_at: row.integer()? }),
    }
}

/// A row that is read from left to right.
struct Row {
    values: std::vec::IntoIter<Value>,
    index: usize,
}

impl Row {
    fn next(&mut self) -> Value {
        self.index += 1;
        self.values.next().unwrap_or(Value::Null)
    }

    fn unlike(&self, wanted: &'static str) -> RowError {
        RowError::Column { index: self.index - 1, wanted }
    }

    fn integer(&mut self) -> Result<i64, RowError> {
        match self.next() {
            Value::Integer(value) => Ok(value),
            _ => Err(self.unlike("an integer")),
        }
    }

    fn text(&mut self) -> Result<String, RowError> {
        match self.next() {
            Value::Text(value) => Ok(value),
            _ => Err(self.unlike("a text")),
        }
    }

    fn answer(&mut self) -> Result<Option<Answer>, RowError> {
        let body = match self.next() {
            Value::Null => return Ok(None),
            Value::Blob(body) => body,
            Value::Text(body) => body.into_bytes(),
            _ => return Err(self.unlike("a text or a blob")),
        };
        let (etag, modified_at) = (self.text()?, self.integer()?);
        Ok(Some(Answer { body, is_gzip: self.integer()? != 0, etag, modified_at }))
    }

    fn made(&mut self) -> Result<Made, RowError> {
        Ok(Made { body: self.text()?, modified_at: self.integer()? })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter, types};

    use super::*;
    use crate::schema::{JSON, SCHEMA};

    fn snapshot(user_version: i64) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db.execute_batch(
            r#"INSERT INTO snapshot VALUES (1000, '0.1.0', 'f', 2, 0, 3);
               INSERT INTO answer VALUES ('/list', 'application/json', x'7b7d', NULL, 'e1', 900);
               INSERT INTO answer VALUES ('/info', 'application/json', x'7b7d', x'1f8b', 'e5', 980);
               INSERT INTO answer VALUES
                   ('/info/extensions', 'application/json', x'7b7d', NULL, 'e6', 970);
               INSERT INTO repository VALUES ('extensions', 'beta', 'u', '{"b":1}', 'e2', 800);
               INSERT INTO repository VALUES ('extensions', 'Alpha', 'u', '{"a":1}', 'e3', 850);
               INSERT INTO repository VALUES ('skins', 'beta', 'u', '{"s":1}', 'e4', 990);"#,
        )
        .unwrap();
        db.pragma_update(None, "user_version", user_version).unwrap();
        db
    }

    pub(super) fn run<T>(db: &Connection, statement: &Statement<T>) -> Result<T, RowError> {
        let params = statement.params.iter().map(|value| match value {
            Value::Null => types::Value::Null,
            Value::Integer(number) => types::Value::Integer(*number),
            Value::Text(text) => types::Value::Text(text.clone()),
            other => panic!("no statement takes {other:?}"),
        });
        let row = db
            .query_row(statement.sql, params_from_iter(params), |row| {
                (0..row.as_ref().column_count())
                    .map(|index| {
                        Ok(match row.get(index)? {
                            types::Value::Null => Value::Null,
                            types::Value::Integer(value) => Value::Integer(value),
                            types::Value::Real(value) => Value::Real(value),
                            types::Value::Text(value) => Value::Text(value),
                            types::Value::Blob(value) => Value::Blob(value),
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        statement.read(row)
    }

    #[test]
    fn every_statement_reads_what_the_schema_holds() {
        let db = snapshot(USER_VERSION);
        let name = |text: &str| text.parse::<RepoName>().unwrap();
        assert_eq!(run(&db, &summary()).unwrap().tarballs, 3);
        for (path, gzip, body, is_gzip, etag, modified_at) in [
            ("/list", false, &b"{}"[..], false, "e1", 900),
            ("/list", true, b"{}", false, "e1", 900),
            ("/info", false, b"{}", false, "e5", 980),
            ("/info", true, b"\x1f\x8b", true, "e5", 980),
        ] {
            let expected = Answer { body: body.into(), is_gzip, etag: etag.into(), modified_at };
            assert_eq!(
                run(&db, &answer(path, JSON, gzip)).unwrap(),
                Some(expected),
                "{path} {gzip}"
            );
        }
        assert_eq!(run(&db, &answer("/nothing", JSON, true)).unwrap(), None);
        let found = run(&db, &repository(Kind::Extensions, &name("beta"))).unwrap().unwrap();
        assert_eq!(found.body, br#"{"b":1}"#);
        assert_eq!(run(&db, &repository(Kind::Skins, &name("Alpha"))).unwrap(), None);
    }

    #[test]
    fn a_repository_is_found_with_its_neighbours() {
        let db = snapshot(USER_VERSION);
        db.execute_batch(
            "INSERT INTO neighbours VALUES (0, x'00'), (1, x'01');
             UPDATE repository SET rowid = 64 WHERE kind = 'skins';",
        )
        .unwrap();
        let found = |kind, text: &str| run(&db, &neighbours(kind, &text.parse().unwrap())).unwrap();
        assert_eq!(found(Kind::Extensions, "Alpha"), Some(vec![0]));
        assert_eq!(found(Kind::Skins, "beta"), Some(vec![1]));
        assert_eq!(found(Kind::Skins, "Alpha"), None);
    }

    #[test]
    fn a_selection_is_one_body_in_the_order_of_lists() {
        let db = snapshot(USER_VERSION);
        let select = |path, kinds, names: Option<&str>| {
            run(&db, &selection(path, kinds, names, None)).unwrap()
        };
        let names = r#"["Alpha","beta","gone"]"#;
        let some = select("/info/extensions", r#"["extensions"]"#, Some(names));
        let body = r#"{"extensions":{"Alpha":{"a":1},"beta":{"b":1}},"missing":["gone"]}"#;
        assert_eq!(some, Made { body: body.into(), modified_at: 970 });
        let none = select("/info/skins", r#"["skins"]"#, Some(r#"["' OR 1=1 --","Alpha"]"#));
        let body = r#"{"skins":{},"missing":["' OR 1=1 --","Alpha"]}"#;
        assert_eq!(none, Made { body: body.into(), modified_at: 0 });
        let all = select("/info", r#"["extensions","skins"]"#, None);
        let body = r#"{"extensions":{"Alpha":{"a":1},"beta":{"b":1}},"skins":{"beta":{"s":1}}}"#;
        assert_eq!(all, Made { body: body.into(), modified_at: 980 });
    }

    #[test]
    fn a_selection_of_a_branch_has_no_other_branch() {
        let db = snapshot(USER_VERSION);
        for (name, branches) in [("Alpha", &["master", "wmf/1.46"][..]), ("beta", &["master"])] {
            let documents: Vec<String> = branches
                .iter()
                .map(|branch| format!("\"{branch}\":{{\"b\":\"{branch}\"}}"))
                .collect();
            let document = format!("{{\"n\":1,\"branches\":{{{}}}}}", documents.join(","));
            db.execute("UPDATE repository SET document = ? WHERE name = ?", [&document, name])
                .unwrap();
            for branch in branches {
                let sql = "INSERT INTO branch VALUES
                           ('extensions', ?, ?, '', 1, NULL, '', '', NULL, '', 1, '')";
                db.execute(sql, [name, branch]).unwrap();
            }
        }
        let select = |branch: &str, names| {
            let (path, kinds) = ("/info/extensions", r#"["extensions"]"#);
            run(&db, &selection(path, kinds, names, Some(&branch.parse().unwrap()))).unwrap().body
        };
        assert_eq!(
            select("wmf/1.46", Some(r#"["Alpha","beta"]"#)),
            r#"{"extensions":{"Alpha":{"n":1,"branches":{"wmf/1.46":{"b":"wmf/1.46"}}}},"missing":["beta"]}"#
        );
        assert_eq!(
            select("master", None),
            r#"{"extensions":{"Alpha":{"n":1,"branches":{"master":{"b":"master"}}},"beta":{"n":1,"branches":{"master":{"b":"master"}}}}}"#
        );
        assert_eq!(select("REL1_45", None), r#"{"extensions":{}}"#);
    }

    #[test]
    fn titles_and_names_are_found_by_a_part_of_them() {
        let db = snapshot(USER_VERSION);
        db.execute_batch(
            r#"UPDATE repository SET document = '{"title":"100% of_it","description":"d"}'
               WHERE kind = 'skins'"#,
        )
        .unwrap();
        let found = |kind, text: &str, limit| {
            let row = run(&db, &titled(kind, text, limit)).unwrap();
            assert_eq!(row.generated_at, 1000);
            let pairs = row.found.split("\"name\":\"").skip(1);
            pairs.map(|it| it.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found(None, "BETA", 9), ["beta", "beta"]);
        assert_eq!(found(None, "BETA", 1), ["beta"]);
        assert_eq!(found(Some(Kind::Skins), "beta", 9), ["beta"]);
        assert_eq!(found(Some(Kind::Extensions), "a", 9), ["Alpha", "beta"], "its beginning first");
        assert_eq!(found(None, "100% of", 9), ["beta"]);
        for nothing in ["%", "_", "\\", "' OR 1=1 --", "100%%"] {
            let expected = if nothing == "%" || nothing == "_" { 1 } else { 0 };
            assert!(found(None, nothing, 9).len() <= expected, "{nothing:?}");
        }
    }

    #[test]
    fn another_schema_version_is_an_error_whatever_the_tables_hold() {
        let db = snapshot(USER_VERSION + 1);
        let found = USER_VERSION + 1;
        assert_eq!(run(&db, &summary()), Err(RowError::Version { found }));
        assert_eq!(run(&db, &answer("/list", JSON, true)), Err(RowError::Version { found }));
    }
}
