//! Versions: of MediaWiki, and of extensions and skins, as far as they can be compared.
//!
//! The order is that of Composer, which MediaWiki itself compares with
//! (<https://getcomposer.org/doc/articles/versions.md>): part by part as numbers, and a version with a word
//! such as `alpha` comes before the same version without it.

use std::cmp::Ordering;

use tardist_contract::BranchName;

/// The longest text that is read as a version. The longest one in Wikimedia's repositories has 30 bytes.
const MAX_LENGTH: usize = 64;

/// How many numbers a version may have: a date with a time has six.
const MAX_PARTS: usize = 8;

/// How far a version is from the release of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// `dev`
    Development,
    /// `alpha`, and `wmf`: MediaWiki as Wikimedia runs it each week, before the release.
    Alpha,
    /// `beta`
    Beta,
    /// `rc`
    Candidate,
    /// The release.
    Stable,
    /// `patch`
    Patch,
}

/// A version that can be compared with others.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its numbers; parts that are not there count as 0.
    pub(super) parts: Vec<u64>,
    /// What its word says.
    pub(super) stage: Stage,
    /// The number after the word.
    number: u64,
}

impl Version {
    /// The release of these numbers.
    pub(super) fn of(parts: Vec<u64>) -> Self {
        Self { parts, stage: Stage::Stable, number: 0 }
    }

    /// The first of all versions with these numbers.
    pub(super) fn first_of(parts: Vec<u64>) -> Self {
        Self { parts, stage: Stage::Development, number: 0 }
    }

    /// Reads `1.2.3`, `v1.2`, `1.47.0-alpha`, `1.43.0-rc.1`, `1.39.3+dfsg`, `2026-08-06`. `None` for a
    /// text that has anything else in it: such a version cannot be compared.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_LENGTH {
            return None;
        }
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let mut parts = Vec::new();
        loop {
            let (part, after) = number(rest)?;
            parts.push(part);
            rest = after;
            match rest.strip_prefix(['.', '-', '_']) {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                _ => break,
            }
            if parts.len() == MAX_PARTS {
                return None;
            }
        }
        let (stage, number) = stage(rest)?;
        Some(Self { parts, stage, number })
    }

    fn part(&self, index: usize) -> u64 {
        self.parts.get(index).copied().unwrap_or(0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.parts.len().max(other.parts.len());
        let parts = (0..length).map(|index| self.part(index).cmp(&other.part(index)));
        let parts = parts.fold(Ordering::Equal, Ordering::then);
        parts.then(self.stage.cmp(&other.stage)).then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// The number at the beginning of a text, and the rest. Numbers of more than 18 digits are none.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.len() > 18 {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

/// What follows the numbers: nothing, or a word and perhaps its number.
fn stage(text: &str) -> Option<(Stage, u64)> {
    let separators = ['.', '-', '_', ' '];
    let text = text.trim_start_matches(separators);
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let stage = match word.to_ascii_lowercase().as_str() {
        "" | "stable" => Stage::Stable,
        "dev" => Stage::Development,
        "alpha" | "a" | "wmf" => Stage::Alpha,
        "beta" | "b" => Stage::Beta,
        "rc" | "c" => Stage::Candidate,
        "patch" | "pl" | "p" => Stage::Patch,
        _ => return None,
    };
    let rest = rest.trim_start_matches(separators);
    if rest.is_empty() {
        return Some((stage, 0));
    }
    match number(rest)? {
        (number, "") if !word.is_empty() => Some((stage, number)),
        _ => None,
    }
}

/// The version of a wiki's MediaWiki.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaWiki {
    /// As the wiki says it: `1.47.0-alpha`.
    pub text: String,
    /// The same to compare.
    pub version: Version,
    /// The branch that is made for it: `REL1_47`.
    pub branch: BranchName,
    /// True for a version of `master`, before its release branch was made or soon after.
    pub is_development: bool,
}

impl MediaWiki {
    /// Reads `1.45.1`, `1.47.0-alpha`, `1.46.0-wmf.5`, `1.43.0-rc.1`, `1.39.3+dfsg`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let version = Version::parse(text)?;
        let &[major, minor, ..] = version.parts.as_slice() else { return None };
        let branch = release_branch(major, minor)?;
        let is_development = version.stage <= Stage::Alpha;
        Some(Self { text: text.to_owned(), version, branch, is_development })
    }
}

/// What an upgrade would lead to: `target`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The branch to compare with.
    pub branch: BranchName,
    /// The version of MediaWiki; `None` for `master`, whose version only the released ones tell.
    pub version: Option<Version>,
}

impl Target {
    /// Reads `1.46`, `1.46.1`, `REL1_46` and `master`. Of a release without its last number, the newest
    /// is meant, which has all that any of them has.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "master" {
            return Some(Self { branch: text.parse().ok()?, version: None });
        }
        let number = |part: &str| {
            let is_number =
                (1..=3).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
            if is_number { part.parse::<u64>().ok() } else { None }
        };
        let parts: Option<Vec<u64>> = match text.strip_prefix("REL") {
            Some(release) => {
                let (major, minor) = release.split_once('_')?;
                [major, minor].into_iter().map(number).collect()
            }
            None => text.split('.').map(number).collect(),
        };
        // There was never a MediaWiki before 1.
        let mut parts = parts.filter(|it| (2..=3).contains(&it.len()) && it[0] > 0)?;
        let branch = release_branch(parts[0], parts[1])?;
        if parts.len() == 2 {
            parts.push(u64::MAX);
        }
        Some(Self { branch, version: Some(Version::of(parts)) })
    }

    /// True for a branch that can be a target.
    pub fn takes(branch: &BranchName) -> bool {
        Self::parse(branch.as_str()).is_some()
    }

    /// The version of MediaWiki that `master` becomes: the one after the newest of these branches.
    pub fn or_next_release(&self, branches: &[BranchName]) -> Option<Version> {
        let next = || {
            let (major, minor) = branches.iter().filter_map(BranchName::release).max()?;
            Some(Version::of(vec![u64::from(major), u64::from(minor) + 1, u64::MAX]))
        };
        self.version.clone().or_else(next)
    }
}

fn release_branch(major: u64, minor: u64) -> Option<BranchName> {
    // As numbers that `BranchName::release` reads.
    let (major, minor) = (u32::try_from(major).ok()?, u32::try_from(minor).ok()?);
    format!("REL{major}_{minor}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn versions_are_compared_number_by_number_and_words_come_before_the_release() {
        let in_order = [
            "0.9",
            "1.0-dev",
            "1.0alpha1",
            "1.0-alpha.2",
            "1.0-beta",
            "1.0.0-RC1",
            "1.0-rc.2",
            "1.0",
            "1.0-p1",
            "v1.2",
            "1.10",
            "2026-08-06",
            "2026.08.10",
        ];
        for pair in in_order.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        for (one, other) in [("1", "1.0.0"), ("1.0-alpha", "1.0.0.0a"), ("1.39.3+dfsg", "1.39.3")] {
            assert_eq!(version(one), version(other));
        }
    }

    #[test]
    fn what_is_no_version_cannot_be_compared() {
        let long = "1.".repeat(40);
        for text in [
            "",
            "x",
            "1.x",
            "1.0 (abc)",
            "–",
            "1..0",
            "-1",
            "1.0-foo",
            "1.0-5x",
            "<b>1</b>",
            &long,
            "1234567890123456789",
            "1.2.3.4.5.6.7.8.9",
            "1.0 5",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
        assert!(Version::parse("1.2.3.4.5.6.7.8").is_some());
    }

    #[test]
    fn a_version_of_mediawiki_has_a_branch() {
        for (text, branch, is_development) in [
            ("1.45.1", "REL1_45", false),
            ("1.47.0-alpha", "REL1_47", true),
            ("1.46.0-wmf.5", "REL1_46", true),
            ("1.43.0-rc.1", "REL1_43", false),
            ("1.39.3+dfsg", "REL1_39", false),
            ("1.31", "REL1_31", false),
            ("2.0.0", "REL2_0", false),
        ] {
            let read = MediaWiki::parse(text).unwrap();
            assert_eq!((read.branch.as_str(), read.is_development), (branch, is_development));
            assert_eq!(read.text, text);
        }
        for text in ["", "1", "one", "1.45-foo", "99999999999.1"] {
            assert_eq!(MediaWiki::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_target_is_a_version_or_a_branch() {
        let target = |text| Target::parse(text).unwrap();
        assert_eq!(target("1.46"), target("REL1_46"));
        assert_eq!(target("1.46").branch.as_str(), "REL1_46");
        assert_eq!(target("1.46.1").version, Some(version("1.46.1")));
        assert!(target("1.46").version > Some(version("1.46.99")));
        assert!(target("1.46").version < Some(version("1.47.0-alpha")));
        for text in ["", "main", "REL1", "1", "REL1_x", "1.46.x", "REL1_46-foo"] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }

    #[test]
    fn master_becomes_the_release_after_the_newest() {
        let branches: Vec<BranchName> =
            ["master", "REL1_46", "REL1_9"].map(|name| name.parse().unwrap()).into();
        let master = Target::parse("master").unwrap();
        assert!(master.or_next_release(&branches) > Some(version("1.47.0")));
        assert!(master.or_next_release(&branches) < Some(version("1.48.0-alpha")));
        assert_eq!(master.or_next_release(&branches[..1]), None);
    }
}
