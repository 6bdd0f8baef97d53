//! The data directory: where everything in it is.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use tardist_contract::Kind;

use crate::{Error, error::IoContext, repository_id::RepositoryId};

/// What the names of unfinished files begin with. They lie beside the file that they become, since
/// a rename is atomic only within one file system.
pub const UNFINISHED: &str = ".unfinished-";

/// A data directory.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

/// A file of `dist/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnDisk {
    /// Its size in bytes.
    pub size: u64,
    /// When it was written: Unix seconds.
    pub written_at: i64,
}

/// The tarballs in `dist/`, by kind and file name.
pub type Tarballs = BTreeMap<(Kind, String), OnDisk>;

impl Layout {
    /// The data directory at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The published snapshot.
    pub fn snapshot(&self) -> PathBuf {
        self.root.join("snapshot.db")
    }

    /// The report of the last cycle.
    pub fn report(&self) -> PathBuf {
        self.root.join("report.json")
    }

    /// The file whose lock keeps two builders apart.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The folder of a kind's tarballs.
    pub fn dist(&self, kind: Kind) -> PathBuf {
        self.root.join("dist").join(kind.as_str())
    }

    /// The folder of all mirrors.
    pub fn mirrors(&self) -> PathBuf {
        self.root.join("mirror")
    }

    /// The mirror of a repository.
    pub fn mirror(&self, id: &RepositoryId) -> PathBuf {
        self.root.join("mirror").join(id.kind.as_str()).join(format!("{}.git", id.name))
    }

    /// The mirror of a submodule that is fetched from `url`.
    pub fn submodule(&self, url: &str) -> PathBuf {
        self.root.join("mirror").join(submodule_path(url))
    }

    /// Makes the folders, and removes what a killed cycle left unfinished.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn prepare(&self) -> Result<(), Error> {
        let mut folders = vec![self.root.clone()];
        folders.extend(Kind::ALL.map(|kind| self.dist(kind)));
        for folder in folders {
            fs::create_dir_all(&folder).at("create", &folder)?;
            for entry in fs::read_dir(&folder).at("read", &folder)? {
                let entry = entry.at("read", &folder)?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    let is_folder = entry.file_type().at("read", entry.path())?.is_dir();
                    let remove = if is_folder { fs::remove_dir_all } else { fs::remove_file };
                    remove(entry.path()).at("remove", entry.path())?;
                }
            }
        }
        Ok(())
    }

    /// The tarballs that are there.
    ///
    /// # Errors
    /// [`Error::Io`]; a missing folder counts as empty.
    pub fn tarballs(&self) -> Result<Tarballs, Error> {
        let mut tarballs = Tarballs::new();
        for kind in Kind::ALL {
            let folder = self.dist(kind);
            let entries = match fs::read_dir(&folder) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.at("read", &folder)?,
            };
            for entry in entries {
                let entry = entry.at("read", &folder)?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                if !name.ends_with(".tar.gz") || name.starts_with('.') {
                    continue;
                }
                let metadata = entry.metadata().at("read", entry.path())?;
                let written =
                    metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
                let written_at = written.map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(0));
                tarballs.insert((kind, name), OnDisk { size: metadata.len(), written_at });
            }
        }
        Ok(tarballs)
    }
}

/// Where the mirror of a submodule is kept, below `mirror/`: `submodules/HOST/PATH.git`. The URL
/// comes from the repository's content, so only harmless characters of it become file names; two
/// URLs that fall together share a mirror, which is right since commits are found by their id.
fn submodule_path(url: &str) -> PathBuf {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.trim_end_matches('/');
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    let mut path = PathBuf::from("submodules");
    for part in rest.split('/') {
        let safe: String = part
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.+".contains(c) { c } else { '_' })
            .take(100)
            .collect();
        if !safe.chars().all(|c| c == '.') {
            path.push(safe);
        }
    }
    path.as_mut_os_string().push(".git");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submodule_url_can_not_leave_its_folder() {
        for (url, path) in [
            (
                "https://gerrit.example.org/r/VisualEditor/VisualEditor.git",
                "gerrit.example.org/r/VisualEditor/VisualEditor.git",
            ),
            ("http://127.0.0.1:80/r/a/", "127.0.0.1_80/r/a.git"),
            ("https://h/../../../etc/passwd", "h/etc/passwd.git"),
            ("https://h//a/./b\0c", "h/a/b_c.git"),
        ] {
            assert_eq!(submodule_path(url), Path::new("submodules").join(path), "{url}");
        }
    }
}
