//! Marks: a wanted number, the measured number, and whether the mark holds.

use std::fmt;

use serde_json::{Value, json};

/// The condition on a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

/// One mark.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    name: String,
    wanted: Wanted,
    /// The unit of both numbers: `s`, `×`, `MiB`.
    unit: &'static str,
    /// The measured number, or why there is none.
    seen: Result<f64, String>,
}

impl Mark {
    pub(crate) fn new(
        name: impl Into<String>,
        wanted: Wanted,
        unit: &'static str,
        seen: Result<f64, String>,
    ) -> Self {
        Self { name: name.into(), wanted, unit, seen }
    }

    /// Whether the mark holds; `None` if it was not measured.
    fn holds(&self) -> Option<bool> {
        let seen = *self.seen.as_ref().ok()?;
        Some(match self.wanted {
            Wanted::AtMost(limit) => seen <= limit,
            Wanted::AtLeast(limit) => seen >= limit,
        })
    }

    pub(crate) fn json(&self) -> Value {
        let (bound, limit) = match self.wanted {
            Wanted::AtMost(limit) => ("at_most", limit),
            Wanted::AtLeast(limit) => ("at_least", limit),
        };
        json!({
            "mark": self.name, bound: limit, "unit": self.unit, "seen": self.seen.as_ref().ok(),
            "holds": self.holds(), "why_not_measured": self.seen.as_ref().err(),
        })
    }
}

/// All marks as a table.
pub(crate) struct Table<'a>(pub(crate) &'a [Mark]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|mark| mark.name.chars().count()).max().unwrap_or(4);
        writeln!(f, "{:width$}  {:>12}  {:>12}  holds", "mark", "wanted", "seen")?;
        for mark in self.0 {
            let (sign, limit) = match mark.wanted {
                Wanted::AtMost(limit) => ('≤', limit),
                Wanted::AtLeast(limit) => ('≥', limit),
            };
            let wanted = format!("{sign} {}", number(limit, mark.unit));
            write!(f, "{:width$}  {wanted:>12}  ", mark.name)?;
            match (&mark.seen, mark.holds()) {
                (Ok(seen), holds) => {
                    let holds = if holds == Some(true) { "yes" } else { "NO" };
                    writeln!(f, "{:>12}  {holds}", number(*seen, mark.unit))?;
                }
                (Err(why), _) => writeln!(f, "{:>12}  not measured: {why}", "")?,
            }
        }
        Ok(())
    }
}

/// The number with its unit, and with about three digits.
fn number(number: f64, unit: &str) -> String {
    let digits = match number.abs() {
        _ if number.fract() == 0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let space = if unit.is_empty() { "" } else { " " };
    format!("{number:.digits$}{space}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_holds_up_to_its_limit_and_says_when_it_was_not_measured() {
        let mark = |wanted, seen: Result<f64, &str>| {
            Mark::new("speed", wanted, "×", seen.map_err(str::to_owned))
        };
        assert_eq!(mark(Wanted::AtMost(3.0), Ok(3.0)).holds(), Some(true));
        assert_eq!(mark(Wanted::AtMost(3.0), Ok(3.1)).holds(), Some(false));
        assert_eq!(mark(Wanted::AtLeast(3.0), Ok(2.9)).holds(), Some(false));
        assert_eq!(mark(Wanted::AtLeast(3.0), Ok(f64::NAN)).holds(), Some(false));
        let missing = mark(Wanted::AtLeast(15.0), Err("give --extdist"));
        assert_eq!(missing.holds(), None);
        let marks = [missing, mark(Wanted::AtMost(0.15), Ok(0.0712))];
        let table = Table(&marks).to_string();
        assert!(table.contains("≥ 15 ×") && table.contains("not measured: give --extdist"));
        assert!(table.contains("≤ 0.150 ×") && table.contains("0.071 ×  yes"), "{table}");
    }
}
