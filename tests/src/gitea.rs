//! A real Gitea, which a test starts for itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sample_upstream::Repository;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Run, Running, free_address};
use crate::site::{Answer, Site};

/// The name and the password of its administrator.
pub const GITEA_ADMIN: &str = "boss:s3cret-boss";

/// The same as HTTP sends it.
const ADMIN: (&str, &str) = ("Authorization", "Basic Ym9zczpzM2NyZXQtYm9zcw==");

/// A running Gitea on loopback. Dropping it ends it and deletes its folder.
///
/// `cargo xtask test --gitea` builds its program.
pub struct Gitea {
    site: Site,
    // Dropped after the server, which works in it.
    _folder: TempDir,
}

impl Gitea {
    /// Sets up a Gitea with an administrator, and starts it.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        let address = free_address();
        let config = path.join("custom/conf/app.ini");
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        let settings = CONFIGURATION
            .replace("{port}", &address.port().to_string())
            .replace("{source}", fs::read_to_string(built().join("source")).unwrap().trim())
            .replace("{folder}", path.to_str().unwrap());
        fs::write(config, settings).unwrap();
        let run = |args: &[&str]| Run::from(program(path).args(args).output().unwrap());
        run(&["migrate"]).exits(0);
        let (user, password) = GITEA_ADMIN.split_once(':').unwrap();
        let login = ["--username", user, "--password", password, "--email", "boss@example.org"];
        let create = ["admin", "user", "create", "--admin", "--must-change-password=false"];
        run(&[&create[..], &login].concat()).exits(0);
        let mut web = program(path);
        web.arg("web");
        let server = Running::server(web, &path.join("log.txt"), address);
        Self { site: Site::new(server, address), _folder: folder }
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.site.address())
    }

    /// Sends a request to the REST API as the administrator. The answer has to be a 2xx; an empty one is `null`.
    #[track_caller]
    pub fn administrate(&self, method: &str, path: &str, body: &Value) -> Value {
        let headers = [ADMIN, ("Content-Type", "application/json")];
        let path = format!("/api/v1/{path}");
        let answer = self.site.send(method, &path, &headers, body.to_string().as_bytes());
        assert!(answer.status / 100 == 2, "{method} {path}: {} {}", answer.status, answer.text());
        answer.text().parse().unwrap_or_default()
    }

    /// What the REST API answers without a login.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.site.get(&format!("/api/v1/{path}"))
    }

    /// Creates an empty repository of an organization.
    #[track_caller]
    pub fn create(&self, owner: &str, name: &str) {
        self.administrate("POST", &format!("orgs/{owner}/repos"), &json!({ "name": name }));
    }

    /// A new token that may read lists and nothing else.
    #[must_use]
    #[track_caller]
    pub fn token(&self) -> String {
        let scopes = ["read:organization", "read:repository", "read:user"];
        let asked = json!({ "name": "lists", "scopes": scopes });
        let token = self.administrate("POST", "users/boss/tokens", &asked);
        token["sha1"].as_str().unwrap().to_owned()
    }

    /// Pushes all branches of a repository with `git push`, as developers do.
    #[track_caller]
    pub fn push(&self, repository: &Repository, owner: &str, name: &str) {
        let address = self.site.address();
        let mut git = Command::new("git");
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.env("GIT_TERMINAL_PROMPT", "0").arg("--git-dir").arg(repository.path());
        git.args(["push", "--quiet"]);
        git.arg(format!("http://{GITEA_ADMIN}@{address}/{owner}/{name}.git")).arg("refs/heads/*");
        Run::from(git.output().unwrap()).exits(0);
    }
}

/// Everything that is not needed is off.
const CONFIGURATION: &str = "\
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
RUN_MODE = prod
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {source}
OFFLINE_MODE = true
DISABLE_SSH = true
[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
[security]
INSTALL_LOCK = true
SECRET_KEY = for-a-test
PASSWORD_HASH_ALGO = pbkdf2_v1
[log]
LEVEL = Warn
[indexer]
ISSUE_INDEXER_TYPE = db
[session]
PROVIDER = memory
[migrations]
ALLOW_LOCALNETWORKS = true
";

/// Gitea's program, for the site at `path`.
fn program(path: &Path) -> Command {
    let mut gitea = Command::new(built().join("gitea"));
    gitea.env("GITEA_WORK_DIR", path).env("HOME", path).current_dir(path);
    gitea
}

/// The folder in which `cargo xtask test --gitea` builds it.
fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/gitea");
    let name = folder.display();
    assert!(folder.is_dir(), "{name} is missing: run `cargo xtask test --gitea`, which makes it");
    folder
}
