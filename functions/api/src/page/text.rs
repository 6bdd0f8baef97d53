//! Sentences, times and sizes as people read them.

use super::messages::Messages;

/// A text as a sentence: with a capital at its beginning and a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// `2026-08-06T09:30:00Z` as `2026-08-06, 09:30 UTC`.
pub(super) fn minute(messages: Messages, time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) => messages.with("time-minute", &[day, minute]),
        _ => time.to_owned(),
    }
}

/// A size as people read it: `5.1 MB`, in powers of 1,000.
pub(super) fn size(messages: Messages, bytes: u64) -> String {
    let tenths = |unit: u64| (bytes + unit / 20) / (unit / 10);
    let text = |unit: u64| {
        let (whole, tenth) = (tenths(unit) / 10, tenths(unit) % 10);
        if whole >= 10 {
            messages.number(whole)
        } else {
            format!("{whole}{}{tenth}", messages.text("decimal-point"))
        }
    };
    match bytes {
        0..=999 => messages.with("size-bytes", &[&bytes.to_string()]),
        1_000..=999_949 => messages.with("size-kilobytes", &[&text(1_000)]),
        _ => messages.with("size-megabytes", &[&text(1_000_000)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::wanted::Wanted;

    fn english() -> Messages {
        Messages::of(&Wanted::english())
    }

    #[test]
    fn a_problem_becomes_one_sentence() {
        assert_eq!(sentence("there is nothing here"), "There is nothing here.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn times_are_shown_to_the_minute() {
        assert_eq!(minute(english(), "2026-08-06T09:30:00Z"), "2026-08-06, 09:30 UTC");
        assert_eq!(minute(english(), "soon"), "soon");
    }

    #[test]
    fn sizes_are_in_the_unit_that_people_would_choose() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_949, "999 kB"),
            (999_950, "1.0 MB"),
            (5_132_477, "5.1 MB"),
            (1_234_567_890, "1,234 MB"),
        ] {
            assert_eq!(size(english(), bytes), text);
        }
        assert!(size(english(), u64::MAX / 2).ends_with(" MB"));
    }
}
