//! How the time of a search depends on the number of repositories.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use xtask::{manifest::Application, serve};

use crate::{
    functions::{
        catalogue::{catalogue, paths_file, searches},
        load::Load,
    },
    http,
    marks::{Mark, Wanted},
    measure::median_by,
};

/// Numbers of repositories; each is ten times the one before.
const SIZES: [u32; 3] = [1_500, 15_000, 150_000];

/// The milliseconds that a search took, by number of repositories.
#[derive(Debug)]
pub(crate) struct Growth(Result<Vec<(u32, f64)>, String>);

/// Measures one request at a time, with each catalogue in turns. Repositories have one branch: a search
/// does not depend on branches.
pub(crate) fn measure(host: &Path, folder: &Path, rounds: usize, seconds: f64) -> Result<Growth> {
    let mut servers = Vec::new();
    for size in SIZES {
        let folder = folder.join(size.to_string());
        let data = folder.join("data");
        catalogue(&data, size, 1)?;
        let application = Application::derive(&folder, &data, true)?;
        let (server, address) = serve::start_host(host, &application, &folder.join("host.log"))?;
        let status = http::get(&address.to_string(), "/search?q=page")?.status;
        if status != 200 {
            return Ok(Growth(Err(format!("/search is answered with status {status}"))));
        }
        servers.push((size, server, address));
    }
    let paths = paths_file(folder, "searches", &searches())?;
    let mut times = vec![Vec::new(); servers.len()];
    for round in 1..=rounds {
        println!("Searching in catalogues of three sizes, round {round} of {rounds}");
        for ((_, _, address), times) in servers.iter().zip(&mut times) {
            let load = Load::new(*address, "/search").paths(&paths).connections(1);
            times.push(1e3 / load.run(seconds)?.requests_per_second());
        }
    }
    let times = times.into_iter().map(|times| median_by(times, |it| *it).unwrap_or(f64::NAN));
    Ok(Growth(Ok(SIZES.into_iter().zip(times).collect())))
}

impl Growth {
    /// The result if there is no search to measure.
    pub(crate) fn not_measured(why: &str) -> Self {
        Self(Err(why.to_owned()))
    }

    pub(crate) fn json(&self) -> Value {
        let times = self.0.iter().flatten();
        times.map(|(size, ms)| json!({ "repositories": size, "ms": ms })).collect()
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let mark = |index: usize| {
            let name = format!(
                "search among {} repositories: time, of that among {}",
                SIZES[index + 1],
                SIZES[index]
            );
            let seen = self.0.as_ref().map_err(Clone::clone);
            let seen = seen.map(|times| times[index + 1].1 / times[index].1);
            // Ten times as many repositories: less than ten times the time.
            Mark::new(name, Wanted::AtMost(9.99), "×", seen)
        };
        (0..SIZES.len() - 1).map(mark).collect()
    }
}

impl std::fmt::Display for Growth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Ok(times) => times.iter().try_for_each(|(size, ms)| {
                writeln!(f, "A search among {size} repositories: {ms:.2} ms")
            }),
            Err(why) => writeln!(f, "Searches in larger catalogues: not measured: {why}"),
        }
    }
}
