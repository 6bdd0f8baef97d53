//! Making repositories: commits, branches and tags in bare repositories, with libgit2.
//!
//! Authors and dates are arguments or constants. They never come from the clock or from the
//! machine, so that the same calls give the same ids everywhere.
//!
//! Trees are written byte by byte. libgit2's tree builder refuses entries named `.git` or `..`; a
//! hostile repository has them, so tests need them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, FileMode, ObjectType, Oid, RepositoryInitOptions, Signature};

use crate::Error;
use crate::gerrit::{Project, ProjectName, State, ref_names};

/// The file in a repository that holds its state.
const STATE_FILE: &str = "gerrit-state";

/// The file with the project's description: Gerrit uses that of gitweb.
const DESCRIPTION_FILE: &str = "description";

/// The beginning of the description that Git writes into every new repository.
const NO_DESCRIPTION: &str = "Unnamed repository";

/// A folder of bare repositories: `ROOT/mediawiki/extensions/Foo.git` is the project
/// `mediawiki/extensions/Foo`.
#[derive(Debug, Clone)]
pub struct Upstream {
    root: PathBuf,
}

impl Upstream {
    /// The upstream in this folder, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Opens a project's repository. If there is none, makes it: empty, and with HEAD on `master`.
    ///
    /// # Errors
    /// The name is not a project name, or the folder cannot be read or written.
    pub fn repository(&self, project: &str) -> Result<Repository, Error> {
        let name = project.parse()?;
        if let Some(repository) = self.open(&name)? {
            return Ok(repository);
        }
        let mut options = RepositoryInitOptions::new();
        options.bare(true).mkpath(true).external_template(false).initial_head("master");
        let git = git2::Repository::init_opts(self.path(&name), &options)
            .map_err(git_error("make a repository", &name))?;
        Ok(Repository { git, name })
    }

    /// Opens a project's repository; `None` if there is none.
    pub(crate) fn open(&self, name: &ProjectName) -> Result<Option<Repository>, Error> {
        match git2::Repository::open_bare(self.path(name)) {
            Ok(git) => Ok(Some(Repository { git, name: name.clone() })),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(git_error("open the repository", name)(error)),
        }
    }

    /// The state of a project; `None` if there is no such project.
    pub(crate) fn state(&self, name: &ProjectName) -> Result<Option<State>, Error> {
        let folder = self.path(name);
        if folder.join("HEAD").is_file() { read_state(&folder).map(Some) } else { Ok(None) }
    }

    /// Gives a project another name. What is below it stays.
    ///
    /// # Errors
    /// A name is not a project name, there is no such project, or the folder cannot be written.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let (from, to) = (self.path(&from.parse()?), self.path(&to.parse()?));
        let folder = to.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(file_error("create", folder))?;
        fs::rename(&from, &to).map_err(file_error("rename", &from))
    }

    /// The names of all projects, sorted by their bytes, as in Gerrit.
    pub(crate) fn projects(&self) -> Result<Vec<ProjectName>, Error> {
        let mut names = Vec::new();
        self.collect("", &mut names)?;
        names.sort();
        Ok(names)
    }

    /// Adds the names of the projects in a folder below the root. Folders that begin with a dot are
    /// not served.
    fn collect(&self, folder: &str, names: &mut Vec<ProjectName>) -> Result<(), Error> {
        let path = self.root.join(folder);
        for entry in fs::read_dir(&path).map_err(file_error("read", &path))? {
            let entry = entry.map_err(file_error("read", &path))?;
            let is_folder = entry.file_type().map_err(file_error("read", &path))?.is_dir();
            let Some(name) = entry.file_name().into_string().ok().filter(|_| is_folder) else {
                continue;
            };
            match format!("{folder}{name}").strip_suffix(".git") {
                Some(project) => names.extend(project.parse()),
                None if name.starts_with('.') => {}
                None => self.collect(&format!("{folder}{name}/"), names)?,
            }
        }
        Ok(())
    }

    /// Adds a project, whole or not at all: `fill` makes its repository in a draft, an upstream of
    /// its own, from which it is moved into place. False, without a call of `fill`, if the project
    /// is already there.
    pub(crate) fn add(
        &self,
        name: &ProjectName,
        fill: impl FnOnce(&Self) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        if self.open(name)?.is_some() {
            return Ok(false);
        }
        let place = self.path(name);
        let folder = place.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(file_error("create", folder))?;
        // The server does not list what begins with a dot.
        let folder = tempfile::Builder::new()
            .prefix(".draft-")
            .tempdir_in(&self.root)
            .map_err(file_error("create a folder in", &self.root))?;
        let draft = Self::new(folder.path());
        fill(&draft)?;
        fs::rename(draft.path(name), &place).map_err(file_error("create", &place))?;
        Ok(true)
    }

    /// The folder of a project's repository, whether it is there or not.
    pub(crate) fn path(&self, name: &ProjectName) -> PathBuf {
        self.root.join(format!("{name}.git"))
    }
}

/// One bare repository.
pub struct Repository {
    git: git2::Repository,
    name: ProjectName,
}

impl Repository {
    /// The folder of the repository.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.git.path()
    }

    /// Adds a commit to a branch and returns its id.
    ///
    /// Its tree is that of the branch's tip with these files added, replaced or deleted. A branch
    /// that does not exist begins with this commit. The parts of a path are separated by `/` and go
    /// into the tree unchecked, so that they may be harmful.
    ///
    /// # Errors
    /// The repository cannot be read or written.
    pub fn commit(
        &self,
        branch: &str,
        files: &[(&str, File)],
        message: &str,
        time: Time,
    ) -> Result<Oid, Error> {
        self.put_commit(branch, files, message, time).map_err(self.error("commit"))
    }

    /// Sets a branch to a commit. The branch need not exist.
    ///
    /// # Errors
    /// The commit is missing, or the repository cannot be written.
    pub fn branch(&self, name: &str, commit: Oid) -> Result<(), Error> {
        self.set_ref(&format!("refs/heads/{name}"), commit)
    }

    /// Sets a lightweight tag to a commit.
    ///
    /// # Errors
    /// The commit is missing, or the repository cannot be written.
    pub fn tag(&self, name: &str, commit: Oid) -> Result<(), Error> {
        self.set_ref(&format!("refs/tags/{name}"), commit)
    }

    /// Sets a branch to any object, or to one that is not there. Git would refuse that.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn misdirect(&self, branch: &str, object: Oid) -> Result<(), Error> {
        self.write(&format!("refs/heads/{branch}"), &object.to_string())
    }

    /// Writes an annotated tag of a commit. No ref points to it.
    ///
    /// # Errors
    /// The commit is missing, or the repository cannot be written.
    pub fn tag_object(&self, name: &str, commit: Oid) -> Result<Oid, Error> {
        let person = Signature::new("Sample Author", "author@example.org", &git2::Time::new(0, 0));
        self.git
            .find_object(commit, None)
            .and_then(|target| self.git.tag_annotation_create(name, &target, &person?, name))
            .map_err(self.error("write a tag"))
    }

    /// Removes an object, as the server's `git gc` does with one that no branch has any more. It must
    /// not be in a pack.
    ///
    /// # Errors
    /// It is in a pack or not there, or the repository cannot be written.
    pub fn remove_object(&self, id: Oid) -> Result<(), Error> {
        let id = id.to_string();
        let path = self.path().join("objects").join(&id[..2]).join(&id[2..]);
        fs::remove_file(&path).map_err(file_error("remove", &path))
    }

    /// Deletes a branch.
    ///
    /// # Errors
    /// There is no such branch, or the repository cannot be written.
    pub fn delete_branch(&self, name: &str) -> Result<(), Error> {
        self.git
            .find_reference(&format!("refs/heads/{name}"))
            .and_then(|mut branch| branch.delete())
            .map_err(self.error("delete the branch"))
    }

    /// Sets HEAD to a branch, which need not exist.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn set_head(&self, branch: &str) -> Result<(), Error> {
        self.git.set_head(&format!("refs/heads/{branch}")).map_err(self.error("set HEAD"))
    }

    /// The tip of a branch; `None` if there is no such branch.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub fn tip(&self, branch: &str) -> Result<Option<Oid>, Error> {
        match self.git.refname_to_id(&format!("refs/heads/{branch}")) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.error("read a branch")(error)),
        }
    }

    /// The commit that a branch began with.
    pub(crate) fn first_commit(&self, branch: &str) -> Result<Oid, Error> {
        let reference = self.git.find_reference(&format!("refs/heads/{branch}"));
        let walked = reference.and_then(|tip| {
            let mut commit = tip.peel_to_commit()?;
            while commit.parent_count() > 0 {
                commit = commit.parent(0)?;
            }
            Ok(commit.id())
        });
        walked.map_err(self.error("read the commits"))
    }

    /// Sets the project's state.
    ///
    /// # Errors
    /// The state file cannot be written.
    pub fn set_state(&self, state: State) -> Result<(), Error> {
        self.write(STATE_FILE, state.as_str())
    }

    /// Sets the project's description.
    ///
    /// # Errors
    /// The description file cannot be written.
    pub fn set_description(&self, description: &str) -> Result<(), Error> {
        self.write(DESCRIPTION_FILE, description)
    }

    /// The data for REST answers. With `branches`, it has only those refs that `b=` with these
    /// names could mean, since there may be very many refs.
    pub(crate) fn project(&self, branches: Option<&[String]>) -> Result<Project, Error> {
        Ok(Project {
            name: self.name.clone(),
            state: self.state()?,
            description: self
                .read(DESCRIPTION_FILE)?
                .filter(|text| !text.is_empty() && !text.starts_with(NO_DESCRIPTION)),
            head: self.head().map_err(self.error("read HEAD"))?,
            refs: match branches {
                None => self.refs(),
                Some(branches) => self.refs_for(branches),
            }
            .map_err(self.error("read the refs"))?,
        })
    }

    /// The project's state.
    ///
    /// # Errors
    /// The state file cannot be read, or has no state.
    pub fn state(&self) -> Result<State, Error> {
        read_state(self.path())
    }

    fn head(&self) -> Result<Option<String>, git2::Error> {
        let head = self.git.find_reference("HEAD")?;
        Ok(head.symbolic_target()?.map(str::to_owned))
    }

    fn refs(&self) -> Result<BTreeMap<String, String>, git2::Error> {
        let mut refs = BTreeMap::new();
        for reference in self.git.references()? {
            let reference = reference?;
            let name = reference.name()?.to_owned();
            // A ref that points to nothing counts as absent.
            if let Some(id) = reference.resolve().ok().and_then(|resolved| resolved.target()) {
                refs.insert(name, id.to_string());
            }
        }
        Ok(refs)
    }

    fn refs_for(&self, branches: &[String]) -> Result<BTreeMap<String, String>, git2::Error> {
        let mut refs = BTreeMap::new();
        for branch in branches {
            // HEAD is looked up under the name of its branch.
            let head = if branch == "HEAD" { self.head()? } else { None };
            // No ref's name has a NUL byte, and libgit2 refuses to look one up.
            let possible = |name: &String| !name.contains('\0');
            for name in ref_names(branch).chain(head).filter(possible) {
                match self.git.find_reference(&name) {
                    Ok(reference) => {
                        let id = reference.resolve().ok().and_then(|resolved| resolved.target());
                        refs.extend(id.map(|id| (name, id.to_string())));
                    }
                    Err(error)
                        if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => {
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(refs)
    }

    fn put_commit(
        &self,
        branch: &str,
        files: &[(&str, File)],
        message: &str,
        time: Time,
    ) -> Result<Oid, git2::Error> {
        let reference = format!("refs/heads/{branch}");
        let parent = match self.git.find_reference(&reference) {
            Ok(tip) => Some(tip.peel_to_commit()?),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut entries = match &parent {
            Some(parent) => flatten(&parent.tree()?)?,
            None => Entries::new(),
        };
        for (path, file) in files {
            clear(&mut entries, path.as_bytes());
            if let Some(entry) = self.store(file)? {
                entries.insert(path.as_bytes().to_vec(), entry);
            }
        }
        let entries: Vec<_> =
            entries.iter().map(|(path, entry)| (path.as_slice(), *entry)).collect();
        let tree = self.git.find_tree(write_tree(&self.git.odb()?, &entries)?)?;
        let when = git2::Time::new(time.seconds, time.offset_minutes);
        let person = Signature::new("Sample Author", "author@example.org", &when)?;
        let parents: Vec<_> = parent.iter().collect();
        self.git.commit(Some(&reference), &person, &person, message, &tree, &parents)
    }

    /// Writes the object of a file and returns the entry for it; `None` for [`File::Absent`].
    fn store(&self, file: &File) -> Result<Option<Entry>, git2::Error> {
        Ok(Some(match file {
            File::Content { bytes, executable: false } => (FileMode::Blob, self.git.blob(bytes)?),
            File::Content { bytes, executable: true } => {
                (FileMode::BlobExecutable, self.git.blob(bytes)?)
            }
            File::Symlink(target) => (FileMode::Link, self.git.blob(target.as_bytes())?),
            File::Gitlink(commit) => (FileMode::Commit, *commit),
            File::Absent => return Ok(None),
        }))
    }

    fn set_ref(&self, name: &str, commit: Oid) -> Result<(), Error> {
        self.git
            .find_commit(commit)
            .and_then(|commit| self.git.reference(name, commit.id(), true, ""))
            .map_err(self.error("set a ref"))?;
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Option<String>, Error> {
        read(&self.path().join(file))
    }

    fn write(&self, file: &str, text: &str) -> Result<(), Error> {
        let path = self.path().join(file);
        fs::write(&path, format!("{text}\n")).map_err(file_error("write", &path))
    }

    /// The repository, for whoever writes objects into it.
    pub(crate) fn git(&self) -> &git2::Repository {
        &self.git
    }

    pub(crate) fn error(&self, action: &'static str) -> impl Fn(git2::Error) -> Error {
        git_error(action, &self.name)
    }
}

/// The state of the project in this folder.
fn read_state(folder: &Path) -> Result<State, Error> {
    let path = folder.join(STATE_FILE);
    let Some(text) = read(&path)? else { return Ok(State::default()) };
    State::read(&text).ok_or(Error::State { path, text })
}

/// The text of a file, without the space around it; `None` if there is no such file.
fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error("read", path)(error)),
    }
}

/// What a commit has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// A regular file.
    Content {
        /// Its bytes.
        bytes: Vec<u8>,
        /// True if it is executable: mode 755 instead of 644.
        executable: bool,
    },
    /// A symbolic link to this path, which is not checked.
    Symlink(String),
    /// A submodule at this commit. Its entry in `.gitmodules` is up to the caller.
    Gitlink(Oid),
    /// Nothing: the file or folder at the path is deleted.
    Absent,
}

impl File {
    /// A regular file with this content, which need not be text.
    pub fn text(content: impl Into<Vec<u8>>) -> Self {
        Self::Content { bytes: content.into(), executable: false }
    }

    /// An executable file.
    pub fn executable(content: impl Into<Vec<u8>>) -> Self {
        Self::Content { bytes: content.into(), executable: true }
    }

    /// A symbolic link.
    pub fn symlink(target: impl Into<String>) -> Self {
        Self::Symlink(target.into())
    }

    /// A submodule.
    #[must_use]
    pub fn gitlink(commit: Oid) -> Self {
        Self::Gitlink(commit)
    }

    /// No file and no folder.
    #[must_use]
    pub fn absent() -> Self {
        Self::Absent
    }
}

/// The date of a commit, for its author and its committer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since 1970, UTC.
    pub seconds: i64,
    /// The time zone, in minutes east of Greenwich.
    pub offset_minutes: i32,
}

impl Time {
    /// A date in UTC.
    #[must_use]
    pub fn utc(seconds: i64) -> Self {
        Self { seconds, offset_minutes: 0 }
    }
}

impl Default for Time {
    /// 2026-01-01, 12:00 UTC.
    fn default() -> Self {
        Self::utc(1_767_268_800)
    }
}

/// A tree's entry: its mode and the id of its object.
type Entry = (FileMode, Oid);

/// The entries of a tree and of all folders in it, by full path. A folder is not an entry.
type Entries = BTreeMap<Vec<u8>, Entry>;

fn flatten(tree: &git2::Tree<'_>) -> Result<Entries, git2::Error> {
    let mut entries = Entries::new();
    tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
        let mode = match entry.filemode() {
            0o040_000 => return git2::TreeWalkResult::Ok,
            0o100_755 => FileMode::BlobExecutable,
            0o120_000 => FileMode::Link,
            0o160_000 => FileMode::Commit,
            _ => FileMode::Blob,
        };
        let path = [folder.as_bytes(), entry.name_bytes()].concat();
        entries.insert(path, (mode, entry.id()));
        git2::TreeWalkResult::Ok
    })?;
    Ok(entries)
}

/// Makes room at a path: removes the entries at the path and below it, and any file whose path is
/// that of one of its folders.
fn clear(entries: &mut Entries, path: &[u8]) {
    let is_in = |inner: &[u8], outer: &[u8]| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    entries.retain(|other, _| !is_in(other, path) && !is_in(path, other));
}

/// Writes the tree of these entries, which are sorted by path, and the trees of its folders.
fn write_tree(odb: &git2::Odb<'_>, entries: &[(&[u8], Entry)]) -> Result<Oid, git2::Error> {
    let first_part = |path: &[u8]| path.iter().position(|byte| *byte == b'/');
    let mut folders: BTreeMap<&[u8], Vec<(&[u8], Entry)>> = BTreeMap::new();
    let mut lines = Vec::new();
    for &(path, entry) in entries {
        match first_part(path) {
            Some(slash) => {
                folders.entry(&path[..slash]).or_default().push((&path[slash + 1..], entry));
            }
            None => lines.push((path, entry)),
        }
    }
    for (name, inner) in &folders {
        lines.push((name, (FileMode::Tree, write_tree(odb, inner)?)));
    }
    // Git sorts folders as if their names ended in a slash.
    lines.sort_by_cached_key(|(name, (mode, _))| {
        let slash: &[u8] = if *mode == FileMode::Tree { b"/" } else { b"" };
        [name, slash].concat()
    });
    let mut bytes = Vec::new();
    for (name, (mode, id)) in lines {
        bytes.extend(format!("{:o} ", u32::from(mode)).bytes());
        bytes.extend(name);
        bytes.push(0);
        bytes.extend(id.as_bytes());
    }
    odb.write(ObjectType::Tree, &bytes)
}

fn git_error(action: &'static str, name: &ProjectName) -> impl Fn(git2::Error) -> Error {
    move |source| Error::Git { action, project: name.to_string(), source }
}

pub(crate) fn file_error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(repository: &Repository, commit: Oid) -> Vec<String> {
        let tree = repository.git.find_commit(commit).and_then(|commit| commit.tree());
        let entries = flatten(&tree.expect("a tree")).expect("entries");
        let line = |(path, (mode, _)): (&Vec<u8>, &Entry)| {
            format!("{:o} {}", u32::from(*mode), String::from_utf8_lossy(path))
        };
        entries.iter().map(line).collect()
    }

    #[test]
    fn commits_build_on_each_other() {
        let root = tempfile::tempdir().expect("a folder");
        let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
        let commit = |files: &[(&str, File)]| {
            repository.commit("master", files, "m", Time::default()).expect("a commit")
        };
        let submodule = commit(&[]);
        let first = commit(&[
            ("a", File::text("a")),
            ("a.b", File::text("sorts before the folder a/")),
            ("run", File::executable("#!/bin/sh\n")),
            ("link", File::symlink("a")),
            ("lib/sub", File::gitlink(submodule)),
        ]);
        let all = ["100644 a", "100644 a.b", "160000 lib/sub", "120000 link", "100755 run"];
        assert_eq!(paths(&repository, first), all);
        let second = commit(&[("a/b/c", File::text("c")), ("lib", File::absent())]);
        let all = ["100644 a.b", "100644 a/b/c", "120000 link", "100755 run"];
        assert_eq!(paths(&repository, second), all);
        let third = commit(&[("a/b", File::text("b")), ("run", File::absent())]);
        assert_eq!(paths(&repository, third), ["100644 a.b", "100644 a/b", "120000 link"]);
        assert_eq!(repository.tip("master").expect("a tip"), Some(third));
        assert_eq!(repository.tip("gone").expect("no tip"), None);
    }

    #[test]
    fn ids_depend_on_nothing_but_the_arguments() {
        let id = || {
            let root = tempfile::tempdir().expect("a folder");
            let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
            let files = [("a", File::text("a")), ("b/c", File::executable("c"))];
            repository.commit("master", &files, "Begin", Time::default()).expect("a commit")
        };
        assert_eq!(id(), id());
        assert_eq!(id().to_string(), "5434abed146beb61ab7504a85b67198224ccbe7e");
    }

    #[test]
    fn harmful_paths_are_written_as_they_are() {
        let root = tempfile::tempdir().expect("a folder");
        let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
        let files = [(".git/config", File::text("")), ("a/../../b", File::text("b"))];
        let commit = repository.commit("master", &files, "m", Time::default()).expect("a commit");
        assert_eq!(paths(&repository, commit), ["100644 .git/config", "100644 a/../../b"]);
    }

    #[test]
    fn projects_are_found_below_folders_and_beside_repositories() {
        let root = tempfile::tempdir().expect("a folder");
        let upstream = Upstream::new(root.path());
        for name in ["x/B", "x/A", "x/A/below", "Top"] {
            upstream.repository(name).expect("a repository");
        }
        fs::create_dir_all(root.path().join(".hidden/C.git")).expect("a folder");
        fs::write(root.path().join("file.git"), "").expect("a file");
        let names: Vec<_> = upstream.projects().expect("names");
        let names: Vec<_> = names.iter().map(ProjectName::as_str).collect();
        assert_eq!(names, ["Top", "x/A", "x/A/below", "x/B"]);
        assert!(matches!(upstream.repository("../A"), Err(Error::ProjectName { .. })));
    }

    #[test]
    fn a_project_tells_its_state_description_and_refs() {
        let root = tempfile::tempdir().expect("a folder");
        let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
        let empty = repository.project(None).expect("a project");
        assert_eq!((empty.state, empty.description), (State::Active, None));
        assert_eq!(empty.head.as_deref(), Some("refs/heads/master"));
        let commit = repository.commit("main", &[], "m", Time::default()).expect("a commit");
        repository.branch("REL1_45", commit).expect("a branch");
        repository.branch("REL1_44", commit).expect("a branch");
        repository.tag("1.0", commit).expect("a tag");
        repository.delete_branch("REL1_44").expect("a branch less");
        repository.set_head("main").expect("a head");
        repository.set_state(State::ReadOnly).expect("a state");
        repository.set_description("About A").expect("a description");
        let project = repository.project(None).expect("a project");
        let refs: Vec<_> = project.refs.keys().map(String::as_str).collect();
        assert_eq!(refs, ["refs/heads/REL1_45", "refs/heads/main", "refs/tags/1.0"]);
        assert_eq!(project.head.as_deref(), Some("refs/heads/main"));
        assert_eq!(project.state, State::ReadOnly);
        assert_eq!(project.description.as_deref(), Some("About A"));
        assert!(matches!(repository.delete_branch("REL1_44"), Err(Error::Git { .. })));
        fs::write(repository.path().join(STATE_FILE), "GONE").expect("a file");
        assert!(matches!(repository.project(None), Err(Error::State { .. })));
    }
}
