//! A case: something to ask the components, and what to measure it beside. Each run beside another
//! follows at once after it, in turns before and behind, and a ratio is the median of those of all
//! rounds: what else happens on the machine meets both.

use anyhow::Result;

use crate::{
    functions::load::{Load, Seen},
    measure::median_by,
};

/// How much is measured.
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

/// What counts.
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

/// Something to measure.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) rate: Rate,
    /// What to ask the components, or why that can't be.
    pub(crate) ours: Result<Load, String>,
    pub(crate) beside: Vec<Beside>,
}

/// What to measure it beside, or why that can't be.
pub(crate) struct Beside {
    pub(crate) limit: Limit,
    pub(crate) load: Result<Load, String>,
    /// How many times its rate is wanted, where that is a mark; beside E also a p99 of at most five
    /// times its own.
    pub(crate) wanted: Option<f64>,
}

/// Two runs, one after the other.
pub(crate) struct Pair {
    pub(crate) ours: Seen,
    pub(crate) other: Seen,
}

/// A case with the pairs of runs of all rounds, for each of what it is measured beside.
pub(crate) type Measured = (Case, Vec<Vec<Pair>>);

/// All rounds of all cases: for each case and limit the pairs of runs.
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
                // In turns, since a run may leave something behind.
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

/// What the pairs of a case and a limit come to.
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
    /// Why there is nothing to say of a limit, or what there is.
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
