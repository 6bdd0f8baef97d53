//! The two calls of MediaWiki's API that extdist's script makes. One lists the extensions and skins
//! that ExtensionDistributor knows, the other the branches that it offers.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::gerrit::{Project, Refusal, State};

/// The branches that ExtensionDistributor offers on mediawiki.org: the default of a server.
pub(crate) const RELEASES: [&str; 5] = ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"];

/// A query: which parts the answer is to have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// `list=extdistrepos`
    pub(crate) repositories: bool,
    /// `meta=siteinfo`
    siteinfo: bool,
}

impl Query {
    pub(crate) fn parse(query: &str) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        let mut action = false;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "action" => action = value == "query",
                "list" => parsed.repositories = value.split('|').any(|it| it == "extdistrepos"),
                "meta" => parsed.siteinfo = value.split('|').any(|it| it == "siteinfo"),
                _ => {}
            }
        }
        if action {
            return Ok(parsed);
        }
        let text = "the sample upstream answers action=query only".to_owned();
        Err(Refusal { status: StatusCode::BAD_REQUEST, text })
    }

    /// The answer. ExtensionDistributor lists the active projects directly below
    /// `mediawiki/extensions/` and `mediawiki/skins/` that have a `master`
    /// (`GerritExtDistProvider::fetchRepositoryList`).
    pub(crate) fn answer(&self, projects: &[Project], releases: &[String]) -> Value {
        let mut query = serde_json::Map::new();
        if self.repositories {
            let lists =
                ["extensions", "skins"].map(|kind| (kind.to_owned(), names(projects, kind)));
            query.insert("extdistrepos".to_owned(), Value::Object(lists.into_iter().collect()));
        }
        if self.siteinfo {
            let general = json!({
                "sitename": "MediaWiki",
                "generator": "MediaWiki 1.47.0",
                "extensiondistributor": { "snapshots": releases, "list": "" },
            });
            query.insert("general".to_owned(), general);
        }
        json!({ "batchcomplete": "", "query": query })
    }
}

fn names(projects: &[Project], kind: &str) -> Value {
    let prefix = format!("mediawiki/{kind}/");
    let offered = projects.iter().filter(|project| {
        project.state == State::Active && project.refs.contains_key("refs/heads/master")
    });
    let names = offered.filter_map(|project| project.name.as_str().strip_prefix(&prefix));
    names.filter(|name| !name.contains('/')).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn lists_what_extension_distributor_lists() {
        let project = |name: &str, state, branch: &str| Project {
            name: name.parse().expect("a project name"),
            state,
            description: None,
            head: None,
            refs: BTreeMap::from([(format!("refs/heads/{branch}"), "1".to_owned())]),
        };
        let projects = [
            project("mediawiki/extensions/A", State::Active, "master"),
            project("mediawiki/extensions/A/vendor", State::Active, "master"),
            project("mediawiki/extensions/Archived", State::ReadOnly, "master"),
            project("mediawiki/extensions/NoMaster", State::Active, "main"),
            project("mediawiki/skins/B", State::Active, "master"),
        ];
        let answer =
            |query| Query::parse(query).expect("a query").answer(&projects, &["X".to_owned()]);
        let list = answer("action=query&list=extdistrepos&format=json");
        let expected = json!({ "extensions": ["A"], "skins": ["B"] });
        assert_eq!(list["query"], json!({ "extdistrepos": expected }));
        let info = answer("action=query&meta=siteinfo&format=json");
        assert_eq!(info["query"]["general"]["extensiondistributor"]["snapshots"], json!(["X"]));
        assert!(Query::parse("action=parse").is_err() && Query::parse("").is_err());
    }
}
