//! Gerrit's map of projects as JSON, of which only what is needed is kept: the wanted branches, and no other
//! ref of the 60,000 that a project may have.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};
use tardist_contract::{BranchName, CommitId};

use crate::{
    limits::upstream::{MAX_NAME, MAX_REPOSITORIES},
    upstream::bounded::{Short, too_many},
};

/// What is kept of a project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::upstream) struct Project {
    /// True if it is READ_ONLY or HIDDEN.
    pub(in crate::upstream) is_hidden: bool,
    /// Its wanted branches, with their commits.
    pub(in crate::upstream) tips: BTreeMap<BranchName, CommitId>,
    /// True if the list goes on after this project.
    pub(in crate::upstream) has_more: bool,
}

/// The projects of one response or several, by name.
pub(in crate::upstream) type Projects = BTreeMap<Short<MAX_NAME>, Project>;

/// The wanted branches, by the names of their refs.
pub(in crate::upstream) type WantedRefs<'a> = BTreeMap<String, &'a BranchName>;

/// Reads the JSON of a list of projects.
///
/// # Errors
/// The error of serde, also for more than [`MAX_REPOSITORIES`] projects.
pub(super) fn read(json: &[u8], wanted: &WantedRefs<'_>) -> serde_json::Result<Projects> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let projects = ProjectMap(wanted).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(projects)
}

/// Reads the map from names to projects.
struct ProjectMap<'a>(&'a WantedRefs<'a>);

impl<'de> DeserializeSeed<'de> for ProjectMap<'_> {
    type Value = Projects;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Projects, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ProjectMap<'_> {
    type Value = Projects;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of projects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Projects, A::Error> {
        let mut projects = Projects::new();
        while let Some(name) = map.next_key()? {
            if projects.len() >= MAX_REPOSITORIES {
                return Err(A::Error::custom(too_many(MAX_REPOSITORIES)));
            }
            projects.insert(name, map.next_value_seed(ProjectInfo(self.0))?);
        }
        Ok(projects)
    }
}

/// The fields of Gerrit's `ProjectInfo` that count.
#[derive(Deserialize)]
enum Field {
    #[serde(rename = "state")]
    State,
    #[serde(rename = "branches")]
    Branches,
    #[serde(rename = "_more_projects")]
    MoreProjects,
    #[serde(other)]
    Other,
}

/// Reads a project.
struct ProjectInfo<'a>(&'a WantedRefs<'a>);

impl<'de> DeserializeSeed<'de> for ProjectInfo<'_> {
    type Value = Project;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Project, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ProjectInfo<'_> {
    type Value = Project;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a project")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Project, A::Error> {
        let mut project = Project::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::State => {
                    let state: Option<Short<MAX_NAME>> = map.next_value()?;
                    project.is_hidden = matches!(state.as_deref(), Some("READ_ONLY" | "HIDDEN"));
                }
                Field::Branches => project.tips = map.next_value_seed(Branches(self.0))?,
                Field::MoreProjects => project.has_more = map.next_value()?,
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(project)
    }
}

/// Reads the map from refs to commits. A wanted one whose commit is none is left out.
struct Branches<'a>(&'a WantedRefs<'a>);

impl<'de> DeserializeSeed<'de> for Branches<'_> {
    type Value = BTreeMap<BranchName, CommitId>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Branches<'_> {
    type Value = BTreeMap<BranchName, CommitId>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of branches")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tips = BTreeMap::new();
        while let Some(name) = map.next_key::<Short<MAX_NAME>>()? {
            let commit = map.next_value::<Short<MAX_NAME>>()?;
            if let (Some(branch), Ok(commit)) = (self.0.get(&*name), commit.parse()) {
                tips.insert((*branch).clone(), commit);
            }
        }
        Ok(tips)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn read_with(json: &str, branch: &str) -> serde_json::Result<Projects> {
        let branch: BranchName = branch.parse().unwrap();
        read(json.as_bytes(), &WantedRefs::from([(branch.ref_name(), &branch)]))
    }

    #[test]
    fn only_wanted_branches_are_kept() {
        let others: String =
            (0..60_000).map(|i| format!("\"refs/changes/{i}\":\"{A}\",")).collect();
        let json = format!(
            "{{\"x/A\":{{\"id\":\"x%2FA\",\"labels\":[{{}}],\"branches\":{{{others}\
             \"refs/heads/master\":\"{A}\"}}}},\"x/B\":{{\"branches\":{{\
             \"refs/heads/master\":\"no commit\"}}}}}}"
        );
        let projects = read_with(&json, "master").unwrap();
        let tips: Vec<usize> = projects.values().map(|project| project.tips.len()).collect();
        assert_eq!(tips, [1, 0]);
    }

    #[test]
    fn more_projects_than_the_limit_are_an_error() {
        let list = |count: usize| {
            let all: Vec<String> = (0..count).map(|i| format!("\"{i}\":{{}}")).collect();
            read_with(&format!("{{{}}}", all.join(",")), "master")
        };
        assert_eq!(list(MAX_REPOSITORIES).unwrap().len(), MAX_REPOSITORIES);
        let error = list(MAX_REPOSITORIES + 1).unwrap_err().to_string();
        assert!(error.contains("more than 100000"), "{error}");
    }

    #[test]
    fn a_list_of_another_form_is_an_error() {
        for json in ["[]", "{\"a\":[]}", "{\"a\":{\"branches\":[]}}", "{} {}", "{\"a\":"] {
            assert!(read_with(json, "master").is_err(), "{json}");
        }
    }
}
