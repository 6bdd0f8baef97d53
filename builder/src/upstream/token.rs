//! Tokens: the secrets by which an upstream knows who asks.

use std::{fmt, path::Path};

use super::adapter::{Key, Values};
use crate::{net::Origin, secrets};

/// The key that names the file with the token.
pub(super) const KEY: Key = Key::path("token-file");

/// The token that the values name, where they name one: reads its file.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn open(values: &Values) -> Result<Option<Token>, String> {
    values.text(KEY.name).map(|path| Token::read(Path::new(path))).transpose()
}

/// Checks that a token is sent to `api` only where nobody can read along.
///
/// # Errors
/// There is a token, and `api` is http.
pub(super) fn check(values: &Values, api: &str) -> Result<(), String> {
    let is_private = Origin::of(api).is_none_or(|origin| origin.is_private());
    if values.text(KEY.name).is_some() && !is_private {
        return Err(format!("a token goes over https only, and {api:?} is http"));
    }
    Ok(())
}

/// A secret. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// Reads a token from a file that holds nothing else. From then on it is struck out of whatever is written.
    ///
    /// # Errors
    /// The file cannot be read, all users may read it, or it does not hold exactly one token.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = secrets::read_file("the token file", path)?;
        let token = Self::new(&text).ok_or_else(|| {
            format!("the token file {shown} does not hold exactly one line with a token")
        })?;
        secrets::remember(token.secret());
        Ok(token)
    }

    /// The token in this text. None where it is empty, is longer than 4096 bytes, or has anything
    /// but visible ASCII characters.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_one = !text.is_empty() && text.len() <= 4096;
        (is_one && text.chars().all(|c| c.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the one request that needs it.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_token_is_one_line_that_not_everybody_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let read = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Token::read(&path)
        };
        let token = read("api-abc\n", 0o640).unwrap();
        assert_eq!(token.secret(), "api-abc");
        assert!(!format!("{token:?}").contains("abc"));
        assert!(read("api-abc", 0o644).unwrap_err().contains("chmod o="));
        for text in ["", "\n", "two\nlines", "a b", "a\0b"] {
            assert!(read(text, 0o600).is_err(), "{text:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(Token::read(&path).unwrap_err().contains("cannot read"));
    }
}
