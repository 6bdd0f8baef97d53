//! The command line: its form and its texts, no logic.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::settings::Settings;

/// Mirrors MediaWiki extensions and skins, makes tarballs of their branches, and publishes a
/// snapshot that the tardist functions answer from.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// The configuration file (TOML: the options below without their dashes) [default:
    /// tardist.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "TARDIST_CONFIG")]
    pub config: Option<PathBuf>,

    /// Say more (-v: each step; -vv: everything); TARDIST_LOG takes a filter such as tardist=debug
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub settings: Settings,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one cycle: list, fetch, build what changed, publish, and exit
    Sync,
    /// Say what is published, and what went wrong lately
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check every published tarball: present, size, SHA-256
    Verify,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  done, all well
  1  nothing was published; the earlier snapshot stands
  2  the command line or the configuration is wrong
  3  published, but some repositories failed; their earlier tarballs stand";
