//! apt with packages of a release of Debian: it finds, downloads and verifies them, and installs nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{process, project::files};

/// apt with its lists, cache and status in a folder of ours.
pub(crate) struct Apt {
    folder: PathBuf,
    release: &'static str,
}

impl Apt {
    /// apt for a release of Debian, such as `trixie`. It is told that the packages in `declared` are installed.
    pub(crate) fn new(folder: PathBuf, release: &'static str, declared: &[&str]) -> Result<Self> {
        let architecture = process::output(Command::new("dpkg").arg("--print-architecture"))?;
        let architecture = architecture.trim();
        for part in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).context("cannot write to the cache")?;
        }
        let keyring = ["gpg", "pgp"]
            .map(|end| format!("/usr/share/keyrings/debian-archive-keyring.{end}"))
            .into_iter()
            .find(|path| Path::new(path).exists())
            .context("no Debian keys; apt-get install debian-archive-keyring")?;
        let source = format!("deb [signed-by={keyring}] {} {release} main\n", mirror()?);
        fs::write(folder.join("sources.list"), source)?;
        // Version 99:0 is newer than any that a dependency asks for.
        let declared = declared.iter().map(|package| {
            format!(
                "Package: {package}\nStatus: install ok installed\nVersion: 99:0\n\
                 Architecture: {architecture}\nMaintainer: none\nProvides: libc-dev\nDescription: none\n\n"
            )
        });
        fs::write(folder.join("status"), declared.collect::<String>())?;
        Ok(Self { folder, release })
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it puts what it downloads.
    pub(crate) fn archives(&self) -> PathBuf {
        self.folder.join("cache/archives")
    }

    /// Downloads these packages into [`Apt::archives`], without what they depend on.
    pub(crate) fn download(&self, packages: &[&str]) -> Result<()> {
        self.command(&[&["download"], packages].concat(), &self.archives())
    }

    /// Unpacks what it has downloaded into a folder. Nothing of it is installed, so no server of it starts.
    pub(crate) fn unpack(&self, folder: &Path) -> Result<()> {
        for archive in
            files(&self.archives()).filter(|file| file.extension().is_some_and(|end| end == "deb"))
        {
            process::output(Command::new("dpkg-deb").arg("-x").arg(archive).arg(folder))?;
        }
        Ok(())
    }

    /// Runs `apt-get` with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<()> {
        self.command(arguments, &self.folder)
    }

    fn command(&self, arguments: &[&str], folder: &Path) -> Result<()> {
        let path = |part| self.folder.join(part).display().to_string();
        let options = [
            format!("Dir::Etc::sourcelist={}", path("sources.list")),
            "Dir::Etc::sourceparts=-".to_owned(),
            "Dir::Etc::preferences=-".to_owned(),
            "Dir::Etc::preferencesparts=-".to_owned(),
            format!("Dir::State={}", path("state")),
            format!("Dir::State::status={}", path("status")),
            format!("Dir::Cache={}", path("cache")),
            // A mirror that is not up to date is good enough.
            "Acquire::Check-Valid-Until=false".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::Retries=3".to_owned(),
            "APT::Install-Recommends=false".to_owned(),
            // Else apt downloads as a user who may not write to root's cache.
            "APT::Sandbox::User=root".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ];
        let mut apt = Command::new("apt-get");
        apt.args(["-q", "-y"])
            .args(options.iter().flat_map(|option| ["-o", option]))
            .args(arguments);
        apt.current_dir(folder);
        process::output(&mut apt)
            .map(drop)
            .with_context(|| format!("apt-get {} {}", arguments[0], self.release))
    }
}

/// Unpacks packages of a release of Debian into a folder, unless it is there already. `wanted` is a file of them that
/// has to be there then; the packages need no others.
pub(crate) fn unpack_once(
    folder: &Path,
    release: &'static str,
    packages: &[&str],
    wanted: &str,
) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let draft = folder.with_extension("unfinished");
    if draft.exists() {
        fs::remove_dir_all(&draft).with_context(|| format!("cannot remove {}", draft.display()))?;
    }
    let apt = Apt::new(draft.join("apt"), release, &[])?;
    apt.run(&["update"])?;
    apt.download(packages)?;
    apt.unpack(&draft)?;
    ensure!(draft.join(wanted).is_file(), "{} of {release} have no {wanted}", packages.join(", "));
    fs::remove_dir_all(apt.folder()).context("cannot remove apt's files")?;
    fs::rename(&draft, folder).with_context(|| format!("cannot put {} in place", folder.display()))
}

/// The Debian mirror that this machine uses.
fn mirror() -> Result<String> {
    let format = "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)";
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", format, "Created-By: Packages"]);
    let known = process::output(&mut apt).unwrap_or_default();
    // In a fresh container image apt has no lists yet, and so cannot tell.
    let Some(uri) = known_mirror(&known).or_else(configured_mirror) else {
        bail!("no Debian mirror in /etc/apt/sources.list or /etc/apt/sources.list.d")
    };
    Ok(uri)
}

fn known_mirror(targets: &str) -> Option<String> {
    targets.lines().find_map(|line| match *line.split_whitespace().collect::<Vec<_>>() {
        ["Debian", "main", release, uri] if !release.contains('-') => Some(uri.to_owned()),
        _ => None,
    })
}

fn configured_mirror() -> Option<String> {
    let lists = files(Path::new("/etc/apt/sources.list.d"));
    let mut texts = lists
        .chain([PathBuf::from("/etc/apt/sources.list")])
        .filter_map(|file| fs::read_to_string(file).ok());
    texts.find_map(|text| mirror_in(&text))
}

/// The first URI in a file of sources, of either format, that is of a whole Debian.
fn mirror_in(sources: &str) -> Option<String> {
    let lines = sources.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let is_debian =
        |word: &&str| word.contains(":/") && word.trim_end_matches('/').ends_with("/debian");
    lines.flat_map(str::split_whitespace).find(is_debian).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_one_of_whole_releases() {
        let targets = "Elsewhere main stable http://other.example/apt/\n\
                       Debian main stable-security http://mirror.example/debian-security/\n\
                       Debian main stable http://mirror.example/debian/\n";
        assert_eq!(known_mirror(targets).unwrap(), "http://mirror.example/debian/");
        assert_eq!(known_mirror("  \n"), None);
    }

    #[test]
    fn both_formats_of_sources_are_read() {
        let deb822 =
            "Types: deb\n# http://old.example/debian\nURIs: http://mirror.example/debian\n";
        assert_eq!(mirror_in(deb822).unwrap(), "http://mirror.example/debian");
        let lines = "deb http://mirror.example/debian-security x main\n\
                     deb [trusted=yes] http://mirror.example/debian/ x main\n";
        assert_eq!(mirror_in(lines).unwrap(), "http://mirror.example/debian/");
        assert_eq!(mirror_in("deb http://other.example/apt x main"), None);
    }
}
