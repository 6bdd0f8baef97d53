//! Which repositories are extensions and which are skins, where one list has both.

use tardist_contract::Kind;

use super::adapter::{Key, Values};

/// The key of the prefix of extensions.
pub(super) const EXTENSIONS: Key = Key::text("extension-prefix");

/// The key of the prefix of skins.
pub(super) const SKINS: Key = Key::text("skin-prefix");

/// What the names of extensions and skins begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefixes {
    /// Before the name of an extension.
    pub(super) extensions: String,
    /// Before the name of a skin.
    pub(super) skins: String,
}

impl Default for Prefixes {
    /// Those of Wikimedia's repositories on GitHub.
    fn default() -> Self {
        Self {
            extensions: "mediawiki-extensions-".to_owned(),
            skins: "mediawiki-skins-".to_owned(),
        }
    }
}

impl Prefixes {
    /// The prefixes that the values name, or else Wikimedia's.
    ///
    /// # Errors
    /// They are the same, so that nothing tells the kinds apart.
    pub(super) fn of(values: &Values) -> Result<Self, String> {
        let Self { extensions, skins } = Self::default();
        let given = |key: Key, default| values.text(key.name).map_or(default, str::to_owned);
        let (extensions, skins) = (given(EXTENSIONS, extensions), given(SKINS, skins));
        if extensions == skins {
            return Err(format!("`{}` and `{}` have to differ", EXTENSIONS.name, SKINS.name));
        }
        Ok(Self { extensions, skins })
    }

    /// Kind and name of a repository, by its full name in the list. The longer prefix is tried
    /// first, so that one of them may be empty.
    pub(super) fn split<'a>(&self, full: &'a str) -> Option<(Kind, &'a str)> {
        let mut prefixes = [(Kind::Extensions, &self.extensions), (Kind::Skins, &self.skins)];
        prefixes.sort_by_key(|(_, prefix)| std::cmp::Reverse(prefix.len()));
        prefixes.into_iter().find_map(|(kind, prefix)| Some((kind, full.strip_prefix(&**prefix)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_tell_the_kind_and_the_longer_one_wins() {
        let wikimedia = Prefixes::default();
        assert_eq!(wikimedia.split("mediawiki-skins-Vector"), Some((Kind::Skins, "Vector")));
        assert_eq!(wikimedia.split("mediawiki-extensions-A-b"), Some((Kind::Extensions, "A-b")));
        assert_eq!(wikimedia.split("mediawiki-core"), None);
        let all = Prefixes { extensions: String::new(), skins: "skin-".to_owned() };
        assert_eq!(all.split("Maps"), Some((Kind::Extensions, "Maps")));
        assert_eq!(all.split("skin-Tweeki"), Some((Kind::Skins, "Tweeki")));
    }
}
