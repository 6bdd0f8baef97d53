//! What is published, read as the functions read it: from the documents of the snapshot, not from what
//! the builder keeps for itself. And whether all of it is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::disk::{paths, sha256};

/// The folders of the two kinds in `dist/`.
pub(crate) const KINDS: [&str; 2] = ["extensions", "skins"];

/// A published tarball, as `/info` has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// Its repository: `extensions/NAME` or `skins/NAME`.
    pub id: String,
    /// Its branch.
    pub branch: String,
    /// Its commit: 40 hexadecimal digits.
    pub commit: String,
    /// Its path below `dist/`: `extensions/FILE`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// An answer that a snapshot has ready.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ready {
    /// Its path: `/info/skins`.
    pub(crate) path: String,
    /// Its `ETag`, without quotes.
    pub(crate) etag: String,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
}

fn open(snapshot: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(snapshot, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The tarballs that a snapshot names.
///
/// # Errors
/// The snapshot is missing or cannot be read; the text says why.
pub fn published(snapshot: &Path) -> Result<Vec<Published>, String> {
    let documents = || -> rusqlite::Result<Vec<(String, String, String)>> {
        let snapshot = open(snapshot)?;
        let mut select = snapshot.prepare("SELECT kind, name, document FROM repository")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
    };
    let documents = documents().map_err(|error| format!("the snapshot: {error}"))?;
    let mut all = Vec::new();
    for (kind, name, document) in documents {
        let document: Value = serde_json::from_str(&document).map_err(|it| format!("{it}"))?;
        for (branch, info) in document["branches"].as_object().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let tarball = &info["tarball"];
            all.push(Published {
                id: format!("{kind}/{name}"),
                branch: branch.clone(),
                commit: text(&info["commit"]),
                path: format!("{kind}/{}", text(&tarball["file"])),
                size: tarball["size"].as_u64().unwrap_or_default(),
                sha256: text(&tarball["sha256"]),
            });
        }
    }
    Ok(all)
}

/// The answers that a snapshot has ready, with their entity tags.
///
/// # Errors
/// The snapshot is missing or cannot be read.
pub(crate) fn ready(snapshot: &Path) -> rusqlite::Result<Vec<Ready>> {
    let snapshot = open(snapshot)?;
    let mut select = snapshot.prepare(
        "SELECT path, etag, body FROM answer WHERE media_type = 'application/json' \
         UNION ALL \
         SELECT '/info/' || kind || '/' || name, etag, CAST(document AS BLOB) FROM repository",
    )?;
    let rows = select.query_map([], |row| {
        Ok(Ready { path: row.get(0)?, etag: row.get(1)?, body: row.get(2)? })
    })?;
    rows.collect()
}

/// What of the published files is not whole: the snapshot itself, the tarballs that it names, and those
/// that `SHA256SUMS` names.
#[must_use]
pub fn broken(data: &Path) -> Vec<String> {
    let snapshot = data.join("snapshot.db");
    let mut complaints: Vec<String> = broken_snapshot(&snapshot).into_iter().collect();
    match published(&snapshot) {
        Ok(all) => {
            for it in all {
                complaints.extend(wrong(data, &it.path, Some(it.size), &it.sha256));
            }
        }
        Err(error) => complaints.push(error),
    }
    for (path, sha256) in sums(data) {
        complaints.extend(wrong(data, &path, None, &sha256).map(|it| format!("SHA256SUMS: {it}")));
    }
    complaints
}

/// What SQLite finds wrong with a snapshot, if anything.
pub(crate) fn broken_snapshot(snapshot: &Path) -> Option<String> {
    let integrity = open(snapshot)
        .and_then(|db| db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
    match integrity {
        Ok(text) if text == "ok" => None,
        Ok(text) => Some(format!("the snapshot is damaged: {text}")),
        Err(error) => Some(format!("the snapshot cannot be read: {error}")),
    }
}

/// What is wrong with a tarball, if anything.
fn wrong(data: &Path, path: &str, size: Option<u64>, expected: &str) -> Option<String> {
    let bytes = match fs::read(data.join("dist").join(path)) {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("{path}: {error}")),
    };
    if size.is_some_and(|size| size != bytes.len() as u64) {
        return Some(format!("{path} has {} bytes instead of {size:?}", bytes.len()));
    }
    (sha256(&bytes) != expected).then(|| format!("{path} has another SHA-256"))
}

/// What both `SHA256SUMS` name: the SHA-256, by the path below `dist/`.
fn sums(data: &Path) -> BTreeMap<String, String> {
    let mut sums = BTreeMap::new();
    for kind in KINDS {
        let path = data.join("dist").join(kind).join("SHA256SUMS");
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            let (sum, file) = line.split_once("  ").unwrap_or((line, ""));
            sums.insert(format!("{kind}/{file}"), sum.to_owned());
        }
    }
    sums
}

/// What both `index.html` link to: paths below `dist/`.
fn linked(data: &Path) -> BTreeSet<String> {
    let mut linked = BTreeSet::new();
    for kind in KINDS {
        let path = data.join("dist").join(kind).join("index.html");
        let page = fs::read_to_string(path).unwrap_or_default();
        let links = page.split("<a href=\"").skip(1).filter_map(|it| it.split('"').next());
        linked.extend(links.filter(|it| *it != "SHA256SUMS").map(|it| format!("{kind}/{it}")));
    }
    linked
}

/// What a whole cycle must not leave: unfinished files, and lists of tarballs that are not those of
/// the snapshot.
#[must_use]
pub(crate) fn untidy(data: &Path) -> Vec<String> {
    let marks = [".unfinished-", ".lock", "pack_git2_", "-journal", "-wal"];
    let files = paths(data).into_iter().map(|path| path.display().to_string());
    let mut complaints: Vec<String> = files
        .filter(|path| marks.iter().any(|mark| path.contains(mark)))
        .map(|path| format!("{path} is left"))
        .collect();
    let named: BTreeSet<(String, String)> = published(&data.join("snapshot.db"))
        .unwrap_or_default()
        .into_iter()
        .map(|it| (it.path, it.sha256))
        .collect();
    if sums(data).into_iter().collect::<BTreeSet<_>>() != named {
        complaints.push("SHA256SUMS does not name what the snapshot names".to_owned());
    }
    if linked(data) != named.into_iter().map(|(path, _)| path).collect() {
        complaints.push("index.html does not link to what the snapshot names".to_owned());
    }
    complaints
}
