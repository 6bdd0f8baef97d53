//! The paths of the data directory, and the tarballs that are in it.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tardist_contract::Kind;

use crate::{
    Error,
    data_dir::{
        files::{self, entries},
        readable, set_aside,
        unfinished::{self, UNFINISHED},
    },
    error::IoContext,
    repository_id::RepositoryId,
};

/// The paths in a data directory.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

/// A tarball in `dist/`, as its file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TarballFile {
    /// Its size in bytes.
    pub size: u64,
    /// Its modification time: Unix seconds. It should be the time of its commit.
    pub modified_at: i64,
}

/// The tarballs in `dist/`, by kind and file name.
pub type Tarballs = HashMap<(Kind, String), TarballFile>;

impl Layout {
    /// The paths below `root`. Nothing is read or written.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The data directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The published snapshot: `snapshot.db`.
    pub fn snapshot(&self) -> PathBuf {
        self.root.join("snapshot.db")
    }

    /// The builder's memory: `state.db`.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.db")
    }

    /// What a node has pulled: `pull.json`. A builder has none.
    pub fn pulled(&self) -> PathBuf {
        self.root.join("pull.json")
    }

    /// True if this is the data directory of a node: it has what `pull` notes, and no state of a builder.
    ///
    /// # Errors
    /// [`Error::Io`] if the system does not say what is there.
    pub fn is_node(&self) -> Result<bool, Error> {
        Ok(files::exists(&self.pulled())? && !files::exists(&self.state())?)
    }

    /// The report of the last cycle: `report.json`.
    pub fn report(&self) -> PathBuf {
        self.root.join("report.json")
    }

    /// What is remembered of the upstreams' lists: `lists.json`.
    pub fn lists(&self) -> PathBuf {
        self.root.join("lists.json")
    }

    /// The branches that are not tried again: `quarantine.json`.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine.json")
    }

    /// The mark of a cycle that has not reported yet: `cycle.json`.
    pub fn began(&self) -> PathBuf {
        self.root.join("cycle.json")
    }

    /// The file that a builder locks while it works: `lock`.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The folder of the tarballs of a kind: `dist/KIND`.
    pub fn dist(&self, kind: Kind) -> PathBuf {
        self.root.join("dist").join(kind.as_str())
    }

    /// The checksums of the tarballs of a kind: `dist/KIND/SHA256SUMS`.
    pub fn checksums(&self, kind: Kind) -> PathBuf {
        self.dist(kind).join("SHA256SUMS")
    }

    /// The list of the tarballs of a kind, for people and scripts: `dist/KIND/index.html`.
    pub fn index_page(&self, kind: Kind) -> PathBuf {
        self.dist(kind).join("index.html")
    }

    /// The folder of all mirrors: `mirror`.
    pub fn mirrors(&self) -> PathBuf {
        self.root.join("mirror")
    }

    /// The folder of the mirrors of a kind: `mirror/KIND`.
    pub fn mirrors_of(&self, kind: Kind) -> PathBuf {
        self.mirrors().join(kind.as_str())
    }

    /// The folder of the mirrors of submodules: `mirror/submodules`.
    pub fn submodules(&self) -> PathBuf {
        self.mirrors().join("submodules")
    }

    /// The mirror of a repository: `mirror/KIND/NAME.git`.
    pub fn mirror(&self, id: &RepositoryId) -> PathBuf {
        self.mirrors_of(id.kind).join(format!("{}.git", id.name))
    }

    /// The folder of the locks of submodules' mirrors: `mirror/locks`.
    pub fn locks(&self) -> PathBuf {
        self.mirrors().join("locks")
    }

    /// The folder in which a worker makes the tarballs of a repository: `dist/KIND/.unfinished-work-NAME`. It is
    /// beside the tarballs, so that these can be put in place by a rename.
    pub fn staging(&self, id: &RepositoryId) -> PathBuf {
        self.dist(id.kind).join(format!("{UNFINISHED}work-{}", id.name))
    }

    /// The mirror of a submodule that is fetched from `url`: `mirror/submodules/HOST/PATH.git`. A long path is a hash.
    pub fn submodule(&self, url: &str) -> PathBuf {
        self.submodules().join(submodule_path(url))
    }

    /// Creates the folders for tarballs, mirrors and locks, and removes the unfinished files of a cycle that was
    /// killed.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder cannot be created, or a file cannot be removed.
    pub fn prepare(&self) -> Result<(), Error> {
        let mut folders = vec![self.root.clone()];
        folders.extend(Kind::ALL.map(|kind| self.dist(kind)));
        folders.extend([self.submodules(), self.locks()]);
        folders.extend(Kind::ALL.map(|kind| self.mirrors_of(kind)));
        for folder in folders {
            self.free_place_of_folder(&folder)?;
            fs::create_dir_all(&folder).at("create", &folder)?;
            unfinished::remove_all(&folder)?;
        }
        self.make_readable()
    }

    /// Renames a file that is where a folder below the data directory belongs, or one of the folders above it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be renamed.
    pub fn free_place_of_folder(&self, folder: &Path) -> Result<(), Error> {
        let below = folder.ancestors().take_while(|it| it.starts_with(&self.root));
        below.collect::<Vec<_>>().into_iter().rev().skip(1).try_for_each(set_aside::unless_folder)
    }

    /// Lets all users read what a web server and Spin read, but for the tarballs: see
    /// [`readable_tarballs`](Self::readable_tarballs). The data directory itself is not looked at: who may
    /// enter it is for the operator to decide.
    fn make_readable(&self) -> Result<(), Error> {
        readable::folder(&self.root.join("dist"))?;
        for kind in Kind::ALL {
            let folder = self.dist(kind);
            readable::folder(&folder)?;
            for path in entries(&folder)?.iter().filter(|path| tarball(path).is_none()) {
                readable::file(path)?;
            }
        }
        readable::file(&self.snapshot())
    }

    /// The tarballs that are in `dist/`. A missing folder counts as empty.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder or file cannot be read.
    pub fn tarballs(&self) -> Result<Tarballs, Error> {
        self.all_tarballs(|_, _| Ok(()))
    }

    /// The same, and lets all users read them.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder or file cannot be read, or a mode cannot be changed.
    pub fn readable_tarballs(&self) -> Result<Tarballs, Error> {
        self.all_tarballs(readable::known_file)
    }

    /// The tarballs, each shown to `look` first. There may be very many, so their metadata are asked for once.
    fn all_tarballs(
        &self,
        look: impl Fn(&Path, &Metadata) -> Result<(), Error>,
    ) -> Result<Tarballs, Error> {
        let mut tarballs = Tarballs::new();
        for kind in Kind::ALL {
            for path in entries(&self.dist(kind))? {
                let Some(name) = tarball(&path) else { continue };
                let metadata = match fs::symlink_metadata(&path) {
                    // Somebody has just removed it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    metadata => metadata.at("read", &path)?,
                };
                if !metadata.is_file() {
                    // What is in the place of a tarball is set aside when that is made again.
                    continue;
                }
                look(&path, &metadata)?;
                let file = TarballFile { size: metadata.len(), modified_at: metadata.mtime() };
                tarballs.insert((kind, name.to_owned()), file);
            }
        }
        Ok(tarballs)
    }
}

/// The name of a file, if it is that of a tarball.
fn tarball(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    (name.ends_with(".tar.gz") && !name.starts_with('.')).then_some(name)
}

/// How many folders deep the mirror of a submodule may be, and how many bytes its path may have. Real ones have up to
/// 5, and 80 bytes. Longer ones get a short path.
const MAX_PARTS: usize = 12;
const MAX_PATH: usize = 400;

/// The path of a submodule's mirror below `mirror/submodules/`: `HOST/PATH.git`, or `HOST/HASH.git` for a long one.
///
/// The URL comes from the content of a repository, so it may be hostile: every character that is not
/// harmless in a file name becomes `_`. Two URLs that become the same path share a mirror. That does no
/// harm, because commits are looked up by their id. No mirror is inside another: only the last part ends in `.git`.
fn submodule_path(url: &str) -> PathBuf {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.trim_end_matches('/');
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    let safe = |part: &str| -> String {
        part.chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.+".contains(c) { c } else { '_' })
            .take(100)
            .collect()
    };
    let parts = rest.split('/').map(safe).filter(|part| !part.chars().all(|c| c == '.'));
    let mut parts: Vec<String> = parts.collect();
    if parts.len() > MAX_PARTS || parts.iter().map(String::len).sum::<usize>() > MAX_PATH {
        parts.truncate(1);
        parts.push(format!("{:x}", Sha256::digest(url.as_bytes())));
    }
    for part in parts.iter_mut().filter(|part| part.starts_with('.')) {
        // A dot begins the names of unfinished folders.
        part.replace_range(..1, "_");
    }
    let last = parts.pop().unwrap_or_default();
    for part in &mut parts {
        // A file system may take `.GIT` for the same name.
        if part.to_ascii_lowercase().ends_with(".git") {
            part.push('_');
        }
    }
    let mut path: PathBuf = parts.into_iter().collect();
    path.push(format!("{last}.git"));
    path
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_node_has_pulled_and_has_no_state() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        assert!(!layout.is_node().unwrap());
        fs::write(layout.pulled(), "{}").unwrap();
        assert!(layout.is_node().unwrap());
        fs::write(layout.state(), "").unwrap();
        assert!(!layout.is_node().unwrap());
        let below_a_file = Layout::new(&layout.state());
        let error = below_a_file.is_node().unwrap_err();
        assert!(error.to_string().contains("state.db/pull.json: Not a directory"), "{error}");
    }

    #[test]
    fn what_others_read_gets_the_mode_for_it_and_the_data_directory_keeps_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(&folder.path().join("data"));
        layout.prepare().unwrap();
        let dist = layout.dist(Kind::Skins);
        let private = dist.join("A-master-aaaaaaa.tar.gz");
        fs::write(&private, b"tarball").unwrap();
        fs::write(layout.snapshot(), b"snapshot").unwrap();
        let above = dist.parent().unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        for path in [&private, &layout.snapshot()] {
            set(path, 0o600).unwrap();
        }
        for path in [dist.as_path(), above, layout.root()] {
            set(path, 0o700).unwrap();
        }
        layout.prepare().unwrap();
        let there = layout.tarballs().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&private), 0o600, "looking changes nothing");
        assert_eq!(layout.readable_tarballs().unwrap(), there);
        assert_eq!([&private, &layout.snapshot()].map(|path| mode(path)), [0o644; 2]);
        assert_eq!([dist.as_path(), above, layout.root()].map(mode), [0o755, 0o755, 0o700]);
    }

    #[test]
    fn the_url_of_a_submodule_cannot_lead_out_of_its_folder() {
        for (url, path) in [
            (
                "https://gerrit.example.org/r/VisualEditor/VisualEditor.git",
                "gerrit.example.org/r/VisualEditor/VisualEditor.git",
            ),
            ("http://127.0.0.1:80/r/a/", "127.0.0.1_80/r/a.git"),
            ("https://h/../../../etc/passwd", "h/etc/passwd.git"),
            ("https://h//a/./b\0c", "h/a/b_c.git"),
            ("https://h.git", "h.git"),
        ] {
            assert_eq!(submodule_path(url), Path::new(path), "{url}");
        }
    }

    #[test]
    fn the_mirror_of_a_submodule_is_never_inside_another_and_its_path_is_never_long() {
        for (url, path) in [
            ("https://h/r/A.git/packed-refs/x", "h/r/A.git_/packed-refs/x.git"),
            (
                "https://h/r/A.GIT/objects/info/alternates/",
                "h/r/A.GIT_/objects/info/alternates.git",
            ),
            ("https://h.git/x", "h.git_/x.git"),
            ("https://h/.git/x", "h/_git/x.git"),
            ("https://h/.unfinished-a/x", "h/_unfinished-a/x.git"),
        ] {
            assert_eq!(submodule_path(url), Path::new(path), "{url}");
        }
        let (deep, long) = ("a/".repeat(2_000), "b".repeat(99) + "/");
        let urls = [&deep, &long.repeat(5), &long.repeat(40)].map(|it| format!("https://h/{it}x"));
        let paths = urls.map(|url| submodule_path(&url));
        for path in &paths {
            assert!(path.starts_with("h") && path.components().count() == 2, "{}", path.display());
            assert!(path.as_os_str().len() < 80, "{}", path.display());
        }
        assert!(paths[0] != paths[1] && paths[1] != paths[2]);
    }
}
