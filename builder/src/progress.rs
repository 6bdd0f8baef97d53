//! Progress for the user: how much is done, the time left, and the bytes received.
//!
//! On a terminal it is a progress bar. Elsewhere it is a log line every ten seconds. With `--quiet` there is no
//! bar, and the level of the log leaves the lines out.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

use crate::secrets;

/// The time between two log lines. It is long enough not to fill a journal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The time between two updates of the numbers of a bar.
const BAR_INTERVAL: Duration = Duration::from_millis(250);

/// The progress display of this process. Clones share it.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
    terminal: bool,
}

impl Progress {
    /// Draws bars if standard error is a terminal and `quiet` is false.
    pub fn new(quiet: bool) -> Self {
        let terminal = !quiet && io::stderr().is_terminal();
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), terminal }
    }

    /// True if bars are drawn.
    pub fn is_drawn(&self) -> bool {
        self.terminal
    }

    /// Shows `message` with a spinner until the returned bar is cleared. For work of unknown length.
    pub fn waiting(&self, message: &'static str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner().with_message(message));
        bar.enable_steady_tick(BAR_INTERVAL);
        bar
    }

    /// Shows the progress of work on `total` items until the returned meter is dropped. `unit` is what they
    /// are, in the plural: "repositories". `received` returns the number of bytes received over the network
    /// so far.
    pub fn count(
        &self,
        total: usize,
        unit: &'static str,
        received: impl Fn() -> u64 + Send + 'static,
    ) -> Meter {
        let style = ProgressStyle::with_template(&format!(
            "{{spinner}} {{pos}}/{{len}} {unit} [{{wide_bar}}] {{elapsed}}{{prefix}}\n  {{wide_msg}}"
        ))
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars.add(ProgressBar::new(total as u64).with_style(style));
        bar.enable_steady_tick(BAR_INTERVAL);
        let shared = Arc::new(Shared {
            state: Mutex::new(State { done: 0, tarballs: 0, current: Vec::new(), ended: false }),
            changed: Condvar::new(),
        });
        let display = Display {
            shared: Arc::clone(&shared),
            bar: bar.clone(),
            total,
            unit,
            drawn: self.terminal,
            began: Instant::now(),
        };
        let thread = thread::spawn(move || display.run(received));
        Meter { shared, bar, thread: Some(thread) }
    }
}

/// Counts the items that are done. The display ends when this is dropped.
#[derive(Debug)]
pub struct Meter {
    shared: Arc<Shared>,
    bar: ProgressBar,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    done: usize,
    tarballs: usize,
    /// The names of the items that are being worked on, in the order in which they began.
    current: Vec<String>,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Meter {
    /// Notes that work on the item named `what` begins. It ends when the task is dropped, also by a panic.
    pub fn begin(&self, what: &str) -> Task<'_> {
        let mut state = self.shared.lock();
        state.current.push(what.to_owned());
        self.bar.set_message(state.current.join(", "));
        Task { meter: self, what: what.to_owned() }
    }
}

/// An item that is being worked on.
#[derive(Debug)]
pub struct Task<'a> {
    meter: &'a Meter,
    what: String,
}

impl Task<'_> {
    /// Adds the number of tarballs that were made from this item.
    pub fn made(&self, tarballs: usize) {
        self.meter.shared.lock().tarballs += tarballs;
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        let mut state = self.meter.shared.lock();
        state.done += 1;
        state.current.retain(|it| *it != self.what);
        self.meter.bar.set_message(state.current.join(", "));
        self.meter.bar.inc(1);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, only the display is affected, not the work.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Shows the numbers of a meter, on a thread of its own.
struct Display {
    shared: Arc<Shared>,
    bar: ProgressBar,
    total: usize,
    unit: &'static str,
    drawn: bool,
    began: Instant,
}

impl Display {
    fn run(&self, received: impl Fn() -> u64) {
        let interval = if self.drawn { BAR_INTERVAL } else { LINE_INTERVAL };
        let mut state = self.shared.lock();
        while !state.ended {
            let waited = self.shared.changed.wait_timeout(state, interval);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
            if state.ended {
                return;
            }
            let rest =
                rest(state.done, self.total, state.tarballs, received(), self.began.elapsed());
            if self.drawn {
                self.bar.set_prefix(rest);
            } else {
                tracing::info!("{}/{} {}{rest}", state.done, self.total, self.unit);
            }
        }
    }
}

/// The text after the count: ", 35.0 MB received, 210 tarballs, about 4 min to go".
fn rest(done: usize, total: usize, tarballs: usize, received: u64, elapsed: Duration) -> String {
    let mut text = String::new();
    if received > 0 {
        let _ = write!(text, ", {} received", bytes(received));
    }
    if tarballs > 0 {
        let _ = write!(text, ", {tarballs} tarballs");
    }
    if let Some(left) = left(done, total, elapsed) {
        let _ = write!(text, ", about {} to go", duration(left));
    }
    text
}

/// The estimated time until all is done, at the speed so far. `None` in the first second, and before the
/// first item is done.
fn left(done: usize, total: usize, elapsed: Duration) -> Option<Duration> {
    if done == 0 || elapsed < Duration::from_secs(1) {
        return None;
    }
    let per_one = elapsed.as_secs_f64() / done as f64;
    Duration::try_from_secs_f64(per_one * total.saturating_sub(done) as f64).ok()
}

/// A size for people: "412 B", "35.2 MB".
pub fn bytes(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// A duration for people, rounded up: "12 s", "4 min", "1 h 20 min".
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().ceil() as u64;
    let minutes = seconds.div_ceil(60);
    match (seconds, minutes) {
        (..=90, _) => format!("{seconds} s"),
        (_, ..=90) => format!("{minutes} min"),
        (_, ..=2880) => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// Writes log lines to standard error, above the bars.
impl<'a> MakeWriter<'a> for Progress {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine(&self.bars)
    }
}

/// Writes to standard error while the bars are hidden.
#[derive(Debug)]
pub struct LogLine<'a>(&'a MultiProgress);

impl Write for LogLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // tracing-subscriber writes a whole line at once.
        let text = String::from_utf8_lossy(bytes);
        self.0.suspend(|| io::stderr().write_all(secrets::struck(&text).as_bytes()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_has_bytes_tarballs_and_time_left() {
        let rest = |done, elapsed| rest(done, 1400, 210, 35_000_000, Duration::from_secs(elapsed));
        assert_eq!(rest(350, 80), ", 35.0 MB received, 210 tarballs, about 4 min to go");
        assert_eq!(rest(0, 80), ", 35.0 MB received, 210 tarballs");
        assert_eq!(rest(350, 0), ", 35.0 MB received, 210 tarballs");
        assert_eq!(rest(1400, 80), ", 35.0 MB received, 210 tarballs, about 0 s to go");
        assert_eq!(left(2, 1, Duration::from_secs(5)), Some(Duration::ZERO));
    }

    #[test]
    fn sizes_and_times_are_for_people() {
        let sizes = [0, 999, 1_000, 999_999, 35_240_000, 1_500_000_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.0 MB", "35.2 MB", "1.5 GB"]);
        let times = [0, 12, 91, 200, 5_401, 200_000];
        let times = times.map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(times, ["0 s", "12 s", "2 min", "4 min", "1 h 31 min", "2 days"]);
    }

    #[test]
    fn a_meter_counts_and_ends() {
        let meter = Progress::new(true).count(2, "repositories", || 0);
        let (task, _other) = (meter.begin("a"), meter.begin("b"));
        task.made(3);
        drop(task);
        let state = meter.shared.lock();
        assert_eq!((state.done, state.tarballs, state.current.join(" ")), (1, 3, "b".to_owned()));
    }
}
