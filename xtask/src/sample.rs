//! The sample upstream: a few made-up repositories behind what looks like Gerrit, on this machine.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{process::Process, project};

/// A sample upstream that serves until this is dropped.
pub(crate) struct Sample {
    _process: Process,
    pub(crate) url: String,
}

impl Sample {
    /// Makes the repositories in `root`, if they aren't there, and serves them.
    pub(crate) fn start(root: &Path) -> Result<Self> {
        Self::start_with(root, &[])
    }

    /// As [`Sample::start`], with options of the program.
    pub(crate) fn start_with(root: &Path, options: &[&str]) -> Result<Self> {
        let mut command = Command::new(project::binary("sample-upstream"));
        command.arg("--root").arg(root).args(options).stdout(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let stdout = process.child().stdout.take().context("sample-upstream has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("can't read from sample-upstream")?;
        let url = line.trim().strip_prefix("Serving ").context("sample-upstream did not start")?;
        Ok(Self { url: url.to_owned(), _process: process })
    }
}
