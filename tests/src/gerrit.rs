//! A real Gerrit, which a test starts for itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sample_upstream::Repository;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::access_log::AccessLog;
use crate::process::{Run, Running, free_address, tool};
use crate::site::{Answer, Site};

/// The user that `init --batch` creates, with its default password: admin, secret.
const ADMIN: (&str, &str) = ("Authorization", "Basic YWRtaW46c2VjcmV0");

/// A running Gerrit on loopback, which can be read without a login. Dropping it ends it and deletes
/// its folder.
///
/// Maven downloads its programs, as `tests/gerrit/pom.xml` says.
pub struct Gerrit {
    site: Site,
    requests: AccessLog,
    // Dropped after the server, which works in it.
    _folder: TempDir,
}

impl Gerrit {
    /// Sets up a Gerrit without any project and starts it, which takes ten seconds or more.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("site");
        let config = path.join("etc/gerrit.config");
        fs::create_dir_all(path.join("etc")).unwrap();
        fs::write(&config, CONFIGURATION).unwrap();
        let log = folder.path().join("requests");
        let options = ["--batch", "--no-auto-start", "--skip-plugins", "--skip-all-downloads"];
        let mut init = program("init", &path, &log);
        Run::from(init.args(options).output().unwrap()).exits(0);
        let address = free_address();
        // Only now, because `init` would remove the path `/r/`.
        for key in ["gerrit.canonicalWebUrl", "httpd.listenUrl"] {
            let mut git = Command::new("git");
            git.args(["config", "--file"]).arg(&config);
            git.args(["--replace-all", key, &format!("http://{address}/r/")]);
            Run::from(git.output().unwrap()).exits(0);
        }
        let mut daemon = program("daemon", &path, &log);
        daemon.arg("--headless");
        let server = Running::server(daemon, &folder.path().join("log"), address);
        let gerrit = Self {
            site: Site::new(server, address),
            requests: AccessLog::new(log),
            _folder: folder,
        };
        // In Gerrit 3.13, whoever may create a branch may not yet push new commits to it.
        let rule = json!({ "rules": { "global:Registered-Users": { "action": "ALLOW" } } });
        let permissions = json!({ "permissions": { "push": rule } });
        let access = json!({ "add": { "refs/heads/*": permissions } });
        gerrit.administrate("POST", "projects/All-Projects/access", &access);
        gerrit
    }

    /// The value for the setting `upstream`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/r", self.site.address())
    }

    /// The JSON that the REST API answers without a login; `path` is below `/r/` and may have a
    /// query.
    #[must_use]
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        parse(&self.site.request("GET", &format!("/r/{path}"), &[ACCEPT]))
    }

    /// Creates an empty project.
    #[track_caller]
    pub fn create(&self, project: &str) {
        self.administrate("PUT", &format!("projects/{}", escape(project)), &json!({}));
    }

    /// Sets a project's state: `ACTIVE`, `READ_ONLY`, `HIDDEN`.
    #[track_caller]
    pub fn set_state(&self, project: &str, state: &str) {
        let path = format!("projects/{}/config", escape(project));
        self.administrate("PUT", &path, &json!({ "state": state }));
    }

    /// Deletes a branch of a project.
    #[track_caller]
    pub fn delete_branch(&self, project: &str, branch: &str) {
        let path = format!("projects/{}/branches/{}", escape(project), escape(branch));
        self.administrate("DELETE", &path, &json!({}));
    }

    #[track_caller]
    fn administrate(&self, method: &str, path: &str, body: &Value) {
        let headers = [ADMIN, ACCEPT, ("Content-Type", "application/json")];
        let path = format!("/r/a/{path}");
        let answer = self.site.send(method, &path, &headers, body.to_string().as_bytes());
        assert!(answer.status / 100 == 2, "{method} {path}: {} {}", answer.status, answer.text());
    }

    /// Pushes from a repository into a project with `git push`, as developers do.
    #[track_caller]
    pub fn push(&self, repository: &Repository, project: &str, refspecs: &[&str]) {
        let address = self.site.address();
        let mut git = Command::new("git");
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.env("GIT_TERMINAL_PROMPT", "0").arg("--git-dir").arg(repository.path());
        git.args(["push", "--quiet"]);
        git.arg(format!("http://admin:secret@{address}/r/a/{project}")).args(refspecs);
        Run::from(git.output().unwrap()).exits(0);
    }

    /// The requests since the last call, each as `STATUS METHOD PATH?QUERY USER-AGENT`.
    #[must_use]
    pub fn requests(&mut self) -> Vec<String> {
        self.requests.since_last(&self.site, "/r/config/server/version")
    }
}

const ACCEPT: (&str, &str) = ("Accept", "application/json");

/// Reading needs no login, and there is no server but that for HTTP.
const CONFIGURATION: &str = "\
[gerrit]
    basePath = git
[auth]
    type = DEVELOPMENT_BECOME_ANY_ACCOUNT
[httpd]
    listenUrl = http://127.0.0.1:1/
[sshd]
    listenAddress = off
[sendemail]
    enable = false
";

/// One of Gerrit's programs, for the site at `path`.
fn program(name: &str, path: &Path, requests: &Path) -> Command {
    let mut java = tool("java");
    // The JVM's second compiler does not pay off in a run of some seconds.
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    let logging = "com.google.gerrit.server.logging.LoggingContext#getInstance";
    let backend = "com.google.common.flogger.backend.log4j.Log4jBackendFactory#getInstance";
    java.arg(format!("-Dflogger.logging_context={logging}"));
    java.arg(format!("-Dflogger.backend_factory={backend}"));
    java.arg(format!("-Dtardist.requests={}", requests.display()));
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("gerrit/log4j.properties");
    java.arg(format!("-Dlog4j.configuration=file:{}", settings.display()));
    java.arg("-cp").arg(archives().join("*"));
    java.args(["com.google.gerrit.launcher.GerritLauncher", name, "-d"]).arg(path);
    java
}

/// The folder where `cargo xtask test` puts Gerrit's archives.
fn archives() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = workspace.join("target/gerrit");
    assert!(
        folder.is_dir(),
        "{} is missing: run `cargo xtask test`, which makes it",
        folder.display()
    );
    folder
}

#[track_caller]
fn parse(answer: &Answer) -> Value {
    let text = answer.is(200).text();
    let json = text.strip_prefix(")]}'\n").unwrap_or_else(|| panic!("no answer of Gerrit: {text}"));
    serde_json::from_str(json).unwrap()
}

/// A name as one segment of a path.
fn escape(name: &str) -> String {
    name.replace('/', "%2F")
}
