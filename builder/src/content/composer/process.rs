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

/// The end of a process's output. It is read all the time, so that the process never waits for a reader.
pub(crate) struct Output(mpsc::Receiver<Vec<u8>>);

impl Output {
    /// Starts to read the standard output and error of a process.
    pub(crate) fn of(Group(child): &mut Group) -> Self {
        let (sender, receiver) = mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || sender.send(end_of(stream)));
        }
        Self(receiver)
    }

    /// The ends of both streams, on one line. A stream that is still open after a second is left out.
    pub(crate) fn end(self) -> String {
        let mut text = String::new();
        while let Ok(end) = self.0.recv_timeout(Duration::from_secs(1)) {
            text.push_str(&String::from_utf8_lossy(&end));
            text.push('\n');
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
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
