//! The sample upstream: a small server on this machine that looks like a Gerrit with a few made-up
//! repositories.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{process::Process, project};

/// A sample upstream that serves until this is dropped.
pub struct Sample {
    _process: Process,
    /// Where it serves, such as `http://127.0.0.1:8000/r`.
    pub url: String,
}

impl Sample {
    /// Makes the repositories in `root`, unless they exist, and serves them. `options` are those of the program.
    ///
    /// # Errors
    ///
    /// The program is not built, or does not start.
    pub fn start(root: &Path, options: &[&str]) -> Result<Self> {
        let mut command = Command::new(project::binary("sample-upstream"));
        command.arg("--root").arg(root).args(options).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let stdout = process.child().stdout.take().context("sample-upstream has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("cannot read from sample-upstream")?;
        let url = line.trim().strip_prefix("Serving ").context("sample-upstream did not start")?;
        Ok(Self { url: url.to_owned(), _process: process })
    }
}
