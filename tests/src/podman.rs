//! Containers of the images that the Containerfile makes, run by a real Podman.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::disk::size;
use crate::process::{Run, Running, program, tool};

/// What each container of the tests gets: the network of this machine, and limits that a machine without many rights
/// can give.
const OPTIONS: [&str; 7] = [
    "--runtime",
    "runc",
    "--network=host",
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1024:1024",
];

/// Podman with images of its own, which are removed when this is dropped.
pub struct Podman {
    folder: TempDir,
}

impl Default for Podman {
    fn default() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }
}

impl Podman {
    /// Podman's command line, with storage in the folder of this test.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool("podman");
        command.arg("--root").arg(self.folder.path().join("storage"));
        command.arg("--runroot").arg(self.folder.path().join("run"));
        command.args(["--storage-driver", "vfs", "--log-level", "error"]).args(arguments);
        command
    }

    fn run_command(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Builds a target of the Containerfile. What its stages compile is taken from this build of the workspace, and
    /// the files of its base from this machine: the stages that make them are left out, all others are as shipped.
    ///
    /// Returns the size of the image, in bytes.
    pub fn build(&self, target: &str) -> u64 {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = fs::read_to_string(workspace.join("Containerfile")).unwrap();
        let file = self.folder.path().join("Containerfile");
        fs::write(
            &file,
            without_stages(
                &text,
                &["sources", "native", "files", "hourly", "components", "functions"],
            ),
        )
        .unwrap();
        let mut command = self.command(&["build", "--target", target, "--tag", target, "--file"]);
        command.arg(&file).args(OPTIONS);
        for (stage, files) in self.made(workspace) {
            let folder = self.folder.path().join(stage);
            for (from, to) in files {
                let to = folder.join("out").join(to);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, to).unwrap();
            }
            command.arg("--build-context").arg(format!("{stage}={}", folder.display()));
        }
        let data = self.folder.path().join("files/out/var/lib/tardist");
        fs::create_dir_all(&data).unwrap();
        std::os::unix::fs::chown(&data, Some(10_001), Some(10_001)).unwrap();
        Run::from(command.arg(workspace).output().unwrap()).exits(0);
        let size = self.run_command(&["image", "inspect", "--format", "{{.Size}}", target]);
        size.exits(0).stdout.trim().parse().unwrap()
    }

    /// The size of an image with its layers compressed, as a registry keeps it, in bytes.
    #[must_use]
    pub fn compressed(&self, image: &str) -> u64 {
        let folder = TempDir::new_in(self.folder.path()).unwrap();
        let to = folder.path().to_str().unwrap();
        let save = ["save", "--quiet", "--compress", "--format", "docker-dir", "--output", to];
        self.run_command(&[save.as_slice(), &[image]].concat()).exits(0);
        size(folder.path())
    }

    /// The files of the stages that are left out: where each is on this machine, and its path in `/out`.
    fn made(&self, workspace: &Path) -> [(&'static str, Vec<(PathBuf, String)>); 3] {
        let components = fs::read_dir(workspace.join("target/wasm32-wasip2/component")).unwrap();
        let components = components.map(|entry| entry.unwrap().path()).filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            (name.starts_with("tardist_") && name.ends_with(".wasm")).then_some((path, name))
        });
        // The program of this build is not static, unlike that of the Containerfile.
        let mut files = shared_libraries(&program("tardist"));
        files.push("/etc/ssl/certs/ca-certificates.crt".to_owned());
        let files = files.into_iter().map(|path| (PathBuf::from(&path), path[1..].to_owned()));
        [
            ("native", vec![(program("tardist"), "tardist".to_owned())]),
            ("files", files.collect()),
            ("components", components.collect()),
        ]
    }

    /// Runs an image to its end as docs/operation.md says: with a read-only root and without rights. `data` is the
    /// data directory.
    #[must_use]
    pub fn run(&self, image: &str, data: &Path, options: &[&str], arguments: &[&str]) -> Run {
        self.run_arguments(image, data, options, arguments).output().unwrap().into()
    }

    /// Starts an image in the same way and does not wait.
    #[must_use]
    pub fn start(&self, image: &str, data: &Path, options: &[&str], arguments: &[&str]) -> Running {
        Running::start(self.run_arguments(image, data, options, arguments))
    }

    fn run_arguments(
        &self,
        image: &str,
        data: &Path,
        options: &[&str],
        arguments: &[&str],
    ) -> Command {
        let mut command = self.command(&["run", "--rm", "--read-only", "--cap-drop=ALL"]);
        command.args(["--security-opt", "no-new-privileges"]).args(OPTIONS);
        command.arg("--volume").arg(format!("{}:/var/lib/tardist", data.display()));
        command.args(options).arg(image).args(arguments);
        command
    }

    /// Stops a container, and returns what Podman says.
    #[must_use]
    pub fn stop(&self, container: &str, seconds: &str) -> Run {
        self.run_command(&["stop", "--time", seconds, container])
    }

    /// Whether a container of this name is there and runs.
    #[must_use]
    pub fn runs(&self, container: &str) -> bool {
        let run = self.run_command(&["inspect", "--format", "{{.State.Running}}", container]);
        run.code == 0 && run.stdout.trim() == "true"
    }

    /// Copies a folder of an image to `to`.
    pub fn copy(&self, image: &str, from: &str, to: &Path) {
        let made = self.run_command(&["create", "--name", "copy", image, "nothing"]);
        made.exits(0);
        let source = format!("copy:{from}");
        self.run_command(&["cp", &source, to.to_str().unwrap()]).exits(0);
        self.run_command(&["rm", "copy"]).exits(0);
    }
}

/// The absolute paths of the libraries and of the loader of a program.
fn shared_libraries(program: &Path) -> Vec<String> {
    let run: Run = Command::new("ldd").arg(program).output().unwrap().into();
    let words = run.exits(0).stdout.split_whitespace().map(str::to_owned);
    words.filter(|word| word.starts_with('/')).collect()
}

/// A Containerfile without these stages.
fn without_stages(text: &str, names: &[&str]) -> String {
    let mut kept = true;
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(stage) = line.strip_prefix("FROM ") {
            kept = !names.iter().any(|name| stage.ends_with(&format!(" AS {name}")));
        }
        if kept {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}
