//! One run of Composer: the folder that it works in, what it sees of this machine, and what of its work
//! becomes part of the content.
//!
//! A `composer.json` can name places on this machine's disk: as packages, which
//! [`requirements`] refuses, or as the folder to install to, which is set from outside here. So can the lists of packages
//! that it names on other servers: what Composer says it has installed is looked at in the same way, and Git takes
//! repositories from other machines only. Scripts and plugins do not run, and no program that the configuration of a
//! repository names: neither of Git, nor of Mercurial and others. Where the kernel has Landlock, Composer writes to its own
//! two folders only.
//!
//! A `vendor/` that the repository has is replaced by what Composer makes of it: files of two versions do not fit
//! together. If Composer fails, the content stays as it was, and what it would have added is missing. If there is danger,
//! the branch fails.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tardist_contract::{CommitId, document::WITHOUT_VENDOR};
use tempfile::TempDir;

use crate::{
    Error,
    content::{
        composer::{
            document,
            process::{Group, Output},
            requirements::{self, Refusal},
        },
        counts::Count,
        files::Content,
        members::Member,
        missing::{Cause, Missing, Remedy},
        paths::shown,
    },
    data_dir::unfinished::UNFINISHED,
    error::{IoContext, short},
    limits::content::{MAX_COMPOSER_JSON, MAX_UNPACKED},
    writable,
};

/// The arguments of extdist's nightly.py, and those that keep the repository's scripts and plugins from
/// running.
const ARGUMENTS: [&str; 7] = [
    "install",
    "--no-dev",
    "--ignore-platform-reqs",
    "--no-scripts",
    "--no-plugins",
    "--no-interaction",
    "--no-progress",
];

/// The folder that Composer installs to.
const VENDOR: &str = "vendor";

/// What an extension with `load_composer_autoloader` loads.
pub const AUTOLOADER: &str = "vendor/autoload.php";

/// Where Composer finds PHP, Git and unzip, after what is in a [folder](NOT_RUN) of its own.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Settings of Git that win over those of a repository: Composer runs Git in the folders of packages, which may have brought
/// a repository with them, and these name programs.
const GIT_SETTINGS: [(&str, &str); 10] = [
    ("core.askPass", "true"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.sshCommand", "false"),
    // An empty one drops all others.
    ("credential.helper", ""),
    ("gpg.program", "false"),
    ("gpg.openpgp.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.x509.program", "false"),
    ("log.showSignature", "false"),
];

/// Programs like Git that Composer runs in the same way, and that have no such settings. It finds `false` in their place.
const NOT_RUN: [&str; 5] = ["hg", "svn", "fossil", "p4", "bzr"];

/// The Composer step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composer {
    /// The program.
    pub program: PathBuf,
    /// How long one run may take.
    pub timeout: Duration,
}

/// What became of the packages that a branch's `composer.json` requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packages {
    /// It requires none.
    None,
    /// Composer has installed them.
    Installed,
    /// Composer failed, for this reason. Nothing of its work is in the content.
    Failed(String),
    /// Composer is off. True if a package is among them that an extension can load from `vendor/`.
    Off(bool),
}

/// Adds what the branch's `composer.json` requires, if Composer is on. It works in a new folder in `folder`, which
/// is removed with the content. Whether there is anything to install becomes one of the content's ingredients.
///
/// # Errors
/// [`Error::Composer`] if the program cannot be started, [`Error::ComposerRefused`] if what it would be given is
/// dangerous; [`Error::Io`], and the errors of reading and adding files.
pub fn install(
    composer: Option<&Composer>,
    content: &mut Content,
    commit: &CommitId,
    folder: &Path,
) -> Result<Packages, Error> {
    let Some(requirements) = requirements::of(content)? else { return Ok(Packages::None) };
    content.ingredients.composer = true;
    let Some(composer) = composer else { return Ok(Packages::Off(requirements.have_packages)) };
    match requirements.allowed {
        Ok(()) => composer.install(content, commit, folder),
        Err(Refusal::Dangerous(reason)) => Err(Error::ComposerRefused { reason }),
        Err(Refusal::Broken(reason)) => Ok(Packages::Failed(reason)),
    }
}

impl Packages {
    /// What is missing from the content. `loads_autoloader` says whether the extension loads `vendor/autoload.php`.
    pub fn missing(self, content: &Content, loads_autoloader: bool) -> Option<Missing> {
        let cause = match self {
            Self::Failed(reason) => format!("composer failed: {reason}").into(),
            Self::Off(have_packages) => {
                let is_needed = have_packages && loads_autoloader;
                if !is_needed || content.file(AUTOLOADER).is_some() {
                    return None;
                }
                off()
            }
            Self::None | Self::Installed => return None,
        };
        Some(Missing::new(WITHOUT_VENDOR.to_owned(), cause))
    }
}

/// Why there are no packages if Composer is off.
fn off() -> Cause {
    let reason = "the setting composer is off".to_owned();
    Cause { remedy: Some(Remedy::Composer), ..reason.into() }
}

/// What is missing from a tarball without `vendor/autoload.php` whose extension loads that file. `composer_json` is the
/// file in it.
pub fn missing_packages(composer_json: &[u8]) -> Option<Missing> {
    let have_packages = document::parse(composer_json).is_ok_and(|it| it.has_packages);
    have_packages.then(|| Missing::new(WITHOUT_VENDOR.to_owned(), off()))
}

impl Composer {
    fn install(
        &self,
        content: &mut Content,
        commit: &CommitId,
        folder: &Path,
    ) -> Result<Packages, Error> {
        let (members, _) = content.members()?;
        if let Some(path) = requirements::repository_in(members.iter().map(|it| &*it.path)) {
            let path = shown(path);
            return Err(Error::ComposerRefused {
                reason: format!(
                    "{path} is of a repository of Git or another system inside the content"
                ),
            });
        }
        let prefix = format!("{UNFINISHED}composer-");
        let new_folder = || {
            let made = tempfile::Builder::new().prefix(&prefix).tempdir_in(folder);
            made.at("create a folder in", folder)
        };
        // The name of the home is not known to the content, whose packages could lead to it.
        let (work, home) = (new_folder()?, new_folder()?);
        let tree = work.path().join("tree");
        let bytes = Count::new(MAX_UNPACKED, "what Composer works on", "bytes");
        unpack(content, &members, &tree, bytes)?;
        drop(members);
        match self.run(&home, &tree, commit)? {
            Ok(()) => match check_installed(&tree)? {
                Ok(()) => content.adopt(work, &tree, VENDOR).map(|()| Packages::Installed),
                Err(reason) => Ok(Packages::Failed(reason)),
            },
            Err(reason) => Ok(Packages::Failed(reason)),
        }
    }

    /// Runs it. The inner error says how it failed.
    fn run(
        &self,
        home: &TempDir,
        tree: &Path,
        commit: &CommitId,
    ) -> Result<Result<(), String>, Error> {
        let home = fill_home(home, commit)?;
        let start = || {
            writable::restrict_to(&[tree, &home])?;
            self.command(tree, &home, commit).spawn().map_err(|error| error.to_string())
        };
        let started = thread::scope(|scope| scope.spawn(start).join());
        let started = started.unwrap_or_else(|_| Err("its thread panicked".to_owned()));
        let child = started.map_err(|error| Error::Composer {
            reason: format!("{} cannot be started: {error}", self.program.display()),
        })?;
        let mut group = Group::new(child);
        let output = Output::of(&mut group);
        let status = group.wait(self.timeout).map_err(|error| Error::Composer {
            reason: format!("waiting for it failed: {error}"),
        })?;
        // A process that it left running would keep the output open.
        drop(group);
        match status {
            Some(status) if status.success() => Ok(Ok(())),
            Some(status) => {
                let how = match status.signal() {
                    Some(signal) => format!("it was ended by signal {signal}"),
                    None => format!("exit status {}", status.code().unwrap_or(-1)),
                };
                Ok(Err(format!("{how}: {}", reason(output.ends()))))
            }
            None => {
                let limit = self.timeout.as_secs_f64();
                Ok(Err(format!("it was not done after {limit} s: {}", reason(output.ends()))))
            }
        }
    }

    fn command(&self, tree: &Path, home: &Path, commit: &CommitId) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(ARGUMENTS)
            .current_dir(tree)
            .env_clear()
            .env("PATH", searched(home))
            .env("LC_ALL", "C.UTF-8")
            // Composer breaks its lines, and words, at this width.
            .env("COLUMNS", "4000")
            .env("HOME", home)
            // An empty entry stands for the folder that PHP reads anyway.
            .env("PHP_INI_SCAN_DIR", scanned(home))
            .env("TMPDIR", home)
            .env("COMPOSER_HOME", home.join("composer"))
            .env("COMPOSER_CACHE_DIR", home.join("cache"))
            .env("COMPOSER_CACHE_VCS_DIR", home.join("cache/vcs"))
            .env("COMPOSER_CACHE_REPO_DIR", home.join("cache/repo"))
            .env("COMPOSER_CACHE_FILES_DIR", home.join("cache/files"))
            .env("COMPOSER_CACHE_READ_ONLY", "0")
            .env("COMPOSER_ALLOW_SUPERUSER", "1")
            // These win over composer.json, which could name any folder of this machine.
            .env("COMPOSER_VENDOR_DIR", VENDOR)
            .env("COMPOSER_BIN_DIR", "vendor/bin")
            // Without a Git work tree it cannot find out which version this is.
            .env("COMPOSER_ROOT_VERSION", format!("dev-{commit}"))
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            // A list of packages on another server can name a repository inside this one, too.
            .env("GIT_ALLOW_PROTOCOL", "http:https")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_CONFIG_COUNT", GIT_SETTINGS.len().to_string())
            .envs(GIT_SETTINGS.iter().enumerate().flat_map(|(at, (key, value))| {
                [(format!("GIT_CONFIG_KEY_{at}"), *key), (format!("GIT_CONFIG_VALUE_{at}"), *value)]
            }))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }
}

/// Checks that no package came from this machine: a file of the builder would be published. Composer notes where it took
/// each package from in two files; with `lock: false` there is only the first. The inner error is that a
/// package's autoloader was made of files outside: their names would be.
///
/// # Errors
/// [`Error::ComposerRefused`] if one did, or if that cannot be told.
fn check_installed(tree: &Path) -> Result<Result<(), String>, Error> {
    for name in [requirements::INSTALLED, requirements::LOCK] {
        let refused =
            |what: String| Err(Error::ComposerRefused { reason: format!("{name} {what}") });
        let path = tree.join(name);
        let mut json = Vec::new();
        match File::open(&path) {
            Ok(file) => {
                file.take(MAX_COMPOSER_JSON + 1).read_to_end(&mut json).at("read", &path)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).at("open", path),
        };
        if json.len() as u64 > MAX_COMPOSER_JSON {
            return refused(format!("is longer than {MAX_COMPOSER_JSON} bytes"));
        }
        match document::parse_installed(&json) {
            Ok(document) => {
                if let Some(url) = document.local_url {
                    return refused(format!(
                        "says that a package comes from {url:?}, on this machine"
                    ));
                }
                if let Some(path) = document.outside {
                    return Ok(Err(format!(
                        "an autoload in {name} has {path:?}, which is not inside its package"
                    )));
                }
            }
            Err(error) => return refused(format!("is not JSON: {}", short(&error))),
        }
    }
    Ok(Ok(()))
}

/// How many bytes at the end of each of Composer's two outputs are repeated.
const MAX_REASON: usize = 900;

/// Why Composer failed, of what it said on standard error and on standard output: neither pushes the other out. It ends
/// with all options of its command, which say nothing.
fn reason(said: [String; 2]) -> String {
    let reasons = said.map(|said| {
        let reason = said.split(" install [--").next().unwrap_or_default();
        reason[reason.ceil_char_boundary(reason.len().saturating_sub(MAX_REASON))..].to_owned()
    });
    reasons.join(" ").trim().to_owned()
}

/// Fills a home folder for Composer alone. Its configuration gives the autoloader class a name: Composer
/// takes a random one otherwise, and the tarball would differ each time. The repository's own `config`
/// still wins.
fn fill_home(home: &TempDir, commit: &CommitId) -> Result<PathBuf, Error> {
    let home = home.path();
    let settings = home.join("composer");
    fs::create_dir_all(&settings).at("create", &settings)?;
    let file = settings.join("config.json");
    let text = json!({"config": {"autoloader-suffix": commit.as_str()}}).to_string();
    fs::write(&file, text).at("write", &file)?;
    // A system that refuses memory that can be written and executed, as our unit does, refuses it the compiler of
    // regular expressions, and Composer takes PHP's warning for an error.
    let php = home.join("php");
    fs::create_dir(&php).at("create", &php)?;
    let file = php.join("tardist.ini");
    fs::write(&file, "pcre.jit = 0\n").at("write", &file)?;
    let programs = home.join("bin");
    fs::create_dir(&programs).at("create", &programs)?;
    for name in NOT_RUN {
        let link = programs.join(name);
        symlink("/bin/false", &link).at("create", link)?;
    }
    // Composer changes its working directory, so the path has to be absolute.
    fs::canonicalize(home).at("find", home)
}

/// Where programs are looked for.
fn searched(home: &Path) -> OsString {
    let mut folders = home.join("bin").into_os_string();
    folders.push(":");
    folders.push(PATH);
    folders
}

/// Where PHP looks for settings besides its own.
fn scanned(home: &Path) -> OsString {
    let mut folders = OsString::from(":");
    folders.push(home.join("php"));
    folders
}

/// Writes the members of the content into the folder `root`, each link as what it points to. `bytes` limits what
/// that takes of the disk.
fn unpack(
    content: &Content,
    members: &[Member<'_>],
    root: &Path,
    mut bytes: Count,
) -> Result<(), Error> {
    for file in members.iter().filter_map(|member| member.file) {
        bytes.take(content.size(file)?)?;
    }
    for member in members {
        let path = root.join(OsStr::from_bytes(&member.path));
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

#[cfg(test)]
mod tests {
    use git2::Repository;

    use super::*;
    use crate::content::tree::{File, Folder, Node, Source};

    #[test]
    fn packages_are_missing_if_they_are_loaded_and_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut content = Content::empty(Repository::init_bare(folder.path()).unwrap());
        let missing = |packages: Packages, content: &Content, loads| {
            packages.missing(content, loads).map(|it| (it.reason, it.remedy))
        };
        let off = ("the setting composer is off".to_owned(), Some(Remedy::Composer));
        assert_eq!(missing(Packages::Off(true), &content, true), Some(off));
        for (packages, loads) in [
            (Packages::Off(true), false),
            (Packages::Off(false), true),
            (Packages::None, true),
            (Packages::Installed, true),
        ] {
            assert_eq!(missing(packages, &content, loads), None);
        }
        let failed = Packages::Failed("exit status 2: no".to_owned());
        let reason = "composer failed: exit status 2: no".to_owned();
        assert_eq!(missing(failed, &content, false), Some((reason, None)));
        content.root.insert(b"vendor".to_vec(), Node::Folder(Folder::new()));
        assert!(missing(Packages::Off(true), &content, true).is_some(), "an empty folder");
        let file = File { source: Source::Bytes(Vec::new()), executable: false };
        let vendor = Folder::from([(b"autoload.php".to_vec(), Node::File(file))]);
        content.root.insert(b"vendor".to_vec(), Node::Folder(vendor));
        assert_eq!(missing(Packages::Off(true), &content, true), None, "it is in the repository");
    }

    #[test]
    fn the_reason_of_a_failure_is_what_stands_before_the_options() {
        let options = " install [--prefer-source] [--dry-run] [--] [<packages>...]";
        let reason = |error: &str, output: &str| reason([error.to_owned(), output.to_owned()]);
        assert_eq!(
            reason(&format!("In A.php line 3: no zip{options}"), ""),
            "In A.php line 3: no zip"
        );
        let (long, cut) = ("ü".repeat(MAX_REASON), "ü".repeat(MAX_REASON / 2));
        assert_eq!(reason(&format!("{long}{options}"), ""), cut);
        assert_eq!(reason(&long, "Loading"), format!("{cut} Loading"), "however much there is");
        assert_eq!(reason("no", &long), format!("no {cut}"));
        assert_eq!((reason("", "no"), reason("", "")), ("no".to_owned(), String::new()));
    }

    #[test]
    fn a_content_that_is_too_large_is_not_written_to_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut content = Content::empty(Repository::init_bare(folder.path().join("git")).unwrap());
        content.put("a", vec![b'a'; 5]);
        content.put("b", vec![b'b'; 5]);
        let unpack = |name, limit| {
            let root = folder.path().join(name);
            let (members, _) = content.members().unwrap();
            let bytes = Count::new(limit, "what Composer works on", "bytes");
            (unpack(&content, &members, &root, bytes), root)
        };
        let (written, root) = unpack("fits", 10);
        written.unwrap();
        assert_eq!(fs::read(root.join("b")).unwrap(), b"bbbbb");
        let (written, root) = unpack("large", 9);
        let error = written.unwrap_err().to_string();
        assert!(error.starts_with("what Composer works on has more than 9 bytes"), "{error}");
        assert!(!root.exists());
    }
}
