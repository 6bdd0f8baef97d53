//! Git objects: reads commits and the modes of trees as Git does, distinguishes damaged objects from other errors, and
//! finds the folders that objects are in.
//!
//! libgit2 refuses a commit with a malformed author or committer line, such as one without `<` and `>`. Git
//! itself clones such a commit and checks it out; only `git fsck` complains. Old histories have such commits,
//! so the builder parses the object itself.
//!
//! This is a module of its own because `git` and `content` both need that, and must not import each other.

use std::{
    fs,
    ops::RangeInclusive,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use git2::{ErrorClass, ErrorCode, ObjectType};

/// The types that `git` gives out and `content` takes; a cycle passes them on and does not name libgit2.
pub use git2::{Oid, Repository};

use crate::{Error, limits::git::MAX_COMMIT};

/// The times of commits, in Unix seconds: from year 0 to the end of 9999, less a day, as the libraries that write them have
/// it. Whoever makes a commit chooses its time. RFC 3339 has no text for others, so these become the nearest one.
pub const TIMES: RangeInclusive<i64> = -62_167_219_200..=253_402_207_200;

/// The mode of a symbolic link.
pub(crate) const LINK: i32 = 0o120_000;

/// How many folders of objects a repository may borrow from.
const MAX_BORROWED: usize = 16;

/// The parts of a commit that the builder needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The tree with its files.
    pub tree: Oid,
    /// Its parent commits.
    pub parents: Vec<Oid>,
    /// The committer's time in Unix seconds, one of [`TIMES`]. 0 if it is malformed, as in Git.
    pub committed_at: i64,
}

/// Reads a commit.
///
/// # Errors
/// libgit2's error if the object does not exist or cannot be read. An error of [`ErrorClass::Object`] if it is
/// not a commit that Git could read, and one of [`ErrorClass::Invalid`] if it is larger than [`MAX_COMMIT`].
pub fn commit(repository: &Repository, id: Oid) -> Result<Commit, git2::Error> {
    let odb = repository.odb()?;
    let (size, _) = header(repository, id)?;
    if size > MAX_COMMIT {
        // Of another class than damage: fetching it again would not help.
        let text =
            format!("it has {size} bytes; tardist reads commits of at most {MAX_COMMIT} bytes");
        return Err(git2::Error::new(ErrorCode::Invalid, ErrorClass::Invalid, text));
    }
    let object = odb.read(id)?;
    let commit = (object.kind() == ObjectType::Commit).then(|| parse(object.data())).flatten();
    commit.ok_or_else(|| {
        let text = format!("{id} is not a commit that Git can read");
        git2::Error::new(ErrorCode::Invalid, ErrorClass::Object, text)
    })
}

/// The size in bytes and the type of an object. Reads only its header, which is cheap.
///
/// # Errors
/// libgit2's error if the object does not exist or cannot be read.
pub fn header(repository: &Repository, id: Oid) -> Result<(usize, ObjectType), git2::Error> {
    let odb = repository.odb()?;
    // In a damaged pack, an object may have a type that does not exist. Then git2 0.21 panics.
    let read = panic::catch_unwind(AssertUnwindSafe(|| odb.read_header(id)));
    read.unwrap_or_else(|_| {
        let text = format!("{id} has a type that does not exist");
        Err(git2::Error::new(ErrorCode::Invalid, ErrorClass::Odb, text))
    })
}

/// The size of an object of this type in bytes, from its header. `what` names it.
///
/// # Errors
/// [`Error::OtherType`] if it is of another type: a tree may say that an object is a file which is a tree. That is no
/// damage, since the mirror is as the server has it, and others may use it. Else as [`ObjectContext::object`].
pub(crate) fn size(
    repository: &Repository,
    id: Oid,
    kind: ObjectType,
    what: impl FnOnce() -> String,
) -> Result<u64, Error> {
    match header(repository, id) {
        Ok((size, other)) if other != kind && is_intact(repository, id, size) => {
            Err(Error::OtherType { what: what(), kind: other.str() })
        }
        Ok((_, other)) if other != kind => {
            let text = format!("{id} is a {}, and its hash is another", other.str());
            let error = git2::Error::new(ErrorCode::Invalid, ErrorClass::Odb, text);
            Err(error).object(repository, what)
        }
        Ok((size, _)) => Ok(size as u64),
        Err(error) => Err(error).object(repository, what),
    }
}

/// True if an object has the bytes and the type of its id. In a damaged pack, the type may have changed. One that is too
/// large to be read counts as intact.
fn is_intact(repository: &Repository, id: Oid, size: usize) -> bool {
    let hashed = || {
        let odb = repository.odb()?;
        let object = odb.read(id)?;
        Oid::hash_object(object.kind(), object.data())
    };
    size > MAX_COMMIT || hashed().is_ok_and(|hash| hash == id)
}

/// What an entry of a tree is, by its mode, as in Git (`canon_mode`): a folder, a file or a link, else a submodule, such as
/// what has the mode of a device. libgit2 takes that for a file.
pub(crate) fn kind(mode: i32) -> ObjectType {
    match mode & 0o170_000 {
        0o040_000 => ObjectType::Tree,
        0o100_000 | LINK => ObjectType::Blob,
        _ => ObjectType::Commit,
    }
}

/// True for a symbolic link, by the mode of its entry in a tree. Other bits of it do not matter, as in Git.
pub(crate) fn is_link(mode: i32) -> bool {
    mode & 0o170_000 == LINK
}

/// The folders that have the objects of a repository: `objects`, which is its own, and those that it borrows from,
/// directly or through others (`info/alternates`, <https://git-scm.com/docs/gitrepository-layout>).
pub(crate) fn folders(objects: &Path) -> Vec<PathBuf> {
    let mut folders = vec![objects.to_owned()];
    let mut at = 0;
    while let Some(folder) = folders.get(at).cloned() {
        at += 1;
        let text = fs::read_to_string(folder.join("info/alternates")).unwrap_or_default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let other = folder.join(line);
            if folders.len() <= MAX_BORROWED && !folders.contains(&other) && other.is_dir() {
                folders.push(other);
            }
        }
    }
    folders
}

/// True if the repository has this commit. Reads only the header of the object, which is cheap.
pub fn has_commit(repository: &Repository, id: Oid) -> bool {
    header(repository, id).is_ok_and(|(_, kind)| kind == ObjectType::Commit)
}

/// True if an object is missing, or an object or a ref cannot be read. Then the mirror is damaged, and can be fetched
/// again.
pub(crate) fn is_damage(error: &git2::Error) -> bool {
    error.code() == ErrorCode::NotFound
        // An empty file after the machine went down. What is wrong with a name has a code of its own.
        || (error.class() == ErrorClass::Reference && error.code() == ErrorCode::GenericError)
        || matches!(
            error.class(),
            ErrorClass::Odb | ErrorClass::Zlib | ErrorClass::Object | ErrorClass::Tree
        )
}

/// Adds the object `id` to an error of reading it. Some objects have the bytes of their id, and libgit2 cannot read them,
/// such as a tree with an odd mode: then upstream has them so. The mirror is not damaged, and others may share it.
///
/// # Errors
/// As [`ObjectContext::object`], but for such an object, [`Error::Git`] that [is of content](Error::is_of_content).
pub(crate) fn explained<T>(
    repository: &Repository,
    id: Oid,
    what: impl Fn() -> String,
    result: Result<T, git2::Error>,
) -> Result<T, Error> {
    // What is too large to be hashed may be damaged.
    let is_as_upstream_has_it = |error: &git2::Error| {
        is_damage(error)
            && header(repository, id)
                .is_ok_and(|(size, _)| size <= MAX_COMMIT && is_intact(repository, id, size))
    };
    match result {
        Err(error) if is_as_upstream_has_it(&error) => {
            let source = git2::Error::new(ErrorCode::Invalid, ErrorClass::Invalid, error.message());
            Err(Error::Git { action: format!("read {}", what()), source })
        }
        result => result.object(repository, what),
    }
}

/// Adds the repository and the object to an error of libgit2.
pub(crate) trait ObjectContext<T> {
    /// [`Error::Damaged`] if the object is missing or cannot be parsed, otherwise [`Error::Git`]. `what` names
    /// the object: "commit ID".
    fn object(self, repository: &Repository, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> ObjectContext<T> for Result<T, git2::Error> {
    fn object(self, repository: &Repository, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| {
            if is_damage(&source) {
                let mirror = repository.path().to_owned();
                Error::Damaged { mirror, what: what(), source }
            } else {
                Error::Git { action: format!("read {}", what()), source }
            }
        })
    }
}

/// Parses a commit object (<https://git-scm.com/docs/user-manual#commit-object>) like `parse_commit_buffer`
/// in Git's commit.c. `None` if Git could not read it.
pub(crate) fn parse(object: &[u8]) -> Option<Commit> {
    let mut lines = object.split(|&byte| byte == b'\n');
    let mut line = lines.next()?;
    let tree = id(line.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    line = lines.next().unwrap_or_default();
    while let Some(parent) = line.strip_prefix(b"parent ") {
        parents.push(id(parent)?);
        line = lines.next().unwrap_or_default();
    }
    let committer = line.starts_with(b"author ").then(|| lines.next()).flatten();
    let committed_at = committer.and_then(|line| time(line.strip_prefix(b"committer ")?));
    let committed_at = committed_at.unwrap_or(0).clamp(*TIMES.start(), *TIMES.end());
    Some(Commit { tree, parents, committed_at })
}

fn id(hex: &[u8]) -> Option<Oid> {
    std::str::from_utf8(hex).ok().filter(|hex| hex.len() == 40)?.parse().ok()
}

/// The number after the last `>` of a committer line, in Unix seconds.
///
/// Git's `parse_commit_date` looks for the last `>`, too, because the name and the address before it may
/// contain anything.
fn time(line: &[u8]) -> Option<i64> {
    let after = line.iter().rposition(|&byte| byte == b'>')? + 1;
    let text = line[after..].trim_ascii_start();
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = text.len() - digits.len() + length;
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn parsed(lines: &str) -> Option<Commit> {
        parse(format!("tree {TREE}\n{lines}\n\nmessage\ncommitter X <x> 9 +0000\n").as_bytes())
    }

    #[test]
    fn the_time_is_the_committers() {
        let lines =
            "author A <a@example.org> 1 +0000\ncommitter B <b@example.org> 1767323045 +0100";
        let read = parsed(&format!("parent {TREE}\nparent {TREE}\n{lines}")).unwrap();
        assert_eq!((read.parents.len(), read.committed_at), (2, 1_767_323_045));
        assert_eq!(read.tree.to_string(), TREE);
    }

    #[test]
    fn a_malformed_committer_line_is_read_as_git_does_and_a_missing_time_is_0() {
        for (committer, time) in [
            ("B b@example.org 1767323045 +0000", 0),
            ("B <b@example.org>1767323045 +0000", 1_767_323_045),
            ("B <b> <c>  7", 7),
            ("<b> -5 +0000", -5),
            ("far from now <b> 3093527980800 +0000", 253_402_207_200),
            ("far from now <b> -99999999999999 +0000", -62_167_219_200),
            ("B <b@example.org> yesterday", 0),
            ("B <b@example.org>", 0),
            ("B <b@example.org> 99999999999999999999 +0000", 0),
            ("", 0),
        ] {
            let read = parsed(&format!("author A\ncommitter {committer}")).unwrap();
            assert_eq!(read.committed_at, time, "{committer:?}");
        }
        assert_eq!(parsed("committer B <b> 7 +0000").unwrap().committed_at, 0, "no author");
        assert_eq!(parsed("").unwrap().committed_at, 0);
    }

    #[test]
    fn what_is_as_its_id_says_is_no_damage_though_libgit2_cannot_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        // Git itself takes a mode of so many digits.
        let entry = [b"120000000000 x\0".as_slice(), &[1; 20]].concat();
        let odd = repository.odb().unwrap().write(ObjectType::Tree, &entry).unwrap();
        let missing: Oid = "2".repeat(40).parse().unwrap();
        let error = |id: Oid| {
            let found = repository.find_tree(id);
            let found = explained(&repository, id, || "the tree".to_owned(), found);
            found.map(|tree| tree.id()).unwrap_err()
        };
        assert!(error(odd).is_of_content(), "{}", error(odd));
        assert!(matches!(error(missing), Error::Damaged { .. }));
        // The same bytes under another name.
        let path = |id: Oid| {
            let hex = id.to_string();
            folder.path().join("objects").join(&hex[..2]).join(&hex[2..])
        };
        let other: Oid = "1".repeat(40).parse().unwrap();
        std::fs::create_dir_all(path(other).parent().unwrap()).unwrap();
        std::fs::copy(path(odd), path(other)).unwrap();
        assert!(matches!(error(other), Error::Damaged { .. }), "{}", error(other));
    }

    #[test]
    fn what_is_no_folder_no_file_and_no_link_is_a_gitlink() {
        for (mode, expected) in [
            (0o040_000, ObjectType::Tree),
            (0o041_777, ObjectType::Tree),
            (0o100_644, ObjectType::Blob),
            (0o104_755, ObjectType::Blob),
            (0o120_777, ObjectType::Blob),
            (0o160_000, ObjectType::Commit),
            (0, ObjectType::Commit),
            (0o010_000, ObjectType::Commit),
            (0o060_644, ObjectType::Commit),
            (0o140_755, ObjectType::Commit),
        ] {
            assert_eq!(kind(mode), expected, "{mode:o}");
        }
    }

    #[test]
    fn objects_are_borrowed_from_each_folder_that_is_named_and_from_those_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let [own, one, two, three] =
            ["own", "one", "two", "three"].map(|name| folder.path().join(name));
        for (objects, alternates) in [
            (&own, format!("# a comment\n\n{}\n../two\nnowhere\n", one.display())),
            (&one, format!("{}\n{}\n", three.display(), own.display())),
            (&two, String::new()),
            (&three, format!("{}\n", one.display())),
        ] {
            fs::create_dir_all(objects.join("info")).unwrap();
            fs::write(objects.join("info/alternates"), alternates).unwrap();
        }
        assert_eq!(folders(&own), [own.clone(), one, own.join("../two"), three]);
        assert_eq!(folders(&folder.path().join("none")), [folder.path().join("none")]);
    }

    #[test]
    fn only_a_commit_counts_as_one_and_a_missing_object_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let missing: Oid = TREE.parse().unwrap();
        let blob = repository.blob(b"text").unwrap();
        assert!(!has_commit(&repository, missing) && !has_commit(&repository, blob));
        let commit_of =
            |id: Oid| commit(&repository, id).object(&repository, || format!("commit {id}"));
        assert!(matches!(commit_of(missing), Err(Error::Damaged { .. })));
        assert!(matches!(commit_of(blob), Err(Error::Damaged { .. })));
    }

    #[test]
    fn only_errors_of_objects_and_refs_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let is_damage = |code, class| {
            let failed: Result<(), git2::Error> = Err(git2::Error::new(code, class, "x"));
            matches!(failed.object(&repository, || "tree".into()), Err(Error::Damaged { .. }))
        };
        assert!(is_damage(ErrorCode::NotFound, ErrorClass::Reference));
        assert!(is_damage(ErrorCode::GenericError, ErrorClass::Zlib));
        assert!(is_damage(ErrorCode::GenericError, ErrorClass::Reference));
        assert!(!is_damage(ErrorCode::InvalidSpec, ErrorClass::Reference));
        assert!(!is_damage(ErrorCode::GenericError, ErrorClass::Os));
    }

    #[test]
    fn a_commit_that_is_too_large_is_an_error_and_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let read = |size: usize| {
            let start = format!("tree {TREE}\n\n");
            let text = format!("{start}{}", "m".repeat(size - start.len()));
            let id = repository.odb().unwrap().write(ObjectType::Commit, text.as_bytes()).unwrap();
            commit(&repository, id).object(&repository, || format!("commit {id}"))
        };
        assert_eq!(read(MAX_COMMIT).unwrap().tree.to_string(), TREE);
        let read = read(MAX_COMMIT + 1);
        let Err(error @ Error::Git { .. }) = read else { panic!("{read:?}") };
        assert!(error.to_string().contains("at most 16777216 bytes"), "{error}");
    }

    #[test]
    fn an_object_that_is_not_a_commit_is_none() {
        for text in ["", "tree x\n", "parent\n", &format!("tree {TREE}a\n")] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parsed("parent 1234"), None);
    }
}
