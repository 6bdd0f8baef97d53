//! How lines get to standard error: as text for people or as JSON for programs, and with a priority if the journal
//! reads them.
//!
//! The journal takes the priority of a line from `<N>` at its beginning (`sd-daemon(3)`). With it,
//! `journalctl -p warning` shows what failed.

use std::{env, ffi::OsString, io, io::Write, os::fd::AsFd};

use jiff::Timestamp;
use nix::sys::stat::fstat;
use serde_json::json;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    progress::{LogLine, Progress},
    secrets,
    settings::LogFormat,
};

/// The variable with the filter of lines.
const VARIABLE: &str = "TARDIST_LOG";

/// How this process writes its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    format: LogFormat,
    journal: bool,
}

impl Log {
    /// Writes lines in this format. Looks whether standard error is the journal.
    pub fn new(format: LogFormat) -> Self {
        let stream = env::var("JOURNAL_STREAM").unwrap_or_default();
        let stderr = fstat(io::stderr().as_fd());
        // The types of these numbers are not the same on all systems.
        let stderr = stderr.ok().map(|it| format!("{}:{}", it.st_dev, it.st_ino));
        Self { format, journal: is_journal(&stream, stderr.as_deref()) }
    }

    /// True if lines are JSON.
    pub fn is_json(self) -> bool {
        self.format == LogFormat::Json
    }

    /// True if programs read the lines, so that each failure is a line of its own.
    pub fn is_for_programs(self) -> bool {
        self.is_json() || self.journal
    }

    /// Sets up the log of this process: its lines go above the bars of `progress`. `level` is what is logged without
    /// the variable `TARDIST_LOG`.
    pub fn set_up(self, level: &str, progress: &Progress) {
        let (filter, wrong) = filter(env::var_os(VARIABLE), level);
        let layer = fmt::layer()
            .with_target(false)
            .with_ansi(progress.is_drawn())
            .with_writer(Writer { log: self, progress: progress.clone() });
        let layer = match (self.format, self.journal) {
            (LogFormat::Json, _) => layer
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .boxed(),
            // The journal has the time.
            (LogFormat::Text, true) => layer.without_time().boxed(),
            (LogFormat::Text, false) => layer.boxed(),
        };
        tracing_subscriber::registry().with(layer.with_filter(filter)).init();
        if let Some(wrong) = wrong {
            tracing::warn!("{wrong}");
        }
    }

    /// Writes an error, whatever is logged.
    pub fn error(self, text: &str) {
        let line = match self.format {
            LogFormat::Text => format!("tardist: {text}\n"),
            LogFormat::Json => {
                let line = json!({
                    "timestamp": Timestamp::now().to_string(),
                    "level": Level::ERROR.as_str(),
                    "message": text,
                });
                format!("{line}\n")
            }
        };
        let line = self.prefixed(Level::ERROR, &secrets::struck(&line));
        // There is no other place where it could be told.
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// A text whose lines say their priority to the journal.
    fn prefixed(self, level: Level, text: &str) -> String {
        if !self.journal {
            return text.to_owned();
        }
        let priority = priority(level);
        text.split_inclusive('\n').map(|line| format!("<{priority}>{line}")).collect()
    }
}

/// What is logged: what the variable says, or else `level`. An empty variable counts as none. With it, what is wrong with
/// the variable.
fn filter(variable: Option<OsString>, level: &str) -> (EnvFilter, Option<String>) {
    let text = variable.unwrap_or_default().to_string_lossy().trim().to_owned();
    let usual = || EnvFilter::new(level);
    if text.is_empty() {
        return (usual(), None);
    }
    match EnvFilter::builder().parse(&text) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let wrong = format!(
                "{VARIABLE}: {text:?} is no filter: {error}; write {VARIABLE}=tardist=debug"
            );
            (usual(), Some(wrong))
        }
    }
}

/// The priority of `syslog(3)`.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// True if the variable `JOURNAL_STREAM` names this file, `DEVICE:INODE`. The variable is inherited by processes whose
/// standard error is another file, so it alone says nothing (`systemd.exec(5)`).
fn is_journal(stream: &str, file: Option<&str>) -> bool {
    file.is_some_and(|file| file == stream)
}

/// Gives each log line its priority.
struct Writer {
    log: Log,
    progress: Progress,
}

/// One log line.
struct Line<'a> {
    log: Log,
    level: Level,
    out: LogLine<'a>,
}

impl Writer {
    fn line(&self, level: Level) -> Line<'_> {
        Line { log: self.log, level, out: self.progress.make_writer() }
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        self.line(Level::INFO)
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        self.line(*metadata.level())
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // tracing-subscriber writes a whole event at once.
        let text = self.log.prefixed(self.level, &String::from_utf8_lossy(bytes));
        self.out.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_told_by_the_variable_and_the_file_together() {
        assert!(is_journal("8:1234", Some("8:1234")));
        for (stream, file) in
            [("", None), ("8:1234", None), ("", Some("8:1")), ("8:12", Some("8:1"))]
        {
            assert!(!is_journal(stream, file), "{stream} {file:?}");
        }
    }

    #[test]
    fn an_empty_filter_is_none_and_a_wrong_one_is_told() {
        let filter = |text: Option<&str>| {
            let (filter, wrong) = filter(text.map(OsString::from), "tardist=info");
            (filter.to_string(), wrong)
        };
        for none in [None, Some(""), Some(" ")] {
            assert_eq!(filter(none), ("tardist=info".to_owned(), None), "{none:?}");
        }
        assert_eq!(filter(Some("tardist=debug")), ("tardist=debug".to_owned(), None));
        let (used, wrong) = filter(Some("tardist=loud"));
        let wrong = wrong.unwrap();
        assert_eq!(used, "tardist=info");
        assert!(wrong.starts_with("TARDIST_LOG: \"tardist=loud\" is no filter: "), "{wrong}");
        assert!(wrong.ends_with("; write TARDIST_LOG=tardist=debug"), "{wrong}");
    }

    #[test]
    fn each_line_has_its_priority_in_the_journal_and_none_elsewhere() {
        let log = |journal| Log { format: LogFormat::Text, journal };
        assert_eq!(log(true).prefixed(Level::WARN, "a\nb\n"), "<4>a\n<4>b\n");
        assert_eq!(log(true).prefixed(Level::ERROR, "a"), "<3>a");
        assert_eq!(log(false).prefixed(Level::ERROR, "a\n"), "a\n");
        assert_eq!([Level::INFO, Level::DEBUG, Level::TRACE].map(priority), [6, 7, 7]);
    }
}
