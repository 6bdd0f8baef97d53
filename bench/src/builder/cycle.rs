//! Whole cycles of the builder, compared with extdist's script: from nothing, with nothing new, and
//! with one new commit.

use std::{fmt, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    builder::{
        extdist::Script,
        run::{Run, Setup, empty, sync},
        stats::Stats,
        tarball,
        touch::Touch,
    },
    marks::{Mark, Wanted},
    measure::{self, MIB},
};

/// Runs with nothing new are short, so they are repeated.
const REPEATS: usize = 5;

/// How many times a new commit is measured.
const COMMITS: usize = 3;

/// A run with one new commit, and the making of its tarball alone.
#[derive(Debug, Clone)]
struct OneCommit {
    run: Run,
    /// Git objects of the new commit.
    objects: f64,
    tarball_s: f64,
}

impl OneCommit {
    fn beyond_tarball_s(&self) -> f64 {
        self.run.usage.wall_s - self.tarball_s
    }
}

/// What was measured. For a part that was not, the reason.
#[derive(Debug)]
pub(crate) struct Cycle {
    cold: Run,
    unchanged: Run,
    commit: Result<OneCommit, String>,
    extdist: Result<Extdist, String>,
}

#[derive(Debug)]
struct Extdist {
    cold: Run,
    unchanged: Run,
    commit: Option<Run>,
}

/// Runs everything.
pub(crate) fn measure(setup: &Setup) -> Result<Cycle> {
    let data = setup.folder.join("tardist");
    empty(&data)?;
    let (id, branch) = &setup.touch;
    // First of all: this removes the commits that an earlier benchmark may have left.
    let mut touch = match &setup.root {
        Some(root) => Touch::find(root, id, branch)?,
        None => None,
    };
    let script = match &setup.extdist {
        Some((script, python)) => {
            let folder = setup.folder.join("extdist");
            Some(Script::set_up(script, python, &folder, &setup.url, &setup.url_maps)?)
        }
        None => None,
    };
    let cold = sync(setup, &data, "cold")?;
    let unchanged = (0..REPEATS).map(|_| sync(setup, &data, "no change"));
    let unchanged = measure::median_by(unchanged.collect::<Result<_>>()?, |it| it.usage.wall_s)
        .context("nothing was measured")?;
    let mut extdist = match &script {
        Some(script) => Ok(Extdist {
            cold: script.run("cold")?,
            unchanged: script.run("no change")?,
            commit: None,
        }),
        None => Err("give --extdist".to_owned()),
    };
    let mut commits = Vec::new();
    if let Some(touch) = &mut touch {
        for _ in 0..COMMITS {
            commits.push(one_commit(setup, &data, touch)?);
            if let (Ok(extdist), Some(script)) = (&mut extdist, &script)
                && extdist.commit.is_none()
            {
                extdist.commit = Some(script.run("one commit")?);
            }
        }
    }
    let commit = measure::median_by(commits, OneCommit::beyond_tarball_s)
        .ok_or_else(|| format!("there is no {id} {branch} in --repositories to put a commit on"));
    Ok(Cycle { cold, unchanged, commit, extdist })
}

fn one_commit(setup: &Setup, data: &Path, touch: &mut Touch) -> Result<OneCommit> {
    let touched = touch.touch()?;
    let run = sync(setup, data, "one commit")?;
    let mirror = data.join("mirror").join(format!("{}.git", touch.id));
    // Repeated, because the builder's run had everything in the caches.
    let alone =
        (0..REPEATS).map(|_| tarball::example(&mirror, &touched.commit, None, &setup.folder));
    let alone = measure::median_by(alone.collect::<Result<_>>()?, |it| it.seconds)
        .context("nothing was measured")?;
    Ok(OneCommit { run, objects: touched.objects, tarball_s: alone.seconds })
}

impl Cycle {
    fn runs(&self) -> Vec<&Run> {
        let mut runs = vec![&self.cold, &self.unchanged];
        runs.extend(self.commit.as_ref().ok().map(|commit| &commit.run));
        if let Ok(extdist) = &self.extdist {
            runs.extend([&extdist.cold, &extdist.unchanged]);
            runs.extend(&extdist.commit);
        }
        runs
    }

    pub(crate) fn json(&self) -> Value {
        let runs: Vec<Value> = self.runs().into_iter().map(Run::json).collect();
        let commit = self.commit.as_ref().ok().map(|commit| {
            json!({
                "new_objects": commit.objects, "tarball_alone_s": commit.tarball_s,
                "beyond_tarball_s": commit.beyond_tarball_s(),
            })
        });
        json!({ "runs": runs, "one_commit": commit })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        [self.unchanged_marks(), self.commit_marks(), self.cold_marks()].concat()
    }

    fn extdist(&self) -> Result<&Extdist, String> {
        self.extdist.as_ref().map_err(Clone::clone)
    }

    fn unchanged_marks(&self) -> Vec<Mark> {
        let stats = self.unchanged.counted();
        let faster = |extdist: &Extdist| extdist.unchanged.times(&self.unchanged);
        vec![
            Mark::new(
                "no change: lists, a kind",
                Wanted::AtMost(3.0),
                "",
                stats.clone().map(|stats| stats.lists / 2.0),
            ),
            // One: MediaWiki's own refs say which release branches there are.
            Mark::new("no change: Git requests", Wanted::AtMost(1.0), "", stats.map(Stats::git)),
            Mark::new(
                "no change: times faster than extdist",
                Wanted::AtLeast(500.0),
                "×",
                self.extdist().map(faster),
            ),
        ]
    }

    fn commit_marks(&self) -> Vec<Mark> {
        let commit = self.commit.as_ref().map_err(Clone::clone);
        let fetches = commit.clone().and_then(|commit| Ok(commit.run.counted()?.info_refs));
        let surplus = commit.clone().and_then(|commit| {
            let objects = commit.run.counted()?.objects;
            Ok(objects.ok_or("the server does not count objects")? - commit.objects)
        });
        let beyond = commit.map(OneCommit::beyond_tarball_s);
        let at_most = Wanted::AtMost;
        vec![
            Mark::new("one commit: fetches", at_most(1.0), "", fetches),
            Mark::new("one commit: objects beyond its own", at_most(0.0), "", surplus),
            Mark::new("one commit: time beyond its tarball's", at_most(0.1), "s", beyond),
        ]
    }

    fn cold_marks(&self) -> Vec<Mark> {
        let cold = &self.cold;
        let share = |of: fn(&Run) -> f64| self.extdist().map(|it| of(cold) / of(&it.cold));
        let bytes = self
            .extdist()
            .and_then(|extdist| Ok(cold.counted()?.bytes / extdist.cold.counted()?.bytes));
        let at_most = Wanted::AtMost;
        vec![
            Mark::new(
                "cold: times faster than extdist",
                Wanted::AtLeast(15.0),
                "×",
                self.extdist().map(|extdist| extdist.cold.times(cold)),
            ),
            Mark::new("cold: bytes over the wire, of extdist's", at_most(0.15), "×", bytes),
            Mark::new(
                "cold: mirrors, of extdist's clones",
                at_most(0.15),
                "×",
                share(|run| run.clones.bytes),
            ),
            Mark::new(
                "cold: tarballs' size, of extdist's",
                at_most(1.02),
                "×",
                share(|run| run.dist.bytes),
            ),
            Mark::new("cold: peak memory", at_most(384.0), "MiB", Ok(cold.usage.peak_bytes / MIB)),
        ]
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:20} {:>8} {:>8} {:>8} {:>6} {:>6} {:>6} {:>12} {:>8} {:>9} {:>9} {:>9}",
            "run",
            "wall s",
            "CPU s",
            "peak MiB",
            "lists",
            "refs",
            "packs",
            "bytes sent",
            "objects",
            "clone MiB",
            "tarballs",
            "their MiB"
        )?;
        for run in self.runs() {
            let Run { name, usage, stats, clones, dist } = run;
            write!(
                f,
                "{name:20} {:>8.3} {:>8.3} {:>8.1}",
                usage.wall_s,
                usage.cpu_s(),
                usage.peak_bytes / MIB
            )?;
            match stats {
                Some(it) => write!(
                    f,
                    " {:>6} {:>6} {:>6} {:>12} {:>8}",
                    it.lists,
                    it.info_refs,
                    it.upload_pack,
                    it.bytes,
                    it.objects.map_or("?".to_owned(), |it| it.to_string())
                )?,
                None => write!(f, " {:>6} {:>6} {:>6} {:>12} {:>8}", "?", "?", "?", "?", "?")?,
            }
            let (clones, dist_mib) = (clones.bytes / MIB, dist.bytes / MIB);
            writeln!(f, " {clones:>9.1} {:>9} {dist_mib:>9.1}", dist.files)?;
        }
        if let Ok(commit) = &self.commit {
            writeln!(
                f,
                "one commit: {:.3} s, of which its tarball alone {:.3} s; {} new objects",
                commit.run.usage.wall_s, commit.tarball_s, commit.objects
            )?;
        }
        if let Err(why) = &self.extdist {
            writeln!(f, "extdist was not measured: {why}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{builder::disk::Disk, marks::Table, measure::Usage};

    fn run(wall_s: f64, lists: f64, info_refs: f64, objects: f64) -> Run {
        Run {
            name: String::new(),
            usage: Usage { wall_s, code: Some(0), peak_bytes: 100.0 * MIB, ..Usage::default() },
            stats: Some(Stats {
                lists,
                info_refs,
                upload_pack: 2.0 * info_refs,
                requests: lists + 3.0 * info_refs,
                bytes: 10.0 * wall_s,
                objects: Some(objects),
            }),
            clones: Disk { files: 1, bytes: wall_s },
            dist: Disk { files: 1, bytes: 100.0 },
        }
    }

    fn seen(cycle: &Cycle) -> String {
        Table(&cycle.marks()).to_string()
    }

    #[test]
    fn marks_are_ratios_of_both_programs() {
        let commit = OneCommit { run: run(0.3, 4.0, 1.0, 5.0), objects: 4.0, tarball_s: 0.25 };
        let extdist = Extdist {
            cold: run(184.0, 4.0, 9.0, 0.0),
            unchanged: run(51.0, 4.0, 9.0, 0.0),
            commit: None,
        };
        let cycle = Cycle {
            cold: run(9.2, 4.0, 24.0, 9.0),
            unchanged: run(0.05, 4.0, 0.0, 0.0),
            commit: Ok(commit),
            extdist: Ok(extdist),
        };
        let table = seen(&cycle);
        let holds = |mark: &str| {
            let line = table.lines().find(|line| line.starts_with(mark));
            line.is_some_and(|line| line.ends_with("yes"))
        };
        assert!(holds("no change: lists") && holds("no change: Git requests"), "{table}");
        assert!(holds("no change: times faster"), "51 s and 50 ms: {table}");
        assert!(holds("cold: times faster") && holds("cold: bytes"), "{table}");
        assert!(holds("one commit: fetches") && holds("one commit: time beyond"), "{table}");
        assert!(!holds("one commit: objects beyond"), "one too many: {table}");
        assert_eq!(cycle.json()["runs"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let mut unchanged = run(0.05, 4.0, 0.0, 0.0);
        unchanged.stats = None;
        let cycle = Cycle {
            cold: run(9.2, 4.0, 24.0, 9.0),
            unchanged,
            commit: Err("no such branch".to_owned()),
            extdist: Err("give --extdist".to_owned()),
        };
        let table = seen(&cycle);
        assert_eq!(table.matches("not measured: give --extdist").count(), 5, "{table}");
        assert_eq!(table.matches("not measured: no such branch").count(), 3, "{table}");
        assert_eq!(table.matches("not measured: the server does not count").count(), 2);
        assert!(cycle.to_string().contains("extdist was not measured: give --extdist"));
    }
}
