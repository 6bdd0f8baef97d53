//! What a store has to get, and what it may lose: comparing what the snapshot names with what was uploaded. It asks
//! nothing and writes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// An object that the store has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The file with its bytes.
    pub file: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// True if another object may have had this name before.
    pub may_change: bool,
}

/// The objects that the store has to have, by name.
pub type WantedObjects = BTreeMap<String, Wanted>;

/// What is known of an object in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256. Empty if that is not known, since only the store's list told of it: then it is uploaded again.
    pub sha256: String,
    /// False while it is being uploaded: it may be there or not.
    pub is_there: bool,
    /// Since when no published snapshot names it. `None` while one does. The time is that of
    /// [`State::elapsed`](crate::state::State::elapsed), in milliseconds.
    pub unnamed_since: Option<i64>,
}

/// The objects of which is known that the store has them, or may have them, by name.
pub type KnownObjects = BTreeMap<String, Known>;

/// The names of the wanted objects that have to be uploaded.
pub fn missing(wanted: &WantedObjects, known: &KnownObjects) -> Vec<String> {
    let is_there = |name: &String, object: &Wanted| {
        known.get(name).is_some_and(|known| {
            // Of some it is not known which bytes they are.
            known.is_there && known.sha256 == object.sha256 && known.size == object.size
        })
    };
    wanted.iter().filter(|(name, it)| !is_there(name, it)).map(|it| it.0.clone()).collect()
}

/// Notes at the time `now`, when a snapshot that names `named` is published, since when the other objects are
/// unnamed. Returns the names of those for which that changes.
pub fn note_unnamed(known: &mut KnownObjects, named: &BTreeSet<&str>, now: i64) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, object) in known.iter_mut() {
        let since = match named.contains(name.as_str()) {
            true => None,
            // A time in the future is not believed.
            false => Some(object.unnamed_since.unwrap_or(now).min(now)),
        };
        if object.unnamed_since != since {
            object.unnamed_since = since;
            changed.push(name.clone());
        }
    }
    changed
}

/// The names of the objects that may be removed at the time `now`: those that no snapshot has named for `grace`, both
/// in milliseconds.
pub fn expired(known: &KnownObjects, grace: i64, now: i64) -> Vec<String> {
    let is_over = |object: &Known| {
        object.unnamed_since.is_some_and(|since| now.saturating_sub(since) >= grace)
    };
    known.iter().filter(|(_, object)| is_over(object)).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(sha256: &str) -> Wanted {
        let sha256 = sha256.to_owned();
        Wanted { file: "/f".into(), size: 9, sha256, may_change: false }
    }

    fn known(sha256: &str) -> Known {
        Known { size: 9, sha256: sha256.to_owned(), is_there: true, unnamed_since: None }
    }

    fn by_name<T>(objects: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
        objects.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
    }

    #[test]
    fn what_is_not_there_or_is_other_has_to_be_uploaded() {
        let wanted = by_name([
            ("same", wanted("a")),
            ("new", wanted("a")),
            ("other-bytes", wanted("a")),
            ("other-size", wanted("a")),
            ("begun", wanted("a")),
            ("listed", wanted("a")),
            ("known-plain", Wanted { may_change: true, ..wanted("a") }),
        ]);
        let known = by_name([
            ("same", known("a")),
            ("other-bytes", known("b")),
            ("other-size", Known { size: 8, ..known("a") }),
            ("begun", Known { is_there: false, ..known("a") }),
            ("listed", known("")),
            ("known-plain", known("a")),
            ("nobody-wants-it", known("a")),
        ]);
        assert_eq!(
            missing(&wanted, &known),
            ["begun", "listed", "new", "other-bytes", "other-size"]
        );
        assert_eq!(missing(&wanted, &KnownObjects::new()).len(), wanted.len());
    }

    #[test]
    fn an_object_is_removed_when_no_snapshot_has_named_it_for_the_grace_period() {
        let mut known = by_name([
            ("named", known("a")),
            ("named-again", Known { unnamed_since: Some(5), ..known("a") }),
            ("just-now", known("a")),
            ("long-ago", Known { unnamed_since: Some(100), ..known("a") }),
            ("from-the-future", Known { unnamed_since: Some(9000), ..known("a") }),
        ]);
        let named = BTreeSet::from(["named", "named-again"]);
        let changed = note_unnamed(&mut known, &named, 1000);
        assert_eq!(changed, ["from-the-future", "just-now", "named-again"]);
        assert_eq!(known["just-now"].unnamed_since, Some(1000));
        assert_eq!(known["from-the-future"].unnamed_since, Some(1000));
        assert_eq!(known["named-again"].unnamed_since, None);
        assert_eq!(expired(&known, 900, 1000), ["long-ago"]);
        assert_eq!(expired(&known, 901, 1000), [""; 0]);
        assert_eq!(expired(&known, 0, 1000), ["from-the-future", "just-now", "long-ago"]);
        assert_eq!(expired(&known, i64::MAX, 1000), [""; 0]);
        assert_eq!(note_unnamed(&mut known, &named, 2000), [""; 0]);
    }
}
