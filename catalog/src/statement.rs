//! Every `SELECT` that a function runs: its text, its parameters, and how its row is read.
//!
//! Each statement gives exactly one row, whose first column is the snapshot's `user_version`: a row
//! costs a hop between host and component, and so the version needs no look-up of its own and can
//! never belong to another file than the data.

use crate::{
    Kind, RepoName,
    language::Chain,
    schema::{JSON, USER_VERSION},
};

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
    /// The entity tag, without quotes.
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

/// Several repositories of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The members of a JSON object without its braces: `"A":{…},"B":{…}`.
    pub members: String,
    /// The names that were found, as a JSON array.
    pub found: String,
    /// When the newest of them last changed: Unix seconds; 0 where none was found.
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

/// The ready-made answer to a path without parameters, such as `/list/extensions`.
pub fn answer(path: &str, media_type: &str) -> Statement<Option<Answer>> {
    Statement {
        sql: "SELECT user_version, body, etag, modified_at FROM pragma_user_version
              LEFT JOIN answer ON path = ? AND media_type = ?",
        params: vec![Value::Text(path.to_owned()), Value::Text(media_type.to_owned())],
        read: Row::answer,
    }
}

/// The document of one repository, or `None` where it is not published.
pub fn repository(kind: Kind, name: &RepoName) -> Statement<Option<Answer>> {
    Statement {
        sql: "SELECT user_version, document, etag, modified_at FROM pragma_user_version
              LEFT JOIN repository ON kind = ? AND name = ?",
        params: vec![Value::Text(kind.to_string()), Value::Text(name.to_string())],
        read: Row::answer,
    }
}

/// The documents of those of `names`, a JSON array of strings, that are published.
///
/// SQLite joins them into one row: 25 rows through the row stream cost four times one row.
pub fn selection(kind: Kind, names: &str) -> Statement<Selection> {
    Statement {
        sql: "SELECT user_version, found.members, found.names, found.modified_at
              FROM pragma_user_version, (
                  SELECT coalesce(group_concat(json_quote(name) || ':' || document, ','), '') AS members,
                         json_group_array(name) AS names,
                         coalesce(max(modified_at), 0) AS modified_at
                  FROM (SELECT name, document, modified_at FROM repository
                        WHERE kind = ? AND name IN (SELECT value FROM json_each(?))
                        ORDER BY lower(name), name)
              ) AS found",
        params: vec![Value::Text(kind.to_string()), Value::Text(names.to_owned())],
        read: Row::selection,
    }
}

/// The languages of a [`Chain`] with their places in it; takes the chain.
macro_rules! chain {
    () => {
        "WITH chain (language, place) AS MATERIALIZED (SELECT value, key FROM json_each(?)) "
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

/// The document of `repository` in the languages that were joined: SQLite keeps all else of it, byte
/// for byte.
macro_rules! localized_document {
    () => {
        "json_replace(document, '$.title', title.title, '$.description', description.description,
                      '$.description_language', description.language)"
    };
}

/// Documents as members of a JSON object. Only the rows' numbers are sorted before: sorting the
/// documents would copy them all.
macro_rules! localized_members {
    ($from:literal) => {
        concat!(
            "SELECT coalesce(group_concat(json_quote(repository.name) || ':' || ",
            localized_document!(),
            ", ','), '') AS members, json_group_array(repository.name) AS names,
                    coalesce(max(modified_at), 0) AS modified_at
             FROM (SELECT rowid AS number FROM repository WHERE ",
            $from,
            " ORDER BY lower(name), name)
             CROSS JOIN repository ON repository.rowid = number",
            join_localized!()
        )
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
            chain!(),
            "SELECT user_version, ",
            localized_document!(),
            ", coalesce(description.language, title.language), modified_at
              FROM pragma_user_version
              LEFT JOIN repository ON repository.kind = ? AND repository.name = ?",
            join_localized!()
        ),
        params: vec![
            Value::Text(chain.json()),
            Value::Text(kind.to_string()),
            Value::Text(name.to_string()),
        ],
        read: Row::localized,
    }
}

/// As [`answer`] to `/info` (`kind` is `None`) or `/info/KIND`, in the languages of a chain: SQLite
/// makes the whole body, so that nobody else has a copy of its parts.
pub fn localized_answer(kind: Option<Kind>, chain: &Chain) -> Statement<Option<Localized>> {
    let path = kind.map_or("/info".to_owned(), |kind| format!("/info/{kind}"));
    let text = |text: &str| Value::Text(text.to_owned());
    let one = kind.map(|kind| [text(kind.as_str()), text(kind.as_str())]);
    let params = [text(&chain.json())].into_iter().chain(one.into_iter().flatten());
    Statement {
        sql: if kind.is_some() {
            concat!(
                chain!(),
                "SELECT user_version, '{\"' || ? || '\":{' || found.members || '}}', NULL,
                        answer.modified_at
                 FROM (",
                localized_members!("kind = ?"),
                ") AS found, pragma_user_version
                 LEFT JOIN answer ON path = ? AND media_type = ?"
            )
        } else {
            concat!(
                chain!(),
                "SELECT user_version, '{\"extensions\":{' || extensions.members ||
                        '},\"skins\":{' || skins.members || '}}', NULL, answer.modified_at
                 FROM (",
                localized_members!("kind = 'extensions'"),
                ") AS extensions, (",
                localized_members!("kind = 'skins'"),
                ") AS skins, pragma_user_version
                 LEFT JOIN answer ON path = ? AND media_type = ?"
            )
        },
        params: params.chain([text(&path), text(JSON)]).collect(),
        read: Row::localized,
    }
}

/// As [`selection`], in the languages of a chain.
pub fn localized_selection(kind: Kind, names: &str, chain: &Chain) -> Statement<Selection> {
    Statement {
        sql: concat!(
            chain!(),
            "SELECT user_version, found.members, found.names, found.modified_at
             FROM pragma_user_version, (",
            localized_members!("kind = ? AND name IN (SELECT value FROM json_each(?))"),
            ") AS found"
        ),
        params: vec![
            Value::Text(chain.json()),
            Value::Text(kind.to_string()),
            Value::Text(names.to_owned()),
        ],
        read: Row::selection,
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

    fn selection(&mut self) -> Result<Selection, RowError> {
        let (members, found) = (self.text()?, self.text()?);
        Ok(Selection { members, found, modified_at: self.integer()? })
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
        Ok(Some(Answer { body, etag: self.text()?, modified_at: self.integer()? }))
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
               INSERT INTO answer VALUES ('/list', 'application/json', x'7b7d', 'e1', 900);
               INSERT INTO repository VALUES ('extensions', 'beta', 'u', '{"b":1}', 'e2', 800);
               INSERT INTO repository VALUES ('extensions', 'Alpha', 'u', '{"a":1}', 'e3', 850);
               INSERT INTO repository VALUES ('skins', 'beta', 'u', '{"s":1}', 'e4', 990);"#,
        )
        .unwrap();
        db.pragma_update(None, "user_version", user_version).unwrap();
        db
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
                         || '}}' AS BLOB), 'e', 650
             FROM (SELECT * FROM repository ORDER BY lower(name)) GROUP BY kind;
             INSERT INTO answer VALUES ('/info', 'application/json', x'', 'e', 660);",
        )
        .unwrap();
        db
    }

    fn run<T>(db: &Connection, statement: &Statement<T>) -> Result<T, RowError> {
        let params = statement.params.iter().map(|value| match value {
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
        let list = run(&db, &answer("/list", JSON)).unwrap().unwrap();
        assert_eq!(
            (list.body.as_slice(), list.etag.as_str(), list.modified_at),
            (&b"{}"[..], "e1", 900)
        );
        assert_eq!(run(&db, &answer("/nothing", JSON)).unwrap(), None);
        let found = run(&db, &repository(Kind::Extensions, &name("beta"))).unwrap().unwrap();
        assert_eq!(found.body, br#"{"b":1}"#);
        assert_eq!(run(&db, &repository(Kind::Skins, &name("Alpha"))).unwrap(), None);
    }

    #[test]
    fn a_selection_is_one_row_in_the_order_of_lists() {
        let db = snapshot(USER_VERSION);
        let some = run(&db, &selection(Kind::Extensions, r#"["beta","Alpha","gone"]"#)).unwrap();
        assert_eq!(some.members, r#""Alpha":{"a":1},"beta":{"b":1}"#);
        assert_eq!(some.found, r#"["Alpha","beta"]"#);
        assert_eq!(some.modified_at, 850);
        let none = run(&db, &selection(Kind::Skins, r#"["' OR 1=1 --"]"#)).unwrap();
        assert_eq!((none.members.as_str(), none.found.as_str()), ("", "[]"));
    }

    #[test]
    fn another_schema_version_is_an_error_whatever_the_tables_hold() {
        let db = snapshot(USER_VERSION + 1);
        let found = USER_VERSION + 1;
        assert_eq!(run(&db, &summary()), Err(RowError::Version { found }));
        assert_eq!(run(&db, &answer("/list", JSON)), Err(RowError::Version { found }));
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
            let english = run(&db, &answer(&format!("/info/{kind}"), JSON)).unwrap().unwrap();
            let french = run(&db, &localized_answer(Some(kind), &chain)).unwrap().unwrap();
            assert_eq!(french.body.as_bytes(), english.body);
            assert_eq!(french.modified_at, 650);
        }
    }

    #[test]
    fn a_batch_is_made_of_the_documents_of_each() {
        let db = localized();
        let chain = Chain::new(["de"], &[]);
        let both = run(&db, &localized_answer(None, &chain)).unwrap().unwrap();
        assert_eq!((both.modified_at, &both.language), (660, &None));
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
        let names = r#"["Zeta","gone"]"#;
        let some = run(&db, &localized_selection(Kind::Extensions, names, &chain)).unwrap();
        assert_eq!(some.members, format!(r#""Zeta":{zeta}"#));
        assert_eq!((some.found.as_str(), some.modified_at), (r#"["Zeta"]"#, 700));
        let none = run(&db, &localized_selection(Kind::Skins, names, &chain)).unwrap();
        assert_eq!((none.members.as_str(), none.found.as_str()), ("", "[]"));
        db.execute_batch("DELETE FROM localized; DELETE FROM repository WHERE kind = 'skins'")
            .unwrap();
        let empty = run(&db, &localized_answer(Some(Kind::Skins), &chain)).unwrap().unwrap();
        assert_eq!(empty.body, r#"{"skins":{}}"#);
        db.execute_batch("DELETE FROM answer").unwrap();
        assert_eq!(run(&db, &localized_answer(None, &chain)).unwrap(), None);
    }
}
