//! Since when each response body is as it is: what `Last-Modified` says. Pure: no I/O.

use std::collections::BTreeMap;

use crate::{
    repository_id::RepositoryId,
    snapshot::render::{Rendered, RenderedBody},
};

/// The entity tag of each response body, and when the body last changed in Unix seconds. The key is the path and
/// media type, or the repository.
pub type Stamps = BTreeMap<String, (String, i64)>;

/// The key of a response body.
pub(super) fn answer_key(path: &str, media_type: &str) -> String {
    format!("{path} {media_type}")
}

/// The key of a repository's document.
pub(super) fn document_key(id: &RepositoryId) -> String {
    id.to_string()
}

/// The stamps of what was rendered at the time `now`. A body that is the same as in `before` keeps its time, but
/// none keeps a time in the future, which a wrong clock gave it.
pub fn renewed(rendered: &Rendered, before: &Stamps, now: i64) -> Stamps {
    let stamp = |key: String, body: &RenderedBody| {
        let at = match before.get(&key) {
            Some((etag, at)) if *etag == body.etag => (*at).min(now),
            _ => now,
        };
        (key, (body.etag.clone(), at))
    };
    let answers = rendered.answers.iter();
    let answers = answers.map(|((path, media), body)| stamp(answer_key(path, media), body));
    let documents = rendered.documents.iter().map(|(id, body)| stamp(document_key(id), body));
    answers.chain(documents).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        catalogue::Catalogue,
        snapshot::render::{Basis, render},
    };

    #[test]
    fn an_unchanged_body_keeps_its_time_unless_that_lies_in_the_future() {
        let basis = Basis { public_url: "", unreleased: &BTreeSet::new() };
        let rendered = render(&Catalogue::new(), basis).unwrap();
        let first = renewed(&rendered, &Stamps::new(), 100);
        assert!(first.values().all(|stamp| stamp.1 == 100) && !first.is_empty());
        assert_eq!(renewed(&rendered, &first, 200), first);
        let earlier = renewed(&rendered, &first, 50);
        assert!(earlier.values().all(|stamp| stamp.1 == 50));
        let mut other = first.clone();
        other.values_mut().for_each(|stamp| stamp.0 = "other".to_owned());
        assert!(renewed(&rendered, &other, 200).values().all(|stamp| stamp.1 == 200));
    }
}
