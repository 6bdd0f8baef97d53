//! Answers that the builder makes for everybody: those of paths without parameters.

use super::{
    snapshot::Snapshot,
    statement::{Row, RowError, Statement, Value},
};
use crate::http::{problem::ApiError, response::Representation};

/// The answer that the builder made for a path, such as `/list/extensions`, in a media type; compressed
/// where `gzip` is true and the builder found that worth it.
///
/// # Errors
/// 503 without a snapshot, and for a snapshot that lacks the answer, which every builder makes.
pub async fn ready_made(
    path: &str,
    media_type: &str,
    gzip: bool,
    snapshot: &impl Snapshot,
) -> Result<Representation, ApiError> {
    let content = snapshot.get(statement(path, media_type, gzip)).await?;
    content.ok_or_else(|| ApiError::Unavailable("it is not complete".to_owned()))
}

pub(super) fn statement(
    path: &str,
    media_type: &str,
    gzip: bool,
) -> Statement<Option<Representation>> {
    Statement {
        sql: include_str!("sql/ready_made.sql"),
        params: vec![Value::text(path), Value::text(media_type), Value::Integer(gzip.into())],
        read: representation,
    }
}

/// Reads a body, its entity tag, its time, and whether it is compressed; `None` where the body is NULL.
pub(super) fn representation(row: &mut Row) -> Result<Option<Representation>, RowError> {
    let body = match row.next() {
        Value::Null => return Ok(None),
        Value::Blob(body) => body,
        Value::Text(body) => body.into_bytes(),
        _ => return Err(row.unlike("a text or a blob")),
    };
    let (etag, modified_at) = (row.text()?, row.integer()?);
    Ok(Some(Representation { body, is_gzip: row.integer()? != 0, etag, modified_at }))
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::{JSON, USER_VERSION};

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn an_answer_is_compressed_where_it_can_be_and_is_to_be() {
        let db = snapshot(USER_VERSION);
        for (path, gzip, body, is_gzip, etag, modified_at) in [
            ("/list", false, &b"{}"[..], false, "e1", 900),
            ("/list", true, b"{}", false, "e1", 900),
            ("/info", false, b"{}", false, "e5", 980),
            ("/info", true, b"\x1f\x8b", true, "e5", 980),
        ] {
            let expected =
                Representation { body: body.into(), is_gzip, etag: etag.into(), modified_at };
            let content = run(&db, &statement(path, JSON, gzip)).unwrap();
            assert_eq!(content, Some(expected), "{path} {gzip}");
        }
        assert_eq!(run(&db, &statement("/nothing", JSON, true)).unwrap(), None);
    }
}
