//! The problems of a branch's metadata: sentences for people. Content decides how many there are and how long, so
//! both are limited.

use crate::{
    error::is_disguise,
    limits::metadata::{MAX_PROBLEM, MAX_PROBLEMS},
};

/// What was wrong, a sentence each.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Adds a problem, unless there are too many already. A long one loses its end, and what would disguise it is a space:
    /// content has chosen names in it.
    pub(crate) fn add(&mut self, mut problem: String) {
        if self.0.len() == MAX_PROBLEMS {
            return;
        }
        if problem.contains(is_disguise) {
            problem = problem.replace(is_disguise, " ");
        }
        if problem.len() > MAX_PROBLEM {
            problem.truncate(problem.floor_char_boundary(MAX_PROBLEM));
            problem.push('…');
            problem.shrink_to_fit();
        }
        self.0.push(problem);
    }

    /// The sentences.
    pub(crate) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_text_for_people() {
        let mut problems = Problems::default();
        problems.add("extension-\u{1b}[31m\u{202e}nosj.\njson is not JSON".to_owned());
        assert_eq!(problems.into_vec(), ["extension- [31m nosj. json is not JSON"]);
    }

    #[test]
    fn problems_are_few_and_short() {
        let mut problems = Problems::default();
        for _ in 0..=MAX_PROBLEMS {
            problems.add("ü".repeat(MAX_PROBLEM));
        }
        let problems = problems.into_vec();
        assert_eq!(problems.len(), MAX_PROBLEMS);
        assert_eq!(problems[0], format!("{}…", "ü".repeat(MAX_PROBLEM / 2)));
    }
}
