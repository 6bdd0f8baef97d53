//! Measures a process: its time, its CPU time and its memory.
//!
//! The operating system tells a process only what *all* its children took together, and the peak of
//! the largest. So each process to measure is the only child of a process of its own: this program
//! again, as `measure`. That needs no unsafe call and no other dependency.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use serde_json::{Value, json};

use xtask::process::{self, Process};

/// The options of `measure`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where to write the measurement, as JSON
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// The program with its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the command to its end, and writes what it took to a file.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let [program, arguments @ ..] = options.command.as_slice() else { bail!("no command") };
    let start = Instant::now();
    let status = Process::start(Command::new(program).args(arguments))?.wait()?;
    let wall = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot ask what it took")?;
    let taken = json!({
        "wall_s": wall,
        "user_s": seconds(usage.user_time()),
        "system_s": seconds(usage.system_time()),
        // Linux counts it in KiB.
        "peak_bytes": usage.max_rss() * 1024,
        "code": status.code(),
    });
    fs::write(&options.output, taken.to_string())
        .with_context(|| format!("cannot write {}", options.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// Bytes in a MiB.
pub(crate) const MIB: f64 = 1024.0 * 1024.0;

/// What a process took, together with the processes that it started and waited for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) wall_s: f64,
    pub(crate) user_s: f64,
    pub(crate) system_s: f64,
    /// The peak of the largest process, in bytes.
    pub(crate) peak_bytes: f64,
    /// Its exit status; `None` if a signal ended it.
    pub(crate) code: Option<i64>,
}

impl Usage {
    /// User and system together.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.user_s + self.system_s
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let number = |name: &str| value.get(name)?.as_f64();
        Some(Self {
            wall_s: number("wall_s")?,
            user_s: number("user_s")?,
            system_s: number("system_s")?,
            peak_bytes: number("peak_bytes")?,
            code: value.get("code")?.as_i64(),
        })
    }

    /// The sum of two runs, one after the other.
    pub(crate) fn then(&self, next: &Self) -> Self {
        Self {
            wall_s: self.wall_s + next.wall_s,
            user_s: self.user_s + next.user_s,
            system_s: self.system_s + next.system_s,
            peak_bytes: self.peak_bytes.max(next.peak_bytes),
            code: if self.code == Some(0) { next.code } else { self.code },
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "wall_s": self.wall_s, "cpu_s": self.cpu_s(), "user_s": self.user_s,
            "system_s": self.system_s, "peak_bytes": self.peak_bytes, "code": self.code,
        })
    }
}

/// Runs a command to its end and measures it; any exit status will do. The folder `notes` gets the
/// file with the measurement.
pub(crate) fn usage(command: &Command, notes: &Path) -> Result<Usage> {
    Watched::new(command, notes)?.usage(process::run).map(|(usage, ())| usage)
}

/// The same; the output of the command is appended to the file `log`.
pub(crate) fn logged(command: &Command, notes: &Path, log: &Path) -> Result<Usage> {
    let opened = fs::OpenOptions::new().create(true).append(true).open(log);
    let file = opened.with_context(|| format!("cannot write {}", log.display()))?;
    let errors = file.try_clone().with_context(|| format!("cannot write {}", log.display()))?;
    let mut watched = Watched::new(command, notes)?;
    watched.command.stdin(Stdio::null()).stdout(file).stderr(errors);
    watched.usage(process::run).map(|(usage, ())| usage)
}

/// The same, and returns what the command prints. Its exit status has to be zero.
pub(crate) fn output(command: &Command, notes: &Path) -> Result<(Usage, String)> {
    let (usage, text) = Watched::new(command, notes)?.usage(process::output)?;
    if usage.code != Some(0) {
        bail!("`{}` failed, see above", command.get_program().display());
    }
    Ok((usage, text))
}

/// A command that runs as the child of `measure`.
struct Watched {
    command: Command,
    output: PathBuf,
}

impl Watched {
    fn new(inner: &Command, notes: &Path) -> Result<Self> {
        fs::create_dir_all(notes).with_context(|| format!("cannot create {}", notes.display()))?;
        let output = notes.join("usage.json");
        let mut command = Command::new(env::current_exe().context("cannot find this program")?);
        command.arg("measure").arg("--output").arg(&output).arg("--");
        command.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = inner.get_current_dir() {
            command.current_dir(folder);
        }
        Ok(Self { command, output })
    }

    fn usage<T>(mut self, run: impl FnOnce(&mut Command) -> Result<T>) -> Result<(Usage, T)> {
        let result = run(&mut self.command)?;
        if process::interrupted() {
            bail!("interrupted");
        }
        let text = fs::read_to_string(&self.output)
            .with_context(|| format!("cannot read {}", self.output.display()))?;
        let usage = Usage::parse(&text);
        Ok((usage.with_context(|| format!("{} holds {text:?}", self.output.display()))?, result))
    }
}

/// The median of some runs, by `key`; of an even number, the lower one of the two in the middle.
pub(crate) fn median_by<T>(mut all: Vec<T>, key: impl Fn(&T) -> f64) -> Option<T> {
    all.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let middle = all.len().checked_sub(1)? / 2;
    all.into_iter().nth(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_add_up() {
        let text = r#"{"wall_s":1.5,"user_s":1,"system_s":0.25,"peak_bytes":1024,"code":0}"#;
        let one = Usage::parse(text).unwrap();
        let signalled = Usage { code: None, peak_bytes: 2048.0, ..one.clone() };
        let both = one.then(&signalled);
        assert_eq!((both.wall_s, both.cpu_s(), both.peak_bytes), (3.0, 2.5, 2048.0));
        assert_eq!(both.code, None);
        assert_eq!(Usage::parse("{}"), None);
    }

    #[test]
    fn the_median_is_the_lower_middle() {
        assert_eq!(median_by(vec![3.0, 1.0, 2.0, 9.0], |it| *it), Some(2.0));
        assert_eq!(median_by(vec![7.0], |it| *it), Some(7.0));
        assert_eq!(median_by(Vec::<f64>::new(), |it| *it), None);
    }
}
