//! A case: a request to the components, and what to compare it with.
//!
//! The two runs of a pair follow each other at once, and each round changes their order. So other work
//! on the machine disturbs both. The ratio of a case is the median of the ratios of all rounds.

use anyhow::Result;

use crate::{
    functions::load::{Load, Seen},
    measure::median_by,
};

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
}

/// What the components are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    Bare,
    Flask,
    Nginx,
}

impl Limit {
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Bare => "E",
            Self::Flask => "F",
            Self::Nginx => "N",
        }
    }
}

/// Which rate is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    Requests,
    Bytes,
}

impl Rate {
    fn of(self, seen: &Seen) -> f64 {
        match self {
            Self::Requests => seen.requests_per_second(),
            Self::Bytes => seen.mb_per_second(),
        }
    }
}

/// Something to ask the components.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) rate: Rate,
    /// The load on the components, or why there is none.
    pub(crate) ours: Result<Load, String>,
    pub(crate) beside: Vec<Beside>,
}

/// Something to compare with.
pub(crate) struct Beside {
    pub(crate) limit: Limit,
    pub(crate) load: Result<Load, String>,
    /// The wanted ratio, if there is a mark. With E, such a mark also wants a p99 of at most five times
    /// that of E.
    pub(crate) wanted: Option<f64>,
}

/// Two runs, one right after the other.
pub(crate) struct Pair {
    pub(crate) ours: Seen,
    pub(crate) other: Seen,
}

/// A case with its pairs of runs: for each thing to compare with, one pair per round.
pub(crate) type Measured = (Case, Vec<Vec<Pair>>);

/// Runs all rounds of all cases.
pub(crate) fn run(cases: Vec<Case>, effort: Effort) -> Result<Vec<Measured>> {
    let mut seen: Vec<Measured> = Vec::new();
    for case in cases {
        let beside = case.beside.iter().map(|_| Vec::new()).collect();
        seen.push((case, beside));
    }
    for round in 1..=effort.rounds {
        println!("Loading everything, round {round} of {}", effort.rounds);
        for (case, pairs) in &mut seen {
            let Ok(ours) = &case.ours else { continue };
            for (beside, pairs) in case.beside.iter().zip(pairs) {
                let Ok(other) = &beside.load else { continue };
                // The order changes, because a run may affect the next one.
                pairs.push(if round % 2 == 0 {
                    let other = other.run(effort.seconds)?;
                    Pair { ours: ours.run(effort.seconds)?, other }
                } else {
                    let ours = ours.run(effort.seconds)?;
                    Pair { ours, other: other.run(effort.seconds)? }
                });
            }
        }
    }
    Ok(seen)
}

/// The medians of the pairs of a case and a limit.
pub(crate) struct Ratio {
    pub(crate) ours: Seen,
    pub(crate) other: Seen,
    pub(crate) rate: f64,
    pub(crate) p99: f64,
}

impl Ratio {
    fn new(rate: Rate, pairs: &[Pair]) -> Option<Self> {
        let median = |ratio: &dyn Fn(&Pair) -> f64| {
            median_by(pairs.iter().map(ratio).collect(), |it: &f64| *it)
        };
        Some(Self {
            rate: median(&|pair| rate.of(&pair.ours) / rate.of(&pair.other))?,
            p99: median(&|pair| pair.ours.p99_ms / pair.other.p99_ms)?,
            ours: Seen::middle(&pairs.iter().map(|pair| &pair.ours).collect::<Vec<_>>()),
            other: Seen::middle(&pairs.iter().map(|pair| &pair.other).collect::<Vec<_>>()),
        })
    }
}

impl Case {
    /// The ratio to a limit, or why there is none.
    pub(crate) fn ratio(&self, beside: &Beside, pairs: &[Pair]) -> Result<Ratio, String> {
        self.ours.as_ref().map_err(Clone::clone)?;
        beside.load.as_ref().map_err(Clone::clone)?;
        let ratio = Ratio::new(self.rate, pairs).ok_or("there were no rounds")?;
        match ratio.ours.errors + ratio.other.errors {
            0.0 => Ok(ratio),
            errors => Err(format!("{errors} answers were errors")),
        }
    }
}
