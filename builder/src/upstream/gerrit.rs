//! Gerrit's project list
//! (<https://gerrit-review.googlesource.com/Documentation/rest-api-projects.html#list-projects>).
//!
//! Two requests for each kind get everything: first the names, then the commits of all wanted
//! branches. One request is not enough. `n` and `S` count projects before the branch filter `b`,
//! and `_more_projects` stands on the last project that the server looked at, which the filter may
//! drop. So with `b`, a page can look like the last one and is not. The names are therefore asked
//! for without `b`. Where the server divides them into pages, the branches are asked for in windows
//! of the same size, until all names are covered.
//!
//! The filter is `b=refs/heads/X`, since `b=X` finds a tag of that name first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use tardist_contract::{BranchName, CommitId, Kind};

use super::{
    adapter::{Adapter, Key, Values},
    listing::{Listing, Project, Upstream},
    response::beginning,
    wikimedia,
};
use crate::{Error, net::Http};

/// A Gerrit as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "gerrit",
    example: wikimedia::GERRIT,
    keys: &[Key::url("url"), Key::url("git-url")],
    check: |_| Ok(()),
    open,
};

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let url = values.url().to_owned();
    let git_url = values.text("git-url").unwrap_or(&url).to_owned();
    Ok(Box::new(Gerrit { url, git_url }))
}

/// Stands before Gerrit's JSON, so that a script on another site cannot include it.
const MAGIC_PREFIX: &[u8] = b")]}'";

#[derive(Debug, Deserialize)]
struct ProjectInfo {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    branches: BTreeMap<String, String>,
    #[serde(default, rename = "_more_projects")]
    more_projects: bool,
}

/// The projects of one response or several, by name.
type Projects = BTreeMap<String, ProjectInfo>;

#[derive(Debug)]
struct Gerrit {
    /// The base URL of its REST API.
    url: String,
    /// The base URL that Git fetches from: the same one, or that of a replica. What is published
    /// names the Gerrit itself in both cases.
    git_url: String,
}

impl Upstream for Gerrit {
    fn url(&self) -> &str {
        &self.url
    }

    fn origins(&self) -> Vec<String> {
        vec![self.url.clone(), self.git_url.clone()]
    }

    /// READ_ONLY projects, and those below another one (`extensions/A/b`), are left out as in
    /// ExtensionDistributor; HIDDEN ones too.
    fn list(&self, http: &Http, branches: &BTreeSet<BranchName>) -> Result<Listing, Error> {
        let base = &self.url;
        let wanted: Vec<&BranchName> = branches.iter().collect();
        let mut listing = Listing::default();
        for kind in Kind::ALL {
            let prefix = format!("mediawiki/{kind}/");
            let (names, page_size) = names(http, base, &prefix)?;
            let mut tips = tips(http, base, &prefix, &wanted, names.len(), page_size)?;
            for (project, info) in names {
                let Some(name) = distributed_name(&project, &prefix, &info) else { continue };
                let Some(id) = listing.id(kind, name) else { continue };
                listing.projects.push(Project {
                    id,
                    url: format!("{}/{project}", self.git_url),
                    remote_url: format!("{base}/{project}"),
                    source_url: format!("{base}/{project}.git"),
                    tips: wanted_tips(tips.remove(&project), &wanted),
                });
            }
        }
        Ok(listing)
    }
}

/// The name of a project that is to be distributed: it is active, and directly below its prefix.
fn distributed_name<'a>(project: &'a str, prefix: &str, info: &ProjectInfo) -> Option<&'a str> {
    let hidden = matches!(info.state.as_deref(), Some("READ_ONLY" | "HIDDEN"));
    let name = project.strip_prefix(prefix)?;
    (!hidden && !name.contains('/')).then_some(name)
}

fn wanted_tips(
    info: Option<ProjectInfo>,
    wanted: &[&BranchName],
) -> BTreeMap<BranchName, CommitId> {
    let Some(info) = info else { return BTreeMap::new() };
    wanted
        .iter()
        .filter_map(|&branch| {
            let commit = info.branches.get(&branch.ref_name())?.parse().ok()?;
            Some((branch.clone(), commit))
        })
        .collect()
}

/// All projects below `prefix`, without branches, and the size of a page where the server makes
/// pages.
fn names(http: &Http, base: &str, prefix: &str) -> Result<(Projects, Option<usize>), Error> {
    let mut names = Projects::new();
    let mut page_size = None;
    loop {
        let page = page(http, base, prefix, &format!("&S={}", names.len()))?;
        let more = page.values().any(|info| info.more_projects);
        let before = names.len();
        names.extend(page);
        if !more || names.len() == before {
            return Ok((names, page_size));
        }
        page_size.get_or_insert(names.len() - before);
    }
}

/// The projects below `prefix` that have a wanted branch, asked for in windows of `page_size`.
fn tips(
    http: &Http,
    base: &str,
    prefix: &str,
    wanted: &[&BranchName],
    total: usize,
    page_size: Option<usize>,
) -> Result<Projects, Error> {
    let branches: String =
        wanted.iter().map(|branch| format!("&b={}", escape(&branch.ref_name()))).collect();
    let Some(page_size) = page_size else { return page(http, base, prefix, &branches) };
    let mut tips = Projects::new();
    for start in (0..total).step_by(page_size.max(1)) {
        tips.extend(page(http, base, prefix, &format!("{branches}&n={page_size}&S={start}"))?);
    }
    Ok(tips)
}

fn page(http: &Http, base: &str, prefix: &str, rest: &str) -> Result<Projects, Error> {
    let url = format!("{base}/projects/?p={prefix}{rest}");
    let body = http.get(&url).map_err(|source| Error::List { what: prefix.to_owned(), source })?;
    parse(&body).map_err(|reason| Error::ListForm { what: prefix.to_owned(), reason, url })
}

fn parse(body: &[u8]) -> Result<Projects, String> {
    let json = body.strip_prefix(MAGIC_PREFIX).ok_or_else(|| {
        let beginning = beginning(body);
        format!("{beginning} instead of )]}}'; is this the base URL of a Gerrit?")
    })?;
    serde_json::from_slice(json).map_err(|e| format!("its JSON is broken: {e}"))
}

/// Escapes the one character that a branch name may have and a query may not: `+`.
fn escape(text: &str) -> String {
    text.replace('+', "%2B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_the_prefix_and_names_what_is_wrong_without_it() {
        let page =
            parse(b")]}'\n{\"mediawiki/skins/A\":{\"id\":\"x\",\"state\":\"ACTIVE\"}}").unwrap();
        assert_eq!(page["mediawiki/skins/A"].state.as_deref(), Some("ACTIVE"));
        for (body, hint) in [
            (&b""[..], "empty"),
            (b"<!DOCTYPE html>", "base URL of a Gerrit"),
            (b")]}'\n{\"a\": {", "broken"),
            (b")]}'\n[]", "broken"),
        ] {
            let reason = parse(body).unwrap_err();
            assert!(reason.contains(hint), "{reason}");
        }
    }

    #[test]
    fn leaves_out_what_extension_distributor_leaves_out() {
        let info = |state: Option<&str>| ProjectInfo {
            state: state.map(str::to_owned),
            branches: BTreeMap::new(),
            more_projects: false,
        };
        let name = |project, state| distributed_name(project, "mediawiki/skins/", &info(state));
        assert_eq!(name("mediawiki/skins/A", Some("ACTIVE")), Some("A"));
        assert_eq!(name("mediawiki/skins/A", None), Some("A"));
        assert_eq!(name("mediawiki/skins/A", Some("READ_ONLY")), None);
        assert_eq!(name("mediawiki/skins/A/b", Some("ACTIVE")), None);
    }
}
