//! Asks MediaWiki itself which release branches it has and which of them are released: the repository `mediawiki/core`
//! of an upstream. This is one request a cycle, whose answer has some 50 kB.

use tardist_contract::BranchName;

use super::{
    branches::{Asked, Branches, release},
    listing::Upstream,
    releases::Found,
    tips::Spoken,
};
use crate::{
    Error,
    git::ls_refs::{self, Filter, Refs},
    limits::upstream::MAX_CORE_REFS,
    net::Http,
};

/// What is known of MediaWiki itself.
pub(super) enum Core {
    /// An upstream has it, with these branches.
    Has(Found),
    /// No upstream has it, or it has no release branches.
    None,
    /// It cannot be asked for the moment, or its answer cannot be read.
    Down(Error),
}

/// Asks the first upstream that has it. What its host speaks is noted in `spoken`.
pub(super) fn ask(
    upstreams: &[Box<dyn Upstream>],
    http: &Http,
    spoken: &Spoken,
    wanted: &Branches,
) -> Core {
    if !wanted.may_have_releases() {
        return Core::None;
    }
    let mut urls: Vec<String> = upstreams.iter().filter_map(|upstream| upstream.core()).collect();
    urls.dedup();
    for url in urls {
        match spoken.ask(&url, |known| ls_refs::at(http, &url, &filter(wanted), known)) {
            Ok(refs) => {
                let found = found(&refs);
                if found.keys().any(|branch| release(branch).is_some()) {
                    return Core::Has(found);
                }
            }
            Err(Error::Fetch { source, .. }) if is_missing(source.status()) => {}
            Err(error) => return Core::Down(error),
        }
    }
    Core::None
}

/// True for the status of a repository that does not exist, or that not everybody may read.
fn is_missing(status: Option<u16>) -> bool {
    matches!(status, Some(401 | 403 | 404 | 410))
}

/// The branches that may be wanted, and the tags of first releases: `1.47.0`.
fn filter(wanted: &Branches) -> Filter<'_> {
    let patterns = Asked { patterns: wanted.patterns.clone(), releases: true, ..Asked::default() };
    let mut prefixes = patterns.prefixes();
    prefixes.extend(["refs/tags/1.", "refs/tags/2."].map(str::to_owned));
    let is_wanted = move |branch: BranchName| patterns.wants(&branch);
    Filter {
        prefixes,
        wants: Box::new(move |name| match name.strip_prefix("refs/heads/") {
            Some(branch) => branch.parse().is_ok_and(&is_wanted),
            None => is_first_release(name),
        }),
        most: MAX_CORE_REFS,
    }
}

/// True for `refs/tags/1.47.0`.
fn is_first_release(name: &str) -> bool {
    let version = name.strip_prefix("refs/tags/").and_then(|tag| tag.strip_suffix(".0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    version
        .and_then(|version| version.split_once('.'))
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// The branches among these refs. A release branch is released if there is the tag of its first release.
fn found(refs: &Refs) -> Found {
    let branches = refs.keys().filter_map(|name| name.strip_prefix("refs/heads/")?.parse().ok());
    let is_released = |branch: &BranchName| {
        release(branch)
            .is_none_or(|(major, minor)| refs.contains_key(&format!("refs/tags/{major}.{minor}.0")))
    };
    branches.map(|branch| (is_released(&branch), branch)).map(|(is, branch)| (branch, is)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_released_when_its_first_release_has_a_tag() {
        let wanted = Branches::new(["master", "wmf/*"].map(|rule| rule.parse().unwrap()), 4);
        let filter = filter(&wanted);
        assert_eq!(
            filter.prefixes,
            ["refs/heads/wmf/", "refs/heads/REL", "refs/tags/1.", "refs/tags/2."]
        );
        let names = [
            "refs/heads/REL1_46",
            "refs/heads/REL1_47",
            "refs/heads/REL1_47/x",
            "refs/heads/wmf/1.48.0-wmf.1",
            "refs/heads/master",
            "refs/tags/1.46.0",
            "refs/tags/1.46.1",
            "refs/tags/1.47.0-rc.0",
            "refs/tags/1.47.0^{}",
        ];
        let kept: Vec<&str> = names.into_iter().filter(|name| (filter.wants)(name)).collect();
        assert_eq!(kept, [names[0], names[1], names[3], names[5]]);
        let id: tardist_contract::CommitId = "a".repeat(40).parse().unwrap();
        let refs = kept.into_iter().map(|name| (name.to_owned(), id.clone())).collect();
        let found = found(&refs);
        let shown: Vec<_> = found.iter().map(|(branch, is)| (branch.as_str(), *is)).collect();
        assert_eq!(shown, [("REL1_47", false), ("REL1_46", true), ("wmf/1.48.0-wmf.1", true)]);
    }
}
