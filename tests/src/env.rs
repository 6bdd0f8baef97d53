//! [`TestEnv`]: an upstream, a data directory and the programs that work with them.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;

use sample_upstream::{File, Oid, Repository, RequestKind, Server, Time, Upstream, sample};
use tempfile::TempDir;
use toml::{Table, Value, toml};

use crate::disk::{Files, files};
use crate::process::{Run, Running, built, program, tool};
use crate::published::published;
use crate::site::Site;

/// The project of MediaWiki itself.
const CORE: &str = "mediawiki/core";

/// Any free port.
const ANYWHERE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A system of its own in a temporary folder, which is deleted when this is dropped.
pub struct TestEnv {
    /// The upstream's repositories.
    pub upstream: Upstream,
    /// The server of the upstream.
    pub server: Server,
    /// The URL that `tardist` gets as its upstream.
    upstream_url: String,
    // Dropped after the server, which works in it.
    folder: TempDir,
}

impl TestEnv {
    /// An upstream with the sample content.
    #[must_use]
    pub fn sample() -> Self {
        let env = Self::empty();
        sample::create(env.upstream.root()).unwrap();
        env
    }

    /// An upstream without any repository.
    #[must_use]
    pub fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("upstream");
        fs::create_dir(&root).unwrap();
        let server = Server::start(&root, ([127, 0, 0, 1], 0).into()).unwrap();
        let upstream_url = server.url();
        Self { upstream: Upstream::new(root), server, upstream_url, folder }
    }

    /// The same system with another server as its upstream. The caller gives that server its
    /// repositories.
    #[must_use]
    pub fn with_upstream(mut self, url: &str) -> Self {
        url.clone_into(&mut self.upstream_url);
        self
    }

    /// The folder that has everything that this system writes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The published snapshot.
    #[must_use]
    pub fn snapshot(&self) -> PathBuf {
        self.data().join("snapshot.db")
    }

    /// The published files: the snapshot and the tarballs.
    #[must_use]
    pub fn published(&self) -> Files {
        let mut all = files(&self.data());
        all.retain(|path, _| path == "snapshot.db" || path.starts_with("dist/"));
        all
    }

    /// The published commits, by `extensions/NAME BRANCH` or `skins/NAME BRANCH`. They are read
    /// from the snapshot itself: to start the components each time would take most of a test's
    /// time.
    #[must_use]
    pub fn tips(&self) -> BTreeMap<String, String> {
        let all = published(&self.snapshot()).unwrap();
        all.into_iter().map(|it| (format!("{} {}", it.id, it.branch), it.commit)).collect()
    }

    /// The published tarball of a branch of `extensions/NAME` or `skins/NAME`.
    #[must_use]
    #[track_caller]
    pub fn tarball(&self, id: &str, branch: &str) -> PathBuf {
        let all = published(&self.snapshot()).unwrap();
        let found = all.into_iter().find(|it| it.id == id && it.branch == branch);
        self.data().join("dist").join(found.expect("a published branch").path)
    }

    /// The repository `extensions/NAME` or `skins/NAME` of the upstream.
    #[must_use]
    pub fn repository(&self, id: &str) -> Repository {
        self.upstream.repository(&format!("mediawiki/{id}")).unwrap()
    }

    /// Puts a commit on a branch of a repository.
    pub fn commit(&self, id: &str, branch: &str, files: &[(&str, File)]) -> Oid {
        self.repository(id).commit(branch, files, "Change", Time::default()).unwrap()
    }

    /// The sample content, with MediaWiki itself, which has released its four branches. So which branches are distributed
    /// does not depend on how many repositories have them.
    #[must_use]
    pub fn sample_with_core() -> Self {
        let env = Self::sample();
        for branch in crate::BRANCHES.into_iter().filter(|branch| branch.starts_with("REL")) {
            env.branch_core(branch);
            env.release_core(branch);
        }
        env
    }

    /// Gives MediaWiki itself, `mediawiki/core` of the upstream, this release branch: `REL1_47`.
    pub fn branch_core(&self, branch: &str) {
        let core = self.upstream.repository(CORE).unwrap();
        let tip = core.commit("master", &[], &format!("Before {branch}"), Time::default()).unwrap();
        core.branch(branch, tip).unwrap();
    }

    /// Gives MediaWiki itself the tag of the first release of this branch: `1.47.0`. Returns its name.
    pub fn release_core(&self, branch: &str) -> String {
        let core = self.upstream.repository(CORE).unwrap();
        let tag = format!("{}.0", branch.trim_start_matches("REL").replace('_', "."));
        core.tag(&tag, core.tip(branch).unwrap().unwrap()).unwrap();
        tag
    }

    /// `tardist` with these arguments, with this system's data directory and upstream, and without
    /// the environment of the caller.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program("tardist"));
        command.args(args).current_dir(self.folder()).env_clear();
        command.env("TARDIST_DATA", self.data());
        command.env("TARDIST_UPSTREAM", &self.upstream_url);
        command.env("TARDIST_RETRIES", "0");
        command.env("TARDIST_TIMEOUT", "20s");
        command
    }

    /// Runs `tardist` with these arguments.
    #[must_use]
    pub fn tardist(&self, args: &[&str]) -> Run {
        self.command(args).output().unwrap().into()
    }

    /// Runs `tardist` with these arguments as somebody whom the modes of files stop, even if the test runs as root.
    #[must_use]
    pub fn bound_by_modes(&self, args: &[&str]) -> Run {
        let own = self.command(args);
        if !nix::unistd::geteuid().is_root() {
            return self.tardist(args);
        }
        let mut command = tool("setpriv");
        command.arg("--bounding-set=-dac_override").arg(own.get_program()).args(args);
        command.current_dir(self.folder()).env_clear();
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.output().unwrap().into()
    }

    /// Runs `tardist sync` with these further arguments.
    #[must_use]
    pub fn sync(&self, args: &[&str]) -> Run {
        self.tardist(&[&["sync"], args].concat())
    }

    /// `tardist` with these arguments and this configuration file, which names the upstreams.
    #[must_use]
    pub(crate) fn command_with(&self, config: &str, args: &[&str]) -> Command {
        fs::write(self.folder().join("tardist.toml"), config).unwrap();
        let mut command = self.command(args);
        command.env_remove("TARDIST_UPSTREAM");
        command
    }

    /// Runs `tardist sync` with this configuration file, and with these further arguments.
    #[must_use]
    pub fn sync_with(&self, config: &str, args: &[&str]) -> Run {
        self.command_with(config, &[&["sync"], args].concat()).output().unwrap().into()
    }

    /// The report of the last cycle: `report.json`.
    #[must_use]
    pub fn report(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.data().join("report.json")).unwrap()).unwrap()
    }

    /// Starts `tardist` with these arguments and does not wait.
    #[must_use]
    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// Starts `tardist sync` and does not wait.
    #[must_use]
    pub fn start_sync(&self) -> Running {
        self.start(&["sync"])
    }

    /// The Git requests for repositories that the upstream got since its requests were cleared: the
    /// kind of each, and its project, such as `mediawiki/extensions/NAME`. Without the question of
    /// MediaWiki itself which release branches there are.
    #[must_use]
    pub fn git_requests(&self) -> Vec<(RequestKind, String)> {
        let mut requests = self.all_git_requests();
        requests.retain(|(_, project)| project != CORE);
        requests
    }

    /// How often the upstream was asked which release branches MediaWiki itself has, since its
    /// requests were cleared.
    #[must_use]
    pub fn core_requests(&self) -> usize {
        self.all_git_requests().iter().filter(|(_, project)| project == CORE).count()
    }

    fn all_git_requests(&self) -> Vec<(RequestKind, String)> {
        let requests = self.server.requests().into_iter();
        requests
            .filter(|it| matches!(it.kind, RequestKind::GitInfoRefs | RequestKind::GitUploadPack))
            .map(|it| {
                let path = it.target.trim_start_matches("/r/");
                let end = path.find("/info/refs").or_else(|| path.find("/git-upload-pack"));
                let project = &path[..end.unwrap_or(path.len())];
                (it.kind, project.trim_end_matches(".git").to_owned())
            })
            .collect()
    }

    /// Serves the data directory with the components of the real `spin.toml`, and with these
    /// variables, each as `NAME=VALUE`.
    #[must_use]
    pub fn serve(&self, variables: &[&str]) -> Site {
        self.serve_manifest(&self.manifest(), variables, ANYWHERE)
    }

    /// The same at this address, such as that of an earlier server.
    #[must_use]
    pub fn serve_at(&self, address: SocketAddr) -> Site {
        self.serve_manifest(&self.manifest(), &[], address)
    }

    /// Serves the data directory with an installed application: the files of `/usr/share/tardist` in a folder.
    #[must_use]
    pub fn serve_from(&self, application: &Path) -> Site {
        let text = fs::read_to_string(application.join("spin.toml")).unwrap();
        let text = text.replace("/usr/share/tardist", application.to_str().unwrap());
        self.serve_manifest(
            &text.replace("/var/lib/tardist", self.data().to_str().unwrap()),
            &[],
            ANYWHERE,
        )
    }

    fn serve_manifest(&self, text: &str, variables: &[&str], listen: SocketAddr) -> Site {
        // The host refuses to start if a folder that it mounts is missing.
        fs::create_dir_all(self.data().join("dist")).unwrap();
        let manifest = self.folder().join("spin.toml");
        fs::write(&manifest, text).unwrap();
        let config = self.folder().join("runtime-config.toml");
        let snapshot = self.snapshot().to_str().unwrap().to_owned();
        let text = toml! {
            [sqlite_database.snapshot]
            type = "spin"
            path = snapshot
        };
        fs::write(&config, text.to_string()).unwrap();
        let mut command = Command::new(program("component-host"));
        command.current_dir(self.folder()).env_clear().args(["--listen", &listen.to_string()]);
        // The tests share compiled components: compiling takes longer than most tests.
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/compiled-components");
        command.arg("--compiled").arg(compiled).arg("--manifest").arg(&manifest);
        command.arg("--runtime-config-file").arg(&config);
        for variable in variables {
            command.args(["--variable", variable]);
        }
        let mut host = Running::start(command);
        let line = host.first_line();
        let address = line.strip_prefix("Serving http://").expect(&line).parse().unwrap();
        Site::new(host, address)
    }

    /// The real manifest, with the paths of the built components and of this system's tarballs.
    fn manifest(&self) -> String {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = fs::read_to_string(workspace.join("spin.toml")).unwrap();
        let mut manifest: Table = text.parse().unwrap();
        let components = manifest["component"].as_table_mut().unwrap();
        for (_, component) in components.iter_mut() {
            let component = component.as_table_mut().unwrap();
            let source = built(workspace.join(component["source"].as_str().unwrap()));
            component.insert("source".to_owned(), text_value(&source));
            for files in
                component.get_mut("files").and_then(Value::as_array_mut).into_iter().flatten()
            {
                let source = self.folder().join(files["source"].as_str().unwrap());
                files.as_table_mut().unwrap().insert("source".to_owned(), text_value(&source));
            }
        }
        manifest.to_string()
    }
}

fn text_value(path: &Path) -> Value {
    Value::String(path.to_str().unwrap().to_owned())
}

/// A system with the sample content, synced once, and the server of its components.
#[must_use]
#[track_caller]
pub fn served() -> (TestEnv, Site) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    (env, site)
}

/// Puts a commit on `master` of a repository that differs from all earlier ones, and returns its id.
pub fn change(env: &TestEnv, id: &str, what: &str) -> String {
    env.commit(id, "master", &[("change.txt", File::text(what))]).to_string()
}
