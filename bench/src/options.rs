//! The options of `cargo xtask bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use xtask::sync::What;

/// A part that can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The components under load; needs wrk
    Functions,
    /// One tarball, beside git archive and GNU tar
    Tarballs,
    /// Whole cycles: cold, no change, one commit
    Cycle,
    /// A cycle without change over 10,000 repositories
    Many,
    /// The images, and the builder in a container beside the same program alone; needs podman
    Container,
    /// Publishing to an object store, and nodes that follow it; needs a Python with venv
    Store,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure [default: all of it]
    #[arg(value_enum)]
    pub(crate) parts: Vec<Part>,

    #[command(flatten)]
    pub(crate) what: What,

    /// extdist's nightly.py, to be measured beside (wikimedia/labs-tools-extdist has it)
    #[arg(long, value_name = "FILE")]
    pub(crate) extdist: Option<PathBuf>,

    /// A Python with the module requests, which runs it
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub(crate) python: PathBuf,

    /// Real repositories, as DIR/mediawiki/extensions/NAME.git and so on, in place of the made-up
    /// ones; with --upstream, the folder that it serves
    #[arg(long, value_name = "DIR")]
    pub(crate) repositories: Option<PathBuf>,

    /// The repository that gets new commits, which are taken away again
    #[arg(long, value_name = "KIND/NAME", default_value = "extensions/BenchCite")]
    pub(crate) touch: String,

    /// The branch that gets them
    #[arg(long, value_name = "BRANCH", default_value = "REL1_45")]
    pub(crate) touch_branch: String,

    /// Fetch submodules whose URL begins with FROM from TO [default of TO: the upstream]
    #[arg(long, value_name = "FROM[=TO]")]
    pub(crate) url_map: Vec<String>,

    /// How often each load of the components is repeated
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub(crate) rounds: usize,

    /// How many seconds each of them lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub(crate) seconds: f64,

    /// Write everything that was measured to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// The bare repository to make a tarball of [default: a made-up one]
    #[arg(long, value_name = "PATH", requires = "commit")]
    pub(crate) mirror: Option<PathBuf>,

    /// The commit in it, as 40 hexadecimal digits
    #[arg(long, value_name = "COMMIT", requires = "mirror")]
    pub(crate) commit: Option<String>,
}
