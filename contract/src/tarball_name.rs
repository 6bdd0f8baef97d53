use serde::{Deserialize, Serialize};

use crate::{
    branch_name::BranchName,
    commit_id::CommitId,
    name_error::{is_plain, name_type},
    repo_name::RepoName,
};

/// The file name of a tarball, `NAME-BRANCH-SHA7.tar.gz`, as extdist's `nightly.py` writes it and
/// ExtensionDistributor's `GerritExtDistProvider` expects it (`$EXT-$REF-$SHA`).
///
/// A `/` in the branch becomes `~`, which no Git ref contains, so that no two branches share a name.
/// A text is such a name if it ends in `.tar.gz`, does not begin with a dot, and has at most 255 ASCII
/// letters, digits and `- _ . + ~`. It is a file name that leads to no other folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TarballName(String);

name_type!(TarballName, "the name of a tarball", check);

impl TarballName {
    /// The name of the tarball of this commit.
    pub fn new(name: &RepoName, branch: &BranchName, commit: &CommitId) -> Self {
        Self::revised(name, branch, commit, 0)
    }

    /// The name of a tarball that has other bytes than an earlier one of the same commit, because a setting
    /// changed or because something was missing: `NAME-BRANCH-SHA7-2.tar.gz` for the revision 1, the second
    /// tarball. So no name ever stands for two different files that a snapshot names. Revision 0 is the plain
    /// name.
    pub fn revised(name: &RepoName, branch: &BranchName, commit: &CommitId, revision: u32) -> Self {
        let mut text = [name.as_str(), "-", branch.as_str(), "-", commit.short()].concat();
        if text.contains('/') {
            text = text.replace('/', "~");
        }
        if revision > 0 {
            text.push_str(&format!("-{}", u64::from(revision) + 1));
        }
        text.push_str(".tar.gz");
        Self(text)
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    // No file system has longer names; to open one would be an error other than "not found".
    if text.len() > 255 {
        Err("it has at most 255 characters")
    } else if !text.bytes().all(|byte| is_plain(byte) || byte == b'~') {
        Err("it consists of ASCII letters, digits and `- _ . + ~`")
    } else if text.starts_with('.') || !text.ends_with(".tar.gz") {
        Err("it ends in `.tar.gz` and does not begin with a dot")
    } else {
        Ok(())
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
        let revised = TarballName::revised(
            &"Foo".parse().unwrap(),
            &"master".parse().unwrap(),
            &commit,
            u32::MAX,
        );
        assert_eq!(revised.as_str(), "Foo-master-0123456-4294967296.tar.gz");
        for good in [name("REL1_45"), name("wmf/1.47"), format!("{}.tar.gz", "x".repeat(248))] {
            assert_eq!(good.parse::<TarballName>().map(String::from), Ok(good));
        }
    }

    #[test]
    fn a_text_that_could_lead_out_of_a_folder_is_refused() {
        for bad in [
            "",
            "..",
            "../secret.tar.gz",
            "a/b.tar.gz",
            "x\0.tar.gz",
            ".unfinished-1.tar.gz",
            ".tar.gz",
            "A-master-1234567.tar.gz/",
            "A-master-1234567.tar",
            "C:\\x.tar.gz",
            &format!("{}.tar.gz", "x".repeat(249)),
        ] {
            assert!(bad.parse::<TarballName>().is_err(), "{bad}");
        }
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
