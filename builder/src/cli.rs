//! The command line: commands and flags with their help texts.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable,
    error::ErrorKind,
};
use jiff::SignedDuration;

use crate::settings::{
    Settings, Takes,
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

    /// Say only what failed: no progress, and nothing of what went well
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
    /// A timer can start this as often as you like: when nothing is new, it asks the upstream for
    /// its list and changes nothing. It can be stopped at any moment, by Ctrl-C or otherwise. What
    /// is published stays, and nothing has to be cleaned up before the next cycle.
    Sync(Sync),
    /// Show what is published, what fails and since when, and how the last cycles ended
    ///
    /// Exits with 0 if all is well, 1 if nothing is published or if the last full cycle that succeeded is
    /// older than --max-age, 3 if something fails. -v adds the long lists.
    Status {
        /// As JSON, with everything
        #[arg(long)]
        json: bool,
        /// Exit with 1 if the last full cycle that succeeded (exit status 0 or 3) began longer ago than this, such as 26h.
        /// On a node without the builder's report, the age of the snapshot counts
        #[arg(long, value_name = "TIME", value_parser = time)]
        max_age: Option<SignedDuration>,
    },
    /// Check every published tarball: present, size, SHA-256
    ///
    /// Exits with 0 if all are as published, 1 if one is not, or nothing is published.
    Verify {
        /// Check instead that the signature in the store is valid (settings store, store-public-key), and that it covers
        /// the snapshot here; also exits with 5 if the store cannot be reached
        #[arg(long)]
        signatures: bool,
    },
    /// Follow a store: bring the snapshot that is published there into the data directory
    ///
    /// For nodes that answer requests and build nothing. It asks the store (setting store) for its pointer, and fetches
    /// the snapshot if there is a new one. Readers keep the last good one until the new one is whole and checked. Exits
    /// with 0 if the snapshot is the published one, 1 if what the store has cannot be used, 4 if another tardist is
    /// working here, 5 if the store cannot be reached, 6 if the disk is full.
    Pull(Pull),
    /// Free disk space: remove what is no longer in use, and pack the mirrors
    ///
    /// Removes mirrors of repositories that the snapshot does not name, mirrors of submodules that
    /// no other mirror needs, tarballs whose grace period is over (not without a state.db), and unfinished files. Then it
    /// packs each mirror. It asks no upstream. A cycle does a part of this by itself, as far as it
    /// is needed. Exits with 0 if all went well, 1 if nothing is published, 3 if a mirror could
    /// not be packed, 4 if another tardist is at work, 6 if the disk is too full to pack them.
    Gc,
    /// Write a complete configuration file, with a comment for each setting
    ///
    /// A setting that no file, variable or flag sets is commented out, with its default. Any other
    /// has the value that is in effect, and a comment that says where it was set. To begin: tardist
    /// config > tardist.toml
    Config(Selection),
    /// Write the completions for a shell
    ///
    /// For bash: tardist completions bash > ~/.local/share/bash-completion/completions/tardist
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Do the work on one repository, as its standard input says. Only `sync` starts this
    #[command(hide = true)]
    Worker,
    /// Write the manual page
    ///
    /// Read it with: tardist man | man -l -
    Man,
}

impl Command {
    /// True if its text says how something went, so that `--quiet` leaves it out if all went well. The text of other
    /// commands is what they are run for.
    pub fn says_how_it_went(&self) -> bool {
        match self {
            Self::Sync(sync) => !sync.dry_run,
            Self::Status { json, .. } => !json,
            Self::Verify { .. } | Self::Pull(_) | Self::Gc => true,
            Self::Config(_) | Self::Completions { .. } | Self::Man | Self::Worker => false,
        }
    }
}

/// A time that is not negative, of at most ten years.
fn time(text: &str) -> Result<SignedDuration, String> {
    let time = text.parse::<SignedDuration>().ok();
    let given = time.and_then(|time| Some((time, time.try_into().ok()?)));
    let (time, positive) = given.ok_or_else(|| format!("it is not {}", Takes::Time))?;
    Takes::check_most(positive).map_err(|wrong| format!("it {wrong}"))?;
    Ok(time)
}

/// What only `sync` takes.
#[derive(Debug, Default, Clone, Args)]
pub struct Sync {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub selection: Selection,

    /// Make all tarballs again, even where nothing changed: those of the repositories of --only, or
    /// of all. The same commit gives the same bytes
    #[arg(long)]
    pub force: bool,

    /// Publish even if an upstream suddenly lists far less than before (setting max-loss)
    #[arg(long)]
    pub accept_loss: bool,

    /// Publish to the store (setting store) though another builder has published there since
    #[arg(long)]
    pub take_over: bool,

    /// Show what would be fetched, made and withdrawn, and change nothing; exits with 0, with 1 if
    /// what an upstream lists is wrong, or with 5 if it cannot be reached
    #[arg(long)]
    pub dry_run: bool,
}

/// What only `pull` takes.
#[derive(Debug, Default, Clone, Args)]
pub struct Pull {
    /// Go on, and look at the store again after this time, such as 30s; a time below 1s counts as 1s. Else it looks once
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub watch: Option<SignedDuration>,

    /// Take the published snapshot even if it is older than the one at hand, once
    #[arg(long, conflicts_with = "watch")]
    pub allow_older: bool,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  success
  1  nothing was published; the earlier snapshot stays
  2  the command line or the configuration is wrong; the message says what to write
  3  published, but some repositories failed, whose earlier tarballs stay, or the store did
  4  another tardist is working in the data directory
  5  nothing was published or pulled: the upstream or the store cannot be reached
  6  the disk is full: nothing was published or pulled, or some repositories failed

A setting is a flag, a TARDIST_ variable or a line of the configuration file; the first of these wins.";

/// A parsed command line, with the variables of the environment.
#[derive(Debug)]
pub struct Parsed {
    /// Its values. The settings know where each was set.
    pub cli: Cli,
    /// What is wrong with variables of the environment, a message each.
    pub wrong: Vec<String>,
}

/// The whole command. The help text of each setting names its default.
pub fn command() -> clap::Command {
    let defaults = Settings::defaults().values();
    let with_default = |argument: Arg| match defaults.get(&arguments::key(&argument)) {
        Some(value) if argument.get_env().is_some() => {
            let value = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Array(items) => {
                    items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(", ")
                }
                // It depends on the machine, so a manual cannot name it.
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

/// Parses a command line. `variable` gives the value of an environment variable.
///
/// # Errors
/// The error of clap, for [`clap::Error::exit`]: what is wrong, or that help is asked for.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Parsed, clap::Error> {
    let settings = arguments::all();
    let mut command = command();
    // The configuration file is no setting, and an empty variable is none for it, too.
    let config = command.get_arguments().filter(|argument| argument.get_id() == "config");
    let with_variable: Vec<Arg> = settings.iter().chain(config).cloned().collect();
    let checked = variables::check(&with_variable, variable);
    let ignore = |argument: Arg| {
        if checked.ignored.iter().any(|id| argument.get_id() == id.as_str()) {
            argument.env(Resettable::Reset)
        } else {
            argument
        }
    };
    command = command.mut_args(ignore).mut_subcommands(|own| own.mut_args(ignore));
    let matches =
        command.try_get_matches_from_mut(arguments).map_err(
            |error| match arguments::refuse_flag(&settings, &error) {
                Some(text) => clap::Error::raw(ErrorKind::ValueValidation, format!("{text}\n"))
                    .with_cmd(&command),
                None => error,
            },
        )?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let own = matches.subcommand().map_or(&matches, |(_, own)| own);
    cli.settings.set_by = arguments::set_by(&settings, own);
    if let Command::Sync(Sync { selection, .. }) | Command::Config(selection) = &mut cli.command {
        cli.settings.only = selection.only.take();
    }
    Ok(Parsed { cli, wrong: checked.wrong })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::man;

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
        let set_by: Vec<String> = settings.set_by.values().map(ToString::to_string).collect();
        assert_eq!(set_by, ["--branch", "--jobs", "--only", "--retries"]);
    }

    #[test]
    fn a_wrong_value_of_a_flag_is_told_as_in_the_file() {
        for (line, says) in [
            (
                "--grace 1d",
                "--grace: \"1d\" is not a time such as 0s, 90m or 24h; write --grace 168h",
            ),
            ("--limit-time 90", "--limit-time: \"90\" is not a time above zero"),
            ("--jobs x", "--jobs: \"x\" is not a number from 1 to 256; write --jobs 4"),
            ("--keep-free 5%", "--keep-free: \"5%\" is not a size of"),
            ("--only Vector", "--only: \"Vector\" is not a repository: "),
            ("--upstream https://u:pass@x/", "--upstream: it is no upstream"),
        ] {
            let line = format!("tardist sync {line}");
            let error = parse(line.split(' ').map(OsString::from), |_| None).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(says), "{text}");
            assert!(
                !["jiff", "digit", "pass@", "Usage"].iter().any(|it| text.contains(it)),
                "{text}"
            );
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn times_have_a_least_and_a_most() {
        let ten_years = SignedDuration::from_hours(87_600);
        assert_eq!(time("0s"), Ok(SignedDuration::ZERO));
        assert_eq!(time("87600h"), Ok(ten_years));
        for (text, says) in [
            ("-1s", "it is not a time such as 0s"),
            ("soon", "it is not a time such as 0s"),
            ("87600h 1s", "it is longer than 87600h (ten years)"),
            ("9223372036854775807s", "it is longer than 87600h (ten years)"),
        ] {
            let wrong = time(text).unwrap_err();
            assert!(wrong.starts_with(says), "{text}: {wrong}");
            for line in [["tardist", "pull", "--watch"], ["tardist", "status", "--max-age"]] {
                let [program, command, flag] = line;
                let line = [program.to_owned(), command.to_owned(), format!("{flag}={text}")];
                assert!(parse(line.map(OsString::from), |_| None).is_err(), "{command} {text}");
            }
        }
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
        for default in ["[default: data]", "[default: 2m]", "[default: 168h]", "[default: master]"]
        {
            assert!(one_line.contains(default), "{default} is not in:\n{help}");
        }
        let help = command.render_help().to_string();
        for name in [
            "sync",
            "status",
            "verify",
            "pull",
            "gc",
            "config",
            "completions",
            "man",
            "Exit status",
        ] {
            assert!(help.contains(name), "{name} is not in:\n{help}");
        }
    }

    #[test]
    fn the_manual_has_all_commands_and_all_options() {
        let page = man::run(command()).unwrap().text;
        let plain = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
        for command in command().get_subcommands() {
            let heading = format!(".SS \"tardist {}\"", command.get_name());
            assert!(plain.contains(&heading), "{heading} is not in:\n{page}");
        }
        for argument in arguments::all() {
            let flag = format!("--{}", argument.get_long().unwrap());
            assert!(plain.contains(&flag), "{flag} is not in:\n{page}");
        }
        for text in ["--dry-run", "--force", "--quiet", ".SH FILES", "Exit status"] {
            assert!(plain.contains(text), "{text} is not in:\n{page}");
        }
        assert_eq!(page.matches("\n.SH OPTIONS").count(), 1);
    }
}
