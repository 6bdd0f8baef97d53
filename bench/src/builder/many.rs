//! A cycle with nothing new, over 10,000 repositories.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use xtask::{process, project, sample::Sample};

use crate::{
    builder::run::{self, Run, Setup},
    marks::{Mark, Wanted},
    measure::{MIB, median_by},
};

const REPOSITORIES: u32 = 10_000;

/// The branches that the sample upstream gives to made-up projects.
pub(crate) const BRANCHES: [&str; 6] =
    ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43", "REL1_42"];

const REPEATS: usize = 5;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Many {
    run: Run,
    snapshot_bytes: f64,
    /// The outcome in the builder's report; it should be `unchanged`.
    outcome: String,
}

/// An upstream that lists them, and a data directory that has them all.
pub(crate) struct System {
    pub(crate) setup: Setup,
    pub(crate) data: PathBuf,
    snapshot_bytes: f64,
    /// Dropping it ends the server.
    _upstream: Sample,
}

impl System {
    /// Makes both below `folder`. The snapshot `template` gives the metadata.
    pub(crate) fn make(folder: &Path, template: &Path) -> Result<Self> {
        let data = folder.join("data");
        let (count, branches) = (REPOSITORIES.to_string(), BRANCHES.len().to_string());
        run::empty(&data)?;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let options = ["--content", "any", "--many", &count, "--branches", &branches];
        let upstream = Sample::start(&folder.join("empty"), &options)?;
        println!("Making a data directory with {count} repositories and {branches} branches each");
        let mut many = Command::new(project::binary("examples/many"));
        many.arg(&data).args(["--repositories", &count, "--branches", &branches]);
        many.args(["--upstream", &upstream.url, "--template"]).arg(template);
        let line = process::output(&mut many)?;
        let line: Value =
            serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?;
        let choice = BRANCHES.iter().flat_map(|it| ["--branch".to_owned(), (*it).to_owned()]);
        let setup = Setup {
            url: upstream.url.clone(),
            url_maps: Vec::new(),
            choice: choice.collect(),
            root: None,
            touch: Default::default(),
            extdist: None,
            folder: folder.to_owned(),
        };
        let snapshot_bytes = line["snapshot_bytes"].as_f64().unwrap_or(f64::NAN);
        Ok(Self { setup, data, snapshot_bytes, _upstream: upstream })
    }

    /// The outcome in the report of the last cycle. In a cycle without news it is `unchanged`.
    pub(crate) fn outcome(&self) -> Result<String> {
        let path = self.data.join("report.json");
        let report =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let report: Value = serde_json::from_str(&report).context("in report.json")?;
        Ok(report["outcome"].as_str().unwrap_or_default().to_owned())
    }
}

/// Runs the builder on such a system.
pub(crate) fn measure(folder: &Path, template: &Path) -> Result<Many> {
    let system = System::make(folder, template)?;
    let System { setup, data, snapshot_bytes, .. } = &system;
    let runs = (0..REPEATS).map(|_| run::sync(setup, data, "no change, 10,000 repositories"));
    let run = median_by(runs.collect::<Result<_>>()?, |run| run.usage.cpu_s())
        .context("nothing was measured")?;
    Ok(Many { run, snapshot_bytes: *snapshot_bytes, outcome: system.outcome()? })
}

impl Many {
    pub(crate) fn json(&self) -> Value {
        json!({
            "repositories": REPOSITORIES, "branches": BRANCHES.len(), "run": self.run.json(),
            "snapshot_bytes": self.snapshot_bytes, "outcome": self.outcome,
        })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let measured = |seen: f64| {
            if self.outcome == "unchanged" {
                Ok(seen)
            } else {
                Err(format!("the cycle was not unchanged but {:?}", self.outcome))
            }
        };
        let stats = self.run.stats.clone().unwrap_or_default();
        let name = |of: &str| format!("10,000 repositories, no change: {of}");
        let at_most = Wanted::AtMost;
        vec![
            Mark::new(name("CPU"), at_most(2.0), "s", measured(self.run.usage.cpu_s())),
            Mark::new(
                name("peak memory"),
                at_most(384.0),
                "MiB",
                measured(self.run.usage.peak_bytes / MIB),
            ),
            Mark::new(name("lists, a kind"), at_most(3.0), "", measured(stats.lists / 2.0)),
            // One: MediaWiki's own refs say which release branches there are.
            Mark::new(name("Git requests"), at_most(1.0), "", measured(stats.git())),
        ]
    }
}

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = &self.run.usage;
        writeln!(
            f,
            "{REPOSITORIES} repositories, {} branches each, no change ({}; median of {REPEATS}):\n\
             wall {:.2} s, CPU {:.2} s (user {:.2}, system {:.2}), peak {:.0} MiB; \
             snapshot {:.0} MB, lists {:.1} MB",
            BRANCHES.len(),
            self.outcome,
            usage.wall_s,
            usage.cpu_s(),
            usage.user_s,
            usage.system_s,
            usage.peak_bytes / MIB,
            self.snapshot_bytes / 1e6,
            self.run.stats.as_ref().map_or(f64::NAN, |stats| stats.bytes / 1e6)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        builder::{disk::Disk, stats::Stats},
        marks::Table,
        measure::Usage,
    };

    #[test]
    fn marks_need_an_unchanged_cycle() {
        let usage = Usage { user_s: 1.0, system_s: 0.5, ..Usage::default() };
        let stats = Some(Stats { lists: 4.0, ..Stats::default() });
        let (clones, dist) = (Disk::default(), Disk::default());
        let run = Run { name: String::new(), usage, stats, clones, dist };
        let mut many = Many { run, snapshot_bytes: 1.0, outcome: "unchanged".to_owned() };
        assert_eq!(Table(&many.marks()).to_string().matches("yes").count(), 4);
        many.outcome = "published".to_owned();
        assert_eq!(Table(&many.marks()).to_string().matches("not measured").count(), 4);
    }
}
