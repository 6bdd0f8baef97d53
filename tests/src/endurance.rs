//! Many cycles with a small change each: what they take must not grow.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::changes::Changes;
use crate::disk::size;
use crate::env::TestEnv;

/// The bytes of a change. Each change replaces the file of the one before, so that a branch stays as
/// large as it is.
const CHANGE: usize = 8 << 10;

/// How often the open files are counted while a cycle runs.
const TICK: Duration = Duration::from_millis(10);

/// So many cycles, with a look at the figures now and then.
#[derive(Debug, Clone, Copy)]
pub struct Endurance {
    /// How many cycles.
    pub cycles: u32,
    /// After how many of them the figures are looked at.
    pub every: u32,
}

/// What cycles take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// The tarballs on disk, in bytes.
    pub tarballs: u64,
    /// The mirrors on disk, in bytes.
    pub mirrors: u64,
    /// Everything else in the data directory, in bytes.
    pub other: u64,
    /// The most memory of all processes of a cycle together, since the last look: in bytes.
    pub memory: u64,
    /// The most files that the process of a cycle had open at the same time, since the last look.
    pub descriptors: u64,
}

impl Endurance {
    /// Runs the cycles, and tells each look at the figures to `tell`. Returns what grew.
    pub fn run(&self, mut tell: impl FnMut(u32, &Figures)) -> Vec<String> {
        let env = TestEnv::sample_with_core();
        env.sync(&[]).exits(0);
        let branches: Vec<String> = env.tips().into_keys().collect();
        let mut changes = Changes::new(4);
        let mut change = |number: usize| {
            let (id, branch) = branches[number % branches.len()].split_once(' ').unwrap();
            changes.commit_of(&env, id, branch, CHANGE);
        };
        // Each branch has its noise before the first look, so that no tarball grows after it.
        (0..branches.len()).for_each(&mut change);
        env.sync(&["--grace", "0s"]).exits(0);
        let (mut first, mut last) = (None, Figures::default());
        for cycle in 1..=self.cycles {
            change(cycle as usize);
            cycle_of(&env, &mut last);
            if cycle % self.every == 0 || cycle == self.cycles {
                look(&env, &mut last);
                tell(cycle, &last);
                first.get_or_insert(last);
                if cycle < self.cycles {
                    last = Figures::default();
                }
            }
        }
        let mut complaints = grown(&first.unwrap_or_default(), &last);
        let verified = env.tardist(&["verify"]);
        if verified.code != 0 {
            complaints.push(verified.text());
        }
        complaints
    }
}

/// Runs a cycle, and notes the most that it took.
fn cycle_of(env: &TestEnv, figures: &mut Figures) {
    let log = fs::File::create(env.folder().join("output.txt")).unwrap();
    let mut command = env.command(&["sync", "--grace", "0s"]);
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let mut cycle = command.spawn().unwrap();
    let open = format!("/proc/{}/fd", cycle.id());
    let status = loop {
        // It may have got files from here: other tests run in this process at the same time.
        let inherited = files("/proc/self/fd");
        let own = files(&open).into_iter().filter(|file| !inherited.contains(file));
        figures.descriptors = figures.descriptors.max(own.count() as u64);
        if let Some(status) = cycle.try_wait().unwrap() {
            break status;
        }
        sleep(TICK);
    };
    let output = || fs::read_to_string(env.folder().join("output.txt")).unwrap();
    assert!(status.success(), "{status}: {}", output());
    figures.memory = figures.memory.max(env.report()["peak_memory"].as_u64().unwrap_or(0));
}

/// The files that a process has open, as the system calls them.
fn files(open: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(open).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

fn look(env: &TestEnv, figures: &mut Figures) {
    let data = env.data();
    figures.tarballs = size(&data.join("dist"));
    figures.mirrors = size(&data.join("mirror"));
    figures.other = size(&data).saturating_sub(figures.tarballs + figures.mirrors);
}

/// What is more than at the first look by more than chance explains: a quarter, and a little that does
/// not depend on the number of cycles. A mirror has packs that are put together only now and then, so
/// that it may be twice as large.
fn grown(first: &Figures, last: &Figures) -> Vec<String> {
    const MB: u64 = 1_000_000;
    let quarter = |value: u64| value + value / 4;
    let bounds = [
        ("the tarballs", last.tarballs, quarter(first.tarballs) + MB / 10),
        ("the mirrors", last.mirrors, 2 * first.mirrors + MB),
        ("the other files", last.other, quarter(first.other) + MB / 10),
        ("the memory", last.memory, quarter(first.memory) + 32 * MB),
        ("the number of open files", last.descriptors, quarter(first.descriptors) + 8),
    ];
    let grown = bounds.into_iter().filter(|(_, value, bound)| value > bound);
    grown.map(|(what, value, bound)| format!("{what}: {value} is more than {bound}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_beyond_its_bound_is_named() {
        let first = Figures { mirrors: 10_000_000, ..Figures::default() };
        assert_eq!(grown(&first, &Figures { mirrors: 20_000_000, ..first }), [""; 0]);
        let grown = grown(&first, &Figures { mirrors: 30_000_000, descriptors: 9, ..first });
        assert_eq!(grown.len(), 2, "{grown:?}");
        assert!(grown[0].starts_with("the mirrors: 30000000"), "{grown:?}");
    }
}
