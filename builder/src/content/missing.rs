//! What belongs into a tarball and is not in it. A tarball with something missing is *incomplete*.

use serde::{Deserialize, Serialize};

use crate::{
    error::is_disguise,
    limits::content::{MAX_MISSING, MAX_REASON},
};

/// Something that belongs into a tarball and is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// For the public: what is missing, as a sentence without URLs of the configuration and without advice.
    pub public: String,
    /// For the operator: why. It completes the public sentence after a colon.
    pub reason: String,
    /// The setting that would help, if one would.
    pub remedy: Option<Remedy>,
    /// True if a server could not be reached or was overloaded: then the next cycle tries again. All else is
    /// tried again after a day, or when something changes.
    pub may_pass: bool,
}

/// A change of the configuration that brings what is missing. `settings::remedies()` says what to write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Remedy {
    /// Allow submodules from this host: an origin, as the setting `submodule-hosts` takes it.
    SubmoduleHost(String),
    /// Switch Composer on (setting `composer`).
    Composer,
}

/// Why something could not be fetched, said by code that does not know what it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// [`Missing::reason`]
    pub reason: String,
    /// [`Missing::remedy`]
    pub remedy: Option<Remedy>,
    /// [`Missing::may_pass`]
    pub may_pass: bool,
}

impl From<String> for Cause {
    /// A cause that no setting mends, and that stays.
    fn from(reason: String) -> Self {
        Self { reason, ..Self::default() }
    }
}

impl Missing {
    /// What is missing, and why. A long reason is cut, and loses what does not show itself: URLs and the
    /// output of a program may have some.
    pub fn new(public: String, cause: impl Into<Cause>) -> Self {
        let Cause { mut reason, remedy, may_pass } = cause.into();
        reason.retain(|c| !is_disguise(c));
        if reason.len() > MAX_REASON {
            reason.truncate(reason.floor_char_boundary(MAX_REASON));
            reason.push('…');
        }
        Self { public, reason, remedy, may_pass }
    }

    /// What is missing and why, for the operator.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.public, self.reason)
    }
}

/// Limits the number of things that are missing. What stands for the rest may pass if one of the rest may.
pub(crate) fn shorten(missing: &mut Vec<Missing>) {
    if missing.len() > MAX_MISSING {
        let rest = missing.split_off(MAX_MISSING);
        missing.push(Missing {
            public: format!("{} more are not in the tarball", rest.len()),
            reason: "the reasons are like those of the others".to_owned(),
            remedy: None,
            may_pass: rest.iter().any(|it| it.may_pass),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(number: usize, may_pass: bool) -> Missing {
        Missing::new(number.to_string(), Cause { may_pass, ..Cause::default() })
    }

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let mut few: Vec<Missing> = (0..MAX_MISSING).map(|it| missing(it, false)).collect();
        let mut many = few.clone();
        shorten(&mut few);
        assert_eq!((few.len(), many.as_slice()), (MAX_MISSING, few.as_slice()));
        many.extend([missing(100, false), missing(101, true)]);
        shorten(&mut many);
        assert_eq!(many.len(), MAX_MISSING + 1);
        let rest = many.last().unwrap();
        assert_eq!((rest.public.as_str(), rest.may_pass), ("2 more are not in the tarball", true));
    }

    #[test]
    fn a_long_reason_is_cut_and_has_no_control_characters() {
        let red = Missing::new("x".to_owned(), "a \u{1b}[31mred\u{7} word".to_owned());
        assert_eq!(red.reason, "a [31mred word");
        let missing = Missing::new("x is missing".to_owned(), "ü".repeat(MAX_REASON));
        assert!(missing.reason.len() <= MAX_REASON + '…'.len_utf8());
        assert!(missing.sentence().starts_with("x is missing: üü"), "{}", missing.sentence());
        assert!(missing.reason.ends_with("ü…"));
    }
}
