use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::name_error::NameError;

/// What a repository holds: a MediaWiki extension or a skin. As text it is `extensions` or `skins`, which
/// is a segment of URLs, of folders' paths and of Gerrit projects' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An extension, described by `extension.json`.
    Extensions,
    /// A skin, described by `skin.json`.
    Skins,
}

impl Kind {
    /// Both kinds, in the order of all lists.
    pub const ALL: [Self; 2] = [Self::Extensions, Self::Skins];

    /// `extensions` or `skins`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extensions => "extensions",
            Self::Skins => "skins",
        }
    }

    /// The word for one of this kind: `extension` or `skin`.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Extensions => "extension",
            Self::Skins => "skin",
        }
    }
}

impl FromStr for Kind {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| NameError::new("a kind", "it is `extensions` or `skins`", text))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_leads_back_to_it_and_no_other_text_does() {
        assert_eq!(Kind::ALL.map(Kind::as_str), ["extensions", "skins"]);
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!(format!("{:>7}", Kind::Skins), "  skins");
        assert_eq!(Kind::ALL.map(Kind::singular), ["extension", "skin"]);
        for bad in ["", "Skins", "skin", "extensions/"] {
            assert_eq!(bad.parse::<Kind>().unwrap_err().text, bad);
        }
    }
}
