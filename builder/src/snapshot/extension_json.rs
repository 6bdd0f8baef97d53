//! `/ExtensionJson.json` and `/SkinJson.json`: the manifests of all extensions or skins by the name of their page on
//! mediawiki.org, as wikimedia/labs-tools-extjsonuploader makes them for `Module:ExtensionJson`.
//!
//! It owns the names of the pages; the values are in the catalogue ([`About`](crate::metadata::About)).

use std::collections::BTreeMap;

use tardist_contract::Kind;

use crate::{
    catalogue::{BranchRecord, Catalogue},
    repository_id::RepositoryId,
};

/// The path of the answer for a kind.
pub(super) fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::Extensions => "/ExtensionJson.json",
        Kind::Skins => "/SkinJson.json",
    }
}

/// The body of the answer: a JSON object from page name to manifest. Two repositories may claim one page, and anyone may
/// push such a claim. Then the one whose name is most [like](Likeness) that of the page has it, else the first in the
/// order of names.
pub(super) fn body(catalogue: &Catalogue, kind: Kind) -> String {
    let mut pages: BTreeMap<String, (Likeness, &str)> = BTreeMap::new();
    for (id, repository) in catalogue.iter().filter(|(id, _)| id.kind == kind) {
        let Some((record, extract)) = repository.branches.values().find_map(|it| extract(it))
        else {
            continue;
        };
        let Some(page) = page(record, kind) else { continue };
        let likeness = Likeness::of(id, &page);
        let place = pages.entry(page).or_insert((likeness, extract));
        if likeness > place.0 {
            *place = (likeness, extract);
        }
    }
    let members = pages.iter().map(|(page, (_, extract))| {
        format!("{}:{extract}", serde_json::Value::from(page.as_str()))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn extract(record: &BranchRecord) -> Option<(&BranchRecord, &str)> {
    Some((record, record.about.as_ref()?.extract.as_deref()?))
}

/// The page that the manifest names on mediawiki.org, without its namespace; else the name of the manifest.
fn page(record: &BranchRecord, kind: Kind) -> Option<String> {
    let named = record.metadata.url.as_deref().and_then(|url| page_of(url, kind));
    named.or_else(|| record.about.as_ref()?.manifest_name.clone())
}

/// The page of a URL such as `https://www.mediawiki.org/wiki/Extension:Cite`: `Cite`. `_` stays, as in the original.
fn page_of(url: &str, kind: Kind) -> Option<String> {
    let namespace = match kind {
        Kind::Extensions => "extension:",
        Kind::Skins => "skin:",
    };
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| after(url, scheme))?;
    let page = after(after(rest, "www.mediawiki.org/wiki/")?, namespace)?;
    if page.is_empty() || page.contains(['?', '#']) {
        return None;
    }
    let page = page.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&page).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// What follows `start`, in any case of letters.
fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

/// What the name of a repository has of the name of a page, apart from white space, `_` and capital letters. Who may push
/// to a repository cannot choose its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    None,
    /// It begins with it: `SyntaxHighlight_GeSHi` is the repository of `SyntaxHighlight`.
    Begins,
    Same,
}

impl Likeness {
    fn of(id: &RepositoryId, page: &str) -> Self {
        let plain = |text: &str| text.replace([' ', '_'], "").to_lowercase();
        match plain(id.name.as_str()).strip_prefix(&plain(page)) {
            Some("") => Self::Same,
            Some(_) => Self::Begins,
            None => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tardist_contract::document::Metadata;

    use super::*;
    use crate::{catalogue::RepositoryRecord, metadata::About};

    fn repository(branch: &str, url: Option<&str>, name: &str, extract: &str) -> RepositoryRecord {
        let about = About {
            manifest_name: Some(name.to_owned()),
            composer: None,
            extract: (!extract.is_empty()).then(|| extract.into()),
        };
        let record = BranchRecord {
            metadata: Metadata { url: url.map(str::to_owned), ..Metadata::default() },
            about: Some(Arc::new(about)),
            ..BranchRecord::of_commit('a')
        };
        RepositoryRecord::of_branches("", [(branch, record)])
    }

    #[test]
    fn a_manifest_is_under_its_page_else_under_its_name() {
        let page = "https://www.mediawiki.org/wiki/Extension:";
        for (url, expected) in [
            (Some(format!("{page}Some_Page")), "Some_Page"),
            (Some(format!("{page}Ein%C3%A9+x")), "Einé x"),
            (Some("HTTP://WWW.mediawiki.org/wiki/extension:A".to_owned()), "A"),
            (Some(format!("{page}A#Usage")), "Manifest"),
            (Some(format!("{page}%ff")), "Manifest"),
            (Some(page.to_owned()), "Manifest"),
            (Some("https://example.org/wiki/Extension:A".to_owned()), "Manifest"),
            (None, "Manifest"),
        ] {
            let repository = repository("master", url.as_deref(), "Manifest", "{}");
            let catalogue = Catalogue::from([("extensions/X".parse().unwrap(), repository)]);
            let expected = format!("{{\"{expected}\":{{}}}}");
            assert_eq!(body(&catalogue, Kind::Extensions), expected, "{url:?}");
            assert_eq!(body(&catalogue, Kind::Skins), "{}");
        }
    }

    #[test]
    fn of_several_with_one_page_the_one_whose_name_is_like_it_has_it() {
        let url = Some("https://www.mediawiki.org/wiki/Extension:Some_Thing");
        let all = ["A", "SomeThing", "Some_thing_Else", "Yes", "Zoo"].map(|name| {
            let extract = format!("{{\"name\":\"{name}\"}}");
            (format!("extensions/{name}").parse().unwrap(), repository("main", url, name, &extract))
        });
        let body = |from| body(&all[from..].iter().cloned().collect(), Kind::Extensions);
        assert_eq!(body(0), r#"{"Some_Thing":{"name":"SomeThing"}}"#);
        assert_eq!(body(2), r#"{"Some_Thing":{"name":"Some_thing_Else"}}"#);
        assert_eq!(body(3), r#"{"Some_Thing":{"name":"Yes"}}"#);
        let catalogue = [&all[0], &all[2], &all[3]].into_iter().cloned().collect();
        let body = super::body(&catalogue, Kind::Extensions);
        assert_eq!(body, r#"{"Some_Thing":{"name":"Some_thing_Else"}}"#, "A only claims it");
    }

    #[test]
    fn what_has_no_extract_is_left_out() {
        let repository = repository("REL1_45", None, "A", "");
        let catalogue = Catalogue::from([("skins/A".parse().unwrap(), repository)]);
        assert_eq!(body(&catalogue, Kind::Skins), "{}");
    }
}
