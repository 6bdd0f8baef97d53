//! Wikimedia's script that makes the tarballs today, to compare with. It is not part of this project:
//! with a copy (`--extdist`), it is measured on the same upstream.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::{
    builder::{disk::Disk, run::Run, stats::Stats},
    http,
    measure::{self, Usage},
};

/// Runs the script unchanged, but for one thing: it runs `git gc` on one clone in a hundred, by
/// chance. Without that, runs can be compared.
const RUNNER: &str = "import random, runpy, sys\n\
    sys.argv = sys.argv[1:]\n\
    random.randint = lambda first, last: last\n\
    runpy.run_path(sys.argv[0], run_name='__main__')\n";

/// Configuration files that the script would read instead of ours.
const FOREIGN: [&str; 2] = ["/etc/extdist.conf", "/etc/skindist.conf"];

/// The script with a folder to work in.
pub(crate) struct Script {
    python: PathBuf,
    folder: PathBuf,
    url: String,
}

impl Script {
    /// Sets it up in `folder`, which is emptied first, for the upstream at `url`.
    pub(crate) fn set_up(
        script: &Path,
        python: &Path,
        folder: &Path,
        url: &str,
        url_maps: &[(String, String)],
    ) -> Result<Self> {
        if let Some(foreign) = FOREIGN.iter().find(|path| Path::new(path).exists()) {
            bail!("{foreign} exists, and the script would use it instead of the benchmark's");
        }
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        for part in ["home", "log", "src", "dist"] {
            fs::create_dir_all(folder.join(part))
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::copy(script, folder.join("nightly.py"))
            .with_context(|| format!("cannot read {}", script.display()))?;
        let rules: String = url_maps
            .iter()
            .map(|(from, to)| format!("[url \"{to}\"]\n\tinsteadOf = {from}\n"))
            .collect();
        fs::write(folder.join("gitconfig"), format!("[safe]\n\tdirectory = *\n{rules}"))?;
        let host = http::host(url).context("the script needs an upstream with a wiki's API")?;
        for (kind, name) in [("extensions", "conf.json"), ("skins", "skinconf.json")] {
            let conf = json!({
                "API_URL": format!("http://{host}/w/api.php"),
                "DIST_PATH": folder.join("dist").join(kind),
                "GIT_URL": format!("{url}/mediawiki/{kind}/%s"),
                "LOG_FILE": folder.join("log").join(format!("{kind}.log")),
                "SRC_PATH": folder.join("src"),
                "PID_FILE": folder.join(format!("{kind}.pid")),
            });
            fs::write(folder.join(name), format!("{conf:#}\n"))?;
        }
        Ok(Self { python: python.to_owned(), folder: folder.to_owned(), url: url.to_owned() })
    }

    /// One run as in production: all extensions, then all skins.
    pub(crate) fn run(&self, name: &str) -> Result<Run> {
        println!("extdist: {name}");
        let log = self.folder.join("log/output.log");
        let mut usage: Option<Usage> = None;
        Stats::take(&self.url);
        for kind in ["extensions", "skins"] {
            // The script never removes this file. Another process may have this number by now.
            let _ = fs::remove_file(self.folder.join(format!("{kind}.pid")));
            let next = measure::logged(&self.command(kind), &self.folder, &log)?;
            usage = Some(usage.map_or_else(|| next.clone(), |usage| usage.then(&next)));
        }
        let stats = Stats::take(&self.url);
        let dist = Disk::dist(&self.folder.join("dist"))?;
        let usage = usage.unwrap_or_default();
        if usage.code != Some(0) || dist.files == 0 {
            bail!(
                "the script failed or made no tarball (see {}); it needs a Python with the module \
                 requests (--python)",
                log.display()
            );
        }
        let clones = Disk::all(&self.folder.join("src"))?;
        Ok(Run { name: format!("extdist, {name}"), usage, stats, clones, dist })
    }

    fn command(&self, kind: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-c", RUNNER]).arg(self.folder.join("nightly.py")).arg("--all");
        if kind == "skins" {
            command.arg("--skins");
        }
        command.current_dir(&self.folder);
        for name in ["GIT_DIR", "GIT_WORK_TREE"] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.folder.join("home"))
            .env("GIT_CONFIG_GLOBAL", self.folder.join("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .env("LC_ALL", "C.UTF-8");
        command
    }
}
