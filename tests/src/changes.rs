//! Random changes of an upstream, so that each cycle has something real to do.

use std::collections::BTreeMap;
use std::fs;

use fastrand::Rng;
use sample_upstream::{File, Oid, State};

use crate::env::TestEnv;
use crate::published::KINDS;

/// The branches that are deleted and come back. `master` stays, so that no repository is lost.
const FICKLE: [&str; 3] = ["REL1_43", "REL1_44", "REL1_45"];

/// One in so many changes also makes a repository read-only, or active again.
const RARE: usize = 8;

/// Changes the upstream of a system, at random and yet the same for the same seed.
pub(crate) struct Changes {
    random: Rng,
    /// The tips of the branches that are deleted at present, by repository and branch.
    deleted: BTreeMap<(String, String), Oid>,
    /// The repository that is read-only at present.
    hidden: Option<String>,
    /// How many commits were made.
    commits: usize,
}

impl Changes {
    pub(crate) fn new(seed: u64) -> Self {
        let (deleted, hidden) = (BTreeMap::new(), None);
        Self { random: Rng::with_seed(seed), deleted, hidden, commits: 0 }
    }

    /// New commits in some repositories, a branch less or more in one, and sometimes a repository less
    /// or more.
    pub(crate) fn some(&mut self, env: &TestEnv) {
        let choice = self.commits(env);
        self.delete_or_restore(env, &choice);
        if self.random.usize(..RARE) == 0 {
            self.hide_or_show(env, &choice);
        }
    }

    /// New commits on some branches. Returns one that has one.
    pub(crate) fn commits(&mut self, env: &TestEnv) -> String {
        let branches: Vec<String> = env.tips().into_keys().collect();
        for branch in &branches {
            if self.random.usize(..3) == 0 {
                self.commit(env, branch);
            }
        }
        let choice = branches[self.random.usize(..branches.len())].clone();
        self.commit(env, &choice);
        choice
    }

    /// A new commit on the `master` and on one other branch of each repository.
    pub(crate) fn each(&mut self, env: &TestEnv) {
        for branch in env.tips().into_keys() {
            if branch.ends_with(" master") || branch.ends_with(" REL1_45") {
                self.commit(env, &branch);
            }
        }
    }

    /// A commit on one branch, `extensions/NAME BRANCH`.
    pub(crate) fn commit(&mut self, env: &TestEnv, branch: &str) {
        let (id, branch) = branch.split_once(' ').unwrap();
        // It may have been deleted since it was published.
        if self.deleted.contains_key(&(id.to_owned(), branch.to_owned())) {
            return;
        }
        // Some kilobytes, so that writing a tarball takes more than a moment.
        let length = self.random.usize(..50_000);
        self.commit_of(env, id, branch, length);
    }

    /// A commit of one branch, with so many bytes of noise in a file.
    pub(crate) fn commit_of(&mut self, env: &TestEnv, id: &str, branch: &str, length: usize) {
        self.commits += 1;
        let count = File::text(self.commits.to_string());
        let noise: Vec<u8> = (0..length).map(|_| self.random.u8(..)).collect();
        env.commit(id, branch, &[("count", count), ("noise", File::text(noise))]);
    }

    fn delete_or_restore(&mut self, env: &TestEnv, branch: &str) {
        let (id, _) = branch.split_once(' ').unwrap();
        let repository = env.repository(id);
        let fickle = FICKLE[self.random.usize(..FICKLE.len())];
        let key = (id.to_owned(), fickle.to_owned());
        match (self.deleted.remove(&key), repository.tip(fickle).unwrap()) {
            (Some(tip), _) => repository.branch(fickle, tip).unwrap(),
            (None, Some(tip)) => {
                repository.delete_branch(fickle).unwrap();
                self.deleted.insert(key, tip);
            }
            (None, None) => {}
        }
    }

    /// At most one repository is read-only at a time: if most were, the cycle would refuse it.
    fn hide_or_show(&mut self, env: &TestEnv, branch: &str) {
        if let Some(id) = self.hidden.take() {
            env.repository(&id).set_state(State::Active).unwrap();
            return;
        }
        let (id, _) = branch.split_once(' ').unwrap();
        // All of one kind may not be missing.
        if id.starts_with("extensions/") {
            env.repository(id).set_state(State::ReadOnly).unwrap();
            self.hidden = Some(id.to_owned());
        }
    }

    pub(crate) fn random(&mut self) -> &mut Rng {
        &mut self.random
    }
}

/// What the published tips are compared with: those that a cycle has to publish now.
pub(crate) fn expected(env: &TestEnv) -> BTreeMap<String, String> {
    let mut expected = BTreeMap::new();
    for id in ids(env) {
        let repository = env.repository(&id);
        if repository.state().unwrap() != State::Active {
            continue;
        }
        for branch in crate::BRANCHES {
            if let Some(tip) = repository.tip(branch).unwrap() {
                expected.insert(format!("{id} {branch}"), tip.to_string());
            }
        }
    }
    expected
}

/// The extensions and skins of the upstream: `extensions/NAME`.
fn ids(env: &TestEnv) -> Vec<String> {
    let mut ids = Vec::new();
    for kind in KINDS {
        let folder = env.upstream.root().join("mediawiki").join(kind);
        for entry in fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            ids.extend(name.strip_suffix(".git").map(|name| format!("{kind}/{name}")));
        }
    }
    ids
}
