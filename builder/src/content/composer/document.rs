//! What a JSON file of Composer says of packages: `composer.json`, `composer.lock`, or `installed.json`.
//!
//! It owns two rules. A package comes from another server, or from a folder or an archive inside the repository: not from
//! elsewhere on this machine, and not from a repository inside this one. And no autoloader is made of files outside.

use std::{
    fmt,
    path::{Component, Path},
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::content::paths::shown;

/// What is asked of a file. The rest of it is read and not kept: as values in memory it could take a
/// hundred times as much as its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// Whether it has `require`, at the top.
    pub(super) requires: bool,
    /// Whether a package of `require` is one that an extension can load from `vendor/`.
    pub(super) has_packages: bool,
    /// The first `url` that leads to a place on this machine, other than a folder or an archive inside the repository; or
    /// the first name of a package that does so, as a folder in `vendor/`.
    pub(super) local_url: Option<String>,
    /// The first path of an autoloader that leads out of the package that has it.
    pub(super) outside: Option<String>,
}

/// What `composer.json` or `composer.lock` says.
///
/// # Errors
/// It is not JSON.
pub(super) fn parse(json: &[u8]) -> Result<Document, serde_json::Error> {
    look(json, is_remote)
}

/// The same of a file in which Composer notes what it has installed. It also names places on other machines that nothing
/// was taken from, such as `git@github.com:a/b.git`.
pub(super) fn parse_installed(json: &[u8]) -> Result<Document, serde_json::Error> {
    look(json, |url| is_remote(url) || is_elsewhere(url))
}

fn look(json: &[u8], is_remote: fn(&str) -> bool) -> Result<Document, serde_json::Error> {
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_slice(json);
    let place = &mut Place::default();
    let look = Look { document: &mut document, place, is_remote, depth: 0, at: At::Elsewhere };
    look.deserialize(&mut json)?;
    json.end()?;
    Ok(document)
}

/// What an object says of where a package comes from, in whatever order.
#[derive(Default)]
struct Place {
    /// A path inside the repository.
    path: Option<String>,
    /// Whether it has a type, and each is one of [`TYPES_OF_PATHS`].
    is_path: Option<bool>,
}

/// What a path inside the repository may be: repositories of packages, and what is in a lock file for these.
const TYPES_OF_PATHS: [&str; 4] = ["path", "artifact", "zip", "tar"];

/// Looks at a value and all values in it.
struct Look<'a> {
    document: &'a mut Document,
    /// What the object says that has this value.
    place: &'a mut Place,
    /// Whether a `url` leads to another machine.
    is_remote: fn(&str) -> bool,
    /// How many objects and arrays it is in.
    depth: usize,
    at: At,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The value of a key `url`.
    Url,
    /// The value of the key `type` beside it.
    Type,
    /// The value of a key `name`: that of a package is a folder in `vendor/`.
    Name,
    /// The value of a key `mirrors`: other servers that have the same.
    Mirrors,
    /// The value of the key `require` at the top.
    Require,
    /// The value of a key `autoload`: paths, by the way in which they are loaded.
    Autoload,
    /// Paths of an autoloader: a string, a list, or a map from namespaces.
    Paths,
    Elsewhere,
}

impl At {
    /// What the value of a key is, in an object that is this itself.
    fn of(self, key: &str, is_top: bool) -> Self {
        match key {
            // A map from namespaces may have any keys.
            _ if self == Self::Paths => Self::Paths,
            "require" if is_top => Self::Require,
            "url" => Self::Url,
            "type" => Self::Type,
            "name" => Self::Name,
            "mirrors" => Self::Mirrors,
            "autoload" | "autoload-dev" => Self::Autoload,
            "classmap" | "files" | "psr-0" | "psr-4" if self == Self::Autoload => Self::Paths,
            _ => Self::Elsewhere,
        }
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
        let Document { local_url, outside, .. } = self.document;
        match self.at {
            At::Url if (self.is_remote)(text) => {}
            At::Url if is_plain_path(text) && stays_inside(text) => {
                self.place.path = Some(text.to_owned());
            }
            At::Type => {
                let is_path = TYPES_OF_PATHS.contains(&text);
                self.place.is_path = Some(is_path && self.place.is_path.unwrap_or(true));
            }
            At::Paths if !stays_inside(text) => {
                outside.get_or_insert_with(|| shown(text.as_bytes()));
            }
            At::Name if !leads_up(text) => {}
            At::Url | At::Name => {
                local_url.get_or_insert_with(|| shown(text.as_bytes()));
            }
            At::Mirrors | At::Require | At::Autoload | At::Paths | At::Elsewhere => {}
        }
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Look { document, is_remote, depth, at, .. } = self;
        let place = &mut Place::default();
        while let Some(key) = map.next_key::<String>()? {
            let inner = at.of(&key, depth == 0);
            document.requires |= inner == At::Require;
            document.has_packages |= at == At::Require && is_library(&key);
            if at == At::Require && leads_up(&key) {
                document.local_url.get_or_insert_with(|| shown(key.as_bytes()));
            }
            let look = Look {
                document: &mut *document,
                place: &mut *place,
                is_remote,
                depth: depth + 1,
                at: inner,
            };
            map.next_value_seed(look)?;
        }
        let is_path = at != At::Mirrors && place.is_path == Some(true);
        if let Some(path) = place.path.as_deref().filter(|_| !is_path) {
            document.local_url.get_or_insert_with(|| shown(path.as_bytes()));
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        let Look { document, place, is_remote, depth, at } = self;
        let at = if matches!(at, At::Paths | At::Mirrors) { at } else { At::Elsewhere };
        loop {
            let look = Look {
                document: &mut *document,
                place: &mut *place,
                is_remote,
                depth: depth + 1,
                at,
            };
            if list.next_element_seed(look)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        // PHP takes a number or a boolean for a text.
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
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

/// True for an `http:` or `https:` URL.
fn is_remote(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
}

/// True if Composer takes a text as it is for a path, or for a pattern of paths. It replaces `~`, `$HOME` and `%HOME%`, and
/// takes some other forms for addresses of Git. The pattern `.*` stands for `..`, too.
fn is_plain_path(text: &str) -> bool {
    let is_pattern_of_dots = |part: &str| part.starts_with('.') && part.contains(['*', '?', '[']);
    !text.contains([':', '$', '%', '~', '\\', '\0', '{'])
        && !text.split('/').any(is_pattern_of_dots)
}

/// True for a name with `..`, as no package has. As a folder in `vendor/`, it would lead out of it.
fn leads_up(name: &str) -> bool {
    name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..")
}

/// True for a path that stays inside the folder that it is relative to.
fn stays_inside(path: &str) -> bool {
    let mut depth = 0_usize;
    Path::new(path).components().all(|part| match part {
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
            let json = serde_json::json!({"packages": [
                {"source": {"type": "git", "url": "git@h:x"}, "dist": {"type": "path", "url": url}},
            ]});
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
        let local = |url: &str| {
            let json = serde_json::json!({"repositories": [{"url": url, "type": "path"}]});
            parse(json.to_string().as_bytes()).unwrap().local_url
        };
        for harmless in
            ["https://example.org/x.git", "http://h/x", "lib/x", "./lib", "lib/../lib/*", ""]
        {
            assert_eq!(local(harmless), None, "{harmless}");
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
            assert!(local(harmful).is_some(), "{harmful}");
        }
    }

    /// Its configuration could name a program, which Git and others run.
    #[test]
    fn no_package_comes_from_a_repository_inside_this_one() {
        let local = |json: &str| parse(json.as_bytes()).unwrap().local_url;
        for allowed in [
            r#"{"repositories": [{"type": "path", "url": "lib"}]}"#,
            r#"{"repositories": {"a": {"url": "zips/", "type": "artifact"}}}"#,
            r#"{"packages": [{"dist": {"type": "zip", "url": "zips/a.zip"}}]}"#,
            r#"{"repositories": [{"type": "git", "url": "https://h/x.git"}]}"#,
            r#"{"type": "library", "repositories": [{"type": "path", "url": "lib"}]}"#,
        ] {
            assert_eq!(local(allowed), None, "{allowed}");
        }
        for refused in [
            r#"{"repositories": [{"type": "git", "url": "lib/"}]}"#,
            r#"{"repositories": [{"url": "lib/", "type": "vcs"}]}"#,
            r#"{"repositories": [{"type": "path", "url": "lib", "type": "hg"}]}"#,
            r#"{"repositories": [{"type": "hg", "url": "lib", "type": "path"}]}"#,
            r#"{"repositories": [{"type": "composer", "url": "lib/packages.json"}]}"#,
            r#"{"repositories": [{"type": "package", "package": {"source": {"type": "git", "url": "lib"}}}]}"#,
            r#"{"type": "path", "repositories": [{"url": "lib"}]}"#,
            r#"{"packages": [{"source": {"type": "git", "url": "https://h/x", "mirrors": [{"url": "lib"}]}}]}"#,
            r#"{"repositories": [{"type": ["path"], "url": "lib"}]}"#,
            r#"{"source": {"type": "hg", "url": "https://h", "mirrors": [{"type": "path", "url": "lib"}]}}"#,
            r#"{"repositories": [{"type": "hg", "url": 5}]}"#,
            r#"{"repositories": [{"type": "path", "url": ".*/.?/x"}]}"#,
            r#"{"packages": [{"name": "../../home/.config/git"}]}"#,
            r#"{"packages": [{"name": "/x"}]}"#,
            r#"{"require": {"a/../../x": "*"}}"#,
        ] {
            assert!(local(refused).is_some(), "{refused}");
        }
    }

    #[test]
    fn an_autoloader_has_no_files_outside_of_its_package() {
        let outside = |json: &str| parse(json.as_bytes()).unwrap().outside;
        for inside in [
            r#"{"autoload": {"psr-4": {"A\\B\\": "src/", "C\\": ["x", "./y"], "": ""}, "classmap": ["."]}}"#,
            r#"{"autoload": {"exclude-from-classmap": ["/tests/"], "files": ["a/../b.php"]}}"#,
            r#"{"extra": {"files": ["/etc/x"], "classmap": "/etc"}}"#,
        ] {
            assert_eq!(outside(inside), None, "{inside}");
        }
        for (json, path) in [
            (r#"{"autoload": {"classmap": ["/usr/share/php"]}}"#, "/usr/share/php"),
            (r#"{"autoload": {"files": ["a.php", "../../x"]}}"#, "../../x"),
            (r#"{"autoload-dev": {"psr-4": {"type": ["x", "a/../../b"]}}}"#, "a/../../b"),
            (r#"{"packages": [{"autoload": {"psr-0": {"": "/x"}}}]}"#, "/x"),
        ] {
            assert_eq!(outside(json).as_deref(), Some(path), "{json}");
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
            (r#"{"url": "https://h", "url": "/a", "b": {"url": "/c"}}"#, false, Some("/a")),
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
