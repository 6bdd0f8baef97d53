//! Constraints of versions in Composer's syntax, as `requires` of a manifest has them
//! (<https://getcomposer.org/doc/articles/versions.md#writing-version-constraints>).
//!
//! As in Composer, `>= 1.46.0` takes `1.46.0-alpha` too, and `< 1.46.0` does not: so a development version of
//! MediaWiki satisfies what the branch `master` of an extension requires.

use super::version::{Stage, Version};

/// The longest constraint that is read, in bytes. The longest one in Wikimedia's repositories has 20.
const MAX_LENGTH: usize = 200;

/// Whether a version satisfies a constraint; `None` where the constraint cannot be read.
pub fn satisfies(constraint: &str, version: &Version) -> Option<bool> {
    if constraint.len() > MAX_LENGTH {
        return None;
    }
    let mut all_read = true;
    for alternative in constraint.split('|').filter(|it| !it.trim().is_empty()) {
        match all_satisfied(alternative, version) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => all_read = false,
        }
    }
    let is_empty = constraint.split('|').all(|it| it.trim().is_empty());
    (all_read && !is_empty).then_some(false)
}

/// Whether a version satisfies every part between commas or spaces.
fn all_satisfied(constraints: &str, version: &Version) -> Option<bool> {
    let mut is_satisfied = true;
    for part in constraints.split(',') {
        if let Some((from, to)) = part.split_once(" - ") {
            is_satisfied &= is_between(from, to, version)?;
            continue;
        }
        let mut words = part.split_whitespace().peekable();
        words.peek()?;
        while let Some(word) = words.next() {
            let (operator, rest) = operator(word);
            // `>= 1.45.0` has a space.
            let rest = if rest.is_empty() { words.next()? } else { rest };
            is_satisfied &= is_satisfied_by(operator, rest, version)?;
        }
    }
    Some(is_satisfied)
}

/// The operator at the beginning of a word, and the rest.
fn operator(word: &str) -> (&str, &str) {
    const OPERATORS: [&str; 10] = [">=", "<=", "!=", "<>", "==", "=", ">", "<", "^", "~"];
    let found = OPERATORS.into_iter().find(|operator| word.starts_with(operator));
    word.split_at(found.map_or(0, str::len))
}

fn is_satisfied_by(operator: &str, text: &str, version: &Version) -> Option<bool> {
    // `@dev` and the like say which versions Composer may take, and not which satisfy.
    let text = text.split_once('@').map_or(text, |(text, _)| text);
    if matches!(text, "*" | "x" | "X") {
        return operator.is_empty().then_some(true);
    }
    if let Some(base) = [".*", ".x", ".X"].iter().find_map(|end| text.strip_suffix(end)) {
        let parts = Version::parse(base)?.parts;
        let next = bumped(parts.clone());
        return operator.is_empty().then(|| is_in(version, &Version::first_of(parts), &next));
    }
    let bound = Version::parse(text)?;
    Some(match operator {
        ">=" => *version >= from(bound),
        "<" => *version < from(bound),
        ">" => *version > bound,
        "<=" => *version <= bound,
        "!=" | "<>" => *version != bound,
        "^" => {
            let mut next = bound.parts.clone();
            let last = next.len().saturating_sub(1);
            next.truncate(1 + next.iter().position(|part| *part > 0).unwrap_or(last));
            is_in(version, &from(bound), &bumped(next))
        }
        "~" => {
            let mut next = bound.parts.clone();
            next.truncate(next.len().saturating_sub(1).max(1));
            is_in(version, &from(bound), &bumped(next))
        }
        _ => *version == bound,
    })
}

/// `from - to`: to the end of `to`, which may be a group of versions, such as all of `2.0`.
fn is_between(first: &str, last: &str, version: &Version) -> Option<bool> {
    let (first, last) = (Version::parse(first)?, Version::parse(last)?);
    let is_whole = last.parts.len() >= 3 || last.stage != Stage::Stable;
    let is_before = if is_whole { *version <= last } else { *version < bumped(last.parts) };
    Some(*version >= from(first) && is_before)
}

fn is_in(version: &Version, first: &Version, next: &Version) -> bool {
    version >= first && version < next
}

/// A bound without a word as Composer takes it: with all that leads to that version.
fn from(bound: Version) -> Version {
    if bound.stage == Stage::Stable { Version::first_of(bound.parts) } else { bound }
}

/// The first version whose last number is one higher.
fn bumped(mut parts: Vec<u64>) -> Version {
    if let Some(last) = parts.last_mut() {
        *last = last.saturating_add(1);
    }
    Version::first_of(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constraint: &str, version: &str) -> Option<bool> {
        satisfies(constraint, &Version::parse(version).unwrap())
    }

    #[test]
    fn each_form_of_composer_takes_what_its_documentation_says() {
        for (constraint, yes, no) in [
            ("*", "0.1 1.45.1", ""),
            (">= 1.45.0", "1.45.0 1.45.0-alpha 1.46", "1.44.9"),
            (">=1.45", "1.45.1", "1.44"),
            ("> 1.45", "1.45.1", "1.45.0 1.45.0-rc.1"),
            ("<1.47", "1.46.9", "1.47.0-alpha 1.47.0"),
            ("<= 1.47", "1.47.0", "1.47.1"),
            ("!= 1.45.1", "1.45.0", "1.45.1"),
            ("1.45.1", "1.45.1", "1.45.2"),
            ("= 1.45.1", "1.45.1", "1.45.0"),
            ("1.43.*", "1.43.0 1.43.9 1.43.0-alpha", "1.44.0 1.42.9"),
            ("1.x", "1.0 1.99", "2.0"),
            ("^1.2.3", "1.2.3 1.9", "1.2.2 2.0"),
            ("^0.3", "0.3.9", "0.4.0 0.2"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0", "0.9", "1.0"),
            ("~1.2", "1.2 1.9", "2.0 1.1"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("~1", "1.9", "2.0"),
            ("1.0 - 2.0", "1.0 2.0.9", "2.1 0.9"),
            ("1.0.0 - 2.1.0", "2.1.0", "2.1.1"),
            (">=1.43 <1.45", "1.44", "1.45 1.42"),
            (">= 1.43, < 1.45", "1.43.1", "1.46"),
            ("1.43.* || >= 1.45", "1.43.2 1.45", "1.44"),
            ("1.43.*|1.44.*", "1.44.0", "1.45"),
            (">=1.0@dev", "1.0", "0.9"),
        ] {
            for (versions, expected) in [(yes, true), (no, false)] {
                for version in versions.split_whitespace() {
                    assert_eq!(
                        check(constraint, version),
                        Some(expected),
                        "{constraint} {version}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_constraint_that_cannot_be_read_decides_nothing() {
        let long = ">=1 ".repeat(60);
        for constraint in
            ["", " ", "||", ">=", ">= x", "dev-master", ">=1.*", "1.0,", &long, "(1.0)"]
        {
            assert_eq!(check(constraint, "1.0"), None, "{constraint}");
        }
        assert_eq!(check("dev-master || 1.*", "1.0"), Some(true));
        assert_eq!(check("dev-master || 2.*", "1.0"), None);
    }
}
