//! The command line: its form and its texts, and which of its values come from where.

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable};

use crate::settings::{
    Settings,
    arguments::{self, Selection},
    variables,
};

/// Mirrors MediaWiki extensions and skins, makes tarballs of their branches, and publishes a
/// snapshot that the tardist functions answer from.
#[derive(Debug, Parser)]
#[command(name = "tardist", version, after_help = EXIT_STATUS, max_term_width = 100)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// The configuration file; `tardist config` writes one [default: tardist.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "TARDIST_CONFIG")]
    pub config: Option<PathBuf>,

    /// Say more (-v: each step; -vv: everything); TARDIST_LOG takes a filter such as tardist=debug
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Say only what failed: no progress, and no report of a cycle that went well
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub settings: Settings,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one cycle: list, fetch, build what changed, publish, and exit
    ///
    /// A timer starts this as often as it likes: with nothing new, it asks upstream for its list
    /// and touches nothing. It can be stopped at any moment, by Ctrl-C or otherwise; what is
    /// published stands, and the next cycle needs no cleaning up.
    Sync(Sync),
    /// Say what is published, and what went wrong lately
    ///
    /// Exits with 0 if all is well, 1 if nothing is published, 3 if something failed in the last
    /// cycle.
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check every published tarball: present, size, SHA-256
    ///
    /// Exits with 0 if all are as published, 1 if one is not, or nothing is published.
    Verify,
    /// Free disk space: remove what nothing names any more, and pack the mirrors
    ///
    /// Removes mirrors of repositories that the snapshot does not name and of submodules that none
    /// of the others has, tarballs whose grace period is over, and unfinished files; then packs each
    /// mirror. Asks no upstream. A cycle does what is needed by itself; this does all of it. Exits
    /// with 0 if all went well, 1 if nothing is published or another tardist works, 3 if a mirror
    /// could not be packed.
    Gc,
    /// Write a complete configuration file, with a comment for each setting
    ///
    /// What no file, variable or flag sets is commented out and has its default; what is set stands
    /// with its value in effect, and where it was set. Begin with: tardist config > tardist.toml
    Config(Selection),
    /// Write the completions of a shell
    ///
    /// For bash: tardist completions bash > ~/.local/share/bash-completion/completions/tardist
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page
    ///
    /// Look at it with: tardist man | man -l -
    Man,
}

/// What only `sync` takes.
#[derive(Debug, Default, Clone, Args)]
pub struct Sync {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub selection: Selection,

    /// Make all tarballs anew, of the repositories of --only or of all, even where nothing changed;
    /// the same commit gives the same bytes
    #[arg(long)]
    pub force: bool,

    /// Say what would be fetched, made and retired, and change nothing at all; exits with 0, or 1 if
    /// upstream can't be listed
    #[arg(long)]
    pub dry_run: bool,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  done, all well
  1  nothing was published; the earlier snapshot stands
  2  the command line or the configuration is wrong; the message says what to write
  3  published, but some repositories failed; their earlier tarballs stand

A setting is a flag, a TARDIST_ variable or a line of the configuration file; the first of these wins.";

/// A parsed command line with the environment.
#[derive(Debug)]
pub struct Parsed {
    /// What it says; its settings know their places.
    pub cli: Cli,
    /// What is wrong with variables of the environment.
    pub wrong: Vec<String>,
}

/// The whole command, each setting's help with its default.
pub fn command() -> clap::Command {
    let defaults = Settings::defaults().values();
    let with_default = |argument: Arg| match defaults.get(&arguments::key(&argument)) {
        Some(value) if argument.get_env().is_some() => {
            let value = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Array(items) => {
                    items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(", ")
                }
                // A number of this machine's has no place in a manual.
                toml::Value::Integer(_) if argument.get_id() == "jobs" => String::new(),
                value => value.to_string(),
            };
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            if value.is_empty() {
                argument
            } else {
                argument.help(format!("{help} [default: {value}]"))
            }
        }
        _ => argument,
    };
    Cli::command().mut_args(with_default)
}

/// Parses a command line, with what `variable` says the environment has.
///
/// # Errors
/// Clap's: the wish for help, or what is wrong, for [`clap::Error::exit`].
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Parsed, clap::Error> {
    let settings = arguments::all();
    let looked = variables::look(&settings, variable);
    let ignore = |argument: Arg| {
        if looked.ignored.iter().any(|id| argument.get_id() == id.as_str()) {
            argument.env(Resettable::Reset)
        } else {
            argument
        }
    };
    let mut command = command().mut_args(ignore).mut_subcommands(|own| own.mut_args(ignore));
    let matches = command.try_get_matches_from_mut(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let own = matches.subcommand().map_or(&matches, |(_, own)| own);
    cli.settings.set_by = arguments::set_by(&settings, own);
    if let Command::Sync(Sync { selection, .. }) | Command::Config(selection) = &mut cli.command {
        cli.settings.only = selection.only.take();
    }
    Ok(Parsed { cli, wrong: looked.wrong })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str, variable: impl Fn(&str) -> Option<OsString>) -> Parsed {
        parse(line.split(' ').map(OsString::from), variable).unwrap()
    }

    #[test]
    fn clap_is_content_with_it() {
        command().debug_assert();
    }

    #[test]
    fn values_know_the_flag_that_they_come_from() {
        let parsed =
            parsed("tardist --jobs 3 sync --only skins/A --retries 7 --branch b", |_| None);
        let settings = parsed.cli.settings;
        assert_eq!((settings.jobs, settings.retries), (Some(3), Some(7)));
        assert_eq!(settings.only.unwrap().len(), 1);
        let places: Vec<String> = settings.set_by.values().map(ToString::to_string).collect();
        assert_eq!(places, ["--branch", "--jobs", "--only", "--retries"]);
    }

    #[test]
    fn flags_of_sync_belong_to_sync() {
        for flag in ["--only=skins/A", "--force", "--dry-run"] {
            let line = ["tardist", "status", flag].map(OsString::from);
            assert!(parse(line, |_| None).is_err(), "{flag}");
            let line = ["tardist", "sync", flag].map(OsString::from);
            assert!(parse(line, |_| None).is_ok(), "{flag}");
        }
    }

    #[test]
    fn help_has_each_setting_with_its_default_and_each_command() {
        let mut command = command();
        command.build();
        let help = command.find_subcommand_mut("sync").unwrap().render_long_help().to_string();
        let one_line = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for argument in arguments::all() {
            for text in
                [argument.get_long().unwrap(), argument.get_env().unwrap().to_str().unwrap()]
            {
                assert!(help.contains(text), "{text} is not in:\n{help}");
            }
        }
        for default in
            ["[default: data]", "[default: 2m]", "[default: 24h]", "[default: master, REL1_46,"]
        {
            assert!(one_line.contains(default), "{default} is not in:\n{help}");
        }
        let help = command.render_help().to_string();
        for name in
            ["sync", "status", "verify", "gc", "config", "completions", "man", "Exit status"]
        {
            assert!(help.contains(name), "{name} is not in:\n{help}");
        }
    }
}
