//! A foreign program as a process group: it is killed with all that it started, when its time is over
//! or when nobody waits for it any more.

use std::{
    io::{self, Read},
    process::{Child, ExitStatus},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// How many bytes at the end of each of its two outputs are kept.
const MAX_OUTPUT: usize = 4_000;

/// How often a running process is looked at.
const TICK: Duration = Duration::from_millis(50);

/// A process and all that it starts. They are killed when this is dropped.
pub(crate) struct Group(Child);

impl Group {
    /// Takes a process that was started as the leader of a group of its own.
    pub(crate) fn new(leader: Child) -> Self {
        Self(leader)
    }

    /// Waits for the process; `None` if it still runs after `timeout`.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            let ended = self.0.try_wait()?;
            if ended.is_some() || start.elapsed() >= timeout {
                return Ok(ended);
            }
            thread::sleep(TICK);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.0.id()) {
            // This fails if nothing of the group is left.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// The ends of a process's standard error and output. They are read all the time, so that the process never waits for a
/// reader.
pub(crate) struct Output([mpsc::Receiver<Vec<u8>>; 2]);

impl Output {
    /// Starts to read the standard error and output of a process.
    pub(crate) fn of(Group(child): &mut Group) -> Self {
        Self([read_end(child.stderr.take()), read_end(child.stdout.take())])
    }

    /// The end of standard error, and that of standard output, each on one line. A stream that is still open after
    /// some seconds is left out.
    pub(crate) fn ends(self) -> [String; 2] {
        self.0.map(|stream| {
            let end = stream.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
            String::from_utf8_lossy(&end).split_whitespace().collect::<Vec<_>>().join(" ")
        })
    }
}

/// Reads a stream in a thread of its own, which sends the end.
fn read_end(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stream) = stream {
        thread::spawn(move || sender.send(end_of(stream)));
    }
    receiver
}

fn end_of(mut stream: impl Read) -> Vec<u8> {
    let mut end = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        end.extend_from_slice(&buffer[..read]);
        end.drain(..end.len().saturating_sub(MAX_OUTPUT));
    }
    end
}
