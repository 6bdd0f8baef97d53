//! Reads the configuration file. It finds everything that is wrong, not only the first error.
//!
//! Deserializing the whole file would end at its first error. So a parser reads the syntax that
//! goes on after an error. Then each key is deserialized by itself into [`Settings`]; of a list
//! that is wrong, each element.

use std::{fs, ops::Range, path::Path};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    form::{FORMS, Form},
    given::Settings,
    set_by::SetBy,
};

/// What a file says.
#[derive(Debug, Default)]
pub struct Read {
    /// The settings that are right. They know where they were set.
    pub settings: Settings,
    /// What is wrong with the others, in the order of the file: `FILE:LINE:COLUMN: …` each.
    pub wrong: Vec<String>,
}

/// Reads a configuration file.
pub fn read(path: &Path) -> Read {
    let unreadable = |wrong: String| Read { wrong: vec![wrong], ..Read::default() };
    match fs::read(path) {
        Err(error) => unreadable(format!(
            "{}: cannot be read: {error}; give the path of a file that `tardist config` could have \
             written",
            path.display()
        )),
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => parse(path, &text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
                let place = Document { path, text: &text }.at(valid);
                unreadable(format!("{place}: here the file is not UTF-8 text; save it as such"))
            }
        },
    }
}

/// Reads the text of a configuration file.
pub fn parse(path: &Path, text: &str) -> Read {
    let document = Document { path, text };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut settings = Settings::default();
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        wrong.push((at, document.syntax_error(at, error.message())));
    }
    // The parser's guess at a value on a broken line is not reported as a second error.
    let broken: Vec<usize> = wrong.iter().map(|(at, _)| document.line(*at)).collect();
    let span = table.span();
    for (key, value) in table.into_inner() {
        let at = key.span().start;
        if broken.contains(&document.line(at))
            || broken.contains(&document.line(value.span().start))
        {
            continue;
        }
        let name = key.get_ref().to_string();
        let Some(form) = Form::of(&name) else {
            wrong.push((at, document.unknown(at, &name)));
            continue;
        };
        let set_by = document.at(at);
        match one(&span, &key, value.clone()) {
            Ok(mut found) => {
                found.set_by.insert(name, set_by);
                settings = settings.or(found);
            }
            Err(error) => {
                wrong.extend(document.wrong_value(form, &span, &key, &value, &error));
            }
        }
    }
    wrong.sort();
    Read { settings, wrong: wrong.into_iter().map(|(_, message)| message).collect() }
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// The settings of a file that has only this key.
fn one<'i>(
    span: &Range<usize>,
    key: &Key<'i>,
    value: Spanned<DeValue<'i>>,
) -> Result<Settings, toml::de::Error> {
    let mut table = DeTable::new();
    table.insert(key.clone(), value);
    Settings::deserialize(toml::de::Deserializer::from(Spanned::new(span.clone(), table)))
}

/// A file and its text, for messages that name a line and a column.
struct Document<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Document<'_> {
    fn before(&self, offset: usize) -> &str {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        &self.text[..offset]
    }

    fn line(&self, offset: usize) -> usize {
        self.before(offset).matches('\n').count() + 1
    }

    fn at(&self, offset: usize) -> SetBy {
        let line = self.before(offset).rsplit('\n').next().unwrap_or_default();
        SetBy::File {
            path: self.path.to_owned(),
            line: self.line(offset),
            column: line.chars().count() + 1,
        }
    }

    fn syntax_error(&self, at: usize, message: &str) -> String {
        let message = message.replace('\n', ", ");
        let line = self.text.lines().nth(self.line(at) - 1).unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let place = self.at(at);
        match Form::of(key) {
            Some(form) => form.refuse(Some(&place), &format!("this is not TOML: {message}")),
            None => format!("{place}: this is not TOML: {message}; write lines such as jobs = 4"),
        }
    }

    fn unknown(&self, at: usize, name: &str) -> String {
        let place = self.at(at);
        let near = FORMS
            .iter()
            .map(|form| (strsim::jaro_winkler(form.key, &name.replace('_', "-")), form))
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .filter(|(likeness, _)| *likeness > 0.75);
        match near {
            Some((_, form)) => format!(
                "{place}: {name}: there is no such setting; write {} = {}",
                form.key, form.example
            ),
            None => format!(
                "{place}: {name}: there is no such setting; write one of {}",
                FORMS.map(|form| form.key).join(", ")
            ),
        }
    }

    /// What is wrong with a value. In a list, each wrong element is told.
    fn wrong_value(
        &self,
        form: &Form,
        span: &Range<usize>,
        key: &Key<'_>,
        value: &Spanned<DeValue<'_>>,
        error: &toml::de::Error,
    ) -> Vec<(usize, String)> {
        let mut wrong = Vec::new();
        if let DeValue::Array(items) = value.get_ref() {
            for item in items.iter() {
                let mut alone = toml::de::DeArray::new();
                alone.push(item.clone());
                let alone = Spanned::new(item.span(), DeValue::Array(alone));
                if let Err(error) = one(span, key, alone) {
                    wrong.push(self.wrong_part(form, item.span(), &error));
                }
            }
        }
        if wrong.is_empty() {
            wrong.push(self.wrong_part(form, value.span(), error));
        }
        wrong
    }

    fn wrong_part(
        &self,
        form: &Form,
        whole: Range<usize>,
        error: &toml::de::Error,
    ) -> (usize, String) {
        let message = error.message();
        let of_type = ["invalid type", "invalid value", "invalid length"]
            .iter()
            .any(|start| message.starts_with(start));
        // Within a table, the error knows the place more exactly.
        let at = error.span().filter(|span| whole.contains(&span.start)).unwrap_or(whole);
        let place = self.at(at.start);
        let text = self.text.get(at.clone()).unwrap_or_default();
        let message = if of_type || !form.explains {
            form.refuse_value(Some(&place), text)
        } else {
            form.refuse(Some(&place), message)
        };
        (at.start, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        parse(Path::new("tardist.toml"), text).wrong
    }

    #[test]
    fn what_is_right_comes_out_with_its_place() {
        let text = "# comment\nbranches = ['master']\n  grace = '2h'\n\
                    url-map = ['https://a/=http://b/']\n";
        let read = parse(Path::new("x.toml"), text);
        assert_eq!(read.wrong, [""; 0]);
        assert_eq!(read.settings.url_map.unwrap()[0].to, "http://b/");
        let set_by = SetBy::File { path: "x.toml".into(), line: 3, column: 3 };
        assert_eq!(read.settings.set_by["grace"], set_by);
        assert_eq!(read.settings.set_by.len(), 3);
    }

    #[test]
    fn all_errors_are_told_each_with_its_line_and_what_to_write() {
        let text = "jobs = 'x'\n\
                    brunches = []\n\
                    timeout = 'soon'\n\
                    retries = -1\n\
                    only = ['extensions/A', 'B', 3]\n\
                    url-map = [\n  'https://a/=http://b/',\n  'x',\n]\n\
                    public_url = 'http://x'\n\
                    zebra = 1\n\
                    data = 3\n\
                    branches = 'master'\n";
        let expected = [
            "tardist.toml:1:8: jobs: 'x' is not a number from 1 to 256; write jobs = 4",
            "tardist.toml:2:1: brunches: there is no such setting; write branches = [\"master\", \"REL1_46\"]",
            "tardist.toml:3:11: timeout: 'soon' is not a time above zero, such as 90s, 5m or 24h; write timeout = \"2m\"",
            "tardist.toml:4:11: retries: -1 is not a number from 0 to 100; write retries = 3",
            "tardist.toml:5:25: only: \"B\" is not a repository: write `extensions/NAME` or `skins/NAME`; write only = [\"extensions/MassMessage\"]",
            "tardist.toml:5:30: only: 3 is not a list of repositories as extensions/NAME or skins/NAME; write only = [\"extensions/MassMessage\"]",
            "tardist.toml:8:3: url-map: \"x\" is not FROM=TO with TO an http or https URL, such as https://gerrit.wikimedia.org/r/=https://replica.example.org/r/; write url-map = [\"https://gerrit.wikimedia.org/r/=https://replica.example.org/r/\"]",
            "tardist.toml:10:1: public_url: there is no such setting; write public-url = \"https://dist.example.org\"",
            "tardist.toml:11:1: zebra: there is no such setting; write one of data, upstream, branches, release-branches, only, public-url, store, \
                 store-endpoint, store-region, store-credentials, store-key, store-public-key, contact, url-map, submodule-hosts, submodule-depth, composer, composer-timeout, incomplete, jobs, limit-memory, limit-cpu, limit-time, limit-idle, limit-disk, deadline, keep-free, max-loss, retries, timeout, grace, refresh, publish-every, log-format, metrics-file",
            "tardist.toml:12:8: data: 3 is not the path of a folder; write data = \"/srv/tardist\"",
            "tardist.toml:13:12: branches: 'master' is not a list of branch names and patterns; write branches = [\"master\", \"REL1_46\"]",
        ];
        assert_eq!(wrong(text), expected);
    }

    #[test]
    fn syntax_errors_are_told_together_with_all_others() {
        let text = "jobs = x\nretries = 'many'\ntimeout 5\n";
        let told = wrong(text).join("\n");
        for says in [
            "tardist.toml:1:8: jobs: this is not TOML",
            "write jobs = 4",
            "tardist.toml:2:11: retries: 'many' is not a number",
            "tardist.toml:3:",
        ] {
            assert!(told.contains(says), "{says} is not in:\n{told}");
        }
        for text in [
            "[",
            "= 1",
            "a = [1,",
            "\0",
            "x = \"\\u{1}\"",
            "grace = \"open\n",
            "jobs = 1\njobs = 2",
            "[jobs]\nx=1",
        ] {
            let told = wrong(text);
            assert!(
                !told.is_empty() && told.iter().all(|it| it.starts_with("tardist.toml:")),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_file_that_can_not_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tardist.toml");
        assert!(read(&path).wrong[0].contains("tardist.toml: cannot be read"));
        assert!(read(folder.path()).wrong[0].contains("cannot be read"));
        fs::write(&path, b"jobs = 2\ncontact = '\xff'").unwrap();
        assert!(read(&path).wrong[0].contains("tardist.toml:2:12: "), "{:?}", read(&path));
    }
}
