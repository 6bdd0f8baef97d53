//! The names that are nearly what somebody asked for, where nothing has just that name.

use tardist_contract::{
    Kind, RepoName,
    schema::TEXT,
    search::{Near, near as nearest},
};

use super::{
    json::json,
    snapshot::Snapshot,
    statement::{Row, RowError, Statement, Value},
};
use crate::http::problem::ApiError;

/// How many names are suggested at most.
pub const MAX_NEAR: usize = 5;

/// Up to five repositories of one kind, or of both, whose names are near to a text, the nearest first, as
/// [`tardist_contract::search::near`] has it.
///
/// It reads all names, and takes time for each: ask it only where nothing was found.
///
/// # Errors
/// 503 without a snapshot.
pub async fn near(
    kind: Option<Kind>,
    text: &str,
    snapshot: &impl Snapshot,
) -> Result<Vec<(Kind, RepoName)>, ApiError> {
    let lists = snapshot.get(statement(kind)).await?;
    let names = Kind::ALL.into_iter().zip(&lists);
    let names = names.flat_map(|(kind, list)| list.lines().map(move |name| (name, kind)));
    let found = nearest(text, names, MAX_NEAR);
    // A name that is none is a fault of the snapshot, and nobody misses it here.
    Ok(found.into_iter().filter_map(|(name, kind)| Some((kind, name.parse().ok()?))).collect())
}

/// The result of [`near`] as a JSON array of [`Near`].
///
/// # Errors
/// Those of [`near`].
pub async fn near_json(
    kind: Option<Kind>,
    text: &str,
    snapshot: &impl Snapshot,
) -> Result<String, ApiError> {
    let found = near(kind, text, snapshot).await?;
    json(&found.iter().map(|(kind, name)| Near::new(*kind, name)).collect::<Vec<_>>())
}

/// The names of the extensions and of the skins, each on a line; none of the other kind.
fn statement(kind: Option<Kind>) -> Statement<[String; 2]> {
    let path = |of: Kind| kind.is_none_or(|kind| kind == of).then(|| format!("/list/{of}"));
    let [extensions, skins] = Kind::ALL.map(|kind| Value::optional(path(kind)));
    Statement {
        sql: include_str!("sql/near.sql"),
        params: vec![extensions, skins, Value::text(TEXT)],
        read: |row| Ok([list(row)?, list(row)?]),
    }
}

/// Reads a list of names; nothing for NULL.
fn list(row: &mut Row) -> Result<String, RowError> {
    let bytes = match row.next() {
        Value::Null => return Ok(String::new()),
        Value::Text(text) => return Ok(text),
        Value::Blob(bytes) => bytes,
        _ => return Err(row.unlike("a text or a blob")),
    };
    String::from_utf8(bytes).map_err(|_| row.unlike("a text"))
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn the_names_of_the_kind_that_is_wanted_are_read() {
        let db = snapshot(USER_VERSION);
        let insert = "INSERT INTO answer VALUES (?, 'text/plain', ?, NULL, 'e', 1)";
        db.execute(insert, ("/list/extensions", b"Alpha\nbeta\n")).unwrap();
        db.execute(insert, ("/list/skins", b"beta\n")).unwrap();
        for (kind, expected) in [
            (None, ["Alpha\nbeta\n", "beta\n"]),
            (Some(Kind::Extensions), ["Alpha\nbeta\n", ""]),
            (Some(Kind::Skins), ["", "beta\n"]),
        ] {
            assert_eq!(run(&db, &statement(kind)).unwrap(), expected, "{kind:?}");
        }
    }
}
