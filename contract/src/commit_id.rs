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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_forty_lowercase_hexadecimal_digits() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(id.parse::<CommitId>().unwrap().short(), "0123456");
        let upper = id.to_uppercase();
        let longer = format!("{id}8");
        for bad in ["", &id[1..], &longer, &upper, &id.replace('9', "g"), &id.replace('9', " ")] {
            assert!(bad.parse::<CommitId>().is_err(), "{bad}");
        }
    }
}
