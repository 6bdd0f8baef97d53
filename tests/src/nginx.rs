//! A real nginx, which a test starts for itself, with or without `git http-backend` behind it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::access_log::AccessLog;
use crate::process::{Run, Running, free_address, signal, tool, within};
use crate::site::Site;

/// A running nginx on loopback. Dropping it ends it.
///
/// Where no test reloads it, it is one process, so that no process is left when it is killed. It runs as the user of the
/// test, so that it needs no special rights.
pub struct Nginx {
    site: Site,
    requests: AccessLog,
    // The process that runs `git http-backend` for nginx.
    _git: Option<Running>,
    // Dropped after the servers, which work in it.
    folder: TempDir,
}

impl Nginx {
    /// A web server with these `location` blocks.
    #[must_use]
    pub fn with_locations(locations: &str) -> Self {
        Self::start(TempDir::new().unwrap(), locations, None)
    }

    /// The web server of `deploy/nginx/tardist.conf`, for this data directory, before two servers of the functions:
    /// the second is asked if the first is not there, or has no answer. It has a master process and workers, as on a
    /// server, so that it can be reloaded.
    #[must_use]
    pub fn shipped(data: &Path, functions: [SocketAddr; 2]) -> Self {
        let folder = TempDir::new().unwrap();
        let address = free_address();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nginx/tardist.conf");
        let mut text = fs::read_to_string(file).unwrap();
        let cache = folder.path().join("cache");
        for (shipped, here) in [
            ("/var/lib/tardist", data.display().to_string()),
            ("/var/cache/tardist-nginx", cache.display().to_string()),
            ("server 127.0.0.1:3000", format!("server {}", functions[0])),
            ("server 127.0.0.1:3001", format!("server {}", functions[1])),
            ("listen 80;", format!("listen {address};")),
        ] {
            assert!(text.contains(shipped), "{shipped} is not in the shipped file");
            text = text.replace(shipped, &here);
        }
        let path = folder.path().join("nginx.conf");
        // Root's nginx gives the cache to this user, who may not enter the folder of the test.
        let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
        fs::write(&path, head(user, "on") + &text + "}\n").unwrap();
        Self::run(folder, &path, address, None)
    }

    /// Reads the configuration again, as `systemctl reload nginx` does.
    pub fn reload(&self) {
        let id: u32 = fs::read_to_string(self.folder.path().join("nginx.pid"))
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        signal(id, "HUP");
    }

    /// An upstream behind a web server. `git http-backend` serves the bare repositories in
    /// `repositories`; all other requests below `/r/` go to the server at `list`.
    #[must_use]
    pub fn upstream(repositories: &Path, list: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("fcgiwrap.socket");
        let mut fcgiwrap = tool("fcgiwrap");
        fcgiwrap.arg("-s").arg(format!("unix:{}", socket.display()));
        let git = Running::start(fcgiwrap);
        within("fcgiwrap listens", || socket.exists());
        let locations = format!(
            r"location ~ ^/r(?<path>/.+/(info/refs|git-upload-pack))$ {{
                fastcgi_pass unix:{socket};
                fastcgi_param SCRIPT_FILENAME {backend};
                fastcgi_param GIT_PROJECT_ROOT {repositories};
                fastcgi_param GIT_HTTP_EXPORT_ALL 1;
                fastcgi_param PATH_INFO $path;
                fastcgi_param QUERY_STRING $query_string;
                fastcgi_param REQUEST_METHOD $request_method;
                fastcgi_param CONTENT_TYPE $content_type;
                fastcgi_param CONTENT_LENGTH $content_length;
                fastcgi_param REMOTE_ADDR $remote_addr;
            }}
            location /r/ {{ proxy_pass http://{list}; }}",
            socket = socket.display(),
            backend = http_backend(),
            repositories = repositories.display(),
        );
        Self::start(folder, &locations, Some(git))
    }

    fn start(folder: TempDir, locations: &str, git: Option<Running>) -> Self {
        let address = free_address();
        let path = folder.path().join("nginx.conf");
        fs::write(&path, configuration(address, locations)).unwrap();
        Self::run(folder, &path, address, git)
    }

    fn run(folder: TempDir, path: &Path, address: SocketAddr, git: Option<Running>) -> Self {
        let log = folder.path().join("requests");
        let mut nginx = tool("nginx");
        nginx.arg("-p").arg(folder.path()).arg("-c").arg(path).args(["-e", "stderr"]);
        let server = Running::server(nginx, &folder.path().join("log"), address);
        // It listens before it says what its process is.
        let pid = folder.path().join("nginx.pid");
        within("nginx names its process", || {
            fs::read_to_string(&pid).is_ok_and(|it| it.ends_with('\n'))
        });
        let site = Site::new(server, address);
        Self { site, requests: AccessLog::new(log), _git: git, folder }
    }

    /// The server, as clients see it.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The value for the setting `upstream`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/r", self.site.address())
    }

    /// The requests since the last call.
    #[must_use]
    pub fn requests(&mut self) -> Vec<LoggedRequest> {
        self.requests
            .since_last(&self.site, "/mark")
            .iter()
            .map(|line| LoggedRequest::read(line))
            .collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A master that is killed leaves its workers.
        if let Ok(id) = fs::read_to_string(self.folder.path().join("nginx.pid")) {
            // `within` would fail a test that is failing already, and so end all tests.
            let start = Instant::now();
            let is_there = || self.folder.path().join("nginx.pid").exists();
            let _ = Command::new("kill").args(["-s", "TERM", id.trim()]).status();
            while is_there() && start.elapsed() < Duration::from_secs(60) {
                sleep(Duration::from_millis(10));
            }
        }
    }
}

/// A request that nginx has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The number of its connection.
    pub connection: u64,
    /// The path and the query, as they were sent.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
    /// The size of the answer on the wire, in bytes, including its head.
    pub bytes: u64,
}

impl LoggedRequest {
    fn read(line: &str) -> Self {
        let [connection, status, bytes, target] =
            line.splitn(4, ' ').collect::<Vec<_>>().try_into().expect("four fields");
        Self {
            connection: connection.parse().unwrap(),
            target: target.to_owned(),
            status: status.parse().unwrap(),
            bytes: bytes.parse().unwrap(),
        }
    }
}

/// The configuration file. Relative paths are below the folder of `-p`. Answers are compressed, as
/// on many sites, unless `locations` says otherwise.
fn configuration(address: SocketAddr, locations: &str) -> String {
    format!(
        "{head}
            gzip on;
            gzip_proxied any;
            gzip_types application/json text/plain;
            server {{
                listen {address};
                {locations}
            }}
        }}\n",
        head = head("", "off")
    )
}

/// A configuration up to what is in `http { }` besides the folders and the log of this test.
fn head(user: &str, master_process: &str) -> String {
    format!(
        "{user}
        daemon off;
        master_process {master_process};
        pid nginx.pid;
        error_log stderr;
        events {{ worker_connections 256; }}
        http {{
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            log_format requests '$connection $status $bytes_sent $request_uri';
            access_log requests requests;\n"
    )
}

/// The path of `git http-backend`, which is not on `PATH`.
fn http_backend() -> String {
    let run: Run = Command::new("git").arg("--exec-path").output().unwrap().into();
    format!("{}/git-http-backend", run.exits(0).stdout.trim())
}
