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

use tardist_contract::Kind;

use self::projects::{Projects, WantedRefs};
use super::{
    adapter::{Adapter, Key, Values},
    branches::Asked,
    listing::{Listing, Project, Upstream},
    pages::ListGuard,
    remembered::Pages,
    response::{beginning, shortened},
    wikimedia,
};
use crate::{Error, error::short, net::Http};

pub(super) mod projects;

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

    fn core(&self) -> Option<String> {
        Some(format!("{}/mediawiki/core", self.git_url))
    }

    /// READ_ONLY projects, and those below another one (`extensions/A/b`), are left out as in
    /// ExtensionDistributor; HIDDEN ones too.
    ///
    /// The list is asked for branches by name, as many as there may be. Patterns that are not expanded to names have to be
    /// asked of Git, in each repository.
    fn list(&self, http: &Http, asked: &Asked, _: &Pages) -> Result<Listing, Error> {
        let base = &self.url;
        let branches = asked.list();
        let wanted: WantedRefs<'_> =
            branches.iter().flatten().map(|branch| (branch.ref_name(), branch)).collect();
        let mut listing = Listing::default();
        for kind in Kind::ALL {
            let prefix = format!("mediawiki/{kind}/");
            let list = List { http, base, prefix: &prefix, wanted: &wanted };
            let (names, page_size) = list.names()?;
            let mut tips = match branches {
                Some(_) => list.tips(names.len(), page_size)?,
                None => Projects::new(),
            };
            for (project, info) in names {
                let Some(name) = distributed_name(&project, &prefix, &info) else { continue };
                let Some(id) = listing.id(kind, name) else { continue };
                let project_path = &*project;
                let project = Project {
                    id,
                    upstream: String::new(),
                    url: format!("{}/{project_path}", self.git_url),
                    remote_url: format!("{base}/{project_path}"),
                    source_url: format!("{base}/{project_path}.git"),
                    tips: tips.remove(&project).unwrap_or_default().tips,
                };
                match branches {
                    Some(_) => listing.projects.push(project),
                    None => listing.without_tips.push(project),
                }
            }
        }
        Ok(listing)
    }
}

/// The name of a project that is to be distributed: it is active, and directly below its prefix.
pub(super) fn distributed_name<'a>(
    project: &'a str,
    prefix: &str,
    info: &projects::Project,
) -> Option<&'a str> {
    let name = project.strip_prefix(prefix)?;
    (!info.is_hidden && !name.contains('/')).then_some(name)
}

/// The list of the projects below a prefix.
struct List<'a> {
    http: &'a Http,
    /// The base URL of the REST API.
    base: &'a str,
    prefix: &'a str,
    wanted: &'a WantedRefs<'a>,
}

impl List<'_> {
    /// All projects, without branches, and the size of a page where the server makes pages.
    fn names(&self) -> Result<(Projects, Option<usize>), Error> {
        let mut guard = ListGuard::default();
        let mut names = Projects::new();
        let mut page_size = None;
        loop {
            let page = self.page(&mut guard, &format!("&S={}", names.len()))?;
            let more = page.values().any(|info| info.has_more);
            let before = names.len();
            names.extend(page);
            if !more || names.len() == before {
                return Ok((names, page_size));
            }
            page_size.get_or_insert(names.len() - before);
        }
    }

    /// The projects that have a wanted branch, asked for in windows of `page_size`.
    fn tips(&self, total: usize, page_size: Option<usize>) -> Result<Projects, Error> {
        let branches: String =
            self.wanted.keys().map(|name| format!("&b={}", escape(name))).collect();
        let mut guard = ListGuard::default();
        let Some(page_size) = page_size else { return self.page(&mut guard, &branches) };
        let mut tips = Projects::new();
        for start in (0..total).step_by(page_size.max(1)) {
            let query = format!("{branches}&n={page_size}&S={start}");
            tips.extend(self.page(&mut guard, &query)?);
        }
        Ok(tips)
    }

    fn page(&self, guard: &mut ListGuard, rest: &str) -> Result<Projects, Error> {
        let (base, prefix) = (self.base, self.prefix);
        let url = format!("{base}/projects/?p={prefix}{rest}");
        let what = || prefix.to_owned();
        // With all the branches, the URL would hide the rest of a message.
        let shown = shortened(&url);
        let body = self.http.get(&url).map_err(|source| {
            let source = source.with_url(&shown);
            Error::List { what: what(), source }
        })?;
        let read = parse(&body, self.wanted).and_then(|page| {
            guard.page(body.len(), page.len())?;
            Ok(page)
        });
        read.map_err(|reason| Error::ListForm { what: what(), reason, url: shown })
    }
}

pub(super) fn parse(body: &[u8], wanted: &WantedRefs<'_>) -> Result<Projects, String> {
    let json = body.strip_prefix(MAGIC_PREFIX).ok_or_else(|| {
        let beginning = beginning(body);
        format!("{beginning} instead of )]}}'; is this the base URL of a Gerrit?")
    })?;
    projects::read(json, wanted).map_err(|e| format!("its JSON cannot be read: {}", short(&e)))
}

/// Escapes the one character that a branch name may have and a query may not: `+`.
fn escape(text: &str) -> String {
    text.replace('+', "%2B")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &[u8]) -> Result<Projects, String> {
        parse(body, &WantedRefs::new())
    }

    #[test]
    fn strips_the_prefix_and_names_what_is_wrong_without_it() {
        let page =
            parsed(b")]}'\n{\"mediawiki/skins/A\":{\"id\":\"x\",\"state\":\"ACTIVE\"}}").unwrap();
        assert_eq!(page.keys().map(|name| &**name).collect::<Vec<_>>(), ["mediawiki/skins/A"]);
        for (body, hint) in [
            (&b""[..], "empty"),
            (b"<!DOCTYPE html>", "base URL of a Gerrit"),
            (b")]}'\n{\"a\": {", "cannot be read"),
            (b")]}'\n[]", "cannot be read"),
        ] {
            let reason = parsed(body).unwrap_err();
            assert!(reason.contains(hint), "{reason}");
        }
    }

    #[test]
    fn leaves_out_what_extension_distributor_leaves_out() {
        let name = |project, state: &str| {
            let page = parsed(format!(")]}}'\n{{\"x\":{{{state}}}}}").as_bytes()).unwrap();
            distributed_name(project, "mediawiki/skins/", page.values().next().unwrap())
        };
        assert_eq!(name("mediawiki/skins/A", "\"state\":\"ACTIVE\""), Some("A"));
        assert_eq!(name("mediawiki/skins/A", ""), Some("A"));
        assert_eq!(name("mediawiki/skins/A", "\"state\":\"READ_ONLY\""), None);
        assert_eq!(name("mediawiki/skins/A", "\"state\":\"HIDDEN\""), None);
        assert_eq!(name("mediawiki/skins/A/b", "\"state\":\"ACTIVE\""), None);
    }
}
