//! Checks the environment variables, each by itself. So all wrong ones are reported, by name and
//! together with what is wrong in the file. Clap alone would end at the first one, and name its
//! flag.

use std::ffi::OsString;

use clap::{Arg, Command};

use super::{arguments, set_by::SetBy};

/// What was found in the environment.
#[derive(Debug, Default)]
pub struct Checked {
    /// The ids of the arguments whose variable is empty or wrong. Clap is not to read these
    /// variables.
    pub ignored: Vec<String>,
    /// What is wrong, a message each.
    pub wrong: Vec<String>,
}

/// Checks the variables of these arguments. An empty variable counts as none: in the files of
/// systemd and containers, variables are often listed without a value.
pub fn check(settings: &[Arg], value: impl Fn(&str) -> Option<OsString>) -> Checked {
    let mut checked = Checked::default();
    for argument in settings {
        let Some(name) = argument.get_env().and_then(|name| name.to_str()) else { continue };
        let Some(value) = value(name) else { continue };
        if !value.is_empty() {
            match parse(argument, &value) {
                Ok(()) => continue,
                Err(reason) => {
                    let set_by = SetBy::Variable(name.to_owned());
                    let value = value.to_string_lossy();
                    checked.wrong.push(arguments::refuse(argument, &set_by, &value, reason));
                }
            }
        }
        checked.ignored.push(argument.get_id().to_string());
    }
    checked
}

/// Parses a value as the flag would. The error is the reason, where the type of the setting gives
/// one.
fn parse(argument: &Arg, value: &OsString) -> Result<(), Option<String>> {
    let mut flag = OsString::from(format!("--{}=", argument.get_long().unwrap_or_default()));
    flag.push(value);
    let alone = argument.clone().env(None).global(false);
    let command = Command::new("tardist").no_binary_name(true).arg(alone);
    command.try_get_matches_from([flag]).map(|_| ()).map_err(|error| arguments::reason(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_variables_are_told_by_name() {
        let checked = check(&arguments::all(), |name| match name {
            "TARDIST_JOBS" => Some("x".into()),
            "TARDIST_BRANCHES" => Some("master,a b".into()),
            "TARDIST_ONLY" => Some("MassMessage".into()),
            "TARDIST_TIMEOUT" => Some("soon".into()),
            "TARDIST_GRACE" => Some("1h".into()),
            "TARDIST_CONTACT" => Some("".into()),
            _ => None,
        });
        let told = checked.wrong.join("\n");
        assert_eq!(checked.wrong.len(), 4, "{told}");
        for says in [
            "TARDIST_JOBS: \"x\" is not a number from 1 to 256; write TARDIST_JOBS=4",
            "TARDIST_BRANCHES: \"a b\" is not a branch name: ",
            "TARDIST_ONLY: \"MassMessage\" is not a repository: ",
            "TARDIST_TIMEOUT: \"soon\" is not a time above zero",
        ] {
            assert!(told.contains(says), "{says} is not in:\n{told}");
        }
        assert_eq!(checked.ignored.len(), 5, "{:?}", checked.ignored);
    }
}
