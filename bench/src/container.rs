//! The images of the Containerfile: their sizes, and what a cycle without news costs in a container, beside the same
//! program without one.

use std::{fmt, path::Path, process::Command, time::Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};
use tardist_tests::Podman;
use xtask::project;

use crate::{
    builder::{many::System, run::Setup},
    marks::{Mark, Wanted},
    measure::median_by,
};

const PAIRS: usize = 5;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Contained {
    /// Bytes of the images, with their layers compressed: of the builder, and of the Spin application.
    builder_bytes: u64,
    application_bytes: u64,
    /// Seconds of a cycle without news, alone and in a container.
    pairs: Vec<(f64, f64)>,
    /// The outcome of the last cycle; it should be `unchanged`.
    outcome: String,
}

/// Builds the images, and runs cycles over very many repositories in turns. The snapshot `template` gives the metadata.
pub(crate) fn measure(folder: &Path, template: &Path) -> Result<Contained> {
    println!("Building the images");
    let podman = Podman::default();
    podman.build("builder");
    podman.build("application");
    let (builder, application) = (podman.compressed("builder"), podman.compressed("application"));
    let system = System::make(folder, template)?;
    let System { setup, data, .. } = &system;
    let arguments: Vec<&str> = ["sync", "--quiet", "--upstream", &setup.url]
        .into_iter()
        .chain(setup.choice.iter().map(String::as_str))
        .collect();
    // The data directory belongs to the user of this program.
    let contained =
        || timed(|| Ok(podman.run("builder", data, &["--user", "0:0"], &arguments).code));
    let alone = || timed(|| run_alone(setup, data, &arguments));
    alone()?;
    let mut pairs = Vec::new();
    for pair in 0..PAIRS {
        println!("Pair {} of {PAIRS}", pair + 1);
        // A disturbance should not always hit the same one.
        pairs.push(if pair % 2 == 0 {
            let alone = alone()?;
            (alone, contained()?)
        } else {
            let contained = contained()?;
            (alone()?, contained)
        });
    }
    Ok(Contained {
        builder_bytes: builder,
        application_bytes: application,
        pairs,
        outcome: system.outcome()?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The same program without a container.
fn run_alone(setup: &Setup, data: &Path, arguments: &[&str]) -> Result<i32> {
    let mut command = Command::new(project::binary("tardist"));
    command.current_dir(&setup.folder).env_remove("TARDIST_CONFIG").env("TARDIST_DATA", data);
    Ok(command.args(arguments).status()?.code().unwrap_or(-1))
}

/// How long something took, in seconds, that ends with the exit status 0.
fn timed(run: impl FnOnce() -> Result<i32>) -> Result<f64> {
    let start = Instant::now();
    let code = run()?;
    let time = start.elapsed();
    if code != 0 {
        bail!("`tardist sync` ended with the exit status {code}");
    }
    Ok(time.as_secs_f64())
}

impl Contained {
    /// The median of the ratios of all pairs: how many times longer a cycle takes in a container.
    fn times(&self) -> Result<f64, String> {
        if self.outcome != "unchanged" {
            return Err(format!("the cycle was not unchanged but {:?}", self.outcome));
        }
        let ratios = self.pairs.iter().map(|(alone, contained)| contained / alone).collect();
        median_by(ratios, |ratio| *ratio).ok_or_else(|| "there was no cycle".to_owned())
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "builder_bytes": self.builder_bytes, "application_bytes": self.application_bytes,
            "pairs_s": self.pairs, "outcome": self.outcome,
        })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let at_most = Wanted::AtMost;
        vec![
            Mark::new(
                "image of the builder, compressed",
                at_most(60.0),
                "MB",
                Ok(megabytes(self.builder_bytes)),
            ),
            Mark::new(
                "image of the Spin application, compressed",
                at_most(3.0),
                "MB",
                Ok(megabytes(self.application_bytes)),
            ),
            Mark::new(
                "10,000 repositories, no change, in a container: its time, alone",
                at_most(1.3),
                "×",
                self.times(),
            ),
        ]
    }
}

impl fmt::Display for Contained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "images, compressed: builder {:.1} MB, Spin application {:.1} MB",
            megabytes(self.builder_bytes),
            megabytes(self.application_bytes)
        )?;
        write!(f, "no change, seconds alone and in a container:")?;
        for (alone, contained) in &self.pairs {
            write!(f, "  {alone:.2} {contained:.2}")?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_pairs_of_unchanged_cycles() {
        let mut contained = Contained {
            builder_bytes: 1,
            application_bytes: 1,
            pairs: vec![(1.0, 1.5), (2.0, 2.0), (1.0, 1.2)],
            outcome: "unchanged".to_owned(),
        };
        assert_eq!(contained.times(), Ok(1.2));
        contained.outcome = "published".to_owned();
        assert!(contained.times().unwrap_err().contains("published"));
    }
}
