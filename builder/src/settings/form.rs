//! What each setting takes, for messages and for the generated file, and how such a message reads.

use super::Place;

/// What a setting takes.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Its key in a file.
    pub key: &'static str,
    /// What it takes, as the end of a sentence: "a number from 1 to 256".
    pub takes: &'static str,
    /// A value as TOML writes it.
    pub example: &'static str,
    /// True where the type's own error names the broken rule and so says more than `takes`.
    pub explains: bool,
}

const fn form(key: &'static str, takes: &'static str, example: &'static str) -> Form {
    Form { key, takes, example, explains: false }
}

/// A setting whose type's own error says more.
const fn explained(key: &'static str, takes: &'static str, example: &'static str) -> Form {
    Form { key, takes, example, explains: true }
}

/// All settings, as `tardist config` lists them.
pub const FORMS: [Form; 15] = [
    form("data", "the path of a folder", r#""/srv/tardist""#),
    explained(
        "upstream",
        "a URL, TYPE=URL, or a list or tables of them",
        r#""https://gerrit.wikimedia.org/r""#,
    ),
    explained("branches", "a list of branch names", r#"["master", "REL1_46"]"#),
    explained(
        "only",
        "a list of repositories as extensions/NAME or skins/NAME",
        r#"["extensions/MassMessage"]"#,
    ),
    form("public-url", "a http or https URL, or empty", r#""https://dist.example.org""#),
    form(
        "contact",
        "ASCII text without brackets and line breaks",
        r#""https://wiki.example.org/Tardist""#,
    ),
    explained(
        "url-map",
        "a list of FROM=TO, with TO a http or https URL",
        r#"["https://gerrit.wikimedia.org/r/=https://replica.example.org/r/"]"#,
    ),
    form("submodule-depth", "a number from 0 to 16", "1"),
    form("composer", "the path of a program, or empty", r#""/usr/bin/composer""#),
    form("composer-timeout", "a time above zero, such as 90s, 5m or 24h", r#""5m""#),
    form("jobs", "a number from 1 to 256", "4"),
    form("retries", "a number from 0 to 100", "3"),
    form("timeout", "a time above zero, such as 90s, 5m or 24h", r#""2m""#),
    form("grace", "a time such as 0s, 90m or 24h", r#""24h""#),
    form("refresh", "a time above zero, such as 90s, 5m or 24h", r#""12h""#),
];

/// The longest piece of a wrong value that a message repeats, in characters.
const MAX_QUOTED: usize = 60;

impl Form {
    /// The form of a key.
    pub fn of(key: &str) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.key == key)
    }

    /// What to write instead of a wrong value, in the way of where it stood.
    fn instead(&self, place: Option<&Place>) -> String {
        let plain = || {
            let document: Option<toml::Table> = format!("it = {}", self.example).parse().ok();
            match document.and_then(|mut document| document.remove("it")) {
                Some(toml::Value::String(text)) => text,
                // One or several, a flag takes one at a time and a variable commas between.
                Some(toml::Value::Array(items)) => {
                    let count = if matches!(place, Some(Place::Flag(_))) { 1 } else { items.len() };
                    let texts = items.iter().take(count).filter_map(toml::Value::as_str);
                    texts.collect::<Vec<_>>().join(",")
                }
                _ => self.example.to_owned(),
            }
        };
        match place {
            Some(Place::Flag(flag)) => format!("{flag} {}", plain()),
            Some(Place::Variable(name)) => format!("{name}={}", plain()),
            Some(Place::File { .. }) | None => format!("{} = {}", self.key, self.example),
        }
    }

    /// The message about a wrong value: where, what is wrong, what to write.
    pub fn refuse(&self, place: Option<&Place>, reason: &str) -> String {
        let subject = match place {
            Some(place @ Place::File { .. }) => format!("{place}: {}", self.key),
            Some(place) => place.to_string(),
            None => self.key.to_owned(),
        };
        format!("{subject}: {reason}; write {}", self.instead(place))
    }

    /// [`refuse`](Self::refuse) where the value is not what the setting takes; `value` as it was
    /// written.
    pub fn refuse_value(&self, place: Option<&Place>, value: &str) -> String {
        self.refuse(place, &format!("{} is not {}", quote(value), self.takes))
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
        let file = Place::File { path: "tardist.toml".into(), line: 12, column: 8 };
        let flag = Place::Flag("--jobs".into());
        let variable = Place::Variable("TARDIST_JOBS".into());
        for (place, says) in [
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
            assert_eq!(jobs.refuse_value(place, "0"), says);
        }
        let branches = Form::of("branches").unwrap();
        let variable = Place::Variable("TARDIST_BRANCHES".into());
        let said = branches.refuse_value(Some(&variable), "");
        assert!(said.ends_with("; write TARDIST_BRANCHES=master,REL1_46"), "{said}");
        let flag = Place::Flag("--branch".into());
        let said = branches.refuse_value(Some(&flag), &format!("{}\nb", "a".repeat(100)));
        assert!(
            said.contains("aaa… is not") && said.ends_with("; write --branch master"),
            "{said}"
        );
    }
}
