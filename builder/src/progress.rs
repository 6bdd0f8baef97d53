//! Progress: bars on a terminal, log lines elsewhere; never both at once on one line.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

/// The bars of this process. Clones show the same bars.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
    terminal: bool,
}

impl Progress {
    /// Bars on standard error if that is a terminal; else nothing is drawn.
    pub fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), terminal }
    }

    /// True where bars tell what goes on, and log lines need not.
    pub fn is_drawn(&self) -> bool {
        self.terminal
    }

    /// A bar that only says what is waited for.
    pub fn waiting(&self, message: &'static str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner().with_message(message));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar over so many repositories, with what is worked on as its message.
    pub fn counting(&self, total: usize) -> ProgressBar {
        let style = ProgressStyle::with_template(
            "{spinner} {pos}/{len} repositories [{wide_bar}] {elapsed}, {eta} to go  {msg:30!}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(total as u64).with_style(style));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// Log lines go to standard error above the bars.
impl<'a> MakeWriter<'a> for Progress {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine(&self.bars)
    }
}

/// Writes to standard error while the bars are out of the way.
#[derive(Debug)]
pub struct LogLine<'a>(&'a MultiProgress);

impl Write for LogLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
