//! Runs the parts that the options ask for, one after the other, and collects the results.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
use xtask::{components, process, project};

use crate::{
    builder::{cycle, many, run::sync, tarball},
    functions,
    marks::{self, Mark},
    options::{Options, Part},
    store,
    upstream::Upstream,
};

/// The results so far.
#[derive(Default)]
struct Results {
    marks: Vec<Mark>,
    json: Map<String, Value>,
}

/// Builds, measures and prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let wants = |part| options.parts.is_empty() || options.parts.contains(&part);
    let folder = project::target("bench");
    let mut with_functions = wants(Part::Functions);
    if with_functions && project::find_program("wrk").is_none() {
        let missing = "wrk is missing, which makes the load (Debian: apt-get install wrk)";
        if options.parts.contains(&Part::Functions) {
            bail!(missing);
        }
        println!("The components are not measured: {missing}.");
        with_functions = false;
    }
    build(with_functions, wants(Part::Store))?;
    let mut results = Results::default();
    if with_functions {
        let effort = functions::Effort { rounds: options.rounds, seconds: options.seconds };
        let measured = functions::measure(&folder, effort)?;
        println!("\n{measured}");
        results.add("functions", measured.json(), measured.marks());
    }
    if [Part::Tarballs, Part::Cycle, Part::Many, Part::Store].into_iter().any(wants) {
        let upstream = Upstream::start(options, &folder)?;
        if wants(Part::Tarballs) {
            tarballs(options, &upstream, &folder, &mut results)?;
        }
        if wants(Part::Cycle) {
            let measured = cycle::measure(&upstream.setup(options, &folder.join("cycle")))?;
            println!("\n{measured}");
            results.add("cycle", measured.json(), measured.marks());
        }
        if wants(Part::Store) {
            let folder = folder.join("store");
            let measured = store::measure(&upstream.setup(options, &folder), &folder)?;
            println!("\n{measured}");
            results.add("store", measured.json(), measured.marks());
        }
        if wants(Part::Many) {
            let template = template(&upstream, options, &folder)?;
            drop(upstream);
            let measured = many::measure(&folder.join("many"), &template)?;
            println!("\n{measured}");
            results.add("many", measured.json(), measured.marks());
        }
    }
    results.finish(options.json.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

fn build(with_functions: bool, with_store: bool) -> Result<()> {
    if with_functions || with_store {
        components::build(&[project::BARE])?;
    }
    let mut cargo = project::cargo();
    cargo.args(["build", "--release", "--bins", "--example", "tarball", "--example", "many"]);
    process::run(cargo.args(components::all_others()?))
}

impl Results {
    fn add(&mut self, part: &str, json: Value, marks: Vec<Mark>) {
        self.json.insert(part.to_owned(), json);
        self.marks.extend(marks);
    }

    /// Prints the marks, and writes all results to `file`.
    fn finish(mut self, file: Option<&Path>) -> Result<()> {
        if !self.marks.is_empty() {
            println!("{}", marks::Table(&self.marks));
        }
        let Some(file) = file else { return Ok(()) };
        self.json.insert("marks".to_owned(), self.marks.iter().map(Mark::json).collect());
        let text = format!("{:#}\n", Value::Object(self.json));
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Measures tarballs of the largest made-up repository, unless the options name another one.
fn tarballs(
    options: &Options,
    upstream: &Upstream,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    let (mirror, commit) = match (&options.mirror, &options.commit, &upstream.root) {
        (Some(mirror), Some(commit), _) => (mirror.clone(), commit.clone()),
        (_, _, Some(root)) => {
            let name = if options.repositories.is_some() { "VisualEditor" } else { "BenchBase" };
            let mirror = root.join(format!("mediawiki/extensions/{name}.git"));
            let mut git = Command::new("git");
            git.args(["-c", "safe.directory=*", "--git-dir"]).arg(&mirror);
            let commit = process::output(git.args(["rev-parse", "refs/heads/master"]))
                .context("say what to make a tarball of: --mirror PATH --commit COMMIT")?;
            (mirror, commit.trim().to_owned())
        }
        _ => bail!("say what to make a tarball of: --mirror PATH --commit COMMIT"),
    };
    let measured = tarball::measure(&mirror, &commit, &folder.join("tarballs"))?;
    println!("\n{measured}");
    results.add("tarballs", measured.json(), measured.marks());
    Ok(())
}

/// A snapshot with realistic metadata: the one of the cycles, which is made if it is not there.
fn template(upstream: &Upstream, options: &Options, folder: &Path) -> Result<PathBuf> {
    let data = folder.join("cycle/tardist");
    let snapshot = data.join("snapshot.db");
    // If it is there, this also updates it to the tables of this version.
    sync(&upstream.setup(options, &folder.join("cycle")), &data, "for its metadata")?;
    Ok(snapshot)
}
