//! A host that is down, and the time that a cycle over very many repositories takes then.

use std::time::Duration;

use sample_upstream::Fault;

use crate::env::TestEnv;
use crate::family::{Guard, watch};

/// How much longer than the timeout of a request such a cycle may take.
const MARK: Duration = Duration::from_secs(600);

/// A way for a host to be down.
#[derive(Debug, Clone, Copy)]
pub struct Down {
    /// Its name.
    pub name: &'static str,
    /// Its fault; `None` if it refuses connections.
    fault: fn() -> Option<Fault>,
}

/// What a cycle took.
#[derive(Debug)]
pub struct Outlasted {
    /// How long it took.
    pub time: Duration,
    /// How many requests the host that is down got.
    pub requests: usize,
    /// What is not as it has to be.
    pub complaints: Vec<String>,
}

/// All of them.
pub const WAYS: [Down; 6] = [
    Down { name: "refuses connections", fault: || None },
    Down { name: "never answers", fault: || Some(Fault::BlackHole) },
    Down { name: "answers a byte at a time", fault: || Some(Fault::Drip) },
    Down { name: "hangs up", fault: || Some(Fault::Hangup) },
    Down { name: "answers 500", fault: || Some(Fault::status(500)) },
    Down { name: "answers 429 for a year", fault: || Some(Fault::busy(429, "31536000")) },
];

impl Down {
    /// Runs a cycle that finds so many repositories in a list, and whose Git host is down. Each request
    /// waits for `timeout`, and is tried again as often as the default settings say.
    #[must_use]
    pub fn run(&self, repositories: usize, timeout: Duration) -> Outlasted {
        let [env, git] = [TestEnv::empty(), TestEnv::empty()];
        env.server.list_made_up(repositories, 1).unwrap();
        match (self.fault)() {
            Some(fault) => git.server.fault("/", fault, None),
            None => git.server.close_port(),
        }
        let config = format!(
            "[[upstream]]\ntype = \"gerrit\"\nurl = \"{}\"\ngit-url = \"{}\"\n",
            env.server.url(),
            git.server.url()
        );
        let patience = format!("{}s", timeout.as_secs());
        let args = ["sync", "--timeout", &patience, "--retries", "3"];
        let command = env.command_with(&config, &args);
        let guard = Guard { time: timeout + MARK, memory: 4 << 30, disk: 4 << 30 };
        let watched = watch(command, &env.data(), env.folder(), &guard);
        let mut complaints = Vec::new();
        if let Some(limit) = watched.killed {
            complaints.push(format!("it was killed, because it took too much {limit}"));
        } else if ![1, 5].contains(&watched.run.code) {
            // Nothing was published before, and nothing can be now.
            complaints.push(format!("exits with {}: {}", watched.run.code, watched.run.text()));
        } else if env.report()["failures"].as_array().is_none_or(|it| it.len() != repositories) {
            complaints.push("not each repository is named".to_owned());
        }
        Outlasted { time: watched.time, requests: git.server.requests().len(), complaints }
    }
}
