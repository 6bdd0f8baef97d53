//! One run of `tardist sync`, with what it cost and what it left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use xtask::project;

use crate::{
    builder::{disk::Disk, stats::Stats},
    measure::{self, Usage},
};

/// What to measure against, and how.
pub(crate) struct Setup {
    pub(crate) url: String,
    /// Where submodules are fetched from: FROM and TO.
    pub(crate) url_maps: Vec<(String, String)>,
    /// Options of `tardist sync` that choose what to sync.
    pub(crate) choice: Vec<String>,
    /// The folder that the upstream serves, if known.
    pub(crate) root: Option<PathBuf>,
    /// The repository, `extensions/NAME`, and the branch that get new commits.
    pub(crate) touch: (String, String),
    /// The script with its Python.
    pub(crate) extdist: Option<(PathBuf, PathBuf)>,
    /// A folder to work in.
    pub(crate) folder: PathBuf,
}

/// One run of either program.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) usage: Usage,
    /// `None` if the server does not count.
    pub(crate) stats: Option<Stats>,
    /// The clones, with the files beside them.
    pub(crate) clones: Disk,
    pub(crate) dist: Disk,
}

impl Run {
    /// How many times longer than the other run it took.
    pub(crate) fn times(&self, other: &Self) -> f64 {
        self.usage.wall_s / other.usage.wall_s
    }

    /// What the server counted.
    ///
    /// # Errors
    ///
    /// Why there is nothing, for the table of marks.
    pub(crate) fn counted(&self) -> Result<&Stats, String> {
        self.stats.as_ref().ok_or_else(|| "the server does not count (no /__stats)".to_owned())
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "run": self.name, "usage": self.usage.json(),
            "traffic": self.stats.as_ref().map(Stats::json), "clones_bytes": self.clones.bytes,
            "tarballs": self.dist.files, "tarballs_bytes": self.dist.bytes,
        })
    }
}

/// The peak of the builder's processes together, in bytes, as its report has it: the system knows only the peak of
/// the largest process.
fn reported_peak(data: &Path) -> Result<f64> {
    let path = data.join("report.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let report: Value = serde_json::from_str(&text).context("in report.json")?;
    Ok(report["peak_memory"].as_f64().unwrap_or_default())
}

/// Removes a data directory of an earlier benchmark: its tarballs would be looked at, and what it knows of a store is of
/// one that is gone.
pub(crate) fn empty(data: &Path) -> Result<()> {
    if data.exists() {
        fs::remove_dir_all(data).with_context(|| format!("cannot remove {}", data.display()))?;
    }
    Ok(())
}

/// One `tardist sync`.
pub(crate) fn sync(setup: &Setup, data: &Path, name: &str) -> Result<Run> {
    println!("tardist: {name}");
    fs::create_dir_all(&setup.folder)
        .with_context(|| format!("cannot create {}", setup.folder.display()))?;
    let mut command = Command::new(project::binary("tardist"));
    // A folder without a tardist.toml.
    command.current_dir(&setup.folder).env_remove("TARDIST_CONFIG");
    command.arg("sync").arg("--data").arg(data).args(["--upstream", &setup.url]);
    for (from, to) in &setup.url_maps {
        command.arg("--url-map").arg(format!("{from}={to}"));
    }
    // Messages about single repositories are in its report too.
    command.args(&setup.choice).env("TARDIST_LOG", "tardist=error");
    Stats::take(&setup.url);
    let mut usage = measure::usage(&command, &setup.folder)?;
    usage.peak_bytes = usage.peak_bytes.max(reported_peak(data)?);
    let stats = Stats::take(&setup.url);
    if !matches!(usage.code, Some(0 | 3)) {
        bail!("`tardist sync` failed, see above");
    }
    if usage.code == Some(3) {
        println!("Some repositories failed; the numbers are of the others.");
    }
    let clones = Disk::all(&data.join("mirror"))?;
    let dist = Disk::dist(&data.join("dist"))?;
    Ok(Run { name: format!("tardist, {name}"), usage, stats, clones, dist })
}
