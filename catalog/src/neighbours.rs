//! Documents of repositories in one piece, as the table `neighbours` has them: the builder joins them,
//! and a function that is asked for many takes them by the piece.
//!
//! A piece is not JSON, since that would have to be parsed to its end to find one document. Before
//! each document stands a line that says whose it is and how long: `KIND/NAME ETAG MODIFIED LENGTH`.

use std::ops::Range;

/// How many documents are in a piece: fewer make more statements, more make more copies for nothing.
/// The only number that was measured.
pub const COUNT: i64 = 64;

/// A document in a piece: where in it everything stands. Nothing is copied, since most documents of a
/// piece are never asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// `KIND/NAME`
    pub id: Range<usize>,
    /// The document's entity tag, without quotes.
    pub etag: Range<usize>,
    /// When it last changed: Unix seconds.
    pub modified_at: i64,
    /// The document.
    pub document: Range<usize>,
}

/// Adds a document to a piece. Neither `id` nor `etag` may have a space.
pub fn append(piece: &mut Vec<u8>, id: &str, etag: &str, modified_at: i64, document: &str) {
    let line = format!("{id} {etag} {modified_at} {}\n", document.len());
    piece.extend_from_slice(line.as_bytes());
    piece.extend_from_slice(document.as_bytes());
}

/// The documents of a piece; it ends where a line is not as it should be.
pub fn read(piece: &[u8]) -> impl Iterator<Item = Neighbour> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = piece.get(start..)?;
        let line = &rest[..rest.iter().position(|byte| *byte == b'\n')?];
        let mut words = str::from_utf8(line).ok()?.split(' ');
        let (id, etag) = (words.next()?.len(), words.next()?.len());
        let (modified_at, length) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let id = start..start + id;
        let etag = id.end + 1..id.end + 1 + etag;
        let begin = start + line.len() + 1;
        let document = begin..begin.checked_add(length)?;
        piece.get(document.clone())?;
        start = document.end;
        Some(Neighbour { id, etag, modified_at, document })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_comes_apart_again() {
        let documents = [("extensions/A", "e1", 5, "{\"a\":\"b c\"}"), ("skins/B", "e2", -1, "")];
        let mut piece = Vec::new();
        for (id, etag, modified_at, document) in documents {
            append(&mut piece, id, etag, modified_at, document);
        }
        let found: Vec<Neighbour> = read(&piece).collect();
        assert_eq!(found.len(), documents.len());
        for (found, (id, etag, modified_at, document)) in found.iter().zip(documents) {
            let part =
                |range: &std::ops::Range<usize>| str::from_utf8(&piece[range.clone()]).unwrap();
            let texts = (part(&found.id), part(&found.etag), part(&found.document));
            assert_eq!((texts, found.modified_at), ((id, etag, document), modified_at));
        }
    }

    #[test]
    fn a_piece_that_is_not_whole_ends_before() {
        let mut piece = Vec::new();
        append(&mut piece, "extensions/A", "e1", 5, "{}");
        let whole = piece.len();
        append(&mut piece, "extensions/B", "e2", 6, "{}");
        for end in whole..piece.len() {
            assert_eq!(read(&piece[..end]).count(), 1, "{end}");
        }
        assert_eq!(read(b"extensions/A e1 5 18446744073709551615\n{}").count(), 0);
        assert_eq!(read(b"\n\n").count(), 0);
    }
}
