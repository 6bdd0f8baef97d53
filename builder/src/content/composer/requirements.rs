//! Whether Composer has something to install, and whether that is allowed: decided from
//! `composer.json` and `composer.lock` alone.
//!
//! It owns the rule that neither file names a place on this machine.

use std::{
    fmt,
    path::{Component, Path},
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{
    Error,
    content::{files::Content, paths::shown},
    error::short,
    limits::content::MAX_COMPOSER_JSON,
};

/// The files that tell Composer what to install from where.
const FILES: [&str; 2] = ["composer.json", "composer.lock"];

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
    /// A file is not JSON: Composer could not read it either.
    Broken(String),
}

/// What Composer has to do; `None` if there is nothing to do, because `composer.json` has no `require`: nightly.py
/// asks the same.
///
/// # Errors
/// [`Error::Damaged`] where a file cannot be read.
pub(crate) fn of(content: &Content) -> Result<Option<Requirements>, Error> {
    let refused = |refusal| Requirements { have_packages: false, allowed: Err(refusal) };
    let manifest = match read(content, FILES[0])? {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(None),
        Err(refusal) => return Ok(Some(refused(refusal))),
    };
    if !manifest.requires {
        return Ok(None);
    }
    let lock = match read(content, FILES[1])? {
        Ok(lock) => lock,
        Err(refusal) => return Ok(Some(refused(refusal))),
    };
    let have_packages = manifest.has_packages;
    let mut allowed = Ok(());
    for (name, document) in [(FILES[0], Some(manifest)), (FILES[1], lock)] {
        if let Some(url) = document.and_then(|document| document.local_url) {
            allowed = Err(Refusal::Dangerous(format!(
                "{name} names {url:?}, which is neither a path inside the repository nor an http: or https: URL"
            )));
        }
    }
    Ok(Some(Requirements { have_packages, allowed }))
}

/// What a file says; `None` if it is not there.
fn read(content: &Content, name: &str) -> Result<Result<Option<Document>, Refusal>, Error> {
    let Some(file) = content.file(name) else { return Ok(Ok(None)) };
    if content.size(file)? > MAX_COMPOSER_JSON {
        let text = format!("{name} is longer than {MAX_COMPOSER_JSON} bytes");
        return Ok(Err(Refusal::Dangerous(text)));
    }
    let broken = |error| Refusal::Broken(format!("{name} is not JSON: {}", short(&error)));
    Ok(parse(&content.bytes(file)?).map(Some).map_err(broken))
}

/// Whether an extension can load a package of this name from `vendor/`.
///
/// A name without a slash is the platform's: `php`, `ext-json`, `lib-curl`, `composer-runtime-api`
/// (<https://getcomposer.org/doc/articles/composer-platform-dependencies.md>). `composer/installers` is a plugin
/// of Composer itself, and `mediawiki/…` are other extensions and skins, which the wiki has elsewhere: Semantic Extra
/// Special Properties requires PHP, that plugin and `mediawiki/semantic-media-wiki`, and nothing else. A few names with
/// `mediawiki/` are libraries, but whoever requires these requires others, too.
fn is_library(package: &str) -> bool {
    let package = package.to_ascii_lowercase();
    package.contains('/') && package != "composer/installers" && !package.starts_with("mediawiki/")
}

/// What is asked of a file. The rest of it is read and not kept: as values in memory it could take a
/// hundred times as much as its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// Whether it has `require`, at the top.
    requires: bool,
    /// Whether a package of `require` is one that an extension can load from `vendor/`.
    pub(super) has_packages: bool,
    /// The first `url` that leads to a place on this machine outside the repository.
    pub(super) local_url: Option<String>,
}

pub(super) fn parse(json: &[u8]) -> Result<Document, serde_json::Error> {
    look(json, is_harmless)
}

/// The same of a file in which Composer notes what it has installed. It also names places on other machines that nothing
/// was taken from, such as `git@github.com:a/b.git`.
pub(super) fn parse_installed(json: &[u8]) -> Result<Document, serde_json::Error> {
    look(json, |url| is_harmless(url) || is_elsewhere(url))
}

fn look(json: &[u8], is_allowed: fn(&str) -> bool) -> Result<Document, serde_json::Error> {
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_slice(json);
    let look = Look { document: &mut document, is_allowed, depth: 0, at: At::Elsewhere };
    look.deserialize(&mut json)?;
    json.end()?;
    Ok(document)
}

/// Looks at a value and all values in it.
struct Look<'a> {
    document: &'a mut Document,
    /// Whether a `url` may be there.
    is_allowed: fn(&str) -> bool,
    /// How many objects and arrays it is in.
    depth: usize,
    at: At,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The value of a key `url`.
    Url,
    /// The value of the key `require` at the top.
    Require,
    Elsewhere,
}

impl Look<'_> {
    fn inner(&mut self, at: At) -> Look<'_> {
        Look { document: self.document, is_allowed: self.is_allowed, depth: self.depth + 1, at }
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.at == At::Url && self.document.local_url.is_none() && !(self.is_allowed)(text) {
            self.document.local_url = Some(shown(text.as_bytes()));
        }
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let at = match key.as_str() {
                "require" if self.depth == 0 => At::Require,
                "url" => At::Url,
                _ => At::Elsewhere,
            };
            self.document.requires |= at == At::Require;
            self.document.has_packages |= self.at == At::Require && is_library(&key);
            map.next_value_seed(self.inner(at))?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut list: S) -> Result<(), S::Error> {
        while list.next_element_seed(self.inner(At::Elsewhere))?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// True for an `http:` or `https:` URL, and for a path that stays inside the repository. Composer
/// replaces `~`, `$HOME` and `%HOME%`, and takes some other forms for addresses of Git.
fn is_harmless(url: &str) -> bool {
    if ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return true;
    }
    let mut depth = 0_usize;
    !url.contains([':', '$', '%', '~', '\\', '\0', '{'])
        && Path::new(url).components().all(|part| match part {
            Component::Normal(_) => {
                depth += 1;
                true
            }
            Component::CurDir => true,
            Component::ParentDir => {
                depth = depth.wrapping_sub(1);
                depth != usize::MAX
            }
            Component::RootDir | Component::Prefix(_) => false,
        })
}

/// True for a URL of another protocol, and for Git's `USER@HOST:PATH`: they lead to no file of this machine.
fn is_elsewhere(url: &str) -> bool {
    let is_of_host = |text: &str| {
        text.contains('@')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._-".contains(&byte))
    };
    ["ssh://", "git://", "svn://"].iter().any(|scheme| url.starts_with(scheme))
        || url.split_once(':').is_some_and(|(host, _)| is_of_host(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_installed_may_name_other_machines_and_not_this_one() {
        let local = |url: &str| {
            let json =
                serde_json::json!({"packages": [{"source": {"url": "git@h:x"}}, {"url": url}]});
            parse_installed(json.to_string().as_bytes()).unwrap().local_url
        };
        for url in ["https://h/x.zip", "git@github.com:a/b.git", "ssh://h/x", "git://h/x", "lib"] {
            assert_eq!(local(url), None);
        }
        for url in ["file:///etc/x", "FILE:///etc/x", "/etc/x", "../x", "ext::sh -c x@y:z", "C:\\x"]
        {
            assert!(local(url).is_some(), "{url}");
        }
    }

    #[test]
    fn no_package_comes_from_a_place_on_this_machine() {
        for harmless in
            ["https://example.org/x.git", "http://h/x", "lib/x", "./lib", "lib/../lib/*", ""]
        {
            assert!(is_harmless(harmless), "{harmless}");
        }
        for harmful in [
            "/etc",
            "../other",
            "lib/../../other",
            "~/x",
            "$HOME/x",
            "%HOME%/x",
            "file:///etc/passwd",
            "git@example.org:x",
            "ext::sh",
            "HTTP:/x",
        ] {
            assert!(!is_harmless(harmful), "{harmful}");
        }
    }

    #[test]
    fn a_package_is_what_an_extension_can_load() {
        for (json, has) in [
            (r#"{"require": {"php": ">=8", "ext-json": "*", "lib-curl": "*"}}"#, false),
            (r#"{"require": {"composer-runtime-api": "^2", "Composer/Installers": "^2"}}"#, false),
            (r#"{"require": {"mediawiki/semantic-media-wiki": "^4"}}"#, false),
            (r#"{"require-dev": {"a/b": "1"}, "suggest": {"a/b": "x"}, "a/b": {}}"#, false),
            (r#"{"require": {"php": {"a/b": "1"}}}"#, false),
            (r#"{"extra": {"require": {"a/b": "1"}}}"#, false),
            (r#"{"require": {"php": ">=8", "example/library": "^2"}}"#, true),
        ] {
            assert_eq!(parse(json.as_bytes()).unwrap().has_packages, has, "{json}");
        }
    }

    #[test]
    fn what_is_asked_of_a_file_is_found_wherever_it_stands() {
        let lock = br#"{"packages": [{"dist": {"type": "file", "url": "/etc/passwd"}}]}"#;
        let found = parse(lock).unwrap();
        assert_eq!((found.requires, found.local_url.as_deref()), (false, Some("/etc/passwd")));
        for (json, requires, url) in [
            (r#"{"require": null}"#, true, None),
            (r#"{"require-dev": {}, "config": {"require": {}}}"#, false, None),
            (
                r#"{"require": {}, "x": [1, -2, 3.5, true, null, {"url": {"url": "../x"}}]}"#,
                true,
                Some("../x"),
            ),
            (r#"{"url": "lib", "url": "/a", "b": {"url": "/c"}}"#, false, Some("/a")),
            (r#"["/a", {"urls": "/b", "url": ["/c"]}]"#, false, None),
            ("1", false, None),
        ] {
            let found = parse(json.as_bytes()).unwrap();
            assert_eq!((found.requires, found.local_url.as_deref()), (requires, url), "{json}");
        }
        for bad in ["", "{", "{} x", &"[".repeat(1000)] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:.10}");
        }
    }
}
