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
            .map(|(name, it)| (name, branch(it, messages.clone(), generated_at)))
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
    let missing = (!document.complete).then(|| Missing {
        public: document.problems.first().cloned().unwrap_or_default(),
        reason: "it was incomplete in the snapshot that the state was made from".to_owned(),
        remedy: None,
        may_pass: true,
    });
    BranchRecord {
        commit: document.commit,
        committed_at: seconds(&document.committed_at).unwrap_or_default(),
        version: document.version,
        requires: document.requires,
        metadata: document.metadata,
        messages,
        problems: document.problems,
        missing: missing.into_iter().collect(),
        ingredients: Ingredients::default(),
        recipe: ADOPTED.to_owned(),
        revision: revision.saturating_sub(1),
        published_at: seconds(&document.published_at).unwrap_or(generated_at),
        size: document.tarball.size,
        sha256: document.tarball.sha256,
    }
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
