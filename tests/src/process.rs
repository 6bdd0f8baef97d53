//! Processes: the programs of the workspace, and the tools that tests need besides.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The result of a program that has ended.
#[derive(Debug)]
pub struct Run {
    /// The exit status; −1 if a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Run {
    /// Fails the test unless the exit status is `code`.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "the exit status of:\n{}", self.text());
        self
    }

    /// Fails the test unless each of these texts is in its standard output or standard error.
    #[track_caller]
    pub fn says(&self, texts: &[&str]) -> &Self {
        let all = self.text();
        for text in texts {
            assert!(all.contains(text), "{text:?} is not in:\n{all}");
        }
        self
    }

    /// Standard output and standard error together.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self(Some(child))
    }

    /// Starts a server that is not ours, and waits until it listens at `address`. Its output goes
    /// to `log`. If it ends instead of listening, the test fails with that output.
    pub(crate) fn server(mut command: Command, log: &Path, address: SocketAddr) -> Self {
        let out = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self(Some(child));
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = server.0.as_mut().unwrap().try_wait().unwrap();
            // On a busy machine, a JVM starts slowly.
            let late = start.elapsed() > Duration::from_secs(180);
            assert!(
                ended.is_none() && !late,
                "{command:?} does not listen at {address} ({ended:?}):\n{}",
                fs::read_to_string(log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// The first line of standard output. All further output is read and dropped, so that the
    /// program never waits for a reader.
    pub(crate) fn first_line(&mut self) -> String {
        let child = self.0.as_mut().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut error = child.stderr.take().unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut text = String::new();
            let _ = error.read_to_string(&mut text);
            panic!("the program ended instead of serving:\n{text}");
        }
        thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        thread::spawn(move || std::io::copy(&mut error, &mut std::io::sink()));
        line.trim_end().to_owned()
    }

    /// Kills it at once, as `kill -9` does.
    pub fn kill(mut self) {
        self.end();
    }

    /// The ids of the processes that it has started and that are running (Linux).
    #[must_use]
    pub fn children(&self) -> Vec<u32> {
        let own = self.0.as_ref().map(Child::id);
        let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
        let processes = names.filter_map(|name| name.to_str()?.parse().ok());
        processes.filter(|process| own.is_some() && parent(*process) == own).collect()
    }

    /// Sends it a signal by name (`TERM`, `INT`) and waits until it ends.
    #[must_use]
    pub fn signal(self, name: &str) -> Run {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
        self.wait()
    }

    /// Waits until it ends.
    #[must_use]
    pub fn wait(mut self) -> Run {
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }

    fn end(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The id of a process's parent; `None` if the process has ended.
fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it is in brackets and may contain anything.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

/// Sends a signal to any process by name (`KILL`, `SEGV`).
pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap();
    assert!(status.success(), "{process}");
}

/// Waits until `condition` is true. Fails the test if that takes more than a minute.
#[track_caller]
pub fn within(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "this did not happen within a minute: {what}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// A free address on loopback, for a server that cannot choose a free port itself. Its port is
/// lower than the ports of outgoing connections, of which tests have many.
#[must_use]
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() % 10_000;
    (0..10_000)
        .map(|_| {
            let offset = start + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            SocketAddr::from((
                Ipv4Addr::LOCALHOST,
                20_000 + u16::try_from(offset % 10_000).unwrap(),
            ))
        })
        // To listen for a moment would not do: a child that is started in that moment listens, too.
        .find(|address| TcpStream::connect(address).is_err())
        .unwrap()
}

/// An address where nobody listens. A port that was free a moment ago may be somebody's by now; this one
/// (`tcpmux`) is given to nobody by chance.
pub const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A program from `PATH` that is not ours. Where `setpriv` is installed (Linux), it ends even if
/// the test that started it is killed.
#[track_caller]
pub(crate) fn tool(name: &str) -> Command {
    assert!(
        is_on_path(name),
        "{name} is not on PATH: `cargo xtask test` says what to install, and leaves this test out \
         until it is there"
    );
    tool_at(Path::new(name))
}

/// Like [`tool`], for the program in this file.
pub(crate) fn tool_at(path: &Path) -> Command {
    if !is_on_path("setpriv") {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(path);
    command
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// A program of the workspace: in `TARDIST_BIN_DIR` if that is set, else where cargo has built it.
pub(crate) fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("TARDIST_BIN_DIR").map_or_else(
        || {
            let own = std::env::current_exe().unwrap();
            // …/release/deps/it-0123456789abcdef is a test, …/release/torture a program.
            let folder = own.parent().unwrap();
            let release = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
            release.to_owned()
        },
        PathBuf::from,
    );
    built(folder.join(name))
}

/// The path itself. Fails the test if there is no such file, and says what to do.
pub(crate) fn built(path: PathBuf) -> PathBuf {
    assert!(
        path.is_file(),
        "{} is missing: run `cargo xtask test`, which builds it first",
        path.display()
    );
    path
}
