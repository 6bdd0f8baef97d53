//! The configuration file that `tardist config` writes: every setting with its help text, its
//! default and an example. It is made from the same arguments as the command line.

use std::fmt::Write;

use super::{
    arguments::{self, key},
    form::{Form, Takes},
    given::Settings,
};

/// How wide comments are, in characters.
const WIDTH: usize = 98;

const HEAD: &str = "\
Configuration of tardist, as `tardist config` writes it. A line with # directly before a setting \
shows the default; to change it, remove the # and edit the value. Each setting is also an environment \
variable, which wins over this file, and a flag, which wins over both. tardist reads the file that \
--config or TARDIST_CONFIG names, or else tardist.toml in the folder where it is started. Relative \
paths start at that folder.";

/// A complete configuration file. What `settings` sets has its value; the rest is commented out,
/// with its default.
pub fn sample(settings: &Settings) -> String {
    let (set, defaults) = (settings.values(), Settings::defaults().values());
    let mut file = String::new();
    comment(&mut file, HEAD);
    let mut heading = String::new();
    let mut arguments = arguments::all();
    let headings: Vec<String> = arguments.iter().map(heading_of).collect();
    arguments.sort_by_key(|argument| headings.iter().position(|it| *it == heading_of(argument)));
    for argument in arguments {
        let key = key(&argument);
        let next = heading_of(&argument);
        if heading != next {
            let _ = write!(file, "\n# ---- {} ----\n", next.trim_start_matches("Settings: "));
            heading = next;
        }
        file.push('\n');
        let help = argument.get_long_help().or(argument.get_help());
        comment(&mut file, &format!("{}.", help.map(ToString::to_string).unwrap_or_default()));
        let names = argument.get_value_names().unwrap_or_default();
        let form = Form::of(&key);
        comment(
            &mut file,
            &format!(
                "It takes {}: {key} = {}",
                form.map_or(Takes::Other("text"), |form| form.takes),
                form.map_or("\"\"", |form| form.example)
            ),
        );
        comment(
            &mut file,
            &format!(
                "Flag --{} {}, variable {}",
                argument.get_long().unwrap_or_default(),
                names.join(" "),
                argument.get_env().unwrap_or_default().to_string_lossy()
            ),
        );
        let _ = match (set.get(&key), defaults.get(&key)) {
            (Some(value), _) => {
                if let Some(place) = settings.set_by.get(&key) {
                    comment(&mut file, &format!("Set by {place}"));
                }
                writeln!(file, "{key} = {value}")
            }
            (None, Some(value)) => writeln!(file, "#{key} = {value}"),
            (None, None) => writeln!(file, "#{key} ="),
        };
    }
    file
}

fn heading_of(argument: &clap::Arg) -> String {
    argument.get_help_heading().unwrap_or_default().to_owned()
}

/// Writes a comment in lines of at most [`WIDTH`] characters.
fn comment(file: &mut String, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH - 2 {
            let _ = writeln!(file, "# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(file, "# {line}");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::{config::Config, file, form::FORMS, set_by::SetBy};

    /// The file with no setting commented out.
    fn uncommented(text: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn the_sample_is_the_defaults_whether_commented_out_or_not() {
        let text = sample(&Settings::default());
        let defaults = Config::new(Settings::default()).unwrap();
        for (text, count) in [(text.clone(), 0), (uncommented(&text), FORMS.len())] {
            let read = file::parse(Path::new("sample"), &text);
            assert_eq!(read.wrong, [""; 0], "{text}");
            assert_eq!(read.settings.set_by.len(), count, "{text}");
            assert_eq!(Config::new(read.settings).unwrap(), defaults);
        }
        assert!(text.lines().all(|line| line.starts_with('#') || line.is_empty()), "{text}");
    }

    #[test]
    fn examples_are_what_their_settings_take() {
        for form in FORMS {
            let text = format!("{} = {}", form.key, form.example);
            let read = file::parse(Path::new("example"), &text);
            assert_eq!(read.wrong, [""; 0]);
            assert!(Config::new(read.settings).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_list_of_tables_fits_into_a_line_wherever_it_stands() {
        let text = "[[it]]\nkind = 'a'\nurls = ['b']\n[[it]]\nkind = 'c'\n";
        let table: toml::Table = text.parse().unwrap();
        let line = format!("it = {}\nnext = 1\n", table["it"]);
        assert_eq!(line.lines().count(), 2, "{line}");
        assert_eq!(line.parse::<toml::Table>().unwrap()["it"], table["it"]);
    }

    #[test]
    fn what_is_set_stands_as_it_is_set_and_says_where() {
        let settings = Settings {
            jobs: Some(7),
            grace: Some(jiff::SignedDuration::from_mins(90)),
            set_by: [("jobs".to_owned(), SetBy::Variable("TARDIST_JOBS".into()))].into(),
            ..Settings::default()
        };
        let text = sample(&settings);
        assert!(text.contains("\n# Set by TARDIST_JOBS\njobs = 7\n"), "{text}");
        let read = file::parse(Path::new("sample"), &text);
        assert_eq!(read.settings.values(), settings.values());
    }
}
