//! A real MediaWiki, which a test installs for itself from Debian's package, and asks over HTTP.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Running, built, free_address, tool, tool_at};
use crate::site::Site;

/// What a wiki has for itself. Everything else is that of the package.
const OWN: [&str; 6] = ["LocalSettings.php", "cache", "extensions", "images", "skins", "config"];

/// A running wiki on loopback, with PHP's own web server and SQLite. Dropping it ends it.
pub struct MediaWiki {
    sites: Vec<Site>,
    // Dropped after the servers, which work in it.
    folder: TempDir,
}

impl MediaWiki {
    /// A wiki without extensions and skins, not yet started. The environment variables `MEDIAWIKI` and
    /// `PHP` may name another MediaWiki than Debian's, and another PHP.
    #[must_use]
    pub fn install() -> Self {
        Self::install_from(&source())
    }

    /// The same with MediaWiki 1.43, which `cargo xtask test` puts into `target/`, and its skins Vector and Minerva.
    #[must_use]
    pub fn install_1_43() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let source = workspace.join("target/mediawiki-1.43/usr/share/mediawiki");
        built(source.join("api.php"));
        let wiki = Self::install_from(&source);
        for skin in ["MinervaNeue", "Vector"] {
            wiki.link("skins", skin, &source.join("skins").join(skin));
        }
        wiki
    }

    fn install_from(source: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().to_owned();
        let entries = fs::read_dir(source);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        for entry in entries.map(Result::unwrap) {
            let name = entry.file_name();
            if !OWN.iter().any(|own| name == *own) {
                symlink(entry.path(), root.join(name)).unwrap();
            }
        }
        for name in ["cache", "extensions", "images", "skins", "db"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let wiki = Self { sites: Vec::new(), folder };
        let mut install = wiki.php();
        install.arg("maintenance/install.php").args(["--dbtype", "sqlite", "--dbname", "wiki"]);
        install.arg("--dbpath").arg(root.join("db")).arg("--confpath").arg(&root);
        install.args(["--server", "http://127.0.0.1", "--scriptpath", ""]);
        install.args(["--pass", "not-a-secret-2811", "Wiki", "Admin"]);
        let output = install.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        // The installer loads the skins of the package.
        let settings = root.join("LocalSettings.php");
        let text = fs::read_to_string(&settings).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("wfLoad"));
        fs::write(&settings, lines.collect::<Vec<_>>().join("\n")).unwrap();
        wiki
    }

    /// The release branch of its version: `REL1_39`.
    #[must_use]
    pub fn branch() -> String {
        let defines = fs::read_to_string(source().join("includes/Defines.php")).unwrap();
        let version = defines.split("'MW_VERSION', '").nth(1).unwrap();
        let mut parts = version.split('.');
        format!("REL{}_{}", parts.next().unwrap(), parts.next().unwrap())
    }

    /// Unpacks a tarball into the folder `extensions` or `skins`, and loads what is in it.
    pub fn unpack(&self, kind: &str, tarball: &Path) -> PathBuf {
        let folder = self.folder.path().join(kind);
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(tarball).arg("-C").arg(&folder);
        assert!(tar.status().unwrap().success());
        let file = tarball.file_name().unwrap().to_str().unwrap();
        let name = file.split('-').next().unwrap();
        self.load(kind, name);
        folder.join(name)
    }

    /// Loads an extension or skin that is in its folder.
    pub fn load(&self, kind: &str, name: &str) {
        let load = if kind == "skins" { "wfLoadSkin" } else { "wfLoadExtension" };
        self.set(&format!("{load}( '{name}' );"));
    }

    /// Loads an extension or skin from another folder.
    pub fn link(&self, kind: &str, name: &str, folder: &Path) {
        symlink(folder, self.folder.path().join(kind).join(name)).unwrap();
        self.load(kind, name);
    }

    /// Loads ExtensionDistributor: the real one where this environment variable names its folder, else the stand-in of
    /// `tests/companion/`.
    pub fn link_distributor(&self, variable: &str) {
        let folder = std::env::var_os(variable).map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("companion/ExtensionDistributor"),
            PathBuf::from,
        );
        self.link("extensions", "ExtensionDistributor", &folder);
    }

    /// Adds lines of PHP to its settings.
    pub fn set(&self, lines: &str) {
        let path = self.folder.path().join("LocalSettings.php");
        let settings = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{settings}\n{lines}\n")).unwrap();
    }

    /// The folder with its `extensions` and `skins`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it, and returns its site. It answers one request after the other.
    pub fn start(&mut self) -> &Site {
        &self.start_many(1)[0]
    }

    /// Starts so many processes of it, each at an address of its own. PHP's server could have the processes itself, but
    /// they would not end with it.
    pub fn start_many(&mut self, count: usize) -> &[Site] {
        for number in 0..count {
            let address = free_address();
            let mut php = self.php();
            php.arg("-S").arg(address.to_string()).arg("-t").arg(self.folder.path());
            let log = self.folder.path().join(format!("log{number}"));
            let server = Running::server(php, &log, address);
            self.sites.push(Site::new(server, address));
        }
        &self.sites
    }

    fn php(&self) -> Command {
        let named = std::env::var_os("PHP");
        let mut php = named.map_or_else(|| tool("php"), |it| tool_at(Path::new(&it)));
        php.current_dir(self.folder.path()).env("MW_INSTALL_PATH", self.folder.path());
        php
    }
}

fn source() -> PathBuf {
    std::env::var_os("MEDIAWIKI").map_or_else(|| "/usr/share/mediawiki".into(), PathBuf::from)
}
