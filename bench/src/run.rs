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
    container, functions,
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
    let with = |part, program: &str, what: &str| {
        if !wants(part) || project::find_program(program).is_some() {
            return Ok(wants(part));
        }
        let missing = format!("{what}: {program} is missing (Debian: apt-get install {program})");
        if options.parts.contains(&part) {
            bail!(missing);
        }
        println!("{missing}");
        Ok(false)
    };
    let with_functions = with(Part::Functions, "wrk", "the components are not measured")?;
    let with_container = with(Part::Container, "podman", "the images are not measured")?;
    build(with_functions || wants(Part::Store), with_container)?;
    let mut results = Results::default();
    if with_functions {
        let effort = functions::Effort { rounds: options.rounds, seconds: options.seconds };
        let measured = functions::measure(&folder, effort)?;
        println!("\n{measured}");
        results.add("functions", measured.json(), measured.marks());
    }
    let others = [Part::Tarballs, Part::Cycle, Part::Many, Part::Store];
    if with_container || others.into_iter().any(wants) {
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
        if wants(Part::Many) || with_container {
            let template = template(&upstream, options, &folder)?;
            drop(upstream);
            very_many((wants(Part::Many), with_container), &template, &folder, &mut results)?;
        }
    }
    results.finish(options.json.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// Measures cycles over very many repositories: alone, in a container, or both.
fn very_many(
    (alone, contained): (bool, bool),
    template: &Path,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    if alone {
        let measured = many::measure(&folder.join("many"), template)?;
        println!("\n{measured}");
        results.add("many", measured.json(), measured.marks());
    }
    if contained {
        let measured = container::measure(&folder.join("container"), template)?;
        println!("\n{measured}");
        results.add("container", measured.json(), measured.marks());
    }
    Ok(())
}

/// Builds the programs, and the components if they are served, or get into an image.
fn build(with_host: bool, with_container: bool) -> Result<()> {
    if with_host || with_container {
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
