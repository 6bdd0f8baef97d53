//! Composer (<https://getcomposer.org>): the packages that a branch's `composer.json` requires, as
//! extdist's production tarballs have them in `vendor/`.
//!
//! It owns the run of a foreign program on hostile content: where it works, what it sees of this
//! machine, when it is killed, and what of its work counts. Off by default, since Composer asks hosts
//! that tardist does not know, and since a tarball is then as reproducible as its `composer.lock`.
//!
//! Neither scripts nor plugins run. What a `composer.json` could still do to this machine is to name
//! places on its disk, as packages or as the folder to install to: the first is refused, the second
//! is set from outside.

use std::{
    fs,
    io::Read,
    os::unix::{
        ffi::OsStrExt,
        fs::PermissionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Component, Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::{Value, json};
use tardist_contract::CommitId;
use tempfile::TempDir;

use crate::{
    Error,
    content::read::Content,
    data_dir::layout::{Layout, UNFINISHED},
    error::IoContext,
};

/// As nightly.py calls it, and nothing of the repository is run.
const ARGUMENTS: [&str; 7] = [
    "install",
    "--no-dev",
    "--ignore-platform-reqs",
    "--no-scripts",
    "--no-plugins",
    "--no-interaction",
    "--no-progress",
];

/// The files that tell Composer what to install from where.
const FILES: [&str; 2] = ["composer.json", "composer.lock"];

/// The largest of these that is read; Wikibase's lock has 200 kB.
const MAX_FILE: u64 = 8 << 20;

/// How many bytes at the end of what it says are shown in an error.
const MAX_SAID: usize = 2000;

/// Where Composer finds PHP, Git and unzip.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How often a running Composer is looked after.
const TICK: Duration = Duration::from_millis(50);

/// The Composer step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composer {
    /// The program.
    pub program: PathBuf,
    /// How long one run may take.
    pub timeout: Duration,
}

impl Composer {
    /// Adds to a branch what its `composer.json` requires; does nothing where it requires nothing.
    ///
    /// # Errors
    /// [`Error::Composer`] with the end of what it said, [`Error::Io`], and those of the content.
    pub fn install(
        &self,
        content: &mut Content,
        commit: &CommitId,
        layout: &Layout,
    ) -> Result<(), Error> {
        if !is_asked_for(content)? {
            return Ok(());
        }
        let prefix = format!("{UNFINISHED}composer-");
        let work = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(layout.root())
            .at("create a folder in", layout.root())?;
        let tree = work.path().join("tree");
        unpack(content, &tree)?;
        self.run(&work, &tree, commit)?;
        content.adopt(work, &tree)
    }

    fn run(&self, work: &TempDir, tree: &Path, commit: &CommitId) -> Result<(), Error> {
        let home = home(work, commit)?;
        let mut command = Command::new(&self.program);
        command
            .args(ARGUMENTS)
            .current_dir(tree)
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("COMPOSER_HOME", home.join("composer"))
            .env("COMPOSER_CACHE_DIR", home.join("cache"))
            .env("COMPOSER_ALLOW_SUPERUSER", "1")
            // These win over what composer.json says: it could name any folder of this machine.
            .env("COMPOSER_VENDOR_DIR", "vendor")
            .env("COMPOSER_BIN_DIR", "vendor/bin")
            // Without a work tree of Git it can't see which version this is.
            .env("COMPOSER_ROOT_VERSION", format!("dev-{commit}"))
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let child = command.spawn().map_err(|error| {
            failure(format!("{} can't be started: {error}", self.program.display()))
        })?;
        let mut group = Group(child);
        let said = Said::of(&mut group.0);
        let status = group.wait(self.timeout)?;
        // Whatever it left running would hold its output open.
        drop(group);
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => {
                let how = match status.signal() {
                    Some(signal) => format!("it was ended by signal {signal}"),
                    None => format!("exit status {}", status.code().unwrap_or(-1)),
                };
                Err(failure(format!("{how}: {}", said.end())))
            }
            None => {
                let limit = self.timeout.as_secs_f64();
                Err(failure(format!("it was not done after {limit} s: {}", said.end())))
            }
        }
    }
}

/// A home folder of its own. Composer names a class after random digits if nobody tells it others;
/// what the repository's own `config` says still wins.
fn home(work: &TempDir, commit: &CommitId) -> Result<PathBuf, Error> {
    let home = work.path().join("home");
    let settings = home.join("composer");
    fs::create_dir_all(&settings).at("create", &settings)?;
    let file = settings.join("config.json");
    let text = json!({"config": {"autoloader-suffix": commit.as_str()}}).to_string();
    fs::write(&file, text).at("write", &file)?;
    // Composer goes elsewhere while it works.
    fs::canonicalize(&home).at("find", &home)
}

fn failure(reason: String) -> Error {
    Error::Composer { reason }
}

/// Whether `composer.json` has `require`, as nightly.py asks; and nothing in it or in its lock names
/// a place on this machine.
fn is_asked_for(content: &Content) -> Result<bool, Error> {
    let [Some(manifest), lock] = [read(content, FILES[0])?, read(content, FILES[1])?] else {
        return Ok(false);
    };
    if manifest.get("require").is_none() {
        return Ok(false);
    }
    for (name, document) in [(FILES[0], Some(manifest)), (FILES[1], lock)] {
        if let Some(url) = document.as_ref().and_then(local_url) {
            return Err(failure(format!(
                "{name} names {url:?}, which is neither below it nor at http: or https:"
            )));
        }
    }
    Ok(true)
}

fn read(content: &Content, name: &str) -> Result<Option<Value>, Error> {
    let Some(file) = content.file(name) else { return Ok(None) };
    if content.size(file)? > MAX_FILE {
        return Err(failure(format!("{name} is longer than {MAX_FILE} bytes")));
    }
    serde_json::from_slice(&content.bytes(file)?)
        .map(Some)
        .map_err(|error| failure(format!("{name} is not JSON: {error}")))
}

/// The first `url` in a document that leads to a place on this machine outside the tree.
fn local_url(document: &Value) -> Option<&str> {
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(url) = fields.get("url").and_then(Value::as_str)
                    && !is_harmless(url)
                {
                    return Some(url);
                }
                open.extend(fields.values());
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    None
}

/// At `http:` or `https:`, or a path that stays below. Composer would replace `~`, `$HOME` and
/// `%HOME%`, and takes other forms for Git's.
fn is_harmless(url: &str) -> bool {
    if ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return true;
    }
    let mut depth = 0_usize;
    !url.contains([':', '$', '%', '~', '\\', '\0', '{'])
        && Path::new(url).components().all(|part| match part {
            Component::Normal(_) => {
                depth += 1;
                true
            }
            Component::CurDir => true,
            Component::ParentDir => {
                depth = depth.wrapping_sub(1);
                depth != usize::MAX
            }
            Component::RootDir | Component::Prefix(_) => false,
        })
}

/// Writes the content below `root`, links as what they point to.
fn unpack(content: &Content, root: &Path) -> Result<(), Error> {
    let (members, _) = content.members()?;
    for member in members {
        let path = root.join(std::ffi::OsStr::from_bytes(&member.path));
        let Some(file) = member.file else {
            fs::create_dir(&path).at("create", &path)?;
            continue;
        };
        fs::write(&path, content.bytes(file)?).at("write", &path)?;
        if file.executable {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).at("write", &path)?;
        }
    }
    Ok(())
}

/// A process and all that it starts; they end when this is dropped.
struct Group(Child);

impl Group {
    /// Waits for the process; `None` where it is still there after `timeout`.
    fn wait(&mut self, timeout: Duration) -> Result<Option<ExitStatus>, Error> {
        let start = Instant::now();
        loop {
            let ended = self.0.try_wait();
            let ended =
                ended.map_err(|error| failure(format!("it can't be waited for: {error}")))?;
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
            // It fails where nothing of the group is left.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// The end of what a process says, read all the time so that it never has to wait.
struct Said(mpsc::Receiver<Vec<u8>>);

impl Said {
    fn of(child: &mut Child) -> Self {
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

    /// Both streams' ends, on one line. What still holds them open after a moment is not waited for.
    fn end(self) -> String {
        let mut text = String::new();
        while let Ok(said) = self.0.recv_timeout(Duration::from_secs(1)) {
            text.push_str(&String::from_utf8_lossy(&said));
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
        end.drain(..end.len().saturating_sub(MAX_SAID));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_this_machine_are_no_packages() {
        for harmless in
            ["https://example.org/x.git", "http://h/x", "lib/x", "./lib", "lib/../lib/*", ""]
        {
            assert!(is_harmless(harmless), "{harmless}");
        }
        for harmful in [
            "/etc",
            "../other",
            "lib/../../other",
            "~/x",
            "$HOME/x",
            "%HOME%/x",
            "file:///etc/passwd",
            "git@example.org:x",
            "ext::sh",
            "HTTP:/x",
        ] {
            assert!(!is_harmless(harmful), "{harmful}");
        }
        let lock =
            serde_json::json!({"packages": [{"dist": {"type": "file", "url": "/etc/passwd"}}]});
        assert_eq!(local_url(&lock), Some("/etc/passwd"));
    }
}
