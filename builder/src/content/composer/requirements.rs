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
    content::{composer::process::failure, files::Content, paths::shown},
    limits::content::MAX_COMPOSER_JSON,
};

/// The files that tell Composer what to install from where.
const FILES: [&str; 2] = ["composer.json", "composer.lock"];

/// Whether `composer.json` has `require`: nightly.py asks the same.
///
/// # Errors
/// [`Error::Composer`] if a file is too long, is not JSON, or names a place on this machine.
pub(crate) fn are_there(content: &Content) -> Result<bool, Error> {
    let [Some(manifest), lock] = [read(content, FILES[0])?, read(content, FILES[1])?] else {
        return Ok(false);
    };
    if !manifest.requires {
        return Ok(false);
    }
    for (name, document) in [(FILES[0], Some(manifest)), (FILES[1], lock)] {
        if let Some(url) = document.and_then(|document| document.local_url) {
            return Err(failure(format!(
                "{name} names {url:?}, which is neither a path inside the repository nor an http: or https: URL"
            )));
        }
    }
    Ok(true)
}

fn read(content: &Content, name: &str) -> Result<Option<Document>, Error> {
    let Some(file) = content.file(name) else { return Ok(None) };
    if content.size(file)? > MAX_COMPOSER_JSON {
        return Err(failure(format!("{name} is longer than {MAX_COMPOSER_JSON} bytes")));
    }
    parse(&content.bytes(file)?)
        .map(Some)
        .map_err(|error| failure(format!("{name} is not JSON: {error}")))
}

/// What is asked of a file. The rest of it is read and not kept: as values in memory it could take a
/// hundred times as much as its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// Whether it has `require`, at the top.
    requires: bool,
    /// The first `url` that leads to a place on this machine outside the repository.
    pub(super) local_url: Option<String>,
}

pub(super) fn parse(json: &[u8]) -> Result<Document, serde_json::Error> {
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_slice(json);
    Look { document: &mut document, depth: 0, is_url: false }.deserialize(&mut json)?;
    json.end()?;
    Ok(document)
}

/// Looks at a value and all values in it.
struct Look<'a> {
    document: &'a mut Document,
    /// How many objects and arrays it is in.
    depth: usize,
    /// Whether it is the value of a key `url`.
    is_url: bool,
}

impl Look<'_> {
    fn inner(&mut self, is_url: bool) -> Look<'_> {
        Look { document: self.document, depth: self.depth + 1, is_url }
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
        if self.is_url && self.document.local_url.is_none() && !is_harmless(text) {
            self.document.local_url = Some(shown(text.as_bytes()));
        }
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.document.requires |= self.depth == 0 && key == "require";
            map.next_value_seed(self.inner(key == "url"))?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut list: S) -> Result<(), S::Error> {
        while list.next_element_seed(self.inner(false))?.is_some() {}
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

#[cfg(test)]
mod tests {
    use super::*;

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
