//! The nodes' side: a pull with and without news, ten nodes that follow, readers while a node gets new snapshots.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use xtask::{manifest::Application, process::Process, project, serve};

use crate::{
    builder::{
        run::{Setup, empty},
        touch::Touch,
    },
    http,
    marks::{Mark, Wanted},
    measure::{self, Usage},
    store::server::{OWN, Published, Server, published, tardist},
};

const NODES: usize = 10;

/// The time between two polls of a node that follows.
const POLL: Duration = Duration::from_secs(1);

/// How long the nodes may take before that is an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many clients ask a node, one request after the other.
const READERS: usize = 8;

/// How many new snapshots a node gets while they ask.
const CHANGES: usize = 5;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Nodes {
    /// What a cycle with one new commit published.
    commit: Published,
    unchanged: Pull,
    changed: Pull,
    /// The size of the compressed snapshot, in bytes.
    object_bytes: f64,
    /// The time from the end of a cycle until all nodes had its snapshot, in seconds.
    all_nodes_s: f64,
    readers: Readers,
}

/// A `tardist pull`.
#[derive(Debug)]
struct Pull {
    usage: Usage,
    /// The requests that the store got.
    requests: Vec<String>,
}

/// What clients of a node saw.
#[derive(Debug, Default)]
struct Readers {
    answers: usize,
    /// How answers that were not right began.
    wrong: Vec<String>,
    /// The states of the repository that were answered.
    states: BTreeSet<String>,
}

impl Readers {
    fn note(&mut self, answer: Result<String, String>) {
        self.answers += 1;
        match answer {
            Ok(state) => drop(self.states.insert(state)),
            Err(wrong) => self.wrong.push(wrong),
        }
    }
}

pub(crate) fn measure(server: &Server, setup: &Setup, folder: &Path) -> Result<Nodes> {
    let builder = Builder { setup, data: folder.join("builder"), store: server.variables(OWN) };
    let root = setup.root.as_ref().context("the repositories of the upstream are not known")?;
    let (id, branch) = &setup.touch;
    let mut touch = Touch::find(root, id, branch)?
        .with_context(|| format!("there is no {id} {branch} to put commits on"))?;
    empty(&builder.data)?;
    println!("Publishing the made-up repositories");
    builder.sync()?;
    let node = folder.join("node");
    empty(&node)?;
    let pull = || pull(server, &node, &builder.store, folder);
    pull()?;
    let unchanged = pull()?;
    touch.touch()?;
    builder.sync()?;
    let commit = published(&builder.data)?;
    let changed = pull()?;
    let object_bytes = server.statement()?["object_size"].as_f64().unwrap_or(f64::NAN);

    println!("{NODES} nodes follow");
    let all_nodes_s = follow(&builder, &mut touch, folder)?;

    println!("{READERS} clients ask a node that gets {CHANGES} new snapshots");
    let readers = read(&builder, &mut touch, &node, folder, || pull().map(drop))?;
    Ok(Nodes { commit, unchanged, changed, object_bytes, all_nodes_s, readers })
}

struct Builder<'a> {
    setup: &'a Setup,
    data: PathBuf,
    store: BTreeMap<String, String>,
}

impl Builder<'_> {
    fn sync(&self) -> Result<()> {
        let arguments = ["sync", "--upstream", &self.setup.url];
        let mut command = tardist(&arguments, &self.data, &self.store, &self.setup.folder);
        command.args(&self.setup.choice);
        let usage = measure::usage(&command, &self.setup.folder)?;
        ensure!(usage.code == Some(0), "`tardist sync` failed, see above");
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        let path = self.data.join("snapshot.db");
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// Pulls once.
fn pull(
    server: &Server,
    node: &Path,
    store: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<Pull> {
    let asked = || server.requests(OWN, &["GET", "HEAD"]);
    let before = asked().len();
    let usage = measure::usage(&tardist(&["pull"], node, store, folder), folder)?;
    ensure!(usage.code == Some(0), "`tardist pull` failed, see above");
    Ok(Pull { usage, requests: asked().split_off(before) })
}

/// Lets nodes follow the store, publishes a new commit, and waits until all of them have it.
fn follow(builder: &Builder<'_>, touch: &mut Touch, folder: &Path) -> Result<f64> {
    let data: Vec<PathBuf> =
        (0..NODES).map(|number| folder.join(format!("node-{number}"))).collect();
    data.iter().try_for_each(|data| empty(data))?;
    let pause = format!("{}s", POLL.as_secs());
    let mut nodes = Vec::new();
    for data in &data {
        let arguments = ["pull", "--watch", &pause];
        nodes.push(Process::start(&mut tardist(&arguments, data, &builder.store, folder))?);
    }
    wait(&data, &builder.snapshot()?)?;
    touch.touch()?;
    builder.sync()?;
    let start = Instant::now();
    wait(&data, &builder.snapshot()?)?;
    Ok(start.elapsed().as_secs_f64())
}

/// Waits until all nodes have this snapshot.
fn wait(nodes: &[PathBuf], snapshot: &[u8]) -> Result<()> {
    let start = Instant::now();
    let has_it =
        |data: &&PathBuf| fs::read(data.join("snapshot.db")).is_ok_and(|there| there == snapshot);
    while nodes.iter().filter(has_it).count() < nodes.len() {
        ensure!(start.elapsed() < PATIENCE, "some nodes have not pulled within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Serves a node, and lets clients ask it while new snapshots come.
fn read(
    builder: &Builder<'_>,
    touch: &mut Touch,
    node: &Path,
    folder: &Path,
    pull: impl Fn() -> Result<()>,
) -> Result<Readers> {
    let application = Application::derive(folder, node, false)?;
    let log = folder.join("host.log");
    let host = project::binary("component-host");
    let (_server, address) = serve::start_host(&host, &application, &log)?;
    let path = format!("/info/{}", touch.id);
    let is_over = AtomicBool::new(false);
    let readers = Mutex::new(Readers::default());
    let ask = || {
        while !is_over.load(Ordering::Relaxed) {
            let answer = answer(address, &path);
            readers.lock().unwrap_or_else(PoisonError::into_inner).note(answer);
        }
    };
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(ask);
        }
        let changed = (0..CHANGES).try_for_each(|_| {
            touch.touch()?;
            builder.sync()?;
            pull()
        });
        // The host keeps an open snapshot for a second.
        thread::sleep(Duration::from_secs(2));
        is_over.store(true, Ordering::Relaxed);
        changed
    })?;
    Ok(readers.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What is answered of the branches, or how an answer began that is not right.
fn answer(address: SocketAddr, path: &str) -> Result<String, String> {
    let answer = http::get(&address.to_string(), path).map_err(|error| format!("{error:#}"))?;
    let text = String::from_utf8_lossy(&answer.body);
    let info: Option<Value> = serde_json::from_str(&text).ok();
    match info.as_ref().and_then(|info| info["branches"].as_object()) {
        Some(branches) if answer.status == 200 => Ok(format!("{branches:?}")),
        _ => Err(format!("{} {}", answer.status, text.chars().take(100).collect::<String>())),
    }
}

impl Pull {
    /// How many requests were for something below this path of the store.
    fn requests_for(&self, path: &str) -> usize {
        self.requests.iter().filter(|request| request.contains(path)).count()
    }
}

impl Nodes {
    /// How many polls it took at most until all nodes had the new snapshot.
    fn polls(&self) -> f64 {
        (self.all_nodes_s / POLL.as_secs_f64()).ceil()
    }

    pub(crate) fn json(&self) -> Value {
        let pull = |it: &Pull| json!({ "usage": it.usage.json(), "requests": it.requests });
        json!({
            "commit_uploaded": self.commit.uploaded, "commit_requests": self.commit.requests,
            "unchanged": pull(&self.unchanged), "changed": pull(&self.changed),
            "object_bytes": self.object_bytes, "all_nodes_s": self.all_nodes_s,
            "answers": self.readers.answers, "wrong": self.readers.wrong,
            "states": self.readers.states.len(),
        })
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        let at_most = |name: &str, limit: f64, seen: f64| {
            Mark::new(format!("store: {name}"), Wanted::AtMost(limit), "", Ok(seen))
        };
        let snapshots = self.changed.requests_for("/snapshots/");
        vec![
            // Its tarball and the snapshot.
            at_most("one commit: objects besides the pointer", 2.0, self.commit.uploaded),
            at_most("pull, nothing new: requests", 1.0, count(self.unchanged.requests.len())),
            at_most("pull of a new snapshot: requests", 2.0, count(self.changed.requests.len())),
            at_most("pull of a new snapshot: requests for it", 1.0, count(snapshots)),
            at_most("polls until 10 nodes have a new snapshot", 2.0, self.polls()),
            at_most("wrong answers while snapshots change", 0.0, count(self.readers.wrong.len())),
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are few of them")]
fn count(number: usize) -> f64 {
    number as f64
}

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, pull) in [("nothing new", &self.unchanged), ("one commit", &self.changed)] {
            let Pull { usage, requests } = pull;
            writeln!(
                f,
                "pull, {what}: wall {:.3} s, CPU {:.3} s; {}",
                usage.wall_s,
                usage.cpu_s(),
                requests.join(", ")
            )?;
        }
        writeln!(f, "the snapshot, compressed: {:.1} kB", self.object_bytes / 1e3)?;
        writeln!(
            f,
            "{NODES} nodes, a poll each {:.0} s: all have a new snapshot after {:.2} s",
            POLL.as_secs_f64(),
            self.all_nodes_s
        )?;
        let Readers { answers, wrong, states } = &self.readers;
        writeln!(
            f,
            "{answers} answers of a node that got {CHANGES} new snapshots, of {} different states; {} wrong{}",
            states.len(),
            wrong.len(),
            wrong.first().map(|first| format!(", the first: {first}")).unwrap_or_default()
        )
    }
}
