use std::cmp::{Ordering, Reverse};

use serde::{Deserialize, Serialize};

use crate::name_error::{is_plain, name_type};

/// The name of a published Git branch, without `refs/heads/`: `master`, `REL1_45`.
///
/// It has 1 to 100 ASCII letters, digits and `- _ . + /`, and `git check-ref-format` must allow it. The
/// order is newest first, as lists show branches: `master`, `main`, then release branches from the
/// highest version down, then all others by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BranchName(String);

name_type!(BranchName, "a branch name", check);

impl BranchName {
    /// The full name of its ref: `refs/heads/REL1_45`.
    pub fn ref_name(&self) -> String {
        format!("refs/heads/{}", self.0)
    }

    /// The MediaWiki version of a release branch: `(1, 45)` for `REL1_45`; `None` for other branches.
    /// MediaWiki's release process makes such branches (<https://www.mediawiki.org/wiki/Compatibility>).
    pub fn release(&self) -> Option<(u32, u32)> {
        let (major, minor) = self.0.strip_prefix("REL")?.split_once('_')?;
        // Anyone may push `REL1_+46`, which is not a second 1.46.
        let number = |text: &str| -> Option<u32> {
            let number: u32 = text.parse().ok()?;
            (number.to_string() == text).then_some(number)
        };
        Some((number(major)?, number(minor)?))
    }

    /// True for the branch in which a repository is developed: `master`, and elsewhere than at Wikimedia `main`.
    pub fn is_development(&self) -> bool {
        matches!(self.0.as_str(), "master" | "main")
    }

    fn rank(&self) -> (u8, Reverse<(u32, u32)>, &str) {
        match (self.0.as_str(), self.release()) {
            ("master", _) => (0, Reverse((0, 0)), ""),
            ("main", _) => (1, Reverse((0, 0)), ""),
            (name, Some(version)) => (2, Reverse(version), name),
            (name, None) => (3, Reverse((0, 0)), name),
        }
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 100 {
        Err("it has 1 to 100 characters")
    } else if !text.bytes().all(|byte| is_plain(byte) || byte == b'/') {
        Err("it consists of ASCII letters, digits and `- _ . + /`")
    } else if text.starts_with('-') || text.ends_with('.') || text.contains("..") {
        Err("it does not begin with `-`, end in a dot or contain `..`")
    } else if text
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock"))
    {
        Err("none of its parts is empty, begins with a dot or ends in `.lock`")
    } else {
        Ok(())
    }
}

impl Ord for BranchName {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0 == other.0 {
            return Ordering::Equal;
        }
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for BranchName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_branches_and_refuses_what_git_refuses() {
        for good in ["master", "REL1_45", "wmf/1.47.0-wmf.3", "feature+x"] {
            assert!(good.parse::<BranchName>().is_ok(), "{good}");
        }
        for bad in
            ["", "-x", "a..b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a b", "a~1", "a."]
        {
            assert!(bad.parse::<BranchName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn orders_newest_first() {
        let mut names: Vec<BranchName> =
            ["zeta", "REL1_9", "REL1_45", "main", "REL2_0", "master", "beta"]
                .iter()
                .map(|n| n.parse().unwrap())
                .collect();
        names.sort();
        let names: Vec<_> = names.iter().map(BranchName::as_str).collect();
        assert_eq!(names, ["master", "main", "REL2_0", "REL1_45", "REL1_9", "beta", "zeta"]);
    }

    #[test]
    fn each_rule_has_its_limit() {
        for good in ["a", &"x".repeat(100), "a-", "lock", "a.locks", "a.lockx/b", "x.y/z"] {
            assert!(good.parse::<BranchName>().is_ok(), "{good}");
        }
        for (bad, rule) in [
            (&*"x".repeat(101), "1 to 100 characters"),
            ("a:b", "consists of"),
            ("-a", "begin with `-`"),
            ("a.", "end in a dot"),
            ("a..b", "contain `..`"),
            ("a.lock/b", "none of its parts"),
            ("b/a.lock", "none of its parts"),
            ("b/.a", "none of its parts"),
            ("b//a", "none of its parts"),
        ] {
            let error = bad.parse::<BranchName>().unwrap_err();
            assert!(error.rule.contains(rule), "{bad}: {error}");
        }
    }

    #[test]
    fn a_release_branch_tells_its_version_and_every_branch_its_ref() {
        let branch = |name: &str| name.parse::<BranchName>().unwrap();
        assert_eq!(branch("REL1_45").ref_name(), "refs/heads/REL1_45");
        assert_eq!(branch("REL1_45").release(), Some((1, 45)));
        for other in
            ["master", "REL1", "REL1_45_1", "REL1_x", "rel1_45", "xREL1_45", "REL1_+45", "REL1_045"]
        {
            assert_eq!(branch(other).release(), None, "{other}");
        }
        for (name, is_development) in
            [("master", true), ("main", true), ("REL1_45", false), ("wmf/master", false)]
        {
            assert_eq!(branch(name).is_development(), is_development, "{name}");
        }
    }
}
