//! Every `SELECT` that a function runs: its text, its parameters, and how its row is read.
//!
//! Each statement gives exactly one row, whose first column is the snapshot's `user_version`: a row
//! costs a hop between host and component, and so the version needs no look-up of its own and can
//! never belong to another file than the data.

use tardist_contract::{BranchName, Kind, RepoName, schema::USER_VERSION};

use crate::language::chain::Chain;

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

/// A body that was made for a client's languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localized {
    /// JSON.
    pub body: String,
    /// The code of the language that it came out in: a document's description's, else its title's;
    /// `None` where it has neither, and for several documents.
    pub language: Option<String>,
    /// When the same body in English last changed, which says that it did in any language: every
    /// document names the commits that all its texts come from. Unix seconds.
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
    /// [`Card`](tardist_contract::search::Card) with the [`Step`](tardist_contract::search::Step)'s `match` before it.
    pub results: String,
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

/// A table of the languages of a [`Chain`] with their places in it, of which this is the parameter.
macro_rules! chain {
    ($chain:literal) => {
        concat!(
            "chain (language, place) AS MATERIALIZED (SELECT value, key FROM json_each(",
            $chain,
            "))"
        )
    };
}

/// Joins the rows of `localized` that the title and the description of `repository` come from: each
/// falls back for itself, as messages do in MediaWiki.
macro_rules! join_localized {
    () => {
        concat!(
            " LEFT JOIN localized AS title ON title.kind = repository.kind
                  AND title.name = repository.name AND title.language = ",
            best!("title"),
            " LEFT JOIN localized AS description ON description.kind = repository.kind
                  AND description.name = repository.name AND description.language = ",
            best!("description")
        )
    };
}

/// The best language of the chain in which `repository` has this.
macro_rules! best {
    ($column:literal) => {
        concat!(
            "(SELECT language FROM chain CROSS JOIN localized AS it USING (language)
              WHERE it.kind = repository.kind AND it.name = repository.name AND it.",
            $column,
            " IS NOT NULL ORDER BY place LIMIT 1)"
        )
    };
}

/// A document in the languages that were joined: SQLite keeps all else of it, byte for byte.
macro_rules! localized {
    ($($document:tt)+) => {
        concat!(
            "json_replace(",
            $($document)+,
            ", '$.title', title.title, '$.description', description.description,
               '$.description_language', description.language)"
        )
    };
}

/// The document of `repository`, with no other branch than the parameter says.
macro_rules! of_branch {
    () => {
        "CASE WHEN ?4 IS NULL THEN document ELSE json_set(document, '$.branches',
            json_object(?4, document -> ('$.branches.\"' || ?4 || '\"'))) END"
    };
}

/// As [`repository`], in the languages of a chain.
pub fn localized_repository(
    kind: Kind,
    name: &RepoName,
    chain: &Chain,
) -> Statement<Option<Localized>> {
    Statement {
        sql: concat!(
            "WITH ",
            chain!("?3"),
            " SELECT user_version, ",
            localized!("document"),
            ", coalesce(description.language, title.language), modified_at
              FROM pragma_user_version
              LEFT JOIN repository ON repository.kind = ?1 AND repository.name = ?2",
            join_localized!()
        ),
        params: vec![
            Value::Text(kind.to_string()),
            Value::Text(name.to_string()),
            Value::Text(chain.json()),
        ],
        read: Row::localized,
    }
}

/// What is wanted of the documents in a [`selection`].
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The kinds, a JSON array.
    pub kinds: &'a str,
    /// The names, a JSON array; `None` for all.
    pub names: Option<&'a str>,
    /// Only repositories that have this branch, with no other branch in their documents.
    pub branch: Option<&'a BranchName>,
    /// The languages to have them in; `None` for English, which documents are in.
    pub chain: Option<&'a Chain>,
}

/// The answer of `/info/KIND` or `/info` for a part of the repositories, or in another language. With
/// `names` the first kind's names that are not there are listed as `missing`. `path` is that of the
/// answer with all of them.
///
/// SQLite makes the whole body, since 25 rows through the row stream cost four times one row, and a
/// function that put it together would hold it twice. Only the rows' numbers are sorted: sorting the
/// documents would copy them all.
pub fn selection(path: &str, parts: Parts<'_>) -> Statement<Made> {
    let optional = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    Statement {
        sql: concat!(
            "WITH ",
            chain!("coalesce(?5, '[]')"),
            ", found AS NOT MATERIALIZED (
    SELECT rowid AS number, kind, name FROM repository WHERE ?4 IS NULL OR EXISTS (
        SELECT 1 FROM branch
        WHERE branch.kind = repository.kind AND branch.name = repository.name AND branch = ?4
    )
)
SELECT user_version, '{' || (
    SELECT group_concat(json_quote(wanted.value) || ':{' || coalesce((
        SELECT group_concat(json_quote(repository.name) || ':' || CASE
            WHEN ?5 IS NOT NULL THEN ",
            localized!(of_branch!()),
            " ELSE ",
            of_branch!(),
            " END, ',')
        FROM (
            SELECT number FROM found WHERE kind = wanted.value AND name IN (
                SELECT value FROM json_each(coalesce(?3, (
                    SELECT json_group_array(name) FROM repository WHERE kind = wanted.value
                )))
            )
            ORDER BY lower(name), name
        ) CROSS JOIN repository ON repository.rowid = number",
            join_localized!(),
            "
    ), '') || '}', ',')
    FROM json_each(?2) AS wanted
) || CASE WHEN ?3 IS NULL THEN '' ELSE ',\"missing\":' || (
    SELECT json_group_array(value) FROM json_each(?3)
    WHERE value NOT IN (SELECT name FROM found WHERE kind = ?2 ->> 0)
) END || '}', (SELECT coalesce(max(modified_at), 0) FROM answer WHERE path = ?1)
FROM pragma_user_version"
        ),
        params: vec![
            Value::Text(path.to_owned()),
            Value::Text(parts.kinds.to_owned()),
            optional(parts.names.map(str::to_owned)),
            optional(parts.branch.map(BranchName::to_string)),
            optional(parts.chain.map(Chain::json)),
        ],
        read: Row::made,
    }
}

/// Finds the best in the table `best`. Step by step, what was found before is kept and what else is
/// found is added, until there is one more than the limit; as numbers that hold both the id and, in the
/// last four bits, the step.
macro_rules! best_found {
    () => {
        "so_far (step, found) AS (
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
         )"
    };
}

/// The answer to a search: the expression that is a result's card, and what it comes from.
macro_rules! search_answer {
    ([$($card:tt)+], $($from:tt)+) => {
        concat!(
            "SELECT user_version, generated_at, (SELECT count(*) FROM best), (
                 SELECT coalesce(group_concat(it, ','), '') FROM (
                     SELECT '{\"match\":' || (?1 -> ('$[' || step || '].match')) || ',' || substr(",
            $($card)+,
            ", 2) AS it FROM ",
            $($from)+,
            " ORDER BY step, id LIMIT ?2 - 1))
             FROM pragma_user_version, snapshot"
        )
    };
}

/// The best `limit` of what is found in `steps`: [`search::steps`](tardist_contract::search::steps) as JSON. What is
/// found comes in the languages of `chain`; `None` for English, which cards are in.
pub fn search(steps: &str, limit: u32, chain: Option<&Chain>) -> Statement<Found> {
    let params = [Value::Text(steps.to_owned()), Value::Integer(i64::from(limit) + 1)];
    let chain = chain.map(|chain| Value::Text(chain.json()));
    Statement {
        // English, which most ask for, needs no look for a language in each card.
        sql: if chain.is_none() {
            concat!(
                "WITH RECURSIVE ",
                best_found!(),
                search_answer!(["card"], "best JOIN search_card USING (id)")
            )
        } else {
            concat!(
                "WITH RECURSIVE ",
                chain!("?3"),
                ", ",
                best_found!(),
                search_answer!(
                    [localized!("card")],
                    "(
                         SELECT step, id, card, card ->> '$.kind' AS kind, card ->> '$.name' AS name
                         FROM best JOIN search_card USING (id)
                     ) AS repository",
                    join_localized!()
                )
            )
        },
        params: params.into_iter().chain(chain).collect(),
        read: |row| {
            Ok(Found { generated_at: row.integer()?, count: row.integer()?, results: row.text()? })
        },
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

    /// `None` where there is no such row: it has neither a body nor a time.
    fn localized(&mut self) -> Result<Option<Localized>, RowError> {
        let (body, language) = (self.next(), self.next());
        let modified_at = match self.next() {
            Value::Null => return Ok(None),
            Value::Integer(modified_at) => modified_at,
            _ => return Err(self.unlike("an integer")),
        };
        let Value::Text(body) = body else {
            return Err(RowError::Column { index: 1, wanted: "a text" });
        };
        let language = match language {
            Value::Text(language) => Some(language),
            Value::Null => None,
            _ => return Err(RowError::Column { index: 2, wanted: "a text or NULL" }),
        };
        Ok(Some(Localized { body, language, modified_at }))
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
pub(super) mod tests {
    use rusqlite::{Connection, params_from_iter, types};
    use tardist_contract::schema::{JSON, SCHEMA};

    use super::*;

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

    fn parts<'a>(kinds: &'a str, names: Option<&'a str>, chain: Option<&'a Chain>) -> Parts<'a> {
        Parts { kinds, names, branch: None, chain }
    }

    /// With `repositories` as the real thing writes them: a document each, and texts by language.
    fn localized() -> Connection {
        let db = snapshot(USER_VERSION);
        let documents = [
            (
                "extensions",
                "Zeta",
                r#""Zeta","description":"Does \"zeta\" \u001f/\n","description_language":"en""#,
            ),
            ("extensions", "alpha", r#"null,"description":null,"description_language":null"#),
            ("skins", "Mid", r#""Mid","description":"Skin ü","description_language":"en""#),
        ];
        db.execute_batch("DELETE FROM repository; DELETE FROM answer;").unwrap();
        for (kind, name, texts) in documents {
            let document = format!(
                r#"{{"kind":"{kind}","name":"{name}","title":{texts},"authors":["\u0007 ☃","/"],"url":null,"branches":{{"master":{{"metadata":{{"title":"x"}},"size":4294967296}}}}}}"#
            );
            db.execute(
                "INSERT INTO repository VALUES (?, ?, 'u', ?, 'e', 700)",
                (kind, name, document),
            )
            .unwrap();
        }
        for (name, language, title, description) in [
            ("Zeta", "en", Some("Zeta"), Some("Does \"zeta\" \u{1f}/\n")),
            ("Zeta", "de", None, Some("Macht „Zeta“\n\"ja\"")),
            ("Zeta", "zh-hant", Some("澤塔"), None),
            ("Zeta", "zh", None, Some("泽塔")),
            ("alpha", "he", Some("אלפא"), Some("תיאור")),
            ("alpha", "de", Some("Das Alpha"), None),
        ] {
            let row = (name, language, title, description);
            db.execute("INSERT INTO localized VALUES ('extensions', ?, ?, ?, ?)", row).unwrap();
        }
        db.execute_batch(
            "INSERT INTO localized VALUES ('skins', 'Mid', 'en', 'Mid', 'Skin ü');
             INSERT INTO answer
             SELECT '/info/' || kind, 'application/json',
                    CAST('{\"' || kind || '\":{' || group_concat('\"' || name || '\":' || document, ',')
                         || '}}' AS BLOB), NULL, 'e', 650
             FROM (SELECT * FROM repository ORDER BY lower(name)) GROUP BY kind;
             INSERT INTO answer VALUES ('/info', 'application/json', x'', NULL, 'e', 660);",
        )
        .unwrap();
        db
    }

    pub(in crate::query) fn run<T>(
        db: &Connection,
        statement: &Statement<T>,
    ) -> Result<T, RowError> {
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
    fn a_selection_is_one_body_in_the_order_of_lists() {
        let db = snapshot(USER_VERSION);
        let select = |path, kinds, names: Option<&str>| {
            run(&db, &selection(path, parts(kinds, names, None))).unwrap()
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
            let branch = branch.parse().unwrap();
            let parts = Parts { branch: Some(&branch), ..parts(r#"["extensions"]"#, names, None) };
            run(&db, &selection("/info/extensions", parts)).unwrap().body
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
    fn another_schema_version_is_an_error_whatever_the_tables_hold() {
        let db = snapshot(USER_VERSION + 1);
        let found = USER_VERSION + 1;
        assert_eq!(run(&db, &summary()), Err(RowError::Version { found }));
        assert_eq!(run(&db, &answer("/list", JSON, true)), Err(RowError::Version { found }));
    }

    #[test]
    fn a_document_comes_in_the_first_language_that_has_each_text() {
        let db = localized();
        let one = |name: &str, tags: &[&str]| {
            let chain = Chain::new(tags.iter().copied(), &[]);
            let name = name.parse::<RepoName>().unwrap();
            let found =
                run(&db, &localized_repository(Kind::Extensions, &name, &chain)).unwrap()?;
            let document: serde_json::Value = serde_json::from_str(&found.body).unwrap();
            let texts = ["title", "description", "description_language"];
            assert_eq!((document["url"].is_null(), found.modified_at), (true, 700));
            Some((texts.map(|key| document[key].as_str().map(str::to_owned)), found.language))
        };
        let texts = |texts: [Option<&str>; 3], language: &str| {
            Some((texts.map(|text| text.map(str::to_owned)), Some(language.to_owned())))
        };
        let german = [Some("Zeta"), Some("Macht „Zeta“\n\"ja\""), Some("de")];
        assert_eq!(one("Zeta", &["de-at"]), texts(german, "de"));
        let chinese = [Some("澤塔"), Some("泽塔"), Some("zh")];
        assert_eq!(one("Zeta", &["zh-tw"]), texts(chinese, "zh"));
        let french = [Some("Zeta"), Some("Does \"zeta\" \u{1f}/\n"), Some("en")];
        assert_eq!(one("Zeta", &["fr"]), texts(french, "en"));
        assert_eq!(one("alpha", &["he"]), texts([Some("אלפא"), Some("תיאור"), Some("he")], "he"));
        let mixed = [Some("Das Alpha"), Some("תיאור"), Some("he")];
        assert_eq!(one("alpha", &["de", "he"]), texts(mixed, "he"));
        assert_eq!(one("alpha", &["de"]), texts([Some("Das Alpha"), None, None], "de"));
        assert_eq!(one("alpha", &["fr"]), Some(([None, None, None], None)));
        assert_eq!(one("gone", &["de"]), None);
    }

    #[test]
    fn what_falls_back_to_english_is_the_document_byte_for_byte() {
        let db = localized();
        let chain = Chain::new(["fr"], &[]);
        for (kind, name) in
            [(Kind::Extensions, "Zeta"), (Kind::Extensions, "alpha"), (Kind::Skins, "Mid")]
        {
            let name = name.parse().unwrap();
            let english = run(&db, &repository(kind, &name)).unwrap().unwrap();
            let french = run(&db, &localized_repository(kind, &name, &chain)).unwrap().unwrap();
            assert_eq!(french.body.as_bytes(), english.body);
        }
        for kind in Kind::ALL {
            let path = format!("/info/{kind}");
            let english = run(&db, &answer(&path, JSON, false)).unwrap().unwrap();
            let kinds = format!("[\"{kind}\"]");
            let french = run(&db, &selection(&path, parts(&kinds, None, Some(&chain)))).unwrap();
            assert_eq!(french.body.as_bytes(), english.body);
            assert_eq!(french.modified_at, 650);
        }
    }

    #[test]
    fn a_batch_is_made_of_the_documents_of_each() {
        let db = localized();
        let chain = Chain::new(["de"], &[]);
        let select = |path, kinds, names| {
            run(&db, &selection(path, parts(kinds, names, Some(&chain)))).unwrap()
        };
        let both = select("/info", r#"["extensions","skins"]"#, None);
        assert_eq!(both.modified_at, 660);
        let body = |kind, name: &str| {
            let statement = localized_repository(kind, &name.parse().unwrap(), &chain);
            run(&db, &statement).unwrap().unwrap().body
        };
        let (alpha, zeta) = (body(Kind::Extensions, "alpha"), body(Kind::Extensions, "Zeta"));
        let mid = body(Kind::Skins, "Mid");
        let expected = format!(
            r#"{{"extensions":{{"alpha":{alpha},"Zeta":{zeta}}},"skins":{{"Mid":{mid}}}}}"#
        );
        assert_eq!(both.body, expected);
        let names = Some(r#"["Zeta","gone"]"#);
        let some = select("/info/extensions", r#"["extensions"]"#, names);
        assert_eq!(some.body, format!(r#"{{"extensions":{{"Zeta":{zeta}}},"missing":["gone"]}}"#));
        let none = select("/info/skins", r#"["skins"]"#, names);
        assert_eq!(none.body, r#"{"skins":{},"missing":["Zeta","gone"]}"#);
        db.execute_batch("DELETE FROM localized; DELETE FROM repository WHERE kind = 'skins'")
            .unwrap();
        assert_eq!(select("/info/skins", r#"["skins"]"#, None).body, r#"{"skins":{}}"#);
    }
}
