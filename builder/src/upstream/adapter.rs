//! What the configuration needs to know of a type of upstream: its name, the keys of its table, and
//! how it is checked and opened. Each type describes itself by one [`Adapter`].

use std::collections::BTreeMap;

use super::listing::Upstream;
use crate::net::Origin;

/// A type of upstream.
#[derive(Debug)]
pub(super) struct Adapter {
    /// Its name: what stands before the `=` of `TYPE=URL`, and the value of the key `type`.
    pub(super) name: &'static str,
    /// What stands behind the `=`, as an example.
    pub(super) example: &'static str,
    /// The keys of its table, besides `type`. The first one is its location, and has to be there.
    pub(super) keys: &'static [Key],
    /// Checks the values as far as that goes without reading a file. The error says what is wrong,
    /// and what to write.
    pub(super) check: fn(&Values) -> Result<(), String>,
    /// Makes the upstream; reads the files that the values name. The error says what is wrong with
    /// these, a line each.
    pub(super) open: fn(&Values) -> Result<Box<dyn Upstream>, String>,
}

impl PartialEq for Adapter {
    /// A name stands for one type only.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Adapter {}

impl Adapter {
    /// The key of its location: a URL or a path.
    pub(super) fn location(&self) -> Key {
        self.keys.first().copied().unwrap_or(Key::url("url"))
    }

    /// The key of this name, where it has one.
    pub(super) fn key(&self, name: &str) -> Option<Key> {
        self.keys.iter().copied().find(|key| key.name == name)
    }
}

/// A key of a table. A key has the same type of value in all types of upstreams that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A http or https URL; slashes at its end are dropped.
    Url,
    /// A path of this machine.
    Path,
    /// Any text.
    Text,
    /// True or false.
    Flag,
}

impl Key {
    pub(super) const fn url(name: &'static str) -> Self {
        Self { name, takes: Takes::Url }
    }

    pub(super) const fn path(name: &'static str) -> Self {
        Self { name, takes: Takes::Path }
    }

    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, takes: Takes::Text }
    }

    pub(super) const fn flag(name: &'static str) -> Self {
        Self { name, takes: Takes::Flag }
    }
}

/// A value of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
}

/// The values of a table, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<&'static str, Value>);

impl Values {
    /// Sets the value of a key. A URL is checked, and loses the slashes at its end.
    ///
    /// # Errors
    /// What is wrong with a URL.
    pub(super) fn set(&mut self, key: Key, value: Value) -> Result<(), String> {
        let value = match value {
            Value::Text(url) if key.takes == Takes::Url => {
                Value::Text(checked_url(key.name, &url)?)
            }
            value => value,
        };
        self.0.insert(key.name, value);
        Ok(())
    }

    /// The value of a key, where it is given.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The text, URL or path of a key, where it is given.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key)? {
            Value::Text(text) => Some(text),
            Value::Flag(_) => None,
        }
    }

    /// Whether a flag is set, where it is given.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.0.get(key)? {
            Value::Text(_) => None,
            Value::Flag(flag) => Some(*flag),
        }
    }

    /// The URL of the upstream: the value of `url`, which its types have checked to be there.
    pub(super) fn url(&self) -> &str {
        self.text("url").unwrap_or_default()
    }

    /// How many keys have a value.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A URL that can be asked, without slashes at its end.
fn checked_url(key: &str, text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    if Origin::of(url).is_none() {
        return Err(format!("{key}: {text:?} is not an http or https URL without a user part"));
    }
    if url.contains(['?', '#']) || !url.chars().all(|c| c.is_ascii_graphic()) {
        return Err(format!(
            "{key}: {text:?} is more than an address: leave out what begins with ? or #"
        ));
    }
    Ok(url.to_owned())
}

/// The path of a URL, without slashes around it.
pub(super) fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

/// A URL without its path.
pub(super) fn root_of(url: &str) -> &str {
    url.strip_suffix(path_of(url)).unwrap_or(url).trim_end_matches('/')
}

/// True where each part of a path is plain text: it needs no escapes in a URL, and is not `..`.
pub(super) fn is_plain_path(path: &str) -> bool {
    path.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
    })
}
