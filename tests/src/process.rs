//! The programs of the workspace as processes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended.
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

    /// Fails the test unless standard output or error has each of these texts.
    #[track_caller]
    pub fn says(&self, texts: &[&str]) -> &Self {
        let all = self.text();
        for text in texts {
            assert!(all.contains(text), "{text:?} is not in:\n{all}");
        }
        self
    }

    /// Standard output and error together.
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

/// A program that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self(Some(child))
    }

    /// Starts a server that is not ours and waits until it listens at `address`. What it prints
    /// goes to `log`, and into the failure of the test if it ends instead.
    pub(crate) fn server(mut command: Command, log: &Path, address: SocketAddr) -> Self {
        let out = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self(Some(child));
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = server.0.as_mut().unwrap().try_wait().unwrap();
            // A JVM on a machine that has much else to do takes its time.
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

    /// The first line of standard output; what follows, there and on standard error, is read on
    /// and forgotten, so that the program never waits for a reader.
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

    /// Sends it a signal by name (`TERM`, `INT`), and waits for its end.
    #[must_use]
    pub fn signal(self, name: &str) -> Run {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
        self.wait()
    }

    /// Waits for its end.
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

/// Waits until `condition` holds, and fails the test if it does not within ten seconds.
#[track_caller]
pub fn within(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// An address on loopback for a server that can't choose a free port and say which. Ports of
/// outgoing connections, of which tests have many, are higher.
pub(crate) fn free_address() -> SocketAddr {
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
        .find(|address| TcpListener::bind(address).is_ok())
        .unwrap()
}

/// A program that is not ours, from `PATH`. It ends with the test that starts it even if that is
/// killed, where there is `setpriv` (Linux) to ask for it; else if that merely fails.
#[track_caller]
pub(crate) fn tool(name: &str) -> Command {
    assert!(
        is_on_path(name),
        "{name} is not on PATH: `cargo xtask test` says what to install, and leaves this test out \
         where that is missing"
    );
    tool_at(Path::new(name))
}

/// As [`tool`], by the path of its file.
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

/// A program of the workspace: beside the running test's own folder, or in `TARDIST_BIN_DIR`.
pub(crate) fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("TARDIST_BIN_DIR").map_or_else(
        || {
            let test = std::env::current_exe().unwrap();
            // …/release/deps/it-0123456789abcdef
            test.parent().and_then(|deps| deps.parent()).unwrap().to_owned()
        },
        PathBuf::from,
    );
    built(folder.join(name))
}

/// Fails the test with a remedy where there is no such file.
pub(crate) fn built(path: PathBuf) -> PathBuf {
    assert!(
        path.is_file(),
        "{} is missing: run `cargo xtask test`, which builds it first",
        path.display()
    );
    path
}
