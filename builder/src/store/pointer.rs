//! The pointer: the small object that says which snapshot is published, and who vouches for it.
//!
//! What it says is a text within it, the statement, so that a signature has exact bytes to be over:
//!
//! ```text
//! {"format": 1, "statement": "{\"serial\": 7, …}", "signature": "untrusted comment: …\n…"}
//! ```
//!
//! The statement names the snapshot by its hash, and the snapshot its tarballs, so that one signature covers everything.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::short;

/// The version of the form of the pointer and its statement.
const FORMAT: u32 = 1;

/// The highest number of a publication that is believed: numbers in JSON are exact up to here (RFC 8259, 6). After a higher
/// one, nobody could publish for long.
pub const MAX_SERIAL: u64 = 1 << 53;

/// The longest pointer that is read: a hundred times what one takes.
pub const MAX_POINTER: u64 = 64 << 10;

/// The pointer as it is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The version of its form.
    format: u32,
    /// The text of the [`Statement`].
    pub statement: String,
    /// A signature over that text, in the form of minisign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What a pointer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The number of this publication. Each has a higher one than the one before it, whatever clocks say.
    pub serial: u64,
    /// The SHA-256 of the snapshot's file: 64 hexadecimal digits.
    pub sha256: String,
    /// The size of the snapshot's file in bytes.
    pub size: u64,
    /// The name of the object that has it, compressed by gzip.
    pub object: String,
    /// The size of that object in bytes.
    pub object_size: u64,
    /// The version of the snapshot's tables.
    pub schema: i64,
    /// When the snapshot was written: RFC 3339, UTC.
    pub generated_at: String,
}

/// Only what every version of the form has.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Pointer {
    /// The pointer with this statement. `sign` gives the signature over a text, if it is to have one.
    ///
    /// # Errors
    /// Those of `sign`.
    pub fn new(
        statement: &Statement,
        sign: impl FnOnce(&str) -> Result<Option<String>, String>,
    ) -> Result<Self, String> {
        let statement = serde_json::to_string_pretty(statement).map_err(|e| e.to_string())?;
        let signature = sign(&statement)?;
        Ok(Self { format: FORMAT, statement, signature })
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Numbers and texts: there is nothing that JSON does not have.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads a pointer.
    ///
    /// # Errors
    /// What is wrong with it: the end of a sentence that begins with its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let Form { format } = serde_json::from_slice(bytes)
            .map_err(|error| format!("is not a pointer of tardist: {}", short(&error)))?;
        if format != FORMAT {
            return Err(format!(
                "has the form {format}, and this tardist reads the form {FORMAT}: a newer tardist wrote it"
            ));
        }
        serde_json::from_slice(bytes)
            .map_err(|error| format!("is not a pointer of tardist: {}", short(&error)))
    }

    /// What it says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn statement(&self) -> Result<Statement, String> {
        let statement: Statement = serde_json::from_str(&self.statement)
            .map_err(|error| format!("has a statement that cannot be read: {}", short(&error)))?;
        let is_hash = statement.sha256.len() == 64
            && statement.sha256.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            return Err("has a statement without the SHA-256 of a snapshot".to_owned());
        }
        if statement.serial > MAX_SERIAL {
            return Err(format!("has the number {}, which no builder reaches", statement.serial));
        }
        if statement.generated_at.parse::<Timestamp>().is_err() {
            return Err("has a statement without the time of its snapshot".to_owned());
        }
        // It becomes a part of a URL or of a path.
        if statement.object != super::layout::snapshot(&statement.sha256) {
            return Err("has a statement whose object is not the one of its SHA-256".to_owned());
        }
        Ok(statement)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A statement about a snapshot whose hash has only this digit.
    pub(crate) fn statement(serial: u64, digit: char) -> Statement {
        let sha256 = digit.to_string().repeat(64);
        Statement {
            serial,
            object: super::super::layout::snapshot(&sha256),
            sha256,
            size: 1000,
            object_size: 100,
            schema: 5,
            generated_at: "2026-11-29T08:00:00Z".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read_with_and_without_a_signature() {
        for signature in [None, Some("a\nb\n".to_owned())] {
            let pointer = Pointer::new(&statement(3, 'a'), |_| Ok(signature.clone())).unwrap();
            let read = Pointer::parse(&pointer.bytes()).unwrap();
            assert_eq!(read, pointer);
            assert_eq!(read.statement().unwrap(), statement(3, 'a'));
            assert_eq!(read.signature, signature);
        }
    }

    #[test]
    fn a_newer_form_is_told_from_something_else() {
        let error = |bytes: &[u8]| Pointer::parse(bytes).unwrap_err();
        assert!(error(br#"{"format": 2, "claim": 1}"#).contains("a newer tardist wrote it"));
        for other in [&b""[..], b"<html>", b"{}", br#"{"format": 1}"#, br#"{"format": "x"}"#] {
            assert!(error(other).contains("is not a pointer of tardist"), "{other:?}");
        }
    }

    #[test]
    fn a_statement_cannot_name_another_object_than_that_of_its_hash() {
        let said = |change: fn(&mut Statement)| {
            let mut statement = statement(3, 'a');
            change(&mut statement);
            Pointer::new(&statement, |_| Ok(None)).unwrap().statement().unwrap_err()
        };
        assert!(said(|it| it.object = "../secret".to_owned()).contains("its SHA-256"));
        assert!(said(|it| it.sha256 = "A".repeat(64)).contains("SHA-256 of a snapshot"));
        assert!(said(|it| it.sha256 = "a".repeat(63)).contains("SHA-256 of a snapshot"));
    }
}
