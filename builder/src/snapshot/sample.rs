//! A made-up repository with a value in every field. Its rendering changes when the code of the rendering
//! changes, so it is hashed into the [fingerprint](super::render::fingerprint).

use std::{collections::BTreeMap, sync::Arc};

use tardist_contract::{
    NameError,
    document::{Metadata, Requires},
    search,
};

use crate::{
    Error,
    catalogue::{BranchRecord, Catalogue, RepositoryRecord},
    metadata::About,
    repository_id::RepositoryId,
};

/// The search terms of a repository. Each field has another kind of word.
///
/// # Errors
/// [`Error::Bug`] if a name in it is not valid.
pub(super) fn terms(id: &RepositoryId) -> Result<String, Error> {
    let branch = "REL1_45".parse().map_err(|error| bug(&error))?;
    let texts = search::Texts {
        titles: vec!["SomeTitle 2"],
        credits: vec!["Some credits"],
        description: Some("A description, in a few words"),
        translations: vec!["Übersetzung", "翻译"],
        r#type: Some("antispam"),
        branches: vec![&branch],
    };
    Ok(search::terms(id.kind, &id.name, &texts))
}

fn bug(error: &NameError) -> Error {
    Error::Bug(format!("the sample: {error}"))
}

/// The catalogue of this repository, with two branches.
///
/// # Errors
/// [`Error::Bug`] if a name in it is not valid.
pub(super) fn catalogue() -> Result<Catalogue, Error> {
    let text = || Some("s".to_owned());
    let one = || BTreeMap::from([("s".to_owned(), "*".to_owned())]);
    let branch = BranchRecord {
        commit: "0123456789".repeat(4).parse().map_err(|error| bug(&error))?,
        committed_at: 1,
        version: text(),
        requires: Requires { mediawiki: text(), extensions: one(), skins: one(), platform: one() },
        metadata: Metadata {
            title: text(),
            description: text(),
            authors: vec!["s".to_owned()],
            license: text(),
            url: text(),
            r#type: text(),
        },
        about: Some(Arc::new(About {
            manifest_name: text(),
            composer: text(),
            extract: Some("{\"s\":1}".into()),
        })),
        messages: None,
        missing: Vec::new(),
        ingredients: Default::default(),
        recipe: String::new(),
        revision: 1,
        published_at: 1,
        problems: vec!["s".to_owned()],
        size: 1,
        sha256: "0123456789abcdef".repeat(4),
    };
    let branches = ["master", "REL1_45"];
    let branches = branches.into_iter().map(|name| Ok((name.parse()?, branch.clone().into())));
    let branches = branches.collect::<Result<_, NameError>>().map_err(|error| bug(&error))?;
    let record = RepositoryRecord { upstream: String::new(), source_url: "s".to_owned(), branches };
    Ok(Catalogue::from([("extensions/Sample".parse().map_err(|error| bug(&error))?, record)]))
}
