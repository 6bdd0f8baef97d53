//! Whether Composer has something to install, and whether that is allowed: decided from
//! `composer.json` and `composer.lock` alone.
//!
//! It owns the rule that neither file names a place on this machine.

use std::path::{Component, Path};

use serde_json::Value;

use crate::{
    Error,
    content::{composer::process::failure, files::Content},
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
    if manifest.get("require").is_none() {
        return Ok(false);
    }
    for (name, document) in [(FILES[0], Some(manifest)), (FILES[1], lock)] {
        if let Some(url) = document.as_ref().and_then(local_url) {
            return Err(failure(format!(
                "{name} names {url:?}, which is neither a path inside the repository nor an http: or https: URL"
            )));
        }
    }
    Ok(true)
}

fn read(content: &Content, name: &str) -> Result<Option<Value>, Error> {
    let Some(file) = content.file(name) else { return Ok(None) };
    if content.size(file)? > MAX_COMPOSER_JSON {
        return Err(failure(format!("{name} is longer than {MAX_COMPOSER_JSON} bytes")));
    }
    serde_json::from_slice(&content.bytes(file)?)
        .map(Some)
        .map_err(|error| failure(format!("{name} is not JSON: {error}")))
}

/// The first `url` in a document that leads to a place on this machine outside the repository.
fn local_url(document: &Value) -> Option<&str> {
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(url) = fields.get("url").and_then(Value::as_str)
                    && !is_harmless(url)
                {
                    return Some(url);
                }
                open.extend(fields.values());
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    None
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
    use serde_json::json;

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
        let lock = json!({"packages": [{"dist": {"type": "file", "url": "/etc/passwd"}}]});
        assert_eq!(local_url(&lock), Some("/etc/passwd"));
    }
}
