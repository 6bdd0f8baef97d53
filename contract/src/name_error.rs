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
