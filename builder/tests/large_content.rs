//! What is too large fails before any of it is read. The objects here only say that they are large.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{fs, io::Write, path::Path};

use flate2::{Compression, write::ZlibEncoder};
use git2::{Oid, Repository, Signature, Time};
use tardist::{
    Error,
    content::{Cause, Content},
    tarball::{self, LargeFiles},
};

const MIB: u64 = 1 << 20;

/// Writes the header of a loose object, and nothing behind it.
fn blob_that_claims(repository: &Repository, size: u64) -> Oid {
    let id = Oid::from_str(&format!("{size:040x}")).unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(format!("blob {size}\0").as_bytes()).unwrap();
    let hex = id.to_string();
    let folder = repository.path().join("objects").join(&hex[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(&hex[2..]), zlib.finish().unwrap()).unwrap();
    id
}

/// The error of the tarball of a tree with files that claim these sizes.
fn error_of(sizes: &[u64]) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let tree = {
        let mut builder = repository.treebuilder(None).unwrap();
        for (number, size) in sizes.iter().enumerate() {
            let blob = blob_that_claims(&repository, *size);
            builder.insert(format!("file{number:04}"), blob, 0o100_644).unwrap();
        }
        repository.find_tree(builder.write().unwrap()).unwrap()
    };
    let who = Signature::new("a", "a@example.org", &Time::new(0, 0)).unwrap();
    let commit = repository.commit(None, &who, &who, "a commit", &tree, &[]).unwrap();
    drop(tree);
    // Makes a mirror of two megabytes.
    fs::write(folder.path().join("objects/pack/other.pack"), vec![0; 2 << 20]).unwrap();
    tarball_of(folder.path(), commit).unwrap_err()
}

fn tarball_of(mirror: &Path, commit: Oid) -> Result<(), Error> {
    let repository = Repository::open_bare(mirror).unwrap();
    let content = Content::read(repository, commit, |_, _| Ok(Err(Cause::default())))?;
    let (members, _) = content.members()?;
    let subject = tarball::Subject {
        name: &"Top".parse().unwrap(),
        branch: &"master".parse().unwrap(),
        commit: &commit.to_string().parse().unwrap(),
        committed_at: 0,
        url: "",
    };
    let mut out = Vec::new();
    let written = tarball::write(&content, &members, &subject, &LargeFiles::default(), &mut out);
    if let Err(Error::TooLarge { .. }) = &written {
        assert!(out.is_empty(), "nothing is written");
    }
    written.map(|written| drop(written.unwrap()))
}

#[test]
fn a_file_above_the_limit_is_named() {
    let error = error_of(&[10, 64 * MIB + 1]).to_string();
    assert!(error.contains("the file file0001 has more than 67108864 bytes"), "{error}");
}

#[test]
fn a_tarball_above_the_limit_fails_before_it_is_made() {
    let error = error_of(&[64 * MIB; 17]).to_string();
    assert!(error.contains("its tarball has more than 1073741824 bytes"), "{error}");
}

#[test]
fn content_that_has_hardly_been_fetched_may_not_be_large() {
    let error = error_of(&[60 * MIB; 5]).to_string();
    assert!(error.contains("its tarball, from a mirror of 20"), "{error}");
    assert!(error.contains("has more than 268435456 bytes"), "{error}");
}

#[test]
fn content_within_the_limits_is_read() {
    // The objects have no content: reading them fails, but not as too large.
    for sizes in [vec![64 * MIB], vec![60 * MIB; 4]] {
        assert!(matches!(error_of(&sizes), Error::Damaged { .. }));
    }
}
