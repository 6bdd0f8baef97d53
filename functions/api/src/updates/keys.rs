//! The names by which an entry of a wiki is looked up, the surest first.
//!
//! 1. The web view of its source names the repository.
//! 2. Its name, which is that of the manifest, and mostly that of the repository.
//! 3. Its home page. Many extensions of one maker may have the same one. Any repository may say that of another, whose
//!    branches have a newer one.
//! 4. Its name as a title, in any language.
//!
//! An entry is first looked for among its own kind, and then among the other: old extensions do not say what
//! they are.
//!
//! The surest name that is known decides, even if several repositories have it: any repository may take the name of
//! another in its manifest, and be alone with one that is less sure. Of several, the one counts whose own name the wiki
//! says ([`meant`]).

use std::borrow::Cow;

use tardist_contract::{Kind, RepoName, known_as};

use super::siteinfo::Installed;
use crate::query::updates::{Candidate, Meant, Several};

/// The candidates of all entries.
pub fn candidates(installed: &[Installed]) -> Vec<Candidate<'_>> {
    let of = |(entry, installed)| {
        let keys = keys(installed).into_iter().enumerate();
        keys.map(move |(place, (kind, key, said))| Candidate { entry, place, kind, key, said })
            .collect()
    };
    installed.iter().enumerate().flat_map(|it| -> Vec<_> { of(it) }).collect()
}

/// Of those entries that may be several repositories, the ones that are known nevertheless. The candidates are in the
/// order in which [`candidates`] makes them.
pub fn meant(candidates: &[Candidate], several: &[Several]) -> Vec<Meant> {
    let mut all = Vec::new();
    for it in several {
        let names: Vec<&RepoName> = it.names.iter().collect();
        let asked = it.slots.iter().filter_map(|slot| {
            candidates.get(candidates.binary_search_by_key(slot, Candidate::slot).ok()?)
        });
        all.extend(asked.filter_map(|candidate| {
            let name = known_as::meant(&candidate.said, &names)?.clone();
            Some(Meant { entry: candidate.entry, kind: candidate.kind, name })
        }));
    }
    all
}

fn keys(installed: &Installed) -> Vec<(Kind, String, Cow<'_, str>)> {
    let mut keys = Vec::new();
    let project = installed.vcs_url.as_deref().and_then(project);
    keys.extend(project.map(|(kind, name)| {
        (kind, known_as::by_repository(name.as_str()), Cow::Owned(name.to_string()))
    }));
    let other = match installed.kind {
        Kind::Extensions => Kind::Skins,
        Kind::Skins => Kind::Extensions,
    };
    for kind in [installed.kind, other] {
        let (code, name) = (installed.code.as_deref(), installed.name.as_deref());
        let said = name.or(code).unwrap_or_default();
        let page = installed.url.as_deref().and_then(known_as::by_url);
        let all = [
            code.map(|code| (known_as::by_name(code), code)),
            name.map(|name| (known_as::by_name(name), name)),
            page.map(|page| (page, said)),
            name.map(|name| (known_as::by_title(name), name)),
        ];
        keys.extend(all.into_iter().flatten().map(|(key, said)| (kind, key, Cow::Borrowed(said))));
    }
    keys
}

/// The repository that a web view shows: the part `mediawiki/KIND/NAME` of a path, as Gerrit's viewers have
/// it, or `mediawiki-KIND-NAME`, as the copies on GitHub are called.
fn project(url: &str) -> Option<(Kind, RepoName)> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    let in_segments = segments.windows(3).find_map(|part| match part {
        ["mediawiki", kind, name] => named(kind, name),
        _ => None,
    });
    in_segments.or_else(|| {
        segments.iter().find_map(|segment| {
            let (kind, name) = segment.strip_prefix("mediawiki-")?.split_once('-')?;
            named(kind, name)
        })
    })
}

fn named(kind: &str, name: &str) -> Option<(Kind, RepoName)> {
    let name = name.strip_suffix(".git").unwrap_or(name);
    Some((kind.parse().ok()?, name.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_view_of_the_source_names_the_repository() {
        for url in [
            "https://gerrit.wikimedia.org/g/mediawiki/extensions/Poem/+/0011",
            "https://phabricator.example/r/mediawiki/extensions/Poem.git?x#y",
            "https://github.com/wikimedia/mediawiki-extensions-Poem/commit/0011",
        ] {
            let found = project(url).map(|(kind, name)| format!("{kind}/{name}"));
            assert_eq!(found.as_deref(), Some("extensions/Poem"), "{url}");
        }
        for url in
            ["", "https://example.org/Poem", "https://a/mediawiki/core", "mediawiki/skins/.."]
        {
            assert_eq!(project(url), None, "{url}");
        }
    }

    #[test]
    fn the_surest_name_comes_first_and_the_own_kind_before_the_other() {
        let installed = Installed {
            kind: Kind::Skins,
            name: Some("My Skin".into()),
            code: Some("mine".into()),
            version: None,
            commit: None,
            committed_at: None,
            url: Some("https://a.example/skin".into()),
            vcs_url: Some("https://g/mediawiki/skins/Mine/+/1".into()),
        };
        let keys: Vec<_> = candidates(&[installed])
            .iter()
            .map(|it| format!("{} {} {} ({})", it.place, it.kind, it.key, it.said))
            .collect();
        assert_eq!(
            keys,
            [
                "0 skins r mine (Mine)",
                "1 skins n mine (mine)",
                "2 skins n my skin (My Skin)",
                "3 skins u a.example/skin (My Skin)",
                "4 skins t my skin (My Skin)",
                "5 extensions n mine (mine)",
                "6 extensions n my skin (My Skin)",
                "7 extensions u a.example/skin (My Skin)",
                "8 extensions t my skin (My Skin)",
            ]
        );
        assert_eq!(keys.len(), crate::query::updates::PLACES, "no entry has more");
    }
}
