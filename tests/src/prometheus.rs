//! The real programs of Prometheus: promtool, and node_exporter.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Run, Running, built, free_address, tool_at};
use crate::site::Site;

/// A program that `cargo xtask test` puts into `target/prometheus/`.
#[track_caller]
fn program(name: &str) -> Command {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    tool_at(&built(workspace.join("target/prometheus/usr/bin").join(name)))
}

/// Runs promtool in a folder, with a file as its standard input.
#[must_use]
#[track_caller]
pub fn promtool(folder: &Path, args: &[&str], input: &str) -> Run {
    let path = folder.join("input");
    fs::write(&path, input).unwrap();
    let mut command = program("promtool");
    command.args(args).current_dir(folder).stdin(Stdio::from(fs::File::open(path).unwrap()));
    command.output().unwrap().into()
}

/// A running node_exporter with the collector textfile alone. Dropping it ends it.
pub struct NodeExporter {
    site: Site,
    // Its log.
    _folder: TempDir,
}

impl NodeExporter {
    /// One that reads the files of this folder.
    #[must_use]
    #[track_caller]
    pub fn of(textfiles: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let address = free_address();
        let mut command = program("prometheus-node-exporter");
        command.args(["--collector.disable-defaults", "--collector.textfile"]);
        command.arg(format!("--collector.textfile.directory={}", textfiles.display()));
        command.arg(format!("--web.listen-address={address}"));
        let server = Running::server(command, &folder.path().join("log"), address);
        Self { site: Site::new(server, address), _folder: folder }
    }

    /// What Prometheus would get.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.site.get("/metrics").is(200).text()
    }
}
