//! The parts that are wanted, one after the other, and what they come to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use crate::{
    cycle, functions, many,
    marks::{self, Mark},
    tarball,
};
use xtask::{components, process, project, sample::Sample, sync::What};

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The components under load; needs wrk
    Functions,
    /// One tarball, beside git archive and GNU tar
    Tarballs,
    /// Whole cycles: cold, no change, one commit
    Cycle,
    /// A cycle without change over 10,000 repositories
    Many,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure [default: all of it]
    #[arg(value_enum)]
    parts: Vec<Part>,

    #[command(flatten)]
    what: What,

    /// extdist's nightly.py, to be measured beside (wikimedia/labs-tools-extdist has it)
    #[arg(long, value_name = "FILE")]
    extdist: Option<PathBuf>,

    /// A Python with the module requests, which runs it
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,

    /// Real repositories, as DIR/mediawiki/extensions/NAME.git and so on, in place of the made-up
    /// ones; with --upstream, the folder that it serves
    #[arg(long, value_name = "DIR")]
    repositories: Option<PathBuf>,

    /// The repository that gets new commits, which are taken away again
    #[arg(long, value_name = "KIND/NAME", default_value = "extensions/BenchCite")]
    touch: String,

    /// The branch that gets them
    #[arg(long, value_name = "BRANCH", default_value = "REL1_45")]
    touch_branch: String,

    /// Fetch submodules whose URL begins with FROM from TO [default of TO: the upstream]
    #[arg(long, value_name = "FROM[=TO]")]
    url_map: Vec<String>,

    /// How often each load of the components is repeated
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    rounds: usize,

    /// How many seconds each of them lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,

    /// Write everything that was measured to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// The bare repository to make a tarball of [default: a made-up one]
    #[arg(long, value_name = "PATH", requires = "commit")]
    mirror: Option<PathBuf>,

    /// The commit in it, as 40 hexadecimal digits
    #[arg(long, value_name = "COMMIT", requires = "mirror")]
    commit: Option<String>,
}

/// The folder of the made-up repositories; its number is that of their making.
const CORPUS: &str = "corpus-4";

/// What was measured so far.
#[derive(Default)]
struct Results {
    marks: Vec<Mark>,
    json: Map<String, Value>,
}

/// Measures and prints.
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
    build(with_functions)?;
    let mut results = Results::default();
    if with_functions {
        let effort = functions::Effort { rounds: options.rounds, seconds: options.seconds };
        let measured = functions::measure(&folder, effort)?;
        println!("\n{measured}");
        results.add("functions", measured.json(), measured.marks());
    }
    if wants(Part::Tarballs) || wants(Part::Cycle) || wants(Part::Many) {
        let upstream = Upstream::start(options, &folder)?;
        if wants(Part::Tarballs) {
            tarballs(options, &upstream, &folder, &mut results)?;
        }
        if wants(Part::Cycle) {
            let measured = cycle::measure(&upstream.setup(options, &folder.join("cycle")))?;
            println!("\n{measured}");
            results.add("cycle", measured.json(), measured.marks());
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

fn build(with_functions: bool) -> Result<()> {
    if with_functions {
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

    /// Prints the marks, and writes down everything.
    fn finish(mut self, file: Option<&Path>) -> Result<()> {
        if !self.marks.is_empty() {
            println!("{}", marks::Table(&self.marks));
        }
        let Some(file) = file else { return Ok(()) };
        self.json.insert("marks".to_owned(), self.marks.iter().map(Mark::json).collect());
        let text = format!("{:#}\n", Value::Object(self.json));
        fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
    }
}

/// What the builder is measured against.
struct Upstream {
    /// Ended when this is dropped; none where somebody else runs it.
    _server: Option<Sample>,
    url: String,
    /// The repositories, where they are known.
    root: Option<PathBuf>,
}

impl Upstream {
    /// The one that was given, or one of our own over real repositories or made-up ones.
    fn start(options: &Options, folder: &Path) -> Result<Self> {
        let given = options.repositories.as_ref().map(std::path::absolute).transpose()?;
        if let Some(url) = &options.what.upstream {
            let url = url.trim_end_matches('/').to_owned();
            return Ok(Self { _server: None, url, root: given });
        }
        let (root, content) = match given {
            Some(root) => (root, "any"),
            None => {
                println!("Starting the upstream; its repositories are made the first time.");
                (folder.join(CORPUS), "corpus")
            }
        };
        let releases = options.what.branch.iter().flat_map(|it| ["--release", it]);
        let arguments: Vec<&str> = ["--content", content].into_iter().chain(releases).collect();
        let server = Sample::start_with(&root, &arguments)?;
        Ok(Self { url: server.url.clone(), root: Some(root), _server: Some(server) })
    }

    fn setup(&self, options: &Options, folder: &Path) -> cycle::Setup {
        let What { only, branch, .. } = &options.what;
        let only = only.iter().flat_map(|it| ["--only", it]);
        let choice = only.chain(branch.iter().flat_map(|it| ["--branch", it]));
        let map = |map: &String| match map.split_once('=') {
            Some((from, to)) => (from.to_owned(), to.to_owned()),
            None => (map.clone(), format!("{}/", self.url)),
        };
        cycle::Setup {
            url: self.url.clone(),
            url_maps: options.url_map.iter().map(map).collect(),
            choice: choice.map(str::to_owned).collect(),
            root: self.root.clone(),
            touch: (options.touch.clone(), options.touch_branch.clone()),
            extdist: options.extdist.clone().map(|script| (script, options.python.clone())),
            folder: folder.to_owned(),
        }
    }
}

/// The largest of the made-up repositories, unless another is named.
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

/// A snapshot with metadata as real extensions have it: that of the cycles, or of one made for it.
fn template(upstream: &Upstream, options: &Options, folder: &Path) -> Result<PathBuf> {
    let data = folder.join("cycle/tardist");
    let snapshot = data.join("snapshot.db");
    // Also brings it to the tables of this version.
    cycle::sync(&upstream.setup(options, &folder.join("cycle")), &data, "for its metadata")?;
    Ok(snapshot)
}
