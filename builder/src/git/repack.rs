//! Repacking: combines the packs of a mirror into one and drops what no ref reaches, like `git repack -a -d`.
//!
//! Each fetch adds a pack, and a line to the file `shallow`. The earlier commits of branches stay. libgit2 has no
//! `git gc`, and Git need not be installed where the builder runs. So this module writes one pack of everything
//! that refs reach, and then removes all other packs.
//!
//! This takes about as long as fetching the whole mirror, so a cycle does it only when there are more than
//! twenty packs, or when several take more than 512 MiB. Until then, each further pack takes a few kB.
//!
//! The content of a mirror is hostile, so trees are walked here, each once and without recursion. libgit2's own
//! walk goes through a tree as often as others contain it, which may be 10¹⁰ times. libgit2 also reads
//! every object into memory, so a mirror with very many or very large objects is not repacked, nor is one with an
//! object that libgit2 cannot read. Once it has too many packs it is emptied instead, and fetched again: a fresh
//! clone has one pack.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use git2::{ObjectType, Oid, PackBuilder, Repository};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    data_dir::{
        atomic,
        files::{empty_folder, entries, size},
    },
    error::{GitContext, IoContext},
    git::open,
    limits::git::{MAX_PACKED_OBJECT, MAX_PACKED_OBJECTS},
    object,
};

/// A mirror with up to this many packs is left as it is, unless they are [large](LARGE).
const MAX_PACKS: usize = 20;

/// Several packs with more than this many bytes are too many, however few they are. The mirrors of real repositories
/// have up to 150 MB.
const LARGE: u64 = 512 << 20;

/// The sizes of a mirror before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repacked {
    /// How many packs it had.
    pub packs_before: usize,
    /// The size of the folder `objects` in bytes before.
    pub bytes_before: u64,
    /// The same afterwards.
    pub bytes_after: u64,
}

/// Repacks the mirror at `path` if it has more than twenty packs, or several that are large, or with `force` in any
/// case. A mirror that has too many and is too large for this, or has objects that cannot be read, is emptied. Else it
/// stays as it is.
///
/// Nobody else may write to the mirror at the same time. Whoever has it open to read can continue.
///
/// # Errors
/// [`Error::Git`] if an object cannot be read, [`Error::Io`] if a file cannot be written or removed. The mirror stays
/// usable: nothing is removed before the new pack is on disk.
pub fn repack(path: &Path, force: bool) -> Result<Repacked, Error> {
    if !path.join("objects").is_dir() {
        // It was emptied, and nothing was fetched since.
        return Ok(Repacked::default());
    }
    let packs = packs(path)?;
    let bytes_before = size(&path.join("objects"))?;
    let unchanged = Repacked { packs_before: packs.len(), bytes_before, bytes_after: bytes_before };
    // A mirror that borrows objects from another repository would get copies of them all.
    let borrows = path.join("objects/info/alternates").exists();
    let too_many = has_too_many(&packs, bytes_before);
    if borrows || !(too_many || force) {
        return Ok(unchanged);
    }
    match rewrite(path, &packs) {
        Err(error) if too_many && is_of_objects(&error) => {
            tracing::warn!("{error}; it is not repacked but emptied, and will be fetched again");
            // The folder itself stays: a worker may write in it and not beside it.
            empty_folder(path)?;
            Ok(Repacked { bytes_after: 0, ..unchanged })
        }
        Err(error @ Error::TooLarge { .. }) => {
            tracing::info!("{error}; it is not repacked");
            Ok(unchanged)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Repacked { bytes_after: size(&path.join("objects"))?, ..unchanged }),
    }
}

/// True for a fault of what is in a mirror, for which another try does not help, and a new fetch may.
fn is_of_objects(error: &Error) -> bool {
    let is_damage = matches!(error, Error::Git { source, .. } if object::is_damage(source));
    let is_of_this_machine = error.is_out_of_memory() || error.is_out_of_space();
    matches!(error, Error::TooLarge { .. })
        || (is_damage || error.is_of_content()) && !is_of_this_machine
}

/// True if the mirror at `path` has too many packs. False if that cannot be read.
pub fn is_due(path: &Path) -> bool {
    let bytes = || size(&path.join("objects")).unwrap_or(0);
    packs(path).is_ok_and(|packs| packs.len() > 1 && has_too_many(&packs, bytes()))
}

fn has_too_many(packs: &[PathBuf], bytes: u64) -> bool {
    packs.len() > MAX_PACKS || (packs.len() > 1 && bytes > LARGE)
}

/// Writes one pack in place of all `packs`.
fn rewrite(path: &Path, packs: &[PathBuf]) -> Result<(), Error> {
    check_count(path, packs)?;
    let what = || format!("repack the mirror {}", path.display());
    let repository = open::bare(path).git(what)?;
    limit_memory(&repository).git(what)?;
    let shallow = read_shallow(path)?;
    let reached = reached(&repository, &shallow).git(what)?;
    let name = write_pack(&repository, path, &reached)?;
    write_shallow(path, &shallow, &reached)?;
    remove_others(path, name.as_deref())
}

/// Fails if the packs have too many objects together. Each pack says how many it has
/// (<https://git-scm.com/docs/gitformat-pack>).
fn check_count(path: &Path, packs: &[PathBuf]) -> Result<(), Error> {
    let mut count = 0;
    for pack in packs {
        let file = pack.with_extension("pack");
        let mut header = [0; 12];
        File::open(&file).and_then(|mut pack| pack.read_exact(&mut header)).at("read", &file)?;
        let [.., a, b, c, d] = header;
        count += u64::from(u32::from_be_bytes([a, b, c, d]));
    }
    if count > MAX_PACKED_OBJECTS {
        return Err(too_large(path, MAX_PACKED_OBJECTS, "objects"));
    }
    Ok(())
}

fn too_large(mirror: &Path, limit: u64, unit: &'static str) -> Error {
    Error::TooLarge { what: format!("the mirror {}", mirror.display()), limit, unit }
}

/// Limits the memory in which libgit2 looks for differences between objects. By default, it keeps ten of any size.
fn limit_memory(repository: &Repository) -> Result<(), git2::Error> {
    let mut config = repository.config()?;
    config.set_i64("core.bigFileThreshold", 8 << 20)?;
    config.set_i64("pack.windowMemory", 64 << 20)?;
    config.set_i64("pack.deltaCacheSize", 32 << 20)
}

/// The paths of a mirror's packs, without the extension.
fn packs(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = path.join("objects/pack");
    let files = entries(&folder)?.into_iter();
    let packs = files.filter(|file| file.extension().is_some_and(|ending| ending == "pack"));
    Ok(packs.map(|file| file.with_extension("")).collect())
}

/// The commits that refs reach, with their trees. The parents of commits in `shallow` are left out, because a
/// shallow clone does not have them.
fn reached(
    repository: &Repository,
    shallow: &BTreeSet<Oid>,
) -> Result<BTreeMap<Oid, Oid>, git2::Error> {
    let mut pending = Vec::new();
    for reference in repository.references()? {
        // HEAD may point to a branch that does not exist.
        if let Ok(reference) = reference?.resolve() {
            pending.extend(reference.target().filter(|id| object::has_commit(repository, *id)));
        }
    }
    let mut reached = BTreeMap::new();
    while let Some(id) = pending.pop() {
        if reached.contains_key(&id) {
            continue;
        }
        let commit = object::commit(repository, id)?;
        reached.insert(id, commit.tree);
        if !shallow.contains(&id) {
            pending.extend(commit.parents);
        }
    }
    Ok(reached)
}

/// Writes a pack of these commits with all their trees and blobs. Returns its file name without the extension,
/// or `None` if there are no commits.
fn write_pack(
    repository: &Repository,
    path: &Path,
    commits: &BTreeMap<Oid, Oid>,
) -> Result<Option<String>, Error> {
    if commits.is_empty() {
        return Ok(None);
    }
    let what = || format!("pack the mirror {}", path.display());
    let folder = path.join("objects/pack");
    let mut builder = repository.packbuilder().git(what)?;
    // One thread is enough: several repositories are worked on at the same time.
    builder.set_threads(1);
    let mut trees = Trees { path, repository, seen: HashSet::new() };
    for (commit, tree) in commits {
        builder.insert_object(*commit, None).git(what)?;
        trees.insert(&mut builder, *tree)?;
    }
    builder.write(&folder, 0).git(what)?;
    let name = builder.name().git(what)?.ok_or_else(|| Error::Bug("a pack without name".into()))?;
    let name = format!("pack-{name}");
    for ending in ["pack", "idx"] {
        let file = folder.join(&name).with_extension(ending);
        File::open(&file).and_then(|file| file.sync_all()).at("force to disk", &file)?;
    }
    atomic::sync_folder(&folder)?;
    Ok(Some(name))
}

/// Adds trees to a pack, each once.
struct Trees<'a> {
    path: &'a Path,
    repository: &'a Repository,
    seen: HashSet<Oid>,
}

impl Trees<'_> {
    /// Adds a tree with all trees and blobs in it.
    fn insert(&mut self, builder: &mut PackBuilder<'_>, root: Oid) -> Result<(), Error> {
        let what = || format!("pack the mirror {}", self.path.display());
        let mut pending: Vec<Oid> = self.seen.insert(root).then_some(root).into_iter().collect();
        while let Some(id) = pending.pop() {
            self.check_size(id)?;
            builder.insert_object(id, None).git(what)?;
            for entry in self.repository.find_tree(id).git(what)?.iter() {
                match object::kind(entry.filemode_raw()) {
                    // A submodule: its commit is in another repository.
                    ObjectType::Commit => {}
                    ObjectType::Tree => {
                        if self.seen.insert(entry.id()) {
                            pending.push(entry.id());
                        }
                    }
                    _ => {
                        self.check_size(entry.id())?;
                        builder.insert_object(entry.id(), entry.name().ok()).git(what)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Fails for an object that would take too much memory.
    fn check_size(&self, id: Oid) -> Result<(), Error> {
        let header = object::header(self.repository, id);
        let (size, _) = header.git(|| format!("pack the mirror {}", self.path.display()))?;
        if size as u64 > MAX_PACKED_OBJECT {
            return Err(too_large(self.path, MAX_PACKED_OBJECT, "bytes in one object"));
        }
        Ok(())
    }
}

/// The commits in the file `shallow`, whose parents a shallow clone does not have
/// (<https://git-scm.com/docs/shallow>). Empty if the clone is not shallow.
fn read_shallow(path: &Path) -> Result<BTreeSet<Oid>, Error> {
    let file = path.join("shallow");
    match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        text => Ok(text.at("read", &file)?.lines().filter_map(|line| line.parse().ok()).collect()),
    }
}

/// Removes the lines of `shallow` whose commits are dropped. Otherwise every fetch would send them.
fn write_shallow(
    path: &Path,
    shallow: &BTreeSet<Oid>,
    commits: &BTreeMap<Oid, Oid>,
) -> Result<(), Error> {
    if shallow.is_empty() {
        return Ok(());
    }
    let stay = shallow.iter().filter(|id| commits.contains_key(id));
    let kept: String = stay.map(|id| format!("{id}\n")).collect();
    atomic::put(&path.join("shallow"), |out| Ok(out.write_all(kept.as_bytes())))
}

/// Removes all packs except `keep`, and all loose objects.
fn remove_others(path: &Path, keep: Option<&str>) -> Result<(), Error> {
    let objects = path.join("objects");
    for file in entries(&objects.join("pack"))? {
        if file.file_stem().and_then(|stem| stem.to_str()) != keep {
            fs::remove_file(&file).at("remove", &file)?;
        }
    }
    for folder in entries(&objects)? {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            fs::remove_dir_all(&folder).at("remove", &folder)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use git2::Signature;

    use super::*;

    /// Adds a commit with one file to `branch`, in a pack of its own like that of a fetch.
    fn commit(repository: &Repository, branch: &str, text: &str) -> Oid {
        let who = Signature::now("a", "a@example.org").unwrap();
        let mut tree = repository.treebuilder(None).unwrap();
        tree.insert("file", repository.blob(text.as_bytes()).unwrap(), 0o100_644).unwrap();
        let tree = repository.find_tree(tree.write().unwrap()).unwrap();
        let name = format!("refs/heads/{branch}");
        let parent = repository.find_reference(&name).map(|it| it.peel_to_commit().unwrap()).ok();
        let parents: Vec<_> = parent.iter().collect();
        let id = repository.commit(None, &who, &who, text, &tree, &parents).unwrap();
        repository.reference(&name, id, true, "").unwrap();
        let mut builder = repository.packbuilder().unwrap();
        builder.insert_commit(id).unwrap();
        builder.write(&repository.path().join("objects/pack"), 0).unwrap();
        id
    }

    #[test]
    fn one_pack_stays_with_what_refs_reach_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let mut all: Vec<Oid> =
            (0..=MAX_PACKS).map(|n| commit(&repository, "master", &n.to_string())).collect();
        let other = commit(&repository, "REL1_45", "other");
        let last = all.pop().unwrap();
        let lines: String = all.iter().chain([&last]).map(|id| format!("{id}\n")).collect();
        fs::write(dir.path().join("shallow"), lines).unwrap();
        drop(repository);

        let repacked = repack(dir.path(), false).unwrap();
        assert_eq!(repacked.packs_before, MAX_PACKS + 2);
        assert!(repacked.bytes_after < repacked.bytes_before / 4, "{repacked:?}");
        assert_eq!(packs(dir.path()).unwrap().len(), 1);
        let repository = Repository::open_bare(dir.path()).unwrap();
        for id in [last, other] {
            let tree = repository.find_commit(id).unwrap().tree().unwrap();
            assert!(repository.find_blob(tree.get(0).unwrap().id()).is_ok());
        }
        assert!(all.iter().all(|id| repository.find_commit(*id).is_err()));
        assert_eq!(fs::read_to_string(dir.path().join("shallow")).unwrap(), format!("{last}\n"));

        let again = repack(dir.path(), true).unwrap();
        assert_eq!((again.packs_before, again.bytes_after), (1, repacked.bytes_after));
    }

    /// A repository whose only commit has this tree.
    fn with_tree(tree: impl FnOnce(&Repository) -> Oid) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let who = Signature::now("a", "a@example.org").unwrap();
        let tree = repository.find_tree(tree(&repository)).unwrap();
        repository.commit(Some("refs/heads/master"), &who, &who, "", &tree, &[]).unwrap();
        dir
    }

    /// A tree with `count` entries that are all the same.
    fn tree(repository: &Repository, count: usize, entry: Oid, mode: i32) -> Oid {
        let mut tree = repository.treebuilder(None).unwrap();
        for number in 0..count {
            tree.insert(format!("{number}"), entry, mode).unwrap();
        }
        tree.write().unwrap()
    }

    #[test]
    fn a_tree_that_contains_another_many_times_is_walked_once() {
        let dir = with_tree(|repository| {
            let blob = repository.blob(b"x").unwrap();
            // 10^30 files.
            (0..30).fold(tree(repository, 10, blob, 0o100_644), |inner, _| {
                tree(repository, 10, inner, 0o040_000)
            })
        });
        repack(dir.path(), true).unwrap();
        let pack = packs(dir.path()).unwrap().remove(0).with_extension("pack");
        let header = fs::read(pack).unwrap();
        assert_eq!(header[8..12], [0, 0, 0, 33], "a commit, 31 trees, a blob");
    }

    #[test]
    fn folders_may_be_nested_very_deep() {
        let dir = with_tree(|repository| {
            let blob = repository.blob(b"x").unwrap();
            (0..3000).fold(tree(repository, 1, blob, 0o100_644), |inner, _| {
                tree(repository, 1, inner, 0o040_000)
            })
        });
        let small_stack = std::thread::Builder::new().stack_size(256 << 10);
        let path = dir.path().to_owned();
        let repacked = small_stack.spawn(move || repack(&path, true)).unwrap().join().unwrap();
        assert_eq!(repacked.unwrap().packs_before, 0);
        assert_eq!(packs(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn what_git_takes_for_a_submodule_is_not_looked_for() {
        let dir = with_tree(|repository| {
            let entry = [b"60644 x\0".as_slice(), &[1; 20]].concat();
            repository.odb().unwrap().write(ObjectType::Tree, &entry).unwrap()
        });
        repack(dir.path(), true).unwrap();
        assert_eq!(packs(dir.path()).unwrap().len(), 1);
    }

    /// Makes a pack that says that it has very many objects.
    fn add_large_pack(dir: &Path, name: usize) {
        let mut header = b"PACK\0\0\0\x02".to_vec();
        header.extend(u32::MAX.to_be_bytes());
        fs::write(dir.join(format!("objects/pack/pack-{name}.pack")), header).unwrap();
    }

    #[test]
    fn a_mirror_that_is_too_large_stays_and_is_emptied_once_it_has_many_packs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("X.git");
        drop(Repository::init_bare(&path).unwrap());
        add_large_pack(&path, 0);
        let repacked = repack(&path, true).unwrap();
        assert_eq!(repacked.bytes_before, repacked.bytes_after);
        assert!(path.join("objects/pack/pack-0.pack").exists());
        (1..=MAX_PACKS).for_each(|name| add_large_pack(&path, name));
        assert_eq!(repack(&path, false).unwrap().bytes_after, 0);
        assert!(entries(&path).unwrap().is_empty());
    }

    #[test]
    fn few_packs_stay_and_nothing_is_removed_if_an_object_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let good = commit(&repository, "master", "one");
        assert_eq!(repack(dir.path(), false).unwrap().packs_before, 1);

        let text =
            format!("tree {}\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\n", "1".repeat(40));
        let odb = repository.odb().unwrap();
        let damaged = odb.write(git2::ObjectType::Commit, text.as_bytes()).unwrap();
        repository.reference("refs/heads/damaged", damaged, true, "").unwrap();
        let before = packs(dir.path()).unwrap();
        assert!(matches!(repack(dir.path(), true), Err(Error::Git { .. })));
        assert_eq!(packs(dir.path()).unwrap(), before);
        assert!(repository.find_commit(good).is_ok());
    }

    /// Else it would grow for ever: each push may add a pack.
    #[test]
    fn a_mirror_with_an_object_that_cannot_be_read_is_emptied_once_it_has_many_packs() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let odb = repository.odb().unwrap();
        // Git itself takes a mode of so many digits.
        let entry = [b"120000000000 x\0".as_slice(), &[1; 20]].concat();
        let tree = odb.write(git2::ObjectType::Tree, &entry).unwrap();
        let text = format!("tree {tree}\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\n");
        let odd = odb.write(git2::ObjectType::Commit, text.as_bytes()).unwrap();
        repository.reference("refs/heads/odd", odd, true, "").unwrap();
        for number in 0..=MAX_PACKS {
            commit(&repository, "master", &number.to_string());
        }
        assert_eq!(repack(dir.path(), false).unwrap().bytes_after, 0);
        assert!(entries(dir.path()).unwrap().is_empty());
    }
}
