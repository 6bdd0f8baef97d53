//! Load, made by wrk, and the numbers that wrk prints.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use xtask::{process, project};

use crate::measure::median_by;

/// A request that is made again and again.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// A file with one path per line. These are requested in turn, instead of `path`.
    pub(crate) paths: Option<PathBuf>,
    /// `Name: value`
    pub(crate) headers: Vec<String>,
    pub(crate) connections: u32,
}

/// Connections for answers of usual size.
const CONNECTIONS: u32 = 32;

impl Load {
    pub(crate) fn new(address: SocketAddr, path: impl Into<String>) -> Self {
        let (paths, headers) = (None, Vec::new());
        Self { address, path: path.into(), paths, headers, connections: CONNECTIONS }
    }

    pub(crate) fn paths(self, file: &Path) -> Self {
        Self { paths: Some(file.to_owned()), ..self }
    }

    pub(crate) fn header(mut self, header: impl Into<String>) -> Self {
        self.headers.push(header.into());
        self
    }

    pub(crate) fn connections(self, connections: u32) -> Self {
        Self { connections, ..self }
    }

    /// Makes the load.
    pub(crate) fn run(&self, seconds: f64) -> Result<Seen> {
        // wrk takes whole seconds, at least one.
        let seconds = format!("{:.0}s", seconds.max(1.0));
        let threads = self.connections.min(2).to_string();
        let connections = self.connections.to_string();
        let script = project::root().join("bench/load.lua");
        let mut wrk = Command::new("wrk");
        wrk.args(["-t", &threads, "-c", &connections, "-d", &seconds, "-s"]).arg(script);
        wrk.args(self.headers.iter().flat_map(|it| ["-H", it]));
        wrk.arg(format!("http://{}{}", self.address, self.path));
        if let Some(paths) = &self.paths {
            wrk.arg("--").arg(paths);
        }
        let text = process::output(&mut wrk)?;
        let seen = Seen::parse(&text)
            .with_context(|| format!("wrk's output is not as expected:\n{text}"))?;
        if seen.requests == 0.0 {
            bail!("http://{}{} did not answer within {seconds}", self.address, self.path);
        }
        Ok(seen)
    }
}

/// What wrk measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) seconds: f64,
    pub(crate) requests: f64,
    /// The bytes of all answers, with their heads.
    pub(crate) bytes: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Answers with an error status, and connections that broke. There should be none.
    pub(crate) errors: f64,
}

impl Seen {
    pub(crate) fn requests_per_second(&self) -> f64 {
        self.requests / self.seconds
    }

    pub(crate) fn mb_per_second(&self) -> f64 {
        self.bytes / self.seconds / 1e6
    }

    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().rev().find(|line| line.starts_with('{'))?;
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |name: &str| value.get(name)?.as_f64();
        Some(Self {
            seconds: number("seconds")?,
            requests: number("requests")?,
            bytes: number("bytes")?,
            p50_ms: number("p50_us")? / 1e3,
            p99_ms: number("p99_us")? / 1e3,
            errors: number("refused")? + number("broken")?,
        })
    }

    /// The median of several runs, of each number by itself; but the sum of the errors.
    pub(crate) fn middle(runs: &[&Self]) -> Self {
        let middle = |number: fn(&Self) -> f64| {
            median_by(runs.iter().map(|run| number(run)).collect(), |it| *it).unwrap_or(f64::NAN)
        };
        let seconds = middle(|it| it.seconds);
        Self {
            seconds,
            requests: middle(Self::requests_per_second) * seconds,
            bytes: middle(|it| it.bytes / it.seconds) * seconds,
            p50_ms: middle(|it| it.p50_ms),
            p99_ms: middle(|it| it.p99_ms),
            errors: runs.iter().map(|run| run.errors).sum(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "requests_per_second": self.requests_per_second(),
            "mb_per_second": self.mb_per_second(),
            "p50_ms": self.p50_ms, "p99_ms": self.p99_ms, "errors": self.errors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 1s test @ http://127.0.0.1:1/
  2 threads and 8 connections
Requests/sec:  10000.50
{\"seconds\":2.000000,\"requests\":20000,\"bytes\":4000000,\"p50_us\":1230,\"p99_us\":9870,\"refused\":1,\"broken\":2}
";

    #[test]
    fn what_the_script_prints_is_understood() {
        let seen = Seen::parse(OUTPUT).unwrap();
        assert_eq!((seen.requests_per_second(), seen.mb_per_second()), (10_000.0, 2.0));
        assert_eq!((seen.p50_ms, seen.p99_ms, seen.errors), (1.23, 9.87, 3.0));
        assert_eq!(Seen::parse("unable to connect"), None);
    }

    #[test]
    fn the_middle_is_taken_of_each_number_for_itself() {
        let run = |requests, p99_ms| Seen { seconds: 1.0, requests, p99_ms, ..Seen::default() };
        let runs = [run(10.0, 9.0), run(30.0, 7.0), run(20.0, 8.0)];
        let middle = Seen::middle(&runs.iter().collect::<Vec<_>>());
        assert_eq!((middle.requests_per_second(), middle.p99_ms), (20.0, 8.0));
    }
}
