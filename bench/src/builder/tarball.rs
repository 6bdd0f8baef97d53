//! The speed and size of tarballs, compared with `git archive` of the same commit, and with GNU tar
//! and gzip, which extdist's script uses.

use std::{fmt, fs, path::Path, process::Command, thread};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use xtask::{process, project};

use crate::{
    marks::{Mark, Wanted},
    measure::{self, median_by},
};

const REPEATS: usize = 9;

/// One tarball by one program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) content_bytes: f64,
    pub(crate) tarball_bytes: f64,
    pub(crate) seconds: f64,
    /// CPU time of the whole process: other work on the machine disturbs it less than `seconds`.
    pub(crate) cpu_s: f64,
}

/// All programs on the same commit; medians.
#[derive(Debug)]
pub(crate) struct Tarballs {
    one_core: Made,
    two_cores: Made,
    git_one_core: Made,
    git_two_cores: Made,
    gzip: Made,
    /// How much two cores get done together, relative to one, with a tarball each. No program gets
    /// more out of this machine.
    ceiling: f64,
}

/// The core for programs that get one.
const CORE: Option<&str> = Some("0");
const OTHER_CORE: Option<&str> = Some("1");
const CORES: Option<&str> = Some("0,1");

/// Makes the tarballs, by all programs in turns, in `folder`.
pub(crate) fn measure(mirror: &Path, commit: &str, folder: &Path) -> Result<Tarballs> {
    println!("Making tarballs of {commit} in {}", mirror.display());
    if project::find_program("taskset").is_none() {
        bail!("taskset is missing, which chooses the cores (Debian: apt-get install util-linux)");
    }
    let mut all: [Vec<Made>; 5] = Default::default();
    let mut ceilings = Vec::new();
    for _ in 0..REPEATS {
        all[0].push(example(mirror, commit, CORE, folder)?);
        all[2].push(git_archive(mirror, commit, CORE, folder)?);
        all[1].push(example(mirror, commit, CORES, folder)?);
        ceilings.push(two_at_once(mirror, commit, folder)?);
        all[3].push(git_archive(mirror, commit, CORES, folder)?);
    }
    all[4].push(gnu_tar(mirror, commit, folder)?);
    let content_bytes = all[0].first().map_or(f64::NAN, |made| made.content_bytes);
    let [one_core, two_cores, git_one_core, git_two_cores, gzip] = all.map(|made| {
        let median = median_by(made, |made| made.seconds).context("nothing was measured")?;
        Ok::<_, anyhow::Error>(Made { content_bytes, ..median })
    });
    let one_core = one_core?;
    let at_once = median_by(ceilings, |seconds| *seconds).context("nothing was measured")?;
    Ok(Tarballs {
        ceiling: 2.0 * one_core.seconds / at_once,
        one_core,
        two_cores: two_cores?,
        git_one_core: git_one_core?,
        git_two_cores: git_two_cores?,
        gzip: gzip?,
    })
}

/// The seconds that a tarball takes on one core while the other core makes one too.
fn two_at_once(mirror: &Path, commit: &str, folder: &Path) -> Result<f64> {
    thread::scope(|scope| {
        let notes = folder.join("other");
        let other = scope.spawn(move || example(mirror, commit, OTHER_CORE, &notes));
        let one = example(mirror, commit, CORE, folder);
        let other = other.join().map_err(|_| anyhow!("the second measurement panicked"))?;
        Ok(one?.seconds.midpoint(other?.seconds))
    })
}

/// Makes one with the builder's code, by its example `tarball`; `folder` gets the measurement.
pub(crate) fn example(
    mirror: &Path,
    commit: &str,
    cores: Option<&str>,
    folder: &Path,
) -> Result<Made> {
    let mut command = on_cores(&project::binary("examples/tarball"), cores);
    let (usage, line) = measure::output(command.arg(mirror).arg(commit), folder)?;
    let made = parse(&line).with_context(|| format!("not what the example prints: {line}"))?;
    Ok(Made { cpu_s: usage.cpu_s(), ..made })
}

fn parse(line: &str) -> Option<Made> {
    let value: Value = serde_json::from_str(line).ok()?;
    let field = |name| value.get(name)?.as_f64();
    Some(Made {
        content_bytes: field("content_bytes")?,
        tarball_bytes: field("tarball_bytes")?,
        seconds: field("seconds")?,
        cpu_s: 0.0,
    })
}

fn on_cores(program: &Path, cores: Option<&str>) -> Command {
    let Some(cores) = cores else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", cores]).arg(program);
    command
}

fn git_archive(mirror: &Path, commit: &str, cores: Option<&str>, folder: &Path) -> Result<Made> {
    let mut command = on_cores(Path::new("git"), cores);
    command.args(["-c", "safe.directory=*", "--git-dir"]).arg(mirror);
    written(&mut command, &["archive", "--format=tar.gz", commit, "--output"], folder)
}

/// Makes one in the way of the script: from a work tree, with the default level of gzip.
fn gnu_tar(mirror: &Path, commit: &str, folder: &Path) -> Result<Made> {
    let tree = folder.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    fs::create_dir_all(tree.join("Bench"))
        .with_context(|| format!("cannot create {}", tree.display()))?;
    let archive = folder.join("tree.tar");
    let mut git = Command::new("git");
    git.args(["-c", "safe.directory=*", "--git-dir"]).arg(mirror).args(["archive", "--output"]);
    process::run(git.arg(&archive).args(["--format=tar", commit]))?;
    let mut tar = Command::new("tar");
    process::run(tar.arg("-xf").arg(&archive).arg("-C").arg(tree.join("Bench")))?;
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(&tree).args(["--exclude", ".git"]);
    let made = written(&mut tar, &["Bench", "-czhPf"], folder)?;
    fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))?;
    fs::remove_dir_all(&tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    Ok(made)
}

/// Runs a command that writes a tarball to the file in its last argument.
#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn written(command: &mut Command, arguments: &[&str], folder: &Path) -> Result<Made> {
    let file = folder.join("made.tar.gz");
    let (usage, _) = measure::output(command.args(arguments).arg(&file), folder)?;
    let bytes = fs::metadata(&file).with_context(|| format!("no {}", file.display()))?.len();
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    Ok(Made {
        content_bytes: f64::NAN,
        tarball_bytes: bytes as f64,
        seconds: usage.wall_s,
        cpu_s: usage.cpu_s(),
    })
}

impl Tarballs {
    fn rows(&self) -> [(&'static str, &Made); 5] {
        [
            ("tardist, 1 core", &self.one_core),
            ("tardist, 2 cores", &self.two_cores),
            ("git archive, 1 core", &self.git_one_core),
            ("git archive, 2 cores", &self.git_two_cores),
            ("tar and gzip -6", &self.gzip),
        ]
    }

    pub(crate) fn json(&self) -> Value {
        let rows = self.rows().map(|(name, made)| {
            json!({
                "by": name, "content_bytes": made.content_bytes,
                "tarball_bytes": made.tarball_bytes, "seconds": made.seconds,
                "cpu_s": made.cpu_s,
            })
        });
        json!({"made": rows, "ceiling_of_two_cores": self.ceiling})
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let one = self.git_one_core.seconds / self.one_core.seconds;
        let two = self.one_core.seconds / self.two_cores.seconds;
        let size = self.one_core.tarball_bytes / self.gzip.tarball_bytes;
        vec![
            Mark::new(
                "tarball: speed on 1 core, of git archive's",
                Wanted::AtLeast(1.5),
                "×",
                Ok(one),
            ),
            // Nearly 2: reading the last file and writing the last block are work for one core.
            Mark::new("tarball: speed on 2 cores, of 1 core's", Wanted::AtLeast(1.8), "×", Ok(two)),
            Mark::new("tarball: size, of tar and gzip's", Wanted::AtMost(1.02), "×", Ok(size)),
        ]
    }
}

impl fmt::Display for Tarballs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:20}  {:>9}  {:>6}  {:>10}  {:>14}  {:>12}",
            "tarball by", "content/s", "CPU s", "size", "of git, 1 core", "size of gzip"
        )?;
        for (name, made) in self.rows() {
            writeln!(
                f,
                "{name:20}  {:>4.0} MB/s  {:>6.3}  {:>7.2} MB  {:>14.2}  {:>12.4}",
                made.content_bytes / made.seconds / 1e6,
                made.cpu_s,
                made.tarball_bytes / 1e6,
                self.git_one_core.seconds / made.seconds,
                made.tarball_bytes / self.gzip.tarball_bytes
            )?;
        }
        let content = self.one_core.content_bytes / 1e6;
        writeln!(f, "({content:.1} MB of content, median of {REPEATS}; tar and gzip once)")?;
        let gain = self.one_core.seconds / self.two_cores.seconds;
        let ceiling = self.ceiling;
        writeln!(f, "2 cores make {gain:.2} of 1; each with a tarball of its own, {ceiling:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(tarball_bytes: f64, seconds: f64) -> Made {
        Made { content_bytes: 100.0, tarball_bytes, seconds, cpu_s: 0.0 }
    }

    #[test]
    fn the_line_of_the_example_is_understood() {
        let line = r#"{"content_bytes":100,"tarball_bytes":3,"seconds":0.2500}"#;
        assert_eq!(parse(line), Some(made(3.0, 0.25)));
        assert_eq!(parse(r#"{"content_bytes":100}"#), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn marks_are_ratios() {
        let tarballs = Tarballs {
            one_core: made(101.0, 2.0),
            two_cores: made(101.0, 1.25),
            git_one_core: made(100.0, 3.0),
            git_two_cores: made(100.0, 2.0),
            gzip: made(100.0, 4.0),
            ceiling: 1.9,
        };
        let table = crate::marks::Table(&tarballs.marks()).to_string();
        assert!(table.contains("1.50 ×  yes") && table.contains("1.60 ×  NO"), "{table}");
        assert!(table.contains("1.01 ×  yes"), "{table}");
    }
}
