//! The object store: what it is asked, and by how many connections.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;
use tardist_tests::{Objects, S3};
use xtask::{project, python};

/// The folder of the store that its own variables name.
pub(crate) const OWN: &str = "wiki";

/// The time between two looks at the connections.
const PAUSE: Duration = Duration::from_millis(5);

/// A store that serves until this is dropped.
pub(crate) struct Server {
    s3: S3,
    port: u16,
}

/// What the builder's report says of a publication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Published {
    /// Objects besides the pointer.
    pub(crate) uploaded: f64,
    pub(crate) requests: f64,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        python::install_s3()?;
        let s3 = S3::start();
        let endpoint = s3.variables().get("TARDIST_STORE_ENDPOINT");
        let port = endpoint.and_then(|url| url.rsplit(':').next()?.parse().ok());
        Ok(Self { s3, port: port.context("the store has no port")? })
    }

    /// The variables that name a folder of the store, and who asks.
    pub(crate) fn variables(&self, folder: &str) -> BTreeMap<String, String> {
        let mut variables = self.s3.variables().clone();
        variables.insert("TARDIST_STORE".to_owned(), format!("s3://tardist/{folder}"));
        variables
    }

    /// The requests since the start whose path begins with that of this folder of the store, and whose method is one of
    /// these.
    pub(crate) fn requests(&self, folder: &str, methods: &[&str]) -> Vec<String> {
        let is_meant = |request: &String| {
            methods.iter().any(|it| request.starts_with(&format!("{it} /tardist/{folder}/")))
        };
        self.s3.requests().into_iter().filter(is_meant).collect()
    }

    /// What the pointer in the folder [`OWN`] says.
    pub(crate) fn statement(&self) -> Result<Value> {
        let pointer = self.s3.get("current.json");
        let pointer: Value = serde_json::from_slice(&pointer).context("in the pointer")?;
        let statement = pointer["statement"].as_str().context("the pointer says nothing")?;
        serde_json::from_str(statement).context("in the statement of the pointer")
    }

    /// Does something, and counts the most connections to the store that there were at once.
    pub(crate) fn watched<T>(&self, work: impl FnOnce() -> T) -> (T, usize) {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut most = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
                    most = most.max(connections(&table, self.port));
                    thread::sleep(PAUSE);
                }
                most
            });
            let done = work();
            is_over.store(true, Ordering::Relaxed);
            (done, watcher.join().unwrap_or_default())
        })
    }
}

/// `tardist` with these arguments, in a folder without a configuration file.
pub(crate) fn tardist(
    arguments: &[&str],
    data: &Path,
    store: &BTreeMap<String, String>,
    folder: &Path,
) -> Command {
    let mut command = Command::new(project::binary("tardist"));
    command.current_dir(folder).env_remove("TARDIST_CONFIG").env("TARDIST_LOG", "tardist=error");
    command.args(arguments).arg("--data").arg(data).envs(store);
    command
}

/// The report of the last cycle.
pub(crate) fn report(data: &Path) -> Result<Value> {
    let path = data.join("report.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).context("in report.json")
}

/// What the last cycle published to the store.
pub(crate) fn published(data: &Path) -> Result<Published> {
    let report = report(data)?;
    let number = |name: &str| {
        report["store"][name].as_f64().with_context(|| format!("no {name}: {}", report["store"]))
    };
    Ok(Published { uploaded: number("uploaded")?, requests: number("requests")? })
}

/// The established connections to a port of this machine, in the form of `/proc/net/tcp` (proc_pid_net(5)).
fn connections(table: &str, port: u16) -> usize {
    let port = format!(":{port:04X}");
    let is_open = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(2).is_some_and(|remote| remote.ends_with(&port)) && fields.get(3) == Some(&"01")
    };
    table.lines().filter(is_open).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_once() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n\
             1: 0100007F:D431 0100007F:1F90 01 00000000:00000000\n\
             2: 0100007F:1F90 0100007F:D431 01 00000000:00000000\n\
             3: 0100007F:D432 0100007F:1F90 06 00000000:00000000\n\
             4: 0100007F:D433 0100007F:1F91 01 00000000:00000000\n";
        assert_eq!(connections(table, 8080), 1);
    }
}
