//! Whether Composer has something to install, and whether that is allowed: decided from what is in the content.
//!
//! It owns the rule that the content has no repository of Git, Mercurial and so on, whose configuration could name a
//! program that runs. The other rules are those of [`document`](super::document).

use std::collections::HashSet;

use crate::{
    Error,
    content::{
        composer::document::{Document, parse, parse_installed},
        files::Content,
        paths,
    },
    error::short,
    limits::content::MAX_COMPOSER_JSON,
};

/// The file that says what to install.
const MANIFEST: &str = "composer.json";

/// The file that says which versions of it, from where.
pub(super) const LOCK: &str = "composer.lock";

/// The file in which Composer has noted what it installed. What is in it and not wanted any more, it removes.
pub(super) const INSTALLED: &str = "vendor/composer/installed.json";

/// What `composer.json` and `composer.lock` ask Composer for.
#[derive(Debug)]
pub(crate) struct Requirements {
    /// True if a package is among them that an extension can load from `vendor/`.
    pub(crate) have_packages: bool,
    /// Whether Composer may run.
    pub(crate) allowed: Result<(), Refusal>,
}

/// Why Composer does not run.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A file is too long, or names a place on this machine.
    Dangerous(String),
    /// A file is not JSON, which Composer could not read either, or has an autoloader for files outside.
    Broken(String),
}

/// What Composer has to do; `None` if there is nothing to do, because `composer.json` has no `require`: nightly.py
/// asks the same.
///
/// # Errors
/// [`Error::Damaged`] where a file cannot be read.
pub(crate) fn of(content: &Content) -> Result<Option<Requirements>, Error> {
    let refused = |refusal| Requirements { have_packages: false, allowed: Err(refusal) };
    let manifest = match read(content, MANIFEST, parse)? {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(None),
        Err(refusal) => return Ok(Some(refused(refusal))),
    };
    if !manifest.requires {
        return Ok(None);
    }
    let have_packages = manifest.has_packages;
    let mut documents = vec![(MANIFEST, manifest)];
    for (name, parse) in [(LOCK, parse as Parse), (INSTALLED, parse_installed)] {
        match read(content, name, parse)? {
            Ok(document) => documents.extend(document.map(|document| (name, document))),
            Err(refusal) => return Ok(Some(refused(refusal))),
        }
    }
    let mut allowed = Ok(());
    for (name, document) in documents {
        if let Some(url) = document.local_url {
            allowed = Err(Refusal::Dangerous(format!(
                "{name} names {url:?}, which is neither a package, nor an http: or https: URL, nor a folder or an archive \
                 inside the repository (type path or artifact)"
            )));
        } else if let (Some(path), true) = (document.outside, allowed.is_ok()) {
            let text =
                format!("an autoload of {name} has {path:?}, which is not inside the repository");
            allowed = Err(Refusal::Broken(text));
        }
    }
    Ok(Some(Requirements { have_packages, allowed }))
}

/// A path of these that belongs to a repository of Git, Mercurial, Subversion, Fossil or Bazaar. Composer runs these systems
/// in the folders of packages, and the configuration of a repository can name programs that they run. A `.git` is in no content.
/// Git takes a folder with `HEAD`, `objects` and `refs` for a repository, and the latter two may be elsewhere (`commondir`).
pub(super) fn repository_in<'a>(paths: impl Iterator<Item = &'a [u8]> + Clone) -> Option<&'a [u8]> {
    const NAMES: [&[u8]; 5] = [b".hg", b".svn", b".fslckout", b"_FOSSIL_", b".bzr"];
    let all: HashSet<&[u8]> = paths.clone().collect();
    paths.into_iter().find(|path| {
        let (folder, name) = paths::split(path);
        let has = |name: &str| all.contains(&*paths::join(folder, name.as_bytes()));
        NAMES.contains(&name)
            || (name == b"HEAD" && (has("commondir") || (has("objects") && has("refs"))))
    })
}

/// Looks at the JSON of a file.
type Parse = fn(&[u8]) -> Result<Document, serde_json::Error>;

/// What a file says; `None` if it is not there.
fn read(
    content: &Content,
    name: &str,
    parse: Parse,
) -> Result<Result<Option<Document>, Refusal>, Error> {
    let Some(file) = content.file(name) else { return Ok(Ok(None)) };
    if content.size(file)? > MAX_COMPOSER_JSON {
        let text = format!("{name} is longer than {MAX_COMPOSER_JSON} bytes");
        return Ok(Err(Refusal::Dangerous(text)));
    }
    let broken = |error| Refusal::Broken(format!("{name} is not JSON: {}", short(&error)));
    Ok(parse(&content.bytes(file)?).map(Some).map_err(broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_known_by_what_is_in_its_folder() {
        let found = |paths: &[&str]| {
            let paths = paths.iter().map(|path| path.as_bytes());
            repository_in(paths).map(|path| String::from_utf8_lossy(path).into_owned())
        };
        for none in [
            &["HEAD", "config", "objects"][..],
            &["a/HEAD", "b/objects", "b/refs"],
            &["head", "objects", "refs"],
            &["hg", "x.svn/a"],
        ] {
            assert_eq!(found(none), None, "{none:?}");
        }
        for (paths, path) in [
            (&["a/HEAD", "a/objects", "a/objects/x", "a/refs"][..], "a/HEAD"),
            (&["refs", "objects", "HEAD"], "HEAD"),
            (&["HEAD", "commondir"], "HEAD"),
            (&["a", "a/.hg", "a/.hg/hgrc"], "a/.hg"),
            (&["x/.svn"], "x/.svn"),
            (&["_FOSSIL_"], "_FOSSIL_"),
        ] {
            assert_eq!(found(paths).as_deref(), Some(path), "{paths:?}");
        }
    }
}
