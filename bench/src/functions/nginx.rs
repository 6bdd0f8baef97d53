//! nginx, once with the same bytes as static files, and once with its cache in front of the components.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use xtask::{
    process::{self, Process},
    project,
};

use crate::functions::server::{free_address, start};

/// Bytes that a web server serves as files.
pub(crate) struct File {
    /// Its name, such as `one.json`, or `one.json.gz` for the compressed form.
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// A running nginx.
pub(crate) struct Nginx {
    _process: Process,
    /// The address where it serves files.
    pub(crate) files: SocketAddr,
    /// The address where it serves the components through its cache.
    pub(crate) cache: SocketAddr,
}

impl Nginx {
    /// Starts it in a folder of its own.
    pub(crate) fn start(folder: &Path, files: &[File], components: SocketAddr) -> Result<Self> {
        let Some(program) = find("nginx") else {
            bail!("nginx is missing (Debian: apt-get install nginx-light)");
        };
        let root = folder.join("files");
        let cached = folder.join("cache");
        // Files of an earlier run may be of an earlier snapshot.
        for folder in [&root, &cached] {
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .with_context(|| format!("cannot remove {}", folder.display()))?;
            }
        }
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        for File { name, bytes } in files {
            write(&root.join(name), bytes)?;
        }
        let addresses = (free_address()?, free_address()?);
        let shipped = shipped(addresses.1, components, &cached)?;
        let path = folder.join("nginx.conf");
        write(&path, configuration(addresses.0, &shipped)?.as_bytes())?;
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&path).arg("-e").arg(folder.join("log"));
        let process = start(&mut command, addresses.1)?;
        Ok(Self { _process: process, files: addresses.0, cache: addresses.1 })
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = project::server_path().ok()?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Debian's configuration (`sendfile`, `tcp_nopush`, a process for each core) without logs. nginx runs
/// as the user who starts it: else it could not read the files.
fn configuration(files: SocketAddr, shipped: &str) -> Result<String> {
    let id = |option| process::output(Command::new("id").arg(option));
    let (user, group) = (id("-un")?, id("-gn")?);
    Ok(format!(
        "daemon off;
        user {} {};
        worker_processes auto;
        pid nginx.pid;
        error_log log crit;
        events {{ worker_connections 768; }}
        http {{
            access_log off;
            sendfile on;
            tcp_nopush on;
            types {{ application/json json; }}
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            server {{
                listen {files};
                root files;
                gzip_static on;
            }}
            {shipped}
        }}\n",
        user.trim(),
        group.trim()
    ))
}

/// The shipped configuration, changed to these addresses and this folder, and without a limit for each client.
fn shipped(listen: SocketAddr, components: SocketAddr, cached: &Path) -> Result<String> {
    let path = project::root().join("deploy/nginx/tardist.conf");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("limit_req "));
    let mut block = lines.collect::<Vec<_>>().join("\n");
    let (listen, components) = (format!("listen {listen};"), components.to_string());
    let examples = [
        ("listen 80;", listen.as_str()),
        ("127.0.0.1:3000", &components),
        ("/var/cache/tardist-nginx", &cached.display().to_string()),
    ];
    for (example, ours) in examples {
        if !block.contains(example) {
            bail!("{} has no {example:?} any more", path.display());
        }
        block = block.replace(example, ours);
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_configuration_is_found() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let text = shipped(address(8), address(9), Path::new("/elsewhere")).unwrap();
        assert!(text.contains("listen 127.0.0.1:8;") && text.contains("127.0.0.1:9"), "{text}");
        assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
        assert!(configuration(address(7), &text).unwrap().contains("listen 127.0.0.1:7;"));
    }
}
