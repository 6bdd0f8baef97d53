//! Which attributes a file has: what all `.gitattributes` files of a tree say about its path, and which
//! line wins.
//!
//! It owns precedence and macros, as in Git's `attr.c`.
//!
//! Why no library: libgit2 reads the attributes of an index or a work tree and knows no quoted
//! patterns. Both libgit2 and gix-glob take time exponential in the number of `**/` in a pattern (with
//! 22 of them half a minute for one path), and patterns come from outside. Here a pattern becomes an
//! automaton, so that a match costs at most pattern × path; [`Attributes`] counts these steps.

use std::collections::BTreeMap;

use crate::{
    Error,
    content::checkout::gitattributes::{Assignment, Line, Rule, State, lines},
    limits::content::MAX_ATTRIBUTE_STEPS,
};

/// The attributes that hold in a folder: those of its own `.gitattributes` and of all above it, up to
/// the root of the repository or submodule. A walk through a tree enters and leaves folders.
#[derive(Debug)]
pub(crate) struct Attributes {
    /// The folders that the walk is in, from the root down: the length of the folder's path with its
    /// slash, and its rules.
    open: Vec<(usize, Vec<Rule>)>,
    macros: BTreeMap<Vec<u8>, Vec<Assignment>>,
    steps: u64,
}

impl Attributes {
    /// The attributes of a root folder with this `.gitattributes`.
    pub(crate) fn root(text: &[u8]) -> Self {
        let binary = [b"diff", b"merge".as_slice(), b"text"]
            .map(|name| Assignment { name: name.to_vec(), state: State::Unset });
        let mut this = Self {
            open: Vec::new(),
            macros: BTreeMap::from([(b"binary".to_vec(), binary.into())]),
            steps: 0,
        };
        let mut rules = Vec::new();
        for line in lines(text) {
            match line {
                Line::Rule(rule) => rules.push(rule),
                Line::Macro(name, assignments) => {
                    this.macros.insert(name, assignments);
                }
            }
        }
        this.open.push((0, rules));
        this
    }

    /// Enters a folder with this `.gitattributes`. `path` is from the root, without a slash at its end.
    /// Only the root may define macros: here, such lines are ignored.
    pub(crate) fn enter(&mut self, path: &[u8], text: &[u8]) {
        let rules = lines(text).filter_map(|line| match line {
            Line::Rule(rule) => Some(rule),
            Line::Macro(..) => None,
        });
        self.open.push((path.len() + 1, rules.collect()));
    }

    /// Leaves the folder that was entered last.
    pub(crate) fn leave(&mut self) {
        self.open.pop();
    }

    /// The states of these attributes for a file. `path` is from the root, and the file is in the
    /// folder that was entered last or below it.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the patterns would take too long.
    pub(crate) fn of<const N: usize>(
        &mut self,
        path: &[u8],
        names: [&str; N],
    ) -> Result<[State; N], Error> {
        let mut states: BTreeMap<&[u8], &State> = BTreeMap::new();
        for (start, rules) in self.open.iter().rev() {
            let name = path.get(*start..).unwrap_or_default();
            for rule in rules.iter().rev() {
                self.steps += rule.pattern.cost(name);
                if self.steps > MAX_ATTRIBUTE_STEPS {
                    return Err(Error::TooLarge {
                        what: "the matching of .gitattributes".to_owned(),
                        limit: MAX_ATTRIBUTE_STEPS,
                        unit: "steps",
                    });
                }
                if rule.pattern.matches(name) {
                    assign(&mut states, &self.macros, &rule.assignments);
                }
            }
        }
        Ok(names.map(|name| {
            states.get(name.as_bytes()).map_or(State::Unspecified, |state| (*state).clone())
        }))
    }
}

/// Adds the states that a line sets, from its last word to its first. A state that is there already has
/// higher precedence and stays. A macro that is set adds the states of its own line. There is no
/// recursion: a thousand macros may each set the next.
fn assign<'a>(
    states: &mut BTreeMap<&'a [u8], &'a State>,
    macros: &'a BTreeMap<Vec<u8>, Vec<Assignment>>,
    assignments: &'a [Assignment],
) {
    let mut open = vec![assignments];
    while let Some(rest) = open.last_mut() {
        let Some((last, before)) = rest.split_last() else {
            open.pop();
            continue;
        };
        *rest = before;
        if states.contains_key(last.name.as_slice()) {
            continue;
        }
        states.insert(&last.name, &last.state);
        if last.state == State::Set
            && let Some(assignments) = macros.get(&last.name)
        {
            open.push(assignments);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::checkout::gitattributes;

    #[test]
    fn a_tree_may_take_as_many_steps_as_the_limit_and_not_one_more() {
        // 1 + (998 + 1) * (1,001,000 + 1) = 10⁹ steps a path: 998 tokens behind the prefix, which
        // does not fit, so that the steps are counted and not taken.
        let line = format!("x{} text\n", "?".repeat(998));
        let path = vec![b'a'; 1_001_000];
        let mut attributes = Attributes::root(line.as_bytes());
        for _ in 0..20 {
            assert_eq!(attributes.of(&path, ["text"]).unwrap(), [State::Unspecified]);
        }
        let Err(Error::TooLarge { what, limit, .. }) = attributes.of(b"a", ["text"]) else {
            unreachable!("it is bounded");
        };
        assert_eq!(limit, MAX_ATTRIBUTE_STEPS);
        assert!(what.contains(".gitattributes"), "{what}");
    }

    /// What a `.gitattributes` says of `text` for the path `a`.
    fn said(text: &[u8]) -> State {
        let [state] = Attributes::root(text).of(b"a", ["text"]).unwrap();
        state
    }

    #[test]
    fn a_line_counts_up_to_its_limit() {
        for (length, state) in [
            (gitattributes::MAX_LINE - 1, State::Set),
            (gitattributes::MAX_LINE, State::Unspecified),
        ] {
            let line = format!("{:length$}\n", "a text");
            assert_eq!(said(line.as_bytes()), state, "{length}");
            let line = format!("{:>length$}\n", "a text");
            assert_eq!(said(line.as_bytes()), state, "{length}, blanks first");
        }
    }

    #[test]
    fn what_is_no_name_makes_its_whole_line_count_for_nothing() {
        for good in
            ["text", "text -b", "text !b", "text a.b", "text _", "text b=", "text b==", "text B9"]
        {
            assert_eq!(said(format!("a {good}").as_bytes()), State::Set, "{good}");
        }
        for bad in ["text b/c", "text --b", "text =", "text -", "text !", "text é", "text b:c"] {
            assert_eq!(said(format!("a {bad}").as_bytes()), State::Unspecified, "{bad}");
        }
        assert_eq!(said(b"a text=x=y"), State::Value(b"x=y".to_vec()));
        assert_eq!(said(b"a -text"), State::Unset);
        assert_eq!(said(b"a text\na !text"), State::Unspecified);
    }
}
