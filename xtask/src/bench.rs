//! Measures what the two halves of tardist cost: requests per second of the components, beside a
//! component that does nothing, and the speed of tarballs, beside `git archive`.
//!
//! Both comparisons are made on the same machine in the same minute, so that the ratios mean
//! something where the absolute numbers don't.

mod load;
mod tarball;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    components,
    manifest::Application,
    process, project,
    sample::Sample,
    sync::{self, What},
    up,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    what: What,

    /// The bare repository to make a tarball of [default: a made-up one]
    #[arg(long, value_name = "PATH", requires = "commit")]
    mirror: Option<PathBuf>,

    /// The commit in it, as 40 hexadecimal digits
    #[arg(long, value_name = "COMMIT", requires = "mirror")]
    commit: Option<String>,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if project::find_program("wrk").is_none() {
        bail!("wrk is missing, which makes the load (Debian: apt-get install wrk)");
    }
    components::build(&[project::BARE])?;
    let mut cargo = project::cargo();
    cargo.args(["build", "--release", "--bins", "--example", "tarball"]);
    process::run(cargo.args(components::all_others()?))?;
    let data = project::target("bench/data");
    let (what, sample) = what(options)?;
    if let Err(code) = sync::run(&what, &data, None)? {
        return Ok(code);
    }
    let is_sample = sample.is_some();
    drop(sample);
    let application = Application::derive(&project::target("bench"), &data, true)?;
    let name = extension(&what, is_sample)
        .context("say which extension to ask for: --only extensions/NAME")?;
    let (server, address) = up::start_host(&application)?;
    let components = load::measure(address, name)?;
    drop(server);
    println!("\n{components}");
    let (mirror, commit) = match (&options.mirror, &options.commit) {
        (Some(mirror), Some(commit)) => (mirror.clone(), commit.clone()),
        _ => tarball::made_up(&project::target("bench/corpus.git"))?,
    };
    println!("{}", tarball::measure(&mirror, &commit)?);
    Ok(ExitCode::SUCCESS)
}

/// What was asked for, or the samples.
fn what(options: &Options) -> Result<(What, Option<Sample>)> {
    let mut what = options.what.clone();
    if what.upstream.is_some() {
        return Ok((what, None));
    }
    let sample = Sample::start(&project::target("bench/sample"))?;
    what.upstream = Some(sample.url.clone());
    Ok((what, Some(sample)))
}

/// The extension to ask for.
fn extension(what: &What, is_sample: bool) -> Option<&str> {
    if what.only.is_empty() {
        // One of the samples; of a real upstream, nobody knows.
        return is_sample.then_some("SampleNotes");
    }
    what.only.iter().find_map(|it| it.strip_prefix("extensions/"))
}
