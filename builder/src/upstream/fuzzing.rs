//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

use tardist_contract::{BranchName, Kind};

use super::{
    branches::{BranchRule, Branches},
    gerrit::{self, distributed_name, projects::WantedRefs},
    gitlab,
    listing::Listing,
    mediawiki, owner,
    pages::{Entry, Page},
    phabricator,
    prefixes::Prefixes,
    response::json,
};
use crate::{
    limits::upstream::{MAX_BRANCHES, MAX_NAME, MAX_REPOSITORIES, MAX_URL},
    net::same_origin,
};

/// How many bytes a shortened text has more than its limit: ` … (cut)`.
const CUT: usize = 10;

/// The longest message about an answer, in bytes: it quotes parts of the answer.
const MAX_MESSAGE: usize = 4096;

/// The URL that all clone URLs have to begin like.
const HOST: &str = "https://git.example.org/base";

fn check_message(message: &str) {
    assert!(message.len() <= MAX_MESSAGE, "{} bytes", message.len());
}

/// Adds a repository, as the upstreams do.
fn add(listing: &mut Listing, kind: Kind, name: &str, url: &str) {
    listing.add(kind, name, url, HOST);
    for project in listing.without_tips.drain(..) {
        assert!(project.url.len() <= MAX_URL && same_origin(&project.url, HOST));
        assert_eq!(project.id.name.as_str(), name);
    }
    listing.failed.drain(..).for_each(|(_, error)| check_message(&error.to_string()));
    listing.refused.drain(..).for_each(|error| check_message(&error.to_string()));
}

/// A page of Gerrit's projects.
pub fn gerrit(bytes: &[u8]) {
    let branches: Vec<BranchName> =
        ["master", "REL1_43"].iter().filter_map(|name| name.parse().ok()).collect();
    let wanted: WantedRefs<'_> =
        branches.iter().map(|branch| (branch.ref_name(), branch)).collect();
    let projects = match gerrit::parse(bytes, &wanted) {
        Ok(projects) => projects,
        Err(reason) => return check_message(&reason),
    };
    assert!(projects.len() <= MAX_REPOSITORIES);
    let mut listing = Listing::default();
    for (project, info) in &projects {
        assert!(project.len() <= MAX_NAME + CUT);
        assert!(info.tips.keys().all(|branch| branches.contains(branch)));
        if let Some(name) = distributed_name(project, "mediawiki/skins/", info) {
            assert!(!name.contains('/'));
            let _ = listing.id(Kind::Skins, name);
        }
    }
}

/// The entries of a page; none if it is no page.
fn entries<T: Entry>(bytes: &[u8]) -> Vec<T> {
    match json::<Page<T>>(bytes, "a test") {
        Ok(page) => {
            assert!(page.0.iter().all(|entry| entry.name().len() <= MAX_URL + CUT));
            page.0
        }
        Err(reason) => {
            check_message(&reason);
            Vec::new()
        }
    }
}

/// A page of GitHub's repositories.
pub fn github(bytes: &[u8]) {
    let mut listing = Listing::default();
    for repository in entries::<owner::Repository>(bytes) {
        if let Some((kind, name)) = Prefixes::default().split(repository.name()) {
            add(&mut listing, kind, name, &repository.clone_url);
        }
    }
}

/// A page of GitLab's projects.
pub fn gitlab(bytes: &[u8]) {
    let mut listing = Listing::default();
    for project in entries::<gitlab::Project>(bytes) {
        if let Some((kind, name)) = gitlab::kind_and_name(project.name()) {
            add(&mut listing, kind, name, &project.http_url_to_repo);
        }
    }
}

/// The answer of a wiki.
pub fn mediawiki(bytes: &[u8]) {
    match mediawiki::parse(bytes) {
        Ok((names, branches)) => {
            assert!(branches.0.len() <= MAX_BRANCHES);
            let mut listing = Listing::default();
            for name in names.extensions.0.iter().chain(&names.skins.0) {
                assert!(name.len() <= MAX_NAME + CUT);
                let _ = listing.id(Kind::Extensions, name);
            }
        }
        Err(reason) => check_message(&reason),
    }
}

/// A page of Phabricator's repositories.
pub fn phabricator(bytes: &[u8]) {
    match phabricator::parse(bytes) {
        Ok(result) => {
            let mut listing = Listing::default();
            for repository in &result.data.0 {
                let url = repository.clone_url(HOST).unwrap_or_default();
                add(&mut listing, Kind::Skins, "Name", url);
            }
        }
        Err(reason) => check_message(&reason),
    }
}

/// A setting `branches`, and below it a name of a branch in each line.
pub fn branches(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let setting = lines.next().unwrap_or_default();
    let rule = match setting.parse::<BranchRule>() {
        Ok(rule) => rule,
        Err(reason) => return check_message(&reason),
    };
    assert_eq!(rule.to_string(), setting);
    let branches = Branches::new([rule], 0);
    for name in lines.filter_map(|line| line.parse::<BranchName>().ok()) {
        assert_eq!(branches.names_or_matches(&name), has_form(setting, name.as_str()), "{name}");
    }
}

/// If a name has the form of a pattern: for each beginning of the pattern, with which beginnings of the name it fits.
fn has_form(pattern: &str, name: &str) -> bool {
    let mut fits = vec![false; name.len() + 1];
    fits[0] = true;
    for wanted in pattern.bytes() {
        let mut next = vec![false; fits.len()];
        for (at, byte) in name.bytes().enumerate() {
            if wanted == b'*' {
                next[at] |= fits[at];
                next[at + 1] |= next[at] && byte != b'/';
            } else {
                next[at + 1] = fits[at] && byte == wanted;
            }
        }
        let end = name.len();
        next[end] |= wanted == b'*' && fits[end];
        fits = next;
    }
    fits[name.len()]
}
