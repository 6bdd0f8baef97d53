//! Runs `tardist sync` once, and decides by its exit status whether to go on.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Result;
use clap::Args;

use crate::{process, project};

/// What to sync: the same options as those of `tardist`.
#[derive(Debug, Clone, Args)]
pub struct What {
    /// The Gerrit to mirror [default: Wikimedia's, or if it cannot be reached, the sample upstream]
    #[arg(long, value_name = "URL", env = "TARDIST_UPSTREAM")]
    pub upstream: Option<String>,

    /// Sync only this repository, as extensions/NAME or skins/NAME; give it once for each
    #[arg(long, value_name = "KIND/NAME")]
    pub only: Vec<String>,

    /// A branch to distribute; give it once for each
    #[arg(long, value_name = "BRANCH")]
    pub branch: Vec<String>,
}

/// Runs it. An inner `Err` has the exit code for xtask: there is nothing to serve.
///
/// # Errors
///
/// The program cannot be run, or a signal asked to end.
pub fn run(what: &What, data: &Path, public_url: Option<&str>) -> Result<Result<(), ExitCode>> {
    let mut command = Command::new(project::binary("tardist"));
    // So that the settings in this folder's tardist.toml count.
    command.current_dir(project::root()).arg("sync").arg("--data").arg(data);
    if let Some(upstream) = &what.upstream {
        command.args(["--upstream", upstream]);
    }
    if let Some(url) = public_url {
        command.args(["--public-url", url]);
    }
    command.args(what.only.iter().flat_map(|it| ["--only", it]));
    command.args(what.branch.iter().flat_map(|it| ["--branch", it]));
    let status = process::status(&mut command)?;
    match status.code() {
        Some(0) => {}
        Some(3) => println!("Some repositories failed, see above; going on with the others."),
        Some(1 | 4 | 5 | 6) if data.join("snapshot.db").exists() => {
            println!("The sync did not succeed, see above; going on with the earlier snapshot.");
        }
        _ => {
            eprintln!("xtask: `tardist sync` failed, see above, and there is nothing to serve");
            return Ok(Err(process::exit_code(status)));
        }
    }
    Ok(Ok(()))
}
