use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::name_error::{is_plain, name_type};

/// The name of an extension or skin, such as `MassMessage`.
///
/// It has 1 to 100 ASCII letters, digits and `- _ . +`, begins with a letter or digit, does not end in
/// `.git`, `.lock` or a dot, and does not have two dots in a row. So it is a safe file name and a safe part of the name of
/// a Git ref, and only its `+` needs escaping in a URL. All extensions and skins in Wikimedia's Gerrit have such names.
///
/// The order is that of lists: without regard to case, and by bytes where names differ in case only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoName(String);

name_type!(RepoName, "a repository name", check);

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 100 {
        Err("it has 1 to 100 characters")
    } else if !text.bytes().all(is_plain) {
        Err("it consists of ASCII letters, digits and `- _ . +`")
    } else if !text.as_bytes()[0].is_ascii_alphanumeric() {
        Err("it begins with a letter or digit")
    } else if text.contains("..") {
        Err("it does not have two dots in a row")
    } else if text.ends_with(".git") || text.ends_with(".lock") || text.ends_with('.') {
        Err("it does not end in `.git`, `.lock` or a dot")
    } else {
        Ok(())
    }
}

/// The bytes of a name without the case of its letters. Nothing is copied: a builder compares names millions of times.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| byte.to_ascii_lowercase())
}

impl Ord for RepoName {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0 == other.0 {
            return Ordering::Equal;
        }
        folded(&self.0).cmp(folded(&other.0)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for RepoName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_from_gerrit_and_refuses_paths_out_of_a_folder() {
        for good in ["MassMessage", "3D", "Foo-Bar_2.0", "C++"] {
            assert!(good.parse::<RepoName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".git",
            "a/b",
            "a b",
            "ü",
            "-x",
            "a.git",
            "a..b",
            "a\0",
            &"x".repeat(101),
        ] {
            assert!(bad.parse::<RepoName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sorts_without_regard_to_case() {
        let mut names: Vec<RepoName> =
            ["b", "C", "a", "A"].iter().map(|n| n.parse().unwrap()).collect();
        names.sort();
        assert_eq!(names.iter().map(RepoName::as_str).collect::<Vec<_>>(), ["A", "a", "b", "C"]);
    }

    #[test]
    fn its_length_and_its_end_have_limits() {
        for good in ["A", &"x".repeat(100), "a.b", "lock", "git", "a.locks", "a.lock.x"] {
            assert!(good.parse::<RepoName>().is_ok(), "{good}");
        }
        for (bad, rule) in [
            (&*"x".repeat(101), "1 to 100 characters"),
            ("Foo.lock", "does not end in"),
            ("Foo.git", "does not end in"),
            ("Foo.", "does not end in"),
            ("_x", "begins with a letter or digit"),
            (".x", "begins with a letter or digit"),
            ("a~b", "consists of"),
        ] {
            let error = bad.parse::<RepoName>().unwrap_err();
            assert!(error.rule.contains(rule), "{bad}: {error}");
        }
    }
}
