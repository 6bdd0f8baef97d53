//! The one error of all names: the rule that was broken and the text that broke it.

/// The error for a text that is not a name of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}: {rule}")]
pub struct NameError {
    /// What the text should have been, with its article: "a branch name".
    pub what: &'static str,
    /// The rule, as a sentence without its full stop.
    pub rule: &'static str,
    /// The text as it was given, shortened to 100 characters.
    pub text: String,
}

impl NameError {
    pub(crate) fn new(what: &'static str, rule: &'static str, text: &str) -> Self {
        Self { what, rule, text: text.chars().take(100).collect() }
    }
}

/// The conversions of a newtype over `String`: `FromStr`, `TryFrom<String>` (which serde uses),
/// `Display`, `AsRef<str>` and `as_str`. `$check` returns the rule that a text breaks.
macro_rules! name_type {
    ($type:ident, $what:literal, $check:path) => {
        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match $check(text) {
                    Ok(()) => Ok(Self(text.to_owned())),
                    Err(rule) => Err($crate::NameError::new($what, rule, text)),
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = $crate::NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use name_type;

/// True for the characters of names that become parts of URLs and of file names.
pub(crate) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RepoName;

    #[test]
    fn an_error_shows_at_most_a_hundred_characters_of_the_text() {
        let long = "\u{e9}".repeat(101);
        assert_eq!(NameError::new("a name", "it is short", &long).text, "\u{e9}".repeat(100));
        let error = "a b".parse::<RepoName>().unwrap_err().to_string();
        assert!(error.starts_with("\"a b\" is not a repository name: it consists of "), "{error}");
    }

    #[test]
    fn a_name_is_shown_as_it_is() {
        let name: RepoName = "Foo".parse().unwrap();
        assert_eq!((name.as_str(), name.as_ref()), ("Foo", "Foo"));
        assert_eq!((format!("{name:>5}"), String::from(name)), ("  Foo".into(), "Foo".into()));
    }

    #[test]
    fn only_characters_that_need_no_escaping_are_plain() {
        let plain: String = (0..=u8::MAX).filter(|byte| is_plain(*byte)).map(char::from).collect();
        let expected = "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
        assert_eq!(plain, expected);
    }
}
