//! The environment: each variable is looked at by itself, so that all wrong ones are told, by name
//! and together with what is wrong in the file. Clap by itself ends at the first, and names the
//! flag.

use std::ffi::OsString;

use clap::{Arg, Command, error::ErrorKind};

use super::{arguments::key, form::Form, set_by::SetBy};

/// What is to be said about the environment.
#[derive(Debug, Default)]
pub struct Looked {
    /// The ids of arguments whose variable is empty or wrong, and must not count.
    pub ignored: Vec<String>,
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// Looks at the variables of settings. An empty one is as good as none: lists of variables, as
/// systemd and containers have them, often name all.
pub fn look(settings: &[Arg], value: impl Fn(&str) -> Option<OsString>) -> Looked {
    let mut looked = Looked::default();
    for argument in settings {
        let Some(name) = argument.get_env().and_then(|name| name.to_str()) else { continue };
        let Some(value) = value(name) else { continue };
        if !value.is_empty() {
            match check(argument, &value) {
                Ok(()) => continue,
                Err(reason) => looked.wrong.push(message(argument, name, &value, reason)),
            }
        }
        looked.ignored.push(argument.get_id().to_string());
    }
    looked
}

/// Parses a value as the flag would; the reason of a type that refuses it.
fn check(argument: &Arg, value: &OsString) -> Result<(), Option<String>> {
    let mut flag = OsString::from(format!("--{}=", argument.get_long().unwrap_or_default()));
    flag.push(value);
    let alone = argument.clone().env(None).global(false);
    let command = Command::new("tardist").no_binary_name(true).arg(alone);
    command.try_get_matches_from([flag]).map(|_| ()).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        cause.filter(|_| error.kind() == ErrorKind::ValueValidation)
    })
}

fn message(argument: &Arg, name: &str, value: &OsString, reason: Option<String>) -> String {
    let key = key(argument);
    let place = SetBy::Variable(name.to_owned());
    let quoted = format!("{:?}", value.to_string_lossy());
    match (Form::of(&key), reason) {
        (Some(form), Some(reason)) if form.explains => form.refuse(Some(&place), &reason),
        (Some(form), _) => form.refuse_value(Some(&place), &quoted),
        (None, reason) => format!("{name}: {quoted} is wrong: {}", reason.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::arguments;

    #[test]
    fn all_wrong_variables_are_told_by_name() {
        let looked = look(&arguments::all(), |name| match name {
            "TARDIST_JOBS" => Some("x".into()),
            "TARDIST_BRANCHES" => Some("master,a b".into()),
            "TARDIST_ONLY" => Some("MassMessage".into()),
            "TARDIST_TIMEOUT" => Some("soon".into()),
            "TARDIST_GRACE" => Some("1h".into()),
            "TARDIST_CONTACT" => Some("".into()),
            _ => None,
        });
        let told = looked.wrong.join("\n");
        assert_eq!(looked.wrong.len(), 4, "{told}");
        for says in [
            "TARDIST_JOBS: \"x\" is not a number from 1 to 256; write TARDIST_JOBS=4",
            "TARDIST_BRANCHES: \"a b\" is not a branch name: ",
            "TARDIST_ONLY: \"MassMessage\" is not a repository: ",
            "TARDIST_TIMEOUT: \"soon\" is not a time above zero",
        ] {
            assert!(told.contains(says), "{says} is not in:\n{told}");
        }
        assert_eq!(looked.ignored.len(), 5, "{:?}", looked.ignored);
    }
}
