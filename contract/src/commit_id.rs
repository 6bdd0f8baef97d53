use serde::{Deserialize, Serialize};

use crate::name_error::name_type;

/// The id of a Git commit: 40 lowercase hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

name_type!(CommitId, "a commit id", check);

impl CommitId {
    /// The first 7 digits, as in the name of a tarball. ExtensionDistributor takes 7, so it is always 7,
    /// even where Git would need more to tell commits apart
    /// (<https://phabricator.wikimedia.org/T365416>).
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() == 40 && text.bytes().all(lower_hex) {
        Ok(())
    } else {
        Err("it has 40 lowercase hexadecimal digits")
    }
}
