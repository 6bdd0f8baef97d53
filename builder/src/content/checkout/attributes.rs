//! Which attributes a file has: what all `.gitattributes` files of a tree say about its path, and which
//! line wins.
//!
//! It owns precedence and macros, as in Git's `attr.c`.
//!
//! Why no library: libgit2 reads the attributes of an index or a work tree and knows no quoted
//! patterns. Both libgit2 and gix-glob take time exponential in the number of `**/` in a pattern (with
//! 22 of them half a minute for one path), and patterns come from outside. Here a pattern becomes an
//! automaton, so that a match costs at most pattern × path, and these steps are counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Error,
    content::{
        checkout::{
            convert::ATTRIBUTES,
            gitattributes::{Assignment, Line, Pattern, State, Subject, lines},
        },
        counts::{AttributeCounts, Count},
        paths,
    },
};

/// The attributes that hold in a folder: those of its own `.gitattributes` and of all above it, up to
/// the root of the repository or submodule. A walk through a tree enters and leaves folders.
///
/// Only what has a say about [`ATTRIBUTES`] is kept: these attributes, and the macros that can set one of
/// them, directly or through others.
#[derive(Debug)]
pub(crate) struct Attributes<'a> {
    /// The folders that the walk is in, from the root down: the length of the folder's path with its
    /// slash, and its rules.
    open: Vec<(usize, Vec<Rule<'a>>)>,
    names: Names,
    /// The states that each name sets, if it is a macro.
    macros: Vec<States<'a>>,
}

/// A line with a pattern: the states hold for the files that match it.
#[derive(Debug)]
struct Rule<'a> {
    pattern: Pattern,
    states: States<'a>,
}

/// The states that a line gives to names, from its last word to its first.
type States<'a> = Box<[(usize, State<'a>)]>;

/// The names that have a say, by number: first those of [`ATTRIBUTES`], then macros.
#[derive(Debug)]
struct Names(BTreeMap<Vec<u8>, usize>);

impl Names {
    /// The names that are among these or can set one of them.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where there are too many macros.
    fn new(macros: &Macros<'_>, count: &mut Count) -> Result<Self, Error> {
        // Which macros name an attribute.
        let mut named_by: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
        for (name, assignments) in macros {
            for assignment in assignments {
                named_by.entry(assignment.name).or_default().push(name);
            }
        }
        let mut names = BTreeMap::new();
        let mut open = Vec::new();
        for name in ATTRIBUTES.map(str::as_bytes) {
            names.insert(name.to_vec(), names.len());
            open.push(name);
        }
        while let Some(name) = open.pop() {
            for &by in named_by.get(name).into_iter().flatten() {
                if !names.contains_key(by) {
                    count.take(1)?;
                    names.insert(by.to_vec(), names.len());
                    open.push(by);
                }
            }
        }
        Ok(Self(names))
    }

    /// The states for these names. The first one for a name counts.
    fn states<'a>(&self, assignments: impl Iterator<Item = Assignment<'a>>) -> States<'a> {
        let mut seen = BTreeSet::new();
        let known = assignments.filter_map(|it| Some((*self.0.get(it.name)?, it.state)));
        known.filter(|(number, _)| seen.insert(*number)).collect()
    }
}

/// All macros of a root folder: their assignments, from the last to the first.
type Macros<'a> = BTreeMap<Vec<u8>, Vec<Assignment<'a>>>;

fn macros(text: &[u8]) -> Macros<'_> {
    let binary = [b"text".as_slice(), b"merge", b"diff"]
        .map(|name| Assignment { name, state: State::Unset });
    let mut macros = Macros::from([(b"binary".to_vec(), binary.into())]);
    for line in lines(text) {
        let assignments = line.assignments();
        if let Subject::Macro(name) = line.subject {
            macros.insert(name, assignments.collect());
        }
    }
    macros
}

impl<'a> Attributes<'a> {
    /// The attributes of a root folder with this `.gitattributes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where there are too many lines or macros.
    pub(crate) fn root(text: &'a [u8], counts: &mut AttributeCounts) -> Result<Self, Error> {
        let all = macros(text);
        // The limit on macros holds for each tree.
        counts.macros.reset();
        let names = Names::new(&all, &mut counts.macros)?;
        let mut macros: Vec<States<'a>> = names.0.iter().map(|_| States::default()).collect();
        for (name, number) in &names.0 {
            if let Some(assignments) = all.get(name) {
                macros[*number] = names.states(assignments.iter().copied());
            }
        }
        let mut this = Self { open: Vec::new(), names, macros };
        this.open_folder(0, text, counts)?;
        Ok(this)
    }

    /// Enters a folder with this `.gitattributes`. `path` is from the root, without a slash at its end.
    /// Only the root may define macros: here, such lines are ignored.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where there are too many lines.
    pub(crate) fn enter(
        &mut self,
        path: &[u8],
        text: &'a [u8],
        counts: &mut AttributeCounts,
    ) -> Result<(), Error> {
        self.open_folder(path.len() + 1, text, counts)
    }

    fn open_folder(
        &mut self,
        start: usize,
        text: &'a [u8],
        counts: &mut AttributeCounts,
    ) -> Result<(), Error> {
        let mut rules = Vec::new();
        for line in lines(text) {
            if let Some(rule) = self.rule(&line) {
                counts.rules.take(1)?;
                rules.push(rule);
            }
        }
        self.open.push((start, rules));
        Ok(())
    }

    /// The rule of a line; `None` if it has nothing to say.
    fn rule(&self, line: &Line<'a>) -> Option<Rule<'a>> {
        let Subject::Pattern(pattern) = &line.subject else { return None };
        let states = self.names.states(line.assignments());
        if states.is_empty() {
            return None;
        }
        Some(Rule { pattern: Pattern::new(pattern)?, states })
    }

    /// Leaves the folder that was entered last.
    pub(crate) fn leave(&mut self) {
        self.open.pop();
    }

    /// The states of [`ATTRIBUTES`] for a file. `path` is from the root, and the file is in the folder
    /// that was entered last or below it.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where it would take too long.
    pub(crate) fn of(
        &self,
        path: &[u8],
        steps: &mut Count,
    ) -> Result<[State<'a>; ATTRIBUTES.len()], Error> {
        let mut states: Vec<Option<State<'a>>> = vec![None; self.macros.len()];
        let name = paths::split(path).1;
        for (start, rules) in self.open.iter().rev() {
            let path = path.get(*start..).unwrap_or_default();
            for rule in rules.iter().rev() {
                if rule.pattern.matches(path, name, steps)? {
                    self.assign(&mut states, &rule.states, steps)?;
                }
            }
        }
        let mut result = [State::Unspecified; ATTRIBUTES.len()];
        for (state, found) in result.iter_mut().zip(states) {
            *state = found.unwrap_or(State::Unspecified);
        }
        Ok(result)
    }

    /// Adds the states that a line sets. A state that is there already has higher precedence and stays.
    /// A macro that is set adds the states of its own line. There is no recursion: a macro may set the
    /// next.
    fn assign(
        &self,
        states: &mut [Option<State<'a>>],
        line: &[(usize, State<'a>)],
        steps: &mut Count,
    ) -> Result<(), Error> {
        let mut open = vec![line];
        while let Some(rest) = open.last_mut() {
            let Some(((number, state), after)) = rest.split_first() else {
                open.pop();
                continue;
            };
            *rest = after;
            steps.take(1)?;
            if states[*number].is_some() {
                continue;
            }
            states[*number] = Some(*state);
            if *state == State::Set {
                open.push(&self.macros[*number]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::checkout::gitattributes;

    /// The message of the first path that takes too many steps, and how many paths did not.
    fn ends(text: &str, path: &[u8], limit: u64) -> (usize, String) {
        let mut counts = AttributeCounts::default();
        counts.steps.limit = limit;
        let attributes = Attributes::root(text.as_bytes(), &mut counts).unwrap();
        let mut good = 0;
        loop {
            match attributes.of(path, &mut counts.steps) {
                Ok(_) => good += 1,
                Err(error) => return (good, error.to_string()),
            }
        }
    }

    #[test]
    fn a_content_may_take_as_many_steps_as_the_limit_and_not_one_more() {
        // 1 for the line, and (3 + 1) × (9 + 1) for the tokens and the bytes.
        let (good, error) = ends("x??? text\n", b"xaaaaaaaaa", 5 * 41 + 40);
        assert_eq!(good, 5);
        let text =
            "the matching of .gitattributes has more than 245 steps, the most that tardist takes";
        assert!(error.starts_with(text), "{error}");
        // Where the path begins in another way, nothing is matched.
        assert_eq!(ends("x??? text\n", b"yaaaaaaaaa", 100).0, 100);
    }

    #[test]
    fn each_state_that_a_macro_sets_is_a_step() {
        let chain: String =
            (0..50).map(|n| format!("[attr]m{n} m{} ident eol=crlf\n", n + 1)).collect();
        // 1 for the line, 2 × 2 for the pattern, 1 for the word m0, and 3 words for each macro but the
        // last, where m50 is no macro.
        let (good, _) = ends(&format!("{chain}* m0\n"), b"a", 10 * (6 + 50 * 3 - 1));
        assert_eq!(good, 10);
    }

    #[test]
    fn macros_that_convert_nothing_are_not_counted_and_others_are() {
        let chain = |number: usize, end: &str| -> String {
            let lines = (0..number).map(|n| format!("[attr]m{n} m{}\n", n + 1));
            lines.chain([format!("[attr]m{number} {end}\n* m0\n")]).collect()
        };
        let mut counts = AttributeCounts::default();
        let idle = chain(20_000, "diff");
        let attributes = Attributes::root(idle.as_bytes(), &mut counts).unwrap();
        assert_eq!(attributes.macros.len(), ATTRIBUTES.len() + 1, "binary sets text");
        assert!(attributes.open[0].1.is_empty(), "the line has nothing to say");
        let most = chain(98, "ident");
        let attributes = Attributes::root(most.as_bytes(), &mut counts).unwrap();
        let [.., ident, _] = attributes.of(b"a", &mut counts.steps).unwrap();
        assert_eq!(ident, State::Set);
        let error = Attributes::root(chain(99, "ident").as_bytes(), &mut counts).unwrap_err();
        let text = "all .gitattributes together has more than 100 macros that can convert a file";
        assert!(error.to_string().starts_with(text), "{error}");
    }

    #[test]
    fn lines_that_convert_nothing_are_not_counted_and_others_are() {
        let mut counts = AttributeCounts::default();
        counts.rules.limit = 2;
        let text = "a eol=lf\nb diff\nc -merge x=y\n!d eol=lf\ne binary\n";
        let mut attributes = Attributes::root(text.as_bytes(), &mut counts).unwrap();
        let error = attributes.enter(b"f", b"* ident", &mut counts).unwrap_err().to_string();
        assert!(error.contains("more than 2 lines that can convert a file"), "{error}");
    }

    #[test]
    fn a_macro_that_sets_itself_comes_to_an_end() {
        let text = b"[attr]a b\n[attr]b a ident\n* a\n";
        let mut counts = AttributeCounts::default();
        let attributes = Attributes::root(text, &mut counts).unwrap();
        let [.., ident, _] = attributes.of(b"x", &mut counts.steps).unwrap();
        assert_eq!(ident, State::Set);
    }

    /// What a `.gitattributes` says of `text` for the path `a`.
    fn said(text: &[u8]) -> State<'_> {
        let mut counts = AttributeCounts::default();
        let attributes = Attributes::root(text, &mut counts).unwrap();
        attributes.of(b"a", &mut counts.steps).unwrap()[0]
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
        assert_eq!(said(b"a text=x=y"), State::Value(b"x=y"));
        assert_eq!(said(b"a -text"), State::Unset);
        assert_eq!(said(b"a text\na !text"), State::Unspecified);
    }

    #[test]
    fn twice_as_much_of_anything_takes_at_most_twice_the_steps() {
        // Steps for a path of this length, with so many lines, wildcards in each, and macros.
        let steps = |length: usize, lines: usize, wildcards: usize, macros: usize| {
            let chain: String = (0..macros)
                .map(|number| format!("[attr]m{number} m{} ident\n", number + 1))
                .collect();
            let line = format!("a{}z m0 text\n", "**/*[!b]?".repeat(wildcards));
            let text = chain + &line.repeat(lines);
            let mut counts = AttributeCounts::default();
            let attributes = Attributes::root(text.as_bytes(), &mut counts).unwrap();
            attributes.of("a/".repeat(length).as_bytes(), &mut counts.steps).unwrap();
            counts.steps.taken()
        };
        let once = steps(200, 20, 10, 20);
        assert!(once > 100_000);
        for twice in [
            steps(400, 20, 10, 20),
            steps(200, 40, 10, 20),
            steps(200, 20, 20, 20),
            steps(200, 20, 10, 40),
        ] {
            assert!(twice <= 2 * once, "{twice} steps instead of {once}");
        }
    }
}
