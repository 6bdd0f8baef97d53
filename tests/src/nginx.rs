//! A real nginx, of its own for a test, with `git http-backend` behind it where that is asked for.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Run, Running, free_address, tool, within};
use crate::requests::Requests;
use crate::site::Site;

/// A running nginx on loopback that ends when it is dropped.
///
/// It runs in one process and as whoever runs the test: so it needs no rights, and killing it
/// leaves nothing behind.
pub struct Nginx {
    site: Site,
    requests: Requests,
    // Git's side of it, which is not asked any more once nginx is gone.
    _git: Option<Running>,
    // After the servers, which work in it.
    _folder: TempDir,
}

impl Nginx {
    /// A web server with these `location` blocks.
    #[must_use]
    pub fn with_locations(locations: &str) -> Self {
        Self::start(TempDir::new().unwrap(), locations, None)
    }

    /// What an upstream is behind a web server: the bare repositories in `repositories` by
    /// `git http-backend`, and what else is below `/r/` from the server at `list`.
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
        let log = folder.path().join("requests");
        let path = folder.path().join("nginx.conf");
        fs::write(&path, configuration(address, locations)).unwrap();
        let mut nginx = tool("nginx");
        nginx.arg("-p").arg(folder.path()).arg("-c").arg(&path).args(["-e", "stderr"]);
        let server = Running::server(nginx, &folder.path().join("log"), address);
        let site = Site::new(server, address);
        Self { site, requests: Requests::new(log), _git: git, _folder: folder }
    }

    /// The server as clients see it.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// What is to be configured as `upstream`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/r", self.site.address())
    }

    /// The requests since this was last asked for.
    #[must_use]
    pub fn requests(&mut self) -> Vec<Served> {
        self.requests
            .since_last(&self.site, "/mark")
            .iter()
            .map(|line| Served::read(line))
            .collect()
    }
}

/// A request that nginx has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Which connection it came on.
    pub connection: u64,
    /// The path and the query, as they came.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
    /// The bytes of the answer as they went over the wire, its head included.
    pub bytes: u64,
}

impl Served {
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

/// Relative paths are below the folder of `-p`. Answers are compressed as many sites do it, but
/// for what the configuration under test has in its own block.
fn configuration(address: SocketAddr, locations: &str) -> String {
    format!(
        "daemon off;
        master_process off;
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
            access_log requests requests;
            gzip on;
            gzip_proxied any;
            gzip_types application/json text/plain;
            server {{
                listen {address};
                {locations}
            }}
        }}\n"
    )
}

/// Git's server for web servers, which is no program on `PATH`.
fn http_backend() -> String {
    let run: Run = Command::new("git").arg("--exec-path").output().unwrap().into();
    format!("{}/git-http-backend", run.exits(0).stdout.trim())
}
