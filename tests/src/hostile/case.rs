//! What a case is.

use crate::hostile::maker::Maker;

/// A hostile repository.
pub struct Case {
    /// Its name: that of its test, and the argument of `cargo xtask torture --case`.
    pub name: &'static str,
    /// What is hostile about it, in a sentence.
    pub about: &'static str,
    /// Makes it, with so many of whatever makes it large.
    pub make: fn(&Maker<'_>, usize),
    /// How large it is where tests run often, and what has to become of it.
    pub short: (usize, Expected),
    /// How large it is in full, and what has to become of it.
    pub full: (usize, Expected),
    /// Further arguments of `tardist sync`.
    pub args: &'static [&'static str],
    /// Paths that its tarball has to have, below its top folder. With a slash at the end, it has to be a folder.
    pub has: &'static [&'static str],
    /// Paths that its tarball may not have.
    pub lacks: &'static [&'static str],
}

/// What has to become of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It fails, and the message has this text in it.
    Fails(&'static str),
    /// Its tarball is published.
    Publishes,
    /// Its tarball is published, and a problem with its content has this text in it.
    PublishesWith(&'static str),
    /// The same, and a setting would bring what is missing from it: exit status 3.
    PublishesWithout(&'static str),
}

/// How large a case is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As small as the same limit is reached, or the same code is run.
    Short,
    /// As large as it was found.
    Full,
}

/// A case without arguments, and without demands on the paths in its tarball.
pub(super) const PLAIN: Case = Case {
    name: "",
    about: "",
    make: |_, _| {},
    short: (0, Expected::Publishes),
    full: (0, Expected::Publishes),
    args: &[],
    has: &[],
    lacks: &[],
};

impl Case {
    /// How large it is, and what has to become of it.
    #[must_use]
    pub fn sized(&self, size: Size) -> (usize, Expected) {
        match size {
            Size::Short => self.short,
            Size::Full => self.full,
        }
    }
}
