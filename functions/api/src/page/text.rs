//! Sentences, times, counts and sizes as people read them.

/// A text as a sentence: with a capital at its beginning and a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// `2026-08-06T09:30:00Z` as `2026-08-06, 09:30 UTC`.
pub(super) fn minute(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day}, {minute} UTC"),
        _ => time.to_owned(),
    }
}

/// A count with a comma at each thousand.
pub(super) fn thousands(count: i64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size as people read it: `5.1 MB`, in powers of 1,000.
pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes + unit / 20) / (unit / 10);
    let text = |unit: u64, name: &str| {
        let (whole, tenth) = (tenths(unit) / 10, tenths(unit) % 10);
        let whole = i64::try_from(whole).unwrap_or(i64::MAX);
        if whole >= 10 {
            format!("{} {name}", thousands(whole))
        } else {
            format!("{whole}.{tenth} {name}")
        }
    };
    match bytes {
        0..=999 => format!("{bytes} bytes"),
        1_000..=999_949 => text(1_000, "kB"),
        _ => text(1_000_000, "MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_becomes_one_sentence() {
        assert_eq!(sentence("there is nothing here"), "There is nothing here.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn counts_have_a_comma_at_each_thousand() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(count), text);
        }
    }

    #[test]
    fn times_are_shown_to_the_minute() {
        assert_eq!(minute("2026-08-06T09:30:00Z"), "2026-08-06, 09:30 UTC");
        assert_eq!(minute("soon"), "soon");
    }

    #[test]
    fn sizes_are_in_the_unit_that_people_would_choose() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_949, "999 kB"),
            (999_950, "1.0 MB"),
            (5_132_477, "5.1 MB"),
            (1_234_567_890, "1,234 MB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert!(size(u64::MAX / 2).ends_with(" MB"));
    }
}
