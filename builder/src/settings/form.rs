//! What each setting takes: for checks, for messages, and for the generated file. Ranges of numbers
//! and times are here only.

use std::{fmt, time::Duration};

use bytesize::ByteSize;

use super::set_by::SetBy;

/// The longest time that anything takes: ten years. With much longer ones, the end of a period is no time that the
/// clock has.
const MOST_TIME: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// Which values a setting takes. Its text is the end of a sentence, such as "a number from 1 to
/// 256".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A number in a range.
    Number {
        /// The least that is allowed.
        least: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// A size in bytes, of at least so many.
    Size {
        /// The least that is allowed.
        least: ByteSize,
    },
    /// A time, which may be zero.
    Time,
    /// A time that may not be zero.
    TimeAboveZero,
    /// Something else, which this text describes. What is allowed is checked where it is used.
    Other(&'static str),
}

impl Takes {
    /// False where this is a range and `number` is not in it.
    pub fn allows_number(self, number: usize) -> bool {
        match self {
            Self::Number { least, most } => (least..=most).contains(&number),
            _ => true,
        }
    }

    /// False where this is a size with a minimum and `size` is below it.
    pub fn allows_size(self, size: ByteSize) -> bool {
        match self {
            Self::Size { least } => size >= least,
            _ => true,
        }
    }

    /// False where this is a time above zero and `time` is zero.
    pub fn allows_time(self, time: Duration) -> bool {
        self != Self::TimeAboveZero || !time.is_zero()
    }

    /// Checks that a time is at most ten years.
    ///
    /// # Errors
    /// What the most is, as the end of a sentence that begins with the time.
    pub fn check_most(time: Duration) -> Result<(), &'static str> {
        match time <= MOST_TIME {
            true => Ok(()),
            false => Err("is longer than 87600h (ten years), the most that a time may be"),
        }
    }
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { least, most } => write!(f, "a number from {least} to {most}"),
            Self::Size { least } => write!(f, "a size of {least} or more, such as 512MiB or 2GiB"),
            Self::Time => f.write_str("a time such as 0s, 90m or 24h"),
            Self::TimeAboveZero => f.write_str("a time above zero, such as 90s, 5m or 24h"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What a setting takes, and an example.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Its key in a file.
    pub key: &'static str,
    /// Which values it takes.
    pub takes: Takes,
    /// A value as TOML writes it.
    pub example: &'static str,
    /// True where the error of the setting's type names the broken rule, and so says more than
    /// `takes`.
    pub explains: bool,
}

const fn form(key: &'static str, takes: Takes, example: &'static str) -> Form {
    Form { key, takes, example, explains: false }
}

const fn text(key: &'static str, takes: &'static str, example: &'static str) -> Form {
    form(key, Takes::Other(takes), example)
}

const fn number(key: &'static str, least: usize, most: usize, example: &'static str) -> Form {
    form(key, Takes::Number { least, most }, example)
}

const fn size(key: &'static str, least: u64, example: &'static str) -> Form {
    form(key, Takes::Size { least: ByteSize::b(least) }, example)
}

/// A setting whose type's own error says more.
const fn explained(key: &'static str, takes: &'static str, example: &'static str) -> Form {
    Form { explains: true, ..text(key, takes, example) }
}

/// All settings, as `tardist config` lists them.
pub const FORMS: [Form; 35] = [
    text("data", "the path of a folder", r#""/srv/tardist""#),
    explained(
        "upstream",
        "a URL, TYPE=URL, or a list or tables of them",
        r#""https://gerrit.wikimedia.org/r""#,
    ),
    explained("branches", "a list of branch names and patterns", r#"["master", "REL1_46"]"#),
    // MediaWiki has four or five releases at a time that get fixes.
    number("release-branches", 0, 20, "4"),
    explained(
        "only",
        "a list of repositories as extensions/NAME or skins/NAME",
        r#"["extensions/MassMessage"]"#,
    ),
    text("public-url", "an http or https URL, or empty", r#""https://dist.example.org""#),
    text("store", "s3://BUCKET/PREFIX, file:///PATH, or empty", r#""s3://tardist""#),
    text("store-endpoint", "an http or https URL, or empty", r#""https://s3.example.org""#),
    text("store-region", "the name of a region", r#""eu-west-1""#),
    text(
        "store-credentials",
        "the path of a file, or empty",
        r#""/etc/tardist/store-credentials""#,
    ),
    text("store-key", "the path of a file, or empty", r#""/etc/tardist/store.key""#),
    text(
        "store-public-key",
        "a public key of minisign, the path of a file with one, or empty",
        r#""RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3""#,
    ),
    text(
        "contact",
        "ASCII text without brackets and line breaks",
        r#""https://wiki.example.org/Tardist""#,
    ),
    explained(
        "url-map",
        "a list of FROM=TO, with TO an http or https URL",
        r#"["https://gerrit.wikimedia.org/r/=https://replica.example.org/r/"]"#,
    ),
    explained(
        "submodule-hosts",
        "a list of http or https URLs without a path",
        r#"["https://github.com"]"#,
    ),
    // Nobody has submodules of submodules that are deeper than 16.
    number("submodule-depth", 0, 16, "1"),
    text("composer", "the path of a program, or empty", r#""/usr/bin/composer""#),
    form("composer-timeout", Takes::TimeAboveZero, r#""5m""#),
    text("incomplete", r#""avoid" or "accept""#, r#""accept""#),
    // No upstream would find more than 256 connections polite.
    number("jobs", 1, 256, "4"),
    // With less, a worker could not even start.
    size("limit-memory", 64 << 20, r#""1GiB""#),
    form("limit-cpu", Takes::TimeAboveZero, r#""2m""#),
    form("limit-time", Takes::TimeAboveZero, r#""1h""#),
    form("limit-idle", Takes::TimeAboveZero, r#""10m""#),
    size("limit-disk", 1 << 20, r#""4GiB""#),
    form("deadline", Takes::TimeAboveZero, r#""2h""#),
    size("keep-free", 0, r#""5GiB""#),
    number("max-loss", 0, 100, "20"),
    // More make no difference: no try begins later than three minutes after the first (MAX_RETRY_TIME).
    number("retries", 0, 100, "3"),
    form("timeout", Takes::TimeAboveZero, r#""2m""#),
    form("grace", Takes::Time, r#""168h""#),
    form("refresh", Takes::TimeAboveZero, r#""12h""#),
    form("publish-every", Takes::Time, r#""5m""#),
    text("log-format", r#""text" or "json""#, r#""json""#),
    text(
        "metrics-file",
        "the path of a file whose name ends in .prom, or empty",
        r#""/var/lib/tardist/tardist.prom""#,
    ),
];

/// How much of a wrong value a message repeats, in characters.
const MAX_QUOTED: usize = 60;

impl Form {
    /// The form of a key.
    pub fn of(key: &str) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.key == key)
    }

    /// What to write instead of a wrong value, in the syntax of the place where that was set.
    fn instead(&self, set_by: Option<&SetBy>) -> String {
        let plain = || {
            let document: Option<toml::Table> = format!("it = {}", self.example).parse().ok();
            match document.and_then(|mut document| document.remove("it")) {
                Some(toml::Value::String(text)) => text,
                // A flag takes one value at a time; a variable has commas between values.
                Some(toml::Value::Array(items)) => {
                    let count =
                        if matches!(set_by, Some(SetBy::Flag(_))) { 1 } else { items.len() };
                    let texts = items.iter().take(count).filter_map(toml::Value::as_str);
                    texts.collect::<Vec<_>>().join(",")
                }
                _ => self.example.to_owned(),
            }
        };
        match set_by {
            Some(SetBy::Flag(flag)) => format!("{flag} {}", plain()),
            Some(SetBy::Variable(name)) => format!("{name}={}", plain()),
            Some(SetBy::File { .. }) | None => format!("{} = {}", self.key, self.example),
        }
    }

    /// The message about a wrong value: where, what is wrong, what to write.
    pub fn refuse(&self, set_by: Option<&SetBy>, reason: &str) -> String {
        let subject = match set_by {
            Some(file @ SetBy::File { .. }) => format!("{file}: {}", self.key),
            Some(other) => other.to_string(),
            None => self.key.to_owned(),
        };
        format!("{subject}: {reason}; write {}", self.instead(set_by))
    }

    /// The same where the value is not one that the setting takes; `value` as it was written.
    pub fn refuse_value(&self, set_by: Option<&SetBy>, value: &str) -> String {
        self.refuse(set_by, &format!("{} is not {}", quote(value), self.takes))
    }
}

/// The first line of a text, shortened.
fn quote(text: &str) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MAX_QUOTED).filter(|c| !c.is_control()).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_where_what_and_what_to_write_there() {
        let jobs = Form::of("jobs").unwrap();
        let file = SetBy::File { path: "tardist.toml".into(), line: 12, column: 8 };
        let flag = SetBy::Flag("--jobs".into());
        let variable = SetBy::Variable("TARDIST_JOBS".into());
        for (set_by, says) in [
            (None, "jobs: 0 is not a number from 1 to 256; write jobs = 4"),
            (
                Some(&file),
                "tardist.toml:12:8: jobs: 0 is not a number from 1 to 256; write jobs = 4",
            ),
            (Some(&flag), "--jobs: 0 is not a number from 1 to 256; write --jobs 4"),
            (
                Some(&variable),
                "TARDIST_JOBS: 0 is not a number from 1 to 256; write TARDIST_JOBS=4",
            ),
        ] {
            assert_eq!(jobs.refuse_value(set_by, "0"), says);
        }
        let branches = Form::of("branches").unwrap();
        let variable = SetBy::Variable("TARDIST_BRANCHES".into());
        let said = branches.refuse_value(Some(&variable), "");
        assert!(said.ends_with("; write TARDIST_BRANCHES=master,REL1_46"), "{said}");
        let flag = SetBy::Flag("--branch".into());
        let said = branches.refuse_value(Some(&flag), &format!("{}\nb", "a".repeat(100)));
        assert!(
            said.contains("aaa… is not") && said.ends_with("; write --branch master"),
            "{said}"
        );
    }
}
