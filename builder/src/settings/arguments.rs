//! The settings as arguments of a command line.

use std::collections::BTreeMap;

use clap::{
    Arg, ArgMatches, Args,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::{
    form::Form,
    given::{Settings, heading},
    set_by::SetBy,
};
use crate::RepositoryId;

/// The setting `only`: flags of the commands `sync` and `config` alone.
#[derive(Debug, Default, Clone, Args)]
pub struct Selection {
    /// Sync only this repository, as extensions/NAME or skins/NAME; give it once for each. All
    /// others stay as they are
    #[arg(
        long,
        value_name = "KIND/NAME",
        env = "TARDIST_ONLY",
        value_delimiter = ',',
        help_heading = heading::WHAT_AND_WHERE
    )]
    pub only: Option<Vec<RepositoryId>>,
}

/// All arguments that are settings, of all commands.
pub fn all() -> Vec<Arg> {
    let all = |command: clap::Command| command.get_arguments().cloned().collect::<Vec<_>>();
    let mut arguments = all(Settings::augment_args(clap::Command::new("settings")));
    arguments.extend(all(Selection::augment_args(clap::Command::new("selection"))));
    arguments
}

/// The key in a file of the setting that an argument stands for. It is the name of the field, with
/// dashes.
pub fn key(argument: &clap::Arg) -> String {
    argument.get_id().as_str().replace('_', "-")
}

/// Where the values of these arguments were set, by key.
pub fn set_by(settings: &[Arg], matches: &ArgMatches) -> BTreeMap<String, SetBy> {
    let set_by = |argument: &Arg| {
        let id = argument.get_id().as_str();
        // Not every command has all of them.
        matches.try_contains_id(id).ok()?;
        let set_by = match matches.value_source(id)? {
            ValueSource::CommandLine => SetBy::Flag(format!("--{}", argument.get_long()?)),
            ValueSource::EnvVariable => SetBy::Variable(argument.get_env()?.to_str()?.to_owned()),
            _ => return None,
        };
        Some((key(argument), set_by))
    };
    settings.iter().filter_map(set_by).collect()
}

/// The reason of the type of a value that a flag or variable does not take, where it gives one.
pub(super) fn reason(error: &clap::Error) -> Option<String> {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    cause.filter(|_| error.kind() == ErrorKind::ValueValidation)
}

/// The message about a wrong value of an argument, which has this reason.
pub(super) fn refuse(
    argument: &Arg,
    set_by: &SetBy,
    value: &str,
    reason: Option<String>,
) -> String {
    let quoted = format!("{value:?}");
    match (Form::of(&key(argument)), reason) {
        (Some(form), Some(reason)) if form.explains => form.refuse(Some(set_by), &reason),
        (Some(form), _) => form.refuse_value(Some(set_by), &quoted),
        (None, reason) => {
            format!("{set_by}: {quoted} is wrong: {}", reason.unwrap_or_default())
        }
    }
}

/// The message about a wrong value of a flag, as the same value of a variable or in the file would get it. `None` if
/// `error` is about something else.
pub fn refuse_flag(settings: &[Arg], error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let reason = Some(reason(error)?);
    // With the name of its value: `--jobs <N>`.
    let flag = text(ContextKind::InvalidArg)?.split_whitespace().next()?;
    let name = flag.strip_prefix("--")?;
    let argument = settings.iter().find(|it| it.get_long() == Some(name))?;
    let value = text(ContextKind::InvalidValue)?;
    Some(refuse(argument, &SetBy::Flag(flag.to_owned()), value, reason))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::settings::form::FORMS;

    #[test]
    fn flags_keys_forms_and_defaults_are_of_the_same_settings() {
        let flags: BTreeSet<String> = all().iter().map(key).collect();
        let keys: BTreeSet<String> = Settings::defaults().values().keys().cloned().collect();
        let forms: BTreeSet<String> = FORMS.iter().map(|form| form.key.to_owned()).collect();
        assert_eq!(flags, keys);
        assert_eq!(flags, forms);
        for argument in all() {
            let name = argument.get_env().unwrap().to_str().unwrap().to_owned();
            assert_eq!(
                name,
                format!("TARDIST_{}", key(&argument).to_uppercase().replace('-', "_"))
            );
            assert!(
                argument.get_help().is_some() && argument.get_help_heading().is_some(),
                "{name}"
            );
        }
    }
}
