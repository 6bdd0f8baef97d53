//! Git LFS: files that are pointers to objects on another server
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
//!
//! A pointer stays in the tarball as it is: the object is on a server of its own kind, which tardist does not ask.
//! Here the pointers are found, so that the tarball does not count as complete.
//!
//! **Where they are looked for.** LFS replaces a file only where `.gitattributes` say `filter=lfs`. Only in a
//! tree where one of them has these words, all small files are read. So most trees cost nothing, and the patterns
//! need not be matched, because no other file looks like a pointer by chance.

use crate::{
    Error,
    content::{
        missing::Missing,
        objects::Objects,
        paths::{self, shown},
        tree::{Folder, Node, Source},
    },
    limits::content::MAX_NAMED_POINTERS,
};

/// What stands in the `.gitattributes` of a tree that uses LFS.
pub(crate) const FILTER: &str = "filter=lfs";

/// The first lines of a pointer. The second one is of releases before 1.0, which LFS still reads.
const VERSIONS: [&[u8]; 2] =
    [b"version https://git-lfs.github.com/spec/v1", b"version https://hawser.github.com/spec/v1"];

/// The longest pointer in bytes.
const MAX_POINTER: u64 = 1024;

/// The pointers of a content.
#[derive(Debug, Default)]
pub(crate) struct Pointers {
    count: usize,
    /// The paths of the first few.
    paths: Vec<String>,
}

impl Pointers {
    /// Adds those in the tree `root`, which is at the path `within` of the content.
    ///
    /// # Errors
    /// [`Error::Damaged`] where a blob is missing or broken.
    pub(crate) fn find(
        &mut self,
        root: &Folder,
        within: &[u8],
        objects: &Objects,
    ) -> Result<(), Error> {
        self.folder(root, &mut within.to_vec(), objects)
    }

    fn folder(
        &mut self,
        folder: &Folder,
        path: &mut Vec<u8>,
        objects: &Objects,
    ) -> Result<(), Error> {
        for (name, node) in folder {
            let length = paths::push(path, name);
            match node {
                Node::Folder(inner) => self.folder(inner, path, objects)?,
                Node::File(file) => {
                    if let Source::Blob(blob) | Source::Converted { blob, .. } = &file.source
                        && objects.blob_size(*blob)? <= MAX_POINTER
                        && is_pointer(&objects.blob(*blob)?)
                    {
                        self.add(path);
                    }
                }
                Node::Link(_) => {}
            }
            path.truncate(length);
        }
        Ok(())
    }

    fn add(&mut self, path: &[u8]) {
        self.count += 1;
        if self.paths.len() < MAX_NAMED_POINTERS {
            self.paths.push(shown(path));
        }
    }

    /// What is missing because of all of them; `None` if there are none.
    pub(crate) fn missing(&self) -> Option<Missing> {
        let first = self.paths.first()?;
        let more = self.count - self.paths.len();
        let public = if self.count == 1 {
            format!("{first} is a Git LFS pointer, and the file itself is not in the tarball")
        } else {
            let mut names = self.paths.join(", ");
            if more > 0 {
                names.push_str(&format!(" and {more} more"));
            }
            let count = self.count;
            format!(
                "{count} files are Git LFS pointers, and the files themselves are not in the tarball: {names}"
            )
        };
        Some(Missing::new(public, "tardist does not fetch from LFS servers".to_owned()))
    }
}

/// Whether these bytes are a pointer: the version first, an object id and a size.
fn is_pointer(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let is_version = lines.next().is_some_and(|line| VERSIONS.contains(&line));
    let (mut has_id, mut has_size) = (false, false);
    for line in lines {
        let Some(space) = line.iter().position(|&byte| byte == b' ') else { continue };
        let value = &line[space + 1..];
        match &line[..space] {
            b"oid" => {
                let hash = value.strip_prefix(b"sha256:").unwrap_or_default();
                has_id = hash.len() == 64 && hash.iter().all(u8::is_ascii_hexdigit);
            }
            b"size" => has_size = !value.is_empty() && value.iter().all(u8::is_ascii_digit),
            _ => {}
        }
    }
    is_version && has_id && has_size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_has_a_version_an_id_and_a_size() {
        let id = "7".repeat(64);
        let version = "version https://git-lfs.github.com/spec/v1\n";
        for good in [
            format!("{version}oid sha256:{id}\nsize 12345\n"),
            format!("{version}ext-0-foo sha256:{id}\noid sha256:{id}\nsize 1\n"),
            format!("version https://hawser.github.com/spec/v1\noid sha256:{id}\nsize 0\n"),
        ] {
            assert!(is_pointer(good.as_bytes()), "{good}");
        }
        for bad in [
            String::new(),
            version.to_owned(),
            format!("{version}oid sha256:{id}\n"),
            format!("{version}oid sha256:{id}\nsize x\n"),
            format!("{version}oid sha256:7\nsize 1\n"),
            format!("oid sha256:{id}\n{version}size 1\n"),
            format!("version 2\noid sha256:{id}\nsize 1\n"),
        ] {
            assert!(!is_pointer(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn the_first_few_are_named_and_all_are_counted() {
        let mut pointers = Pointers::default();
        assert_eq!(pointers.missing(), None);
        let public = |pointers: &Pointers| pointers.missing().unwrap().public;
        pointers.add(b"a.png");
        assert!(public(&pointers).starts_with("a.png is a Git LFS pointer"));
        for name in ["b", "c", "d", "e"] {
            pointers.add(name.as_bytes());
        }
        let text = public(&pointers);
        assert!(text.starts_with("5 files are Git LFS pointers"), "{text}");
        assert!(text.ends_with("a.png, b, c and 2 more"), "{text}");
    }
}
