//! The worker's voice: messages to the supervisor, from any thread.

use std::{
    io::{self, Write},
    process,
    sync::{Mutex, PoisonError},
};

use tardist_contract::BranchName;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::worker::message::{Message, Stage};

/// Sends messages. All threads of a worker share it.
#[derive(Debug)]
pub(super) struct Reporter(Mutex<io::Stdout>);

impl Reporter {
    /// Sends to standard output.
    pub(super) fn new() -> Self {
        Self(Mutex::new(io::stdout()))
    }

    /// Sends a message. If nobody reads it, the supervisor is gone, and the process ends.
    pub(super) fn say(&self, message: &Message) {
        let Ok(mut line) = serde_json::to_vec(message) else { return };
        line.push(b'\n');
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            process::exit(1);
        }
    }

    /// Says that a stage of the work on a branch begins.
    pub(super) fn stage(&self, branch: &BranchName, stage: Stage) {
        self.say(&Message::Stage(Some(branch.clone()), stage));
    }
}

/// Log events become messages. The supervisor writes them to its own log.
impl<'a> MakeWriter<'a> for &'static Reporter {
    type Writer = LogLine;

    fn make_writer(&'a self) -> LogLine {
        LogLine { reporter: self, level: "info".to_owned() }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> LogLine {
        LogLine { reporter: self, level: event.level().as_str().to_lowercase() }
    }
}

/// A line for the log.
pub(super) struct LogLine {
    reporter: &'static Reporter,
    level: String,
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
        self.reporter.say(&Message::Log(self.level.clone(), text));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
