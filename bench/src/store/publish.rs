//! The builder's side: the first publication of very many tarballs, whole and killed halfway; cycles with nothing new.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use xtask::{
    process::{self, Process},
    project,
    sample::Sample,
};

use crate::{
    builder::{many::BRANCHES, run::empty},
    marks::{Mark, Wanted},
    measure::{self, MIB, Usage, median_by},
    store::server::{Published, Server, published, report, tardist},
};

/// The catalogue of the first publication: 7,000 tarballs.
const FIRST: Catalogue = Catalogue { repositories: 1_400, branches: 5 };

/// The catalogue of the cycles with nothing new.
const MANY: Catalogue = Catalogue { repositories: 10_000, branches: 6 };

/// The size of each tarball in bytes. What is measured does not depend on it.
const SIZE: &str = "1000";

/// How many uploads a killed cycle may make again: what is saved at once (100), and what was under way (8).
const AGAIN: f64 = 108.0;

/// The connections of a publication: eight uploads, and the one that asked for the pointer.
const CONNECTIONS: f64 = 9.0;

const REPEATS: usize = 5;

#[derive(Debug, Clone, Copy)]
struct Catalogue {
    repositories: u32,
    branches: u8,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Publishing {
    first: Usage,
    first_uploaded: f64,
    /// The most connections to the store at once.
    connections: f64,
    /// Objects that were there when a first publication was killed, and how many of all were uploaded again after it.
    killed_at: f64,
    again: f64,
    unchanged: Published,
    /// A cycle with nothing new over 10,000 repositories, without a store and with one.
    many: [Usage; 2],
    many_published: Published,
}

pub(crate) fn measure(server: &Server, folder: &Path) -> Result<Publishing> {
    let made_up = MadeUp::start(FIRST, folder)?;
    println!("Publishing 7,000 tarballs");
    let (first, connections) = server.watched(|| made_up.sync(&server.variables("first")));
    let first = first?;
    let first_uploaded = published(&made_up.data)?.uploaded;
    made_up.sync(&server.variables("first"))?;
    let unchanged = published(&made_up.data)?;

    println!("Publishing them elsewhere, killed halfway");
    let store = server.variables("killed");
    let uploads = || count(server.requests("killed", &["PUT", "POST"]).len());
    let mut cycle = Process::start(&mut made_up.command(&store))?;
    while uploads() < first_uploaded / 2.0 && cycle.wait_for(Duration::ZERO)?.is_none() {
        thread::sleep(Duration::from_millis(20));
    }
    cycle.child().kill().context("cannot kill the builder")?;
    cycle.wait()?;
    let killed_at = uploads();
    made_up.sync(&store)?;
    let again = killed_at + published(&made_up.data)?.uploaded - first_uploaded;
    drop(made_up);

    let many = MadeUp::start(MANY, folder)?;
    println!("Publishing 60,000 tarballs to a folder");
    let path = folder.join("many-store");
    fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    let stores = [
        Default::default(),
        [("TARDIST_STORE".to_owned(), format!("file://{}", path.display()))].into(),
    ];
    many.sync(&stores[1])?;
    let mut usages = [Vec::new(), Vec::new()];
    for _ in 0..REPEATS {
        for (usages, store) in usages.iter_mut().zip(&stores) {
            usages.push(many.sync(store)?);
        }
    }
    let many_published = published(&many.data)?;
    let [without, with] =
        usages.map(|usages| median_by(usages, Usage::cpu_s).context("nothing was measured"));
    Ok(Publishing {
        first,
        first_uploaded,
        connections: count(connections),
        killed_at,
        again,
        unchanged,
        many: [without?, with?],
        many_published,
    })
}

#[expect(clippy::cast_precision_loss, reason = "there are thousands of them")]
fn count(number: usize) -> f64 {
    number as f64
}

/// A data directory with a made-up catalogue, and the upstream that lists it.
struct MadeUp {
    upstream: Sample,
    data: PathBuf,
    folder: PathBuf,
    branches: u8,
}

impl MadeUp {
    fn start(catalogue: Catalogue, folder: &Path) -> Result<Self> {
        let Catalogue { repositories, branches } = catalogue;
        println!(
            "Making a data directory with {repositories} repositories, {branches} branches each"
        );
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let data = folder.join(format!("many-{repositories}"));
        empty(&data)?;
        let (repositories, number) = (repositories.to_string(), branches.to_string());
        let options = ["--content", "any", "--many", &repositories, "--branches", &number];
        let upstream = Sample::start(&folder.join("empty"), &options)?;
        let mut many = Command::new(project::binary("examples/many"));
        many.arg(&data).args(["--repositories", &repositories, "--branches", &number]);
        process::output(many.args(["--size", SIZE, "--upstream", &upstream.url]))?;
        let made_up = Self { upstream, data, folder: folder.to_owned(), branches };
        // It was not made under the settings of these cycles, and so is published anew once.
        measure::usage(&made_up.command(&BTreeMap::new()), folder)?;
        Ok(made_up)
    }

    fn command(&self, store: &BTreeMap<String, String>) -> Command {
        let mut command =
            tardist(&["sync", "--upstream", &self.upstream.url], &self.data, store, &self.folder);
        for branch in BRANCHES.iter().take(self.branches.into()) {
            command.args(["--branch", branch]);
        }
        command
    }

    /// A cycle, which finds nothing new in the upstream.
    fn sync(&self, store: &BTreeMap<String, String>) -> Result<Usage> {
        let mut usage = measure::usage(&self.command(store), &self.folder)?;
        let report = report(&self.data)?;
        ensure!(
            report["outcome"] == "unchanged" && report["store"]["error"].is_null(),
            "the cycle was not as it should be: {report}"
        );
        usage.peak_bytes = usage.peak_bytes.max(report["peak_memory"].as_f64().unwrap_or_default());
        Ok(usage)
    }
}

impl Publishing {
    pub(crate) fn json(&self) -> Value {
        json!({
            "first": self.first.json(), "first_uploaded": self.first_uploaded,
            "connections": self.connections, "killed_at": self.killed_at, "again": self.again,
            "unchanged_requests": self.unchanged.requests,
            "unchanged_uploaded": self.unchanged.uploaded,
            "many_without_store": self.many[0].json(), "many_with_store": self.many[1].json(),
        })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let at_most = |name: &str, limit: f64, unit: &'static str, seen: f64| {
            Mark::new(format!("store: {name}"), Wanted::AtMost(limit), unit, Ok(seen))
        };
        let [_, with] = &self.many;
        let uploaded = self.unchanged.uploaded + self.many_published.uploaded;
        vec![
            at_most("first publication, connections at once", CONNECTIONS, "", self.connections),
            at_most("first publication, memory", 384.0, "MiB", self.first.peak_bytes / MIB),
            at_most("uploads again after a kill halfway", AGAIN, "", self.again),
            at_most("nothing new: objects uploaded", 0.0, "", uploaded),
            at_most("nothing new: requests", 1.0, "", self.unchanged.requests),
            at_most("10,000 repositories, nothing new: CPU", 2.0, "s", with.cpu_s()),
        ]
    }
}

impl fmt::Display for Publishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "first publication of {} objects: wall {:.1} s, CPU {:.2} s, peak {:.0} MiB, at most {} connections",
            self.first_uploaded,
            self.first.wall_s,
            self.first.cpu_s(),
            self.first.peak_bytes / MIB,
            self.connections
        )?;
        writeln!(
            f,
            "killed after {} uploads: the next cycle went on, and made {} of them again",
            self.killed_at, self.again
        )?;
        let [without, with] = &self.many;
        writeln!(
            f,
            "10,000 repositories of 6 branches, nothing new: CPU {:.2} s without a store, {:.2} s with a folder as store",
            without.cpu_s(),
            with.cpu_s()
        )
    }
}
