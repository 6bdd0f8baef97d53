//! Which branches the settings want: names, patterns, and the newest release branches. Pure: no I/O.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tardist_contract::BranchName;

/// An entry of the setting `branches`: the name of a branch, or a pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BranchRule {
    /// The name of one branch.
    Name(BranchName),
    /// Names with a certain form: `REL1_*`.
    Pattern(Pattern),
}

/// A pattern of branch names: `REL1_*`. A `*` stands for any characters but `/`, also for none. What else it has must be
/// what a branch name has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// True if the name of `branch` has this form.
    pub fn matches(&self, branch: &BranchName) -> bool {
        matches(self.0.as_bytes(), branch.as_str().as_bytes())
    }

    /// What all names of this form begin with.
    fn beginning(&self) -> &str {
        self.0.split('*').next().unwrap_or_default()
    }
}

/// Compares a name with a pattern. If it does not fit, the last `*` takes one byte more; that of an earlier `*` would
/// change nothing. So the time is at most the product of both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == name[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((star_at, taken)) if name[taken] != b'/' => {
                    star = Some((star_at, taken + 1));
                    (at, read) = (star_at + 1, taken + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

impl FromStr for BranchRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('*') {
            return text.parse().map(Self::Name).map_err(|error| format!("{error}"));
        }
        // With a letter for each `*`, it is a name that has this form.
        text.replace('*', "x").parse::<BranchName>().map_err(|error| {
            let (rule, start) = (error.rule, text.chars().take(100).collect::<String>());
            format!(
                "{start:?} is no pattern of branch names: {rule}; and `*` stands for any \
                     characters but `/`"
            )
        })?;
        Ok(Self::Pattern(Pattern(text.to_owned())))
    }
}

impl TryFrom<String> for BranchRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<BranchRule> for String {
    fn from(rule: BranchRule) -> Self {
        rule.to_string()
    }
}

impl fmt::Display for BranchRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name(name) => name.as_str(),
            Self::Pattern(pattern) => &pattern.0,
        })
    }
}

/// The branches that the settings want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branches {
    /// These branches, whichever upstream has them (setting `branches`).
    pub names: BTreeSet<BranchName>,
    /// The branches whose names have these forms (setting `branches`).
    pub patterns: Vec<Pattern>,
    /// So many of the newest release branches (setting `release-branches`).
    pub newest: usize,
}

impl Branches {
    /// The branches of these rules, and so many of the newest release branches.
    pub fn new(rules: impl IntoIterator<Item = BranchRule>, newest: usize) -> Self {
        let mut branches = Self { newest, ..Self::default() };
        for rule in rules {
            match rule {
                BranchRule::Name(name) => {
                    branches.names.insert(name);
                }
                BranchRule::Pattern(pattern) => branches.patterns.push(pattern),
            }
        }
        branches
    }

    /// True if nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.patterns.is_empty() && self.newest == 0
    }

    /// True for a branch that `branches` names, or whose name has one of its forms.
    pub fn names_or_matches(&self, branch: &BranchName) -> bool {
        self.names.contains(branch) || self.patterns.iter().any(|it| it.matches(branch))
    }

    /// True if release branches may be among the wanted ones.
    pub fn may_have_releases(&self) -> bool {
        self.newest > 0
            || !self.patterns.is_empty()
            || self.names.iter().any(|name| release(name).is_some())
    }
}

/// The MediaWiki version of a release branch: `(1, 45)` for `REL1_45`. `None` for other branches, also for `REL1_045`,
/// which is no name that MediaWiki's release process makes.
pub(super) fn release(branch: &BranchName) -> Option<(u32, u32)> {
    let (major, minor) = branch.release()?;
    (branch.as_str() == format!("REL{major}_{minor}")).then_some((major, minor))
}

/// What the names of the refs of all release branches begin with.
pub(super) const RELEASES: &str = "refs/heads/REL";

/// The branches that upstreams are asked for. Which of them are distributed is decided when all have answered.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Branches that are known by name.
    pub names: BTreeSet<BranchName>,
    /// All branches whose names have these forms.
    pub patterns: Vec<Pattern>,
    /// True for all release branches.
    pub releases: bool,
    /// Where all release branches are asked for, their names as far as these can be guessed. For lists that can only be
    /// asked for names.
    pub guesses: BTreeSet<BranchName>,
    /// True if the names have all branches of these forms that MediaWiki itself has.
    pub is_expanded: bool,
}

impl Asked {
    /// Asks for exactly these branches.
    pub fn names(names: BTreeSet<BranchName>) -> Self {
        Self { names, ..Self::default() }
    }

    /// True for a branch that is asked for.
    pub fn wants(&self, branch: &BranchName) -> bool {
        self.names.contains(branch)
            || (self.releases && release(branch).is_some())
            || self.patterns.iter().any(|pattern| pattern.matches(branch))
    }

    /// The names of all branches that are asked for, where these are known or can be guessed. For lists that can only be
    /// asked for names.
    pub(super) fn list(&self) -> Option<BTreeSet<BranchName>> {
        if !self.patterns.is_empty() && !self.is_expanded {
            return None;
        }
        let mut names = self.names.clone();
        if self.releases {
            names.extend(self.guesses.iter().cloned());
        }
        Some(names)
    }

    /// The names of the branches, if all are known.
    pub(super) fn exact(&self) -> Option<&BTreeSet<BranchName>> {
        (self.patterns.is_empty() && !self.releases).then_some(&self.names)
    }

    /// What the names of the refs begin with that are asked for.
    pub(super) fn prefixes(&self) -> Vec<String> {
        let patterns = self.patterns.iter().map(|it| format!("refs/heads/{}", it.beginning()));
        let releases = self.releases.then(|| RELEASES.to_owned());
        let names = self.names.iter().map(BranchName::ref_name);
        names.chain(patterns).chain(releases).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        match text.parse().unwrap() {
            BranchRule::Pattern(pattern) => pattern,
            BranchRule::Name(name) => panic!("{name} is a name"),
        }
    }

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    fn set(names: &[&str]) -> BTreeSet<BranchName> {
        names.iter().map(|name| branch(name)).collect()
    }

    #[test]
    fn a_star_stands_for_any_characters_but_a_slash() {
        for (form, name, is_match) in [
            ("REL1_*", "REL1_45", true),
            ("REL1_*", "REL1_", true),
            ("REL1_*", "REL2_0", false),
            ("REL1_*", "xREL1_45", false),
            ("*", "master", true),
            ("*", "wmf/1.47", false),
            ("wmf/*", "wmf/1.47", true),
            ("wmf/*", "wmf/1.47/x", false),
            ("*/1.47", "wmf/1.47", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "aXbbYbc", true),
            ("a*b*c", "aXbYcd", false),
            ("a*b/c", "aXb/c", true),
            ("a*b/c", "aX/b/c", false),
            ("*x*/*y", "axb/y", true),
            ("**5", "REL1_45", true),
        ] {
            assert_eq!(pattern(form).matches(&branch(name)), is_match, "{form} {name}");
        }
        let many = format!("{}b", "a*".repeat(49));
        assert!(!pattern(&many).matches(&branch(&"a".repeat(100))));
    }

    #[test]
    fn a_pattern_has_what_a_name_has_and_stars() {
        for good in ["*", "REL1_*", "wmf/*", "a*b"] {
            let rule: BranchRule = good.parse().unwrap();
            assert_eq!(
                (matches!(rule, BranchRule::Pattern(_)), rule.to_string()),
                (true, good.to_owned())
            );
        }
        for bad in ["", "a b", "a b*", "-*", "/*", "a//*", "*..", "REL1_?*", &"*".repeat(101)] {
            assert!(bad.parse::<BranchRule>().is_err(), "{bad}");
        }
        let error = "a b*".parse::<BranchRule>().unwrap_err();
        assert!(
            error.starts_with("\"a b*\" is no pattern of branch names: it consists of"),
            "{error}"
        );
        let error = format!("*{}", "\u{7f}".repeat(10_000)).parse::<BranchRule>().unwrap_err();
        assert!(error.len() < 1_000, "{} bytes", error.len());
        let error = "a b".parse::<BranchRule>().unwrap_err();
        assert!(error.starts_with("\"a b\" is not a branch name: "), "{error}");
    }

    #[test]
    fn a_release_branch_has_the_name_that_mediawiki_gives() {
        assert_eq!(release(&branch("REL1_45")), Some((1, 45)));
        for other in ["master", "REL1_045", "REL1_+5", "REL1_45-x", "rel1_45"] {
            assert_eq!(release(&branch(other)), None, "{other}");
        }
    }

    #[test]
    fn upstreams_are_asked_for_names_where_they_are_known_and_for_prefixes_where_not() {
        let known = Asked::names(set(&["master", "REL1_45"]));
        assert_eq!(known.exact(), Some(&set(&["master", "REL1_45"])));
        assert_eq!(known.list(), Some(set(&["master", "REL1_45"])));
        assert!(known.wants(&branch("master")) && !known.wants(&branch("REL1_44")));

        let guesses = set(&["REL1_46", "REL1_47"]);
        let releases = Asked { releases: true, guesses, ..Asked::names(set(&["master"])) };
        assert_eq!(releases.exact(), None);
        assert_eq!(releases.list(), Some(set(&["master", "REL1_46", "REL1_47"])));
        assert!(releases.wants(&branch("REL2_0")));
        assert_eq!(releases.prefixes(), ["refs/heads/master", "refs/heads/REL"]);

        let patterns = Asked { patterns: vec![pattern("wmf/*")], ..Asked::names(set(&["master"])) };
        assert_eq!((patterns.exact(), patterns.list()), (None, None));
        assert_eq!(patterns.prefixes(), ["refs/heads/master", "refs/heads/wmf/"]);
        assert!(patterns.wants(&branch("wmf/1")) && !patterns.wants(&branch("REL1_45")));
        let expanded = Asked { is_expanded: true, ..patterns };
        assert_eq!(expanded.list(), Some(set(&["master"])));
    }
}
