//! The list of a content's problems.

use crate::limits::content::MAX_PROBLEMS;

/// Adds a problem. If there are too many already, its text is not even made: content can have millions.
pub(crate) fn note(problems: &mut Vec<String>, problem: impl FnOnce() -> String) {
    if problems.len() < MAX_PROBLEMS {
        problems.push(problem());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_too_much_no_text_is_made() {
        let (mut problems, mut made) = (Vec::new(), 0);
        for _ in 0..MAX_PROBLEMS + 10 {
            note(&mut problems, || {
                made += 1;
                String::new()
            });
        }
        assert_eq!((problems.len(), made), (MAX_PROBLEMS, MAX_PROBLEMS));
    }
}
