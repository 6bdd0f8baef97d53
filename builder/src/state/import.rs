//! Makes the catalogue from a snapshot, for a builder that has no state or an older one.
//!
//! The documents of a snapshot have nearly everything. What they do not have is made again later: what was missing
//! from an incomplete tarball, and which settings mattered. All branches of a repository get the titles and
//! descriptions that are published, which are those of its newest branches.

use tardist_contract::{Kind, document};

use crate::{
    Error,
    catalogue::{ADOPTED, BranchRecord, Catalogue, Messages, RepositoryRecord},
    content::{Ingredients, Missing},
    repository_id::RepositoryId,
    snapshot::{Snapshot, Stamps, read::Localized},
};

/// What a snapshot gives.
pub(super) struct Imported {
    pub(super) catalogue: Catalogue,
    pub(super) stamps: Stamps,
    /// The tarballs that it says are no longer named, with the time of the clock since when.
    pub(super) retired: Vec<((Kind, String), i64)>,
}

/// The catalogue of a snapshot, with all texts in memory.
///
/// # Errors
/// [`Error::Bug`] if texts cannot be written as JSON.
pub fn catalogue_of(snapshot: &Snapshot) -> Result<Catalogue, Error> {
    Ok(import(snapshot)?.catalogue)
}

/// Reads a snapshot.
///
/// # Errors
/// [`Error::Bug`] if texts cannot be written as JSON.
pub(super) fn import(snapshot: &Snapshot) -> Result<Imported, Error> {
    let read = || Ok((snapshot.documents()?, snapshot.localized()?, snapshot.stamps()?));
    let (documents, mut localized, stamps) = match read() {
        Ok(all) => all,
        Err::<_, rusqlite::Error>(error) => {
            tracing::warn!("the snapshot is damaged, so nothing is taken from it: {error}");
            Default::default()
        }
    };
    let mut catalogue = Catalogue::new();
    for document in documents {
        let id = RepositoryId { kind: document.kind, name: document.name.clone() };
        let texts = localized.remove(&id).unwrap_or_default();
        catalogue.insert(id, repository(document, &texts, snapshot.generated_at)?);
    }
    Ok(Imported { catalogue, stamps, retired: snapshot.retired().unwrap_or_default() })
}

fn repository(
    document: document::Repository,
    texts: &Localized,
    generated_at: i64,
) -> Result<RepositoryRecord, Error> {
    let messages = Messages::new(&texts.titles, &texts.descriptions)?;
    let branches = document.branches.into_iter();
    Ok(RepositoryRecord {
        upstream: String::new(),
        source_url: document.source_url,
        branches: branches
            .map(|(name, it)| (name, branch(it, messages.clone(), generated_at).into()))
            .collect(),
    })
}

fn branch(
    document: document::Branch,
    messages: Option<Messages>,
    generated_at: i64,
) -> BranchRecord {
    let seconds = |text: &str| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    let plain_end = format!("-{}.tar.gz", document.commit.short());
    let name = document.tarball.file.as_str();
    let revision = match name.strip_suffix(".tar.gz").and_then(|name| name.rsplit_once('-')) {
        Some((_, number)) if !name.ends_with(&plain_end) => number.parse().unwrap_or(1),
        _ => 1_u32,
    };
    let mut problems = document.problems;
    let mut is_complete = document.complete;
    for problem in &mut problems {
        if let Some(public) = left_empty(problem) {
            *problem = public;
            is_complete = false;
        }
    }
    let missing = if is_complete { Vec::new() } else { missing(&problems) };
    BranchRecord {
        commit: document.commit,
        committed_at: seconds(&document.committed_at).unwrap_or_default(),
        version: document.version,
        requires: document.requires,
        metadata: document.metadata,
        about: None,
        messages,
        problems,
        missing,
        ingredients: Ingredients::default(),
        recipe: ADOPTED.to_owned(),
        revision: revision.saturating_sub(1),
        published_at: seconds(&document.published_at).unwrap_or(generated_at),
        size: document.tarball.size,
        sha256: document.tarball.sha256,
    }
}

/// What is missing from a tarball that the snapshot says is incomplete: the problems that say so. Why it is missing is
/// not in the snapshot.
fn missing(problems: &[String]) -> Vec<Missing> {
    let says_so = |problem: &&String| problem.contains("not in the tarball");
    let missing = |public: &String| Missing {
        public: public.clone(),
        reason: "it was incomplete in the snapshot that the state was made from".to_owned(),
        remedy: None,
        may_pass: true,
    };
    let found: Vec<Missing> = problems.iter().filter(says_so).map(missing).collect();
    match found.is_empty() {
        true => vec![missing(&problems.first().cloned().unwrap_or_default())],
        false => found,
    }
}

/// The problem of a submodule that is missing, in today's words, from those of snapshots before version 4. These said
/// this only as a problem, and with the reason, which is not for the public.
fn left_empty(problem: &str) -> Option<String> {
    let (path, _) = problem.strip_prefix("the submodule ")?.split_once(" is left empty: ")?;
    Some(format!("the submodule {path} is not in the tarball"))
}

/// The catalogue of a newer snapshot, with those records of an older state that are about the same tarballs.
pub(super) fn merge(mut newer: Catalogue, known: Catalogue) -> Catalogue {
    for (id, repository) in known {
        let Some(imported) = newer.get_mut(&id) else { continue };
        for (branch, record) in repository.branches {
            if let Some(it) = imported.branches.get_mut(&branch)
                && (&it.commit, it.revision, &it.sha256)
                    == (&record.commit, record.revision, &record.sha256)
            {
                *it = record;
            }
        }
        imported.upstream = repository.upstream;
    }
    newer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The problems, and what is missing, of a branch with these problems in a snapshot.
    fn imported(is_complete: Option<bool>, problems: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut document = json!({
            "commit": "a".repeat(40), "committed_at": "2026-01-01T00:00:00Z", "requires": document::Requires::default(),
            "metadata": document::Metadata::default(),
            "problems": problems,
            "tarball": {"file": "X-master-aaaaaaa.tar.gz", "url": "/x", "size": 1, "sha256": "f"},
        });
        if let Some(is_complete) = is_complete {
            document["complete"] = json!(is_complete);
        }
        let record = branch(serde_json::from_value(document).unwrap(), None, 1);
        (record.problems, record.missing.into_iter().map(|it| it.public).collect())
    }

    #[test]
    fn all_that_is_missing_is_known_after_an_import() {
        let link = "the symbolic link a to b is left out: it points to nothing";
        let lost = ["lib/a", "lib/b"].map(|it| format!("the submodule {it} is not in the tarball"));
        let all = [lost[0].as_str(), link, &lost[1]];
        assert_eq!(imported(Some(false), &all).1, lost);
        assert_eq!(imported(Some(true), &[link]).1, [""; 0]);
        assert_eq!(imported(Some(false), &["half of it is gone"]).1, ["half of it is gone"]);
    }

    #[test]
    fn what_old_snapshots_say_is_left_empty_is_missing_and_loses_its_reason() {
        let link = "the symbolic link a to b is left out: it points to nothing";
        let old = "the submodule lib/a is left empty: https://internal.example/a: not allowed";
        let (problems, missing) = imported(None, &[old, link]);
        assert_eq!(problems, ["the submodule lib/a is not in the tarball", link]);
        assert_eq!(missing, problems[..1]);
        assert_eq!(imported(None, &[link]).1, [""; 0]);
    }
}
