//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

use super::{layout, pointer::Pointer, signature::Verifier};

/// The public key that minisign's documentation shows.
const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

/// The longest message about a pointer, in bytes.
const MAX_MESSAGE: usize = 1024;

/// The pointer of a store.
pub fn pointer(bytes: &[u8]) {
    let pointer = match Pointer::parse(bytes) {
        Ok(pointer) => pointer,
        Err(reason) => return assert!(reason.len() <= MAX_MESSAGE, "{}", reason.len()),
    };
    assert_eq!(Pointer::parse(&pointer.bytes()).as_ref(), Ok(&pointer));
    if let Some(signature) = &pointer.signature {
        let checked = Verifier::read(KEY).map(|key| key.check(&pointer.statement, signature));
        assert!(matches!(checked, Ok(Err(reason)) if reason.len() <= MAX_MESSAGE));
    }
    match pointer.statement() {
        Ok(statement) => {
            // It becomes a part of a URL and of a path.
            assert_eq!(statement.object, layout::snapshot(&statement.sha256));
            let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"/.".contains(&c);
            assert!(statement.object.bytes().all(is_plain));
            let again = Pointer::new(&statement, |_| Ok(pointer.signature.clone()));
            assert_eq!(again.and_then(|it| it.statement()), Ok(statement));
        }
        Err(reason) => assert!(reason.len() <= MAX_MESSAGE, "{}", reason.len()),
    }
}
