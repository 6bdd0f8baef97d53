//! The secrets that this process knows, and how they are kept out of all that it writes.
//!
//! A server may quote what it was sent: Phorge repeats a token that it does not know in the text of its error. So
//! whatever comes from outside and is written somewhere goes through [`struck`]: texts that are cut to a length
//! before they are cut ([`quoted`]), and then once more all lines of the log, the report, and what a command prints.
//!
//! They are one list for the process, since a text that quotes a secret may come from any server, and goes through
//! code that knows no upstream.

use std::{
    borrow::Cow,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{PoisonError, RwLock},
};

/// The variables of the environment that have secrets: of the object store. No worker gets them.
pub const VARIABLES: [&str; 3] =
    ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "TARDIST_STORE_KEY_TEXT"];

/// What stands in the place of a secret.
const STRUCK: &str = "[secret]";

/// A shorter text is no secret, and may be a part of any word.
const MIN_LENGTH: usize = 4;

static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Adds a secret, in the forms in which it may be quoted: as it is, in JSON, and in a URL or a form.
pub fn remember(secret: &str) {
    if secret.len() < MIN_LENGTH {
        return;
    }
    let escaped = secret.replace('\\', "\\\\").replace('"', "\\\"");
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut known = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    // PHP escapes slashes, too.
    let by_php = escaped.replace('/', "\\/");
    for form in [secret.to_owned(), escaped, by_php, encoded] {
        if !known.contains(&form) {
            known.push(form);
        }
    }
    // Of two that begin alike, the longer one has to be found first.
    known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
}

/// The text of a file with a secret. `what` is the file, for messages: "the token file".
///
/// # Errors
/// It cannot be read, or all users may read it.
pub fn read_file(what: &str, path: &Path) -> Result<String, String> {
    let shown = path.display();
    let read = || Ok((fs::read_to_string(path)?, fs::metadata(path)?.permissions().mode()));
    let (text, mode) = read().map_err(|e: io::Error| format!("cannot read {what} {shown}: {e}"))?;
    if mode & 0o007 != 0 {
        return Err(format!(
            "every user of this machine may read {what} {shown}: run chmod o= {shown}"
        ));
    }
    Ok(text)
}

/// The text with `[secret]` in the place of each secret.
pub fn struck(text: &str) -> Cow<'_, str> {
    let known = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for secret in known.iter() {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), STRUCK));
        }
    }
    text
}

/// How a text begins: at most so many characters of it, with `[secret]` in the place of each secret. A secret is struck
/// out before the text is cut, or its first half would stay.
pub fn quoted(text: &str, most: usize) -> String {
    struck(text).chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_struck_out_in_each_form_and_nothing_else_is() {
        assert_eq!(struck("nothing is known of this"), "nothing is known of this");
        remember("xsec/ret\"1");
        remember("xsec/ret\"1-and-more");
        remember("abc");
        for text in [
            "xsec/ret\"1",
            "xsec/ret\\\"1",
            "xsec\\/ret\\\"1",
            "xsec%2Fret%221",
            "xsec/ret\"1-and-more",
        ] {
            assert_eq!(
                struck(&format!("token {text:} is not valid")),
                "token [secret] is not valid"
            );
        }
        assert_eq!(struck("abc"), "abc");
    }

    #[test]
    fn a_secret_is_not_cut_in_half() {
        remember("half-of-a-secret");
        assert_eq!(quoted("no: half-of-a-secret is wrong", 10), "no: [secre");
        assert_eq!(quoted("üüü", 2), "üü");
        assert_eq!(quoted("ü", 2), "ü");
    }
}
