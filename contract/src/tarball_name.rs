use std::fmt;

use serde::Serialize;

use crate::{BranchName, CommitId, RepoName};

/// The file name of a tarball, `NAME-BRANCH-SHA7.tar.gz`, as extdist's `nightly.py` writes it and
/// ExtensionDistributor's `GerritExtDistProvider` expects it (`$EXT-$REF-$SHA`).
///
/// A `/` in the branch becomes `~`, which no Git ref can hold, so no two branches share a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct TarballName(String);

impl TarballName {
    /// The name of the tarball of this commit.
    pub fn new(name: &RepoName, branch: &BranchName, commit: &CommitId) -> Self {
        let branch = branch.as_str().replace('/', "~");
        Self(format!("{name}-{branch}-{}.tar.gz", commit.short()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<TarballName> for String {
    fn from(name: TarballName) -> Self {
        name.0
    }
}

impl fmt::Display for TarballName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_seven_digits_and_no_slash() {
        let commit: CommitId = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let name = |branch: &str| {
            TarballName::new(&"Foo".parse().unwrap(), &branch.parse().unwrap(), &commit).to_string()
        };
        assert_eq!(name("REL1_45"), "Foo-REL1_45-0123456.tar.gz");
        assert_eq!(name("wmf/1.47"), "Foo-wmf~1.47-0123456.tar.gz");
    }

    #[test]
    fn its_text_is_the_same_in_every_form() {
        let commit: CommitId = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let name = TarballName::new(&"Foo".parse().unwrap(), &"main".parse().unwrap(), &commit);
        let text = "Foo-main-0123456.tar.gz";
        assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
        assert_eq!(format!("{name:>25}"), format!("  {text}"));
        assert_eq!(String::from(name), text);
    }
}
