//! The results for the components: as a table, as JSON, and as marks.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};

use crate::{
    functions::{
        case::{Beside, Case, Limit, Measured, Rate, Ratio},
        catalogue::{BRANCHES, REPOSITORIES},
        growth::Growth,
        instance::Start,
        load::Seen,
        updates::Check,
    },
    marks::{Mark, Wanted},
    measure::MIB,
};

/// The limit for the 99th percentile, relative to E's.
const P99: f64 = 5.0;

/// What was measured.
pub(crate) struct Functions {
    pub(crate) cases: Vec<Measured>,
    pub(crate) starts: Vec<(&'static str, Start)>,
    /// By component, in bytes.
    pub(crate) memory: BTreeMap<String, f64>,
    /// By file name, in bytes.
    pub(crate) wasm: BTreeMap<String, f64>,
    pub(crate) growth: Growth,
    pub(crate) check: Check,
    /// Of `/info/extensions`, in bytes.
    pub(crate) all_bytes: usize,
}

impl Functions {
    /// Each case with each limit.
    fn ratios(&self) -> impl Iterator<Item = (&Case, &Beside, Result<Ratio, String>)> {
        self.cases.iter().flat_map(|(case, pairs)| {
            let beside = case.beside.iter().zip(pairs);
            beside.map(move |(beside, pairs)| (case, beside, case.ratio(beside, pairs)))
        })
    }

    pub(crate) fn json(&self) -> Value {
        let ratios = self.ratios().map(|(case, beside, ratio)| {
            let (name, limit) = (case.name, beside.limit.letter());
            match ratio {
                Ok(Ratio { ours, other, rate, p99 }) => json!({
                    "case": name, "limit": limit, "ours": ours.json(), "other": other.json(),
                    "ratio": rate, "p99_ratio": p99,
                }),
                Err(why) => json!({ "case": name, "limit": limit, "why_not_measured": why }),
            }
        });
        let starts = self.starts.iter().map(|(name, start)| ((*name).to_owned(), start.json()));
        json!({
            "repositories": REPOSITORIES, "branches": BRANCHES,
            "info_extensions_bytes": self.all_bytes,
            "loads": ratios.collect::<Value>(),
            "first_requests": Value::Object(starts.collect()),
            "instance_memory_bytes": self.memory, "wasm_bytes": self.wasm,
            "searches": self.growth.json(), "update_check": self.check.json(),
        })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (case, beside, ratio) in self.ratios() {
            let Some(wanted) = beside.wanted else { continue };
            let what = match case.rate {
                Rate::Requests => "requests/s",
                Rate::Bytes => "MB/s",
            };
            let name =
                |what: &str| format!("{}: {what}, of {}'s", case.name, beside.limit.letter());
            let seen = |number: fn(&Ratio) -> f64| ratio.as_ref().map(number).map_err(Clone::clone);
            marks.push(Mark::new(name(what), Wanted::AtLeast(wanted), "×", seen(|it| it.rate)));
            if beside.limit == Limit::Bare && case.rate == Rate::Requests && wanted > 0.5 {
                marks.push(Mark::new(name("p99"), Wanted::AtMost(P99), "×", seen(|it| it.p99)));
            }
        }
        let memory = self.memory.get("info").map(|bytes| bytes / MIB);
        marks.push(Mark::new(
            "/info/extensions: memory of an instance",
            Wanted::AtMost(64.0),
            "MiB",
            memory.ok_or_else(|| "no instance ended".to_owned()),
        ));
        let wasm = self.wasm.values().sum::<f64>() / 1e6;
        marks.push(Mark::new(".wasm files together", Wanted::AtMost(2.0), "MB", Ok(wasm)));
        marks.extend(self.growth.marks());
        marks.push(self.check.mark());
        marks
    }
}

impl fmt::Display for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{REPOSITORIES} repositories of {BRANCHES} branches; /info/extensions has {:.2} MB. \
             Each row is a pair of runs in turns, medians of all rounds;\n\
             E: a component that does nothing, F: Flask, N: nginx with files\n",
            self.all_bytes as f64 / 1e6
        )?;
        let width = self.cases.iter().map(|(case, _)| case.name.chars().count()).max();
        let width = width.unwrap_or_default();
        writeln!(
            f,
            "{:width$}  {:>10} {:>8} {:>8} {:>8}   {:>4} {:>10} {:>8} {:>8} {:>8}   {:>6} {:>6}",
            "",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "MB/s",
            "",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "MB/s",
            "ratio",
            "p99"
        )?;
        for (case, beside, ratio) in self.ratios() {
            write!(f, "{:width$}  ", case.name)?;
            match ratio {
                Ok(Ratio { ours, other, rate, p99 }) => {
                    columns(f, &ours)?;
                    write!(f, "   {:>4} ", beside.limit.letter())?;
                    columns(f, &other)?;
                    writeln!(f, "   {rate:>6.2} {p99:>6.2}")?;
                }
                Err(why) => writeln!(f, "beside {}: not measured: {why}", beside.limit.letter())?,
            }
        }
        writeln!(f)?;
        for (name, start) in &self.starts {
            writeln!(
                f,
                "First request to a new instance, {name}: {:.2} ms, to one that is there {:.2} ms: \
                 a new instance costs {:.2} ms",
                start.cold_ms,
                start.warm_ms,
                start.cost_ms()
            )?;
        }
        for (name, bytes) in &self.memory {
            writeln!(f, "Most memory of an instance of {name}: {:.1} MiB", bytes / MIB)?;
        }
        let kb: Vec<String> =
            self.wasm.iter().map(|(name, bytes)| format!("{name} {:.0} kB", bytes / 1e3)).collect();
        writeln!(f, "{}", kb.join(", "))?;
        write!(f, "{}", self.growth)
    }
}

fn columns(f: &mut fmt::Formatter<'_>, seen: &Seen) -> fmt::Result {
    write!(
        f,
        "{:>10.0} {:>8.2} {:>8.2} {:>8.1}",
        seen.requests_per_second(),
        seen.p50_ms,
        seen.p99_ms,
        seen.mb_per_second()
    )
}
