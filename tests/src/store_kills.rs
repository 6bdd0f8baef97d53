//! Killing builders and pulls at random moments, while snapshots change: no node ever names what the store does not
//! have, and nothing needs a hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::changes::Changes;
use crate::disk::sha256;
use crate::env::TestEnv;
use crate::kills::send;
use crate::node::{Node, Variables, folder_store, sync_to};
use crate::published::{broken_snapshot, published};

/// How many nodes there are.
const NODES: usize = 3;

/// A builder that publishes to a folder, and nodes that follow.
pub struct StoreKills {
    env: TestEnv,
    folder: PathBuf,
    store: Variables,
    nodes: Vec<Node>,
    changes: Changes,
    /// How long a cycle without a kill takes, and a pull.
    times: (Duration, Duration),
    /// The SHA-256 of objects by name. Their bytes do not change.
    hashes: BTreeMap<String, String>,
}

/// What a round of kills did.
#[derive(Debug, Default)]
pub struct StoreKilled {
    /// How many of the processes were hit before they ended.
    pub hit: u32,
    /// True if the builder was hit, and had written a new pointer.
    pub has_pointer: bool,
    /// What is not as it has to be.
    pub complaints: Vec<String>,
}

impl StoreKills {
    /// Publishes the sample once, and pulls it. The same seed gives the same choices.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let env = TestEnv::sample_with_core();
        let folder = env.folder().join("store");
        fs::create_dir(&folder).unwrap();
        let store = folder_store(&folder);
        let nodes: Vec<Node> = (0..NODES).map(|_| Node::new(&store)).collect();
        let mut changes = Changes::new(seed);
        sync_to(&env, &store, &[]).exits(0);
        changes.some(&env);
        let start = Instant::now();
        sync_to(&env, &store, &[]).exits(0);
        let cycle = start.elapsed();
        let start = Instant::now();
        nodes[0].pull(&[]).exits(0);
        let times = (cycle, start.elapsed());
        Self { env, folder, store, nodes, changes, times, hashes: BTreeMap::new() }
    }

    /// Changes the upstream, runs a cycle and a pull at the same time, and kills both at random moments. Looks at what
    /// is left. Then another cycle and pulls, which have to do the rest.
    pub fn kill_some(&mut self) -> StoreKilled {
        let mut killed = StoreKilled::default();
        self.changes.some(&self.env);
        let before = fs::read(self.folder.join("current.json")).unwrap_or_default();
        let (cycle, pull) = self.times;
        let random = self.changes.random();
        let (node, moments) = (random.usize(..NODES), [random.f64(), random.f64()]);
        // A half of the kills is for what comes at the end: the store.
        let moment = if random.bool() { 0.5 + moments[0] / 2.0 } else { moments[0] };
        let quiet = || fs::File::create(self.env.folder().join("output.txt")).unwrap();
        let mut command = self.env.command(&["sync"]);
        let mut builder =
            command.envs(&self.store).stdout(quiet()).stderr(quiet()).spawn().unwrap();
        sleep(cycle.mul_f64(moment));
        let mut command = self.nodes[node].command(&["pull"]);
        let mut puller = command.stdout(quiet()).stderr(quiet()).spawn().unwrap();
        let is_hit = kill(&mut builder);
        killed.hit += u32::from(is_hit);
        let after = fs::read(self.folder.join("current.json")).unwrap_or_default();
        killed.has_pointer = is_hit && after != before;
        sleep(pull.mul_f64(moments[1]));
        killed.hit += u32::from(kill(&mut puller));
        self.look("after the kills", &mut killed.complaints);

        let run = sync_to(&self.env, &self.store, &[]);
        if run.code != 0 {
            killed.complaints.push(format!("the next cycle: {}: {}", run.code, run.text()));
        }
        // One of them comes a round later, like a node that was asleep.
        let late = self.changes.random().usize(..NODES);
        let built = fs::read(self.env.snapshot()).unwrap_or_default();
        for (number, node) in self.nodes.iter().enumerate().filter(|it| it.0 != late) {
            let run = node.pull(&[]);
            if run.code != 0 {
                killed.complaints.push(format!("node {number}: {}: {}", run.code, run.text()));
            } else if fs::read(node.snapshot()).unwrap_or_default() != built {
                killed.complaints.push(format!("node {number} has not what was built"));
            }
        }
        self.look("after the next cycle", &mut killed.complaints);
        killed
    }

    /// Whether each node has no snapshot or a whole one, and the store all that it names.
    fn look(&mut self, when: &str, complaints: &mut Vec<String>) {
        let snapshots: Vec<PathBuf> = self.nodes.iter().map(Node::snapshot).collect();
        for (number, snapshot) in snapshots.iter().enumerate().filter(|it| it.1.exists()) {
            let mut wrong: Vec<String> = broken_snapshot(snapshot).into_iter().collect();
            match published(snapshot) {
                Err(error) => wrong.push(error),
                Ok(all) => {
                    for tarball in all {
                        let name = format!("dist/{}", tarball.path);
                        if self.hash(&name) != Some(&tarball.sha256) {
                            wrong.push(format!("the store does not have {name}"));
                        }
                    }
                }
            }
            complaints.extend(wrong.iter().map(|it| format!("{when}, node {number}: {it}")));
        }
    }

    /// The SHA-256 of an object that is there now.
    fn hash(&mut self, name: &str) -> Option<&String> {
        let path: &Path = &self.folder.join(name);
        if !self.hashes.contains_key(name) {
            let bytes = fs::read(path).ok()?;
            self.hashes.insert(name.to_owned(), sha256(&bytes));
        }
        self.hashes.get(name).filter(|_| path.exists())
    }
}

/// Kills a process. False if it had ended before.
fn kill(child: &mut Child) -> bool {
    let is_hit =
        child.try_wait().is_ok_and(|ended| ended.is_none()) && send(child.id(), Signal::SIGKILL);
    child.wait().unwrap();
    is_hit
}
