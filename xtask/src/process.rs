//! Child processes. None of them outlives xtask: a terminal sends Ctrl-C to them too, but SIGTERM and
//! SIGHUP reach only xtask, which passes them on. What a child has started may outlive both: cargo passes nothing on.

use std::{
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// What the signal handler needs to know.
struct State {
    interrupted: bool,
    children: Vec<u32>,
}

static STATE: Mutex<State> = Mutex::new(State { interrupted: false, children: Vec::new() });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The `main` of xtask and of the benchmarks: handles signals and prints the error, if any.
pub fn main(run: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    match handle_signals().and_then(|()| run()) {
        Ok(code) => code,
        // After Ctrl-C, an error message says nothing new.
        Err(_) if interrupted() => ExitCode::from(130),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Passes signals that ask to end on to the children, from now on. After one, no child starts.
fn handle_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        let mut state = state();
        // The second time, children get no more time to end in order.
        let signal = if state.interrupted { Signal::SIGKILL } else { Signal::SIGTERM };
        state.interrupted = true;
        for &child in &state.children {
            send(child, signal);
        }
    })
    .context("cannot handle signals")
}

/// Whether a signal has asked to end.
pub fn interrupted() -> bool {
    state().interrupted
}

fn send(child: u32, signal: Signal) {
    if let Ok(id) = i32::try_from(child) {
        // It may just have ended by itself.
        let _ = kill(Pid::from_raw(id), signal);
    }
}

/// A child that is ended when this is dropped.
pub struct Process {
    child: Child,
    /// Its name in error messages.
    name: String,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// The program cannot be run, or a signal asked to end.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = describe(command);
        // Held until the child is in the list, so that no signal comes between the two.
        let mut state = state();
        if state.interrupted {
            bail!("interrupted before `{name}`");
        }
        let child = command.spawn().with_context(|| format!("cannot run `{name}`"))?;
        state.children.push(child.id());
        Ok(Self { child, name })
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until it ends.
    ///
    /// # Errors
    ///
    /// The operating system's, with the command.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().with_context(|| format!("cannot wait for `{}`", self.name))
    }

    /// Waits until it ends, for no longer than `limit`.
    ///
    /// # Errors
    ///
    /// As [`Process::wait`].
    pub fn wait_for(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let end = Instant::now() + limit;
        loop {
            let status = self
                .child
                .try_wait()
                .with_context(|| format!("cannot wait for `{}`", self.name))?;
            if status.is_some() || Instant::now() >= end {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let id = self.child.id();
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            send(id, Signal::SIGTERM);
            if !matches!(self.wait_for(Duration::from_secs(5)), Ok(Some(_))) {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
        state().children.retain(|&child| child != id);
    }
}

/// Runs it to its end.
///
/// # Errors
///
/// As [`Process::start`]; its exit status is none. A signal that came meanwhile: what it ended has not failed.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    let status = Process::start(command)?.wait()?;
    if interrupted() {
        bail!("interrupted");
    }
    Ok(status)
}

/// The exit status of a child as our own; 1 where a signal ended it.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Runs it to its end. An exit status other than zero is an error.
///
/// # Errors
///
/// As [`Process::start`], or its exit status is not zero.
pub fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed ({status})", describe(command));
    }
    Ok(())
}

/// Runs it to its end and returns its standard output. Its standard error is shown only if it
/// failed.
///
/// # Errors
///
/// As [`run`], or what it printed is not UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process::start(command)?;
    let stderr = process.child().stderr.take();
    // Reads both pipes at the same time: a child waits for ever when one of them is full.
    let complaints = thread::spawn(move || stderr.map(std::io::read_to_string));
    let stdout = process.child().stdout.take().map(std::io::read_to_string);
    let status = process.wait()?;
    if !status.success() {
        let complaints = complaints.join().ok().flatten().transpose()?.unwrap_or_default();
        bail!("`{}` failed ({status}):\n{}", describe(command), complaints.trim_end());
    }
    Ok(stdout.transpose()?.unwrap_or_default())
}

/// The command as one would type it; a long one is cut.
fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text =
        program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        if text.len() > 120 {
            text.push_str(" …");
            break;
        }
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
