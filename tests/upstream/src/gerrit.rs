//! Gerrit's REST answers: projects and a query go in, JSON comes out. This module reads no files.
//!
//! The answers are those of Gerrit's source code (`ListProjectsImpl`, `ListBranches`). They have
//! its traps too, since clients must handle them: see [`ProjectsQuery::answer`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use hyper::StatusCode;
use serde::Serialize;

use crate::Error;

/// The line before Gerrit's JSON. It keeps other sites from reading the JSON as a script.
const GUARD: &str = ")]}'\n";

/// The name of a project, such as `mediawiki/extensions/Foo`. It is safe as a path below a folder.
///
/// Its rule is part of Gerrit's rule (`LocalDiskRepositoryManager.isUnreasonableName`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProjectName(String);

impl ProjectName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for ProjectName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let part_fits =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".git");
        let character_fits = |character: char| !character.is_control() && character != '\\';
        if name.split('/').all(part_fits) && name.chars().all(character_fits) {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error::ProjectName { name: name.to_owned() })
        }
    }
}

/// The state of a project: what Gerrit lets users do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Users can read and write.
    #[default]
    Active,
    /// Users can only read. Most such projects are archived.
    ReadOnly,
    /// Only administrators can see it. Lists have it only on request; other requests are 404.
    Hidden,
}

impl State {
    /// The state in Gerrit's spelling: `ACTIVE`, `READ_ONLY`, `HIDDEN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::ReadOnly => "READ_ONLY",
            Self::Hidden => "HIDDEN",
        }
    }

    /// Parses what [`State::as_str`] returns, in upper or lower case.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let states = [Self::Active, Self::ReadOnly, Self::Hidden];
        states.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
    }
}

/// What the answers need to know of a project.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) name: ProjectName,
    pub(crate) state: State,
    pub(crate) description: Option<String>,
    /// The ref that HEAD points to, such as `refs/heads/master`. It need not exist.
    pub(crate) head: Option<String>,
    /// The ids of refs, in 40 digits, by full name, such as `refs/heads/master`.
    pub(crate) refs: BTreeMap<String, String>,
}

impl Project {
    /// Finds the ref that `b=` means. Tags come before branches, as in JGit's `Repository.findRef`,
    /// which Gerrit uses.
    fn find_ref(&self, name: &str) -> Option<&String> {
        if name == "HEAD" {
            return self.refs.get(self.head.as_ref()?);
        }
        ref_names(name).find_map(|name| self.refs.get(&name))
    }
}

/// The full names that a short name of a ref may stand for. It means the first that exists.
pub(crate) fn ref_names(name: &str) -> impl Iterator<Item = String> {
    let exact = Some(name).filter(|name| name.starts_with("refs/")).map(str::to_owned);
    let search = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    exact.into_iter().chain(search.map(|start| format!("{start}{name}")))
}

/// Gerrit's answer to a request that it refuses: a line of text instead of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into() }
    }

    pub(crate) fn not_found(name: &ProjectName) -> Self {
        Self { status: StatusCode::NOT_FOUND, text: format!("Not found: {name}") }
    }
}

/// The query of `/r/projects/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProjectsQuery {
    prefix: Option<String>,
    substring: Option<String>,
    branches: Vec<String>,
    limit: Option<usize>,
    start: usize,
    state: Option<State>,
    all: bool,
    description: bool,
}

impl ProjectsQuery {
    /// Parses a query string. `page_limit` is the operator's limit; a request can only lower it.
    pub(crate) fn parse(query: &str, page_limit: Option<usize>) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "p" | "prefix" => parsed.prefix = Some(value.into_owned()),
                "m" | "match" => parsed.substring = Some(value.to_lowercase()),
                "b" | "show-branch" => parsed.branches.push(value.into_owned()),
                "n" | "limit" => parsed.limit = number("limit", &value)?,
                "S" | "start" => parsed.start = number("start", &value)?.unwrap_or(0),
                "s" | "state" => parsed.state = Some(state(&value)?),
                "all" => parsed.all = value != "false",
                "d" | "description" => parsed.description = value != "false",
                _ => known_everywhere(&name)?,
            }
        }
        if parsed.prefix.is_some() && parsed.substring.is_some() {
            return Err(Refusal::bad_request("specify exactly one of p/m/r"));
        }
        if parsed.all && parsed.state.is_some() {
            return Err(Refusal::bad_request("'all' and 'state' may not be used together"));
        }
        parsed.limit = parsed.limit.into_iter().chain(page_limit).min();
        Ok(parsed)
    }

    /// True if a project with this name can be in the answer. Other projects need not be read.
    pub(crate) fn wants(&self, name: &ProjectName) -> bool {
        let name = name.as_str();
        self.prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && self.substring.as_ref().is_none_or(|part| name.to_lowercase().contains(part))
    }

    /// The branches that are asked for, as they are in the query.
    pub(crate) fn branches(&self) -> &[String] {
        &self.branches
    }

    /// The answer, made from the wanted projects in the order of their names.
    ///
    /// As in Gerrit, a project is listed if it has any of the branches that are asked for. But
    /// limit and start count projects *before* that filter. And the flag `_more_projects` is set on
    /// the last project before the limit, which the filter may have dropped. So a page may be short
    /// or without the flag although there are more projects.
    pub(crate) fn answer(
        &self,
        projects: impl IntoIterator<Item = Result<Project, Error>>,
    ) -> Result<BTreeMap<String, ProjectInfo>, Error> {
        let mut list = BTreeMap::new();
        let mut seen = 0;
        let mut last = None;
        for project in projects {
            let project = project?;
            if !self.shows(project.state) {
                continue;
            }
            seen += 1;
            if seen <= self.start {
                continue;
            }
            if self.limit.is_some_and(|limit| seen - self.start > limit) {
                if let Some(info) = last.and_then(|name: ProjectName| list.get_mut(name.as_str())) {
                    ProjectInfo::flag_more(info);
                }
                break;
            }
            let branches = self.branches_of(&project);
            if self.branches.is_empty() || !branches.is_empty() {
                let info = ProjectInfo::listed(&project, branches, self.description);
                list.insert(project.name.as_str().to_owned(), info);
            }
            last = Some(project.name);
        }
        Ok(list)
    }

    fn shows(&self, state: State) -> bool {
        match self.state {
            Some(wanted) => state == wanted,
            None => self.all || state != State::Hidden,
        }
    }

    fn branches_of(&self, project: &Project) -> BTreeMap<String, String> {
        let find = |name: &String| Some((name.clone(), project.find_ref(name)?.clone()));
        self.branches.iter().filter_map(find).collect()
    }
}

/// The query of `/r/projects/NAME/branches`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BranchesQuery {
    substring: Option<String>,
    limit: Option<usize>,
    start: usize,
}

impl BranchesQuery {
    pub(crate) fn parse(query: &str) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "m" | "match" => parsed.substring = Some(value.to_lowercase()),
                "n" | "limit" => parsed.limit = number("limit", &value)?,
                "S" | "s" | "start" => parsed.start = number("start", &value)?.unwrap_or(0),
                _ => known_everywhere(&name)?,
            }
        }
        Ok(parsed)
    }

    /// The answer: HEAD, with the name of its branch in place of an id; then `refs/meta/config`,
    /// where Gerrit keeps its settings; then the branches.
    pub(crate) fn answer(&self, project: &Project) -> Vec<BranchInfo> {
        let head = project.head.iter().map(|target| BranchInfo {
            r#ref: "HEAD".to_owned(),
            revision: target.strip_prefix("refs/heads/").unwrap_or(target).to_owned(),
        });
        let is_branch = |name: &str| name.starts_with("refs/heads/");
        let (branches, others): (Vec<_>, Vec<_>) =
            project.refs.iter().partition(|(name, _)| is_branch(name));
        let meta = others.into_iter().filter(|(name, _)| *name == "refs/meta/config");
        let info = |(name, id): (&String, &String)| BranchInfo {
            r#ref: name.clone(),
            revision: id.clone(),
        };
        head.chain(meta.chain(branches).map(info))
            .filter(|branch| {
                let name = branch.r#ref.to_lowercase();
                self.substring.as_ref().is_none_or(|part| name.contains(part))
            })
            .skip(self.start)
            .take(self.limit.unwrap_or(usize::MAX))
            .collect()
    }
}

/// A project in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ProjectInfo {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    state: State,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    branches: BTreeMap<String, String>,
    #[serde(rename = "_more_projects", skip_serializing_if = "std::ops::Not::not")]
    more_projects: bool,
}

impl ProjectInfo {
    /// A project in the answer of `/r/projects/NAME`.
    pub(crate) fn alone(project: &Project) -> Self {
        let name = Some(project.name.to_string());
        Self { name, ..Self::listed(project, BTreeMap::new(), true) }
    }

    /// A project in the list, where its name is the key.
    fn listed(project: &Project, branches: BTreeMap<String, String>, description: bool) -> Self {
        Self {
            id: form_urlencoded::byte_serialize(project.name.as_str().as_bytes()).collect(),
            name: None,
            description: project.description.clone().filter(|_| description),
            state: project.state,
            branches,
            more_projects: false,
        }
    }

    fn flag_more(&mut self) {
        self.more_projects = true;
    }
}

/// A branch in the list of branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BranchInfo {
    r#ref: String,
    revision: String,
}

/// The body of an answer: the guard line and the JSON, which is indented if `pretty` is true.
pub(crate) fn body(answer: &impl Serialize, pretty: bool) -> serde_json::Result<String> {
    let document =
        if pretty { serde_json::to_string_pretty(answer) } else { serde_json::to_string(answer) };
    Ok(format!("{GUARD}{}\n", document?))
}

/// True if the JSON is to be indented. `pp=` decides; without it, all clients get indented JSON
/// except those that ask for JSON, which browsers do not.
pub(crate) fn wants_pretty(query: &str, accept: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| matches!(&**name, "pp" | "prettyPrint"))
        .map_or(!accept.contains("application/json"), |(_, value)| value != "0" && value != "false")
}

/// Parses a number as Java does. For Gerrit, zero and negative numbers mean "no limit".
fn number(option: &str, text: &str) -> Result<Option<usize>, Refusal> {
    match text.parse::<i32>() {
        Ok(number) => Ok(usize::try_from(number).ok().filter(|number| *number > 0)),
        Err(_) => {
            let text = format!("{text:?} is not a valid value for \"--{option}\"");
            Err(Refusal::bad_request(text))
        }
    }
}

fn state(text: &str) -> Result<State, Refusal> {
    State::read(text).ok_or_else(|| {
        Refusal::bad_request(format!("{text:?} is not a valid value for \"--state\""))
    })
}

/// Checks an option that is not of the call itself. All calls have those for indented JSON. Gerrit
/// refuses unknown options.
fn known_everywhere(option: &str) -> Result<(), Refusal> {
    match option {
        "pp" | "prettyPrint" => Ok(()),
        "r" | "regex" | "t" | "tree" | "type" | "has-acl-for" => {
            Err(Refusal::bad_request(format!("the sample upstream does not serve {option:?}")))
        }
        _ => Err(Refusal::bad_request(format!("\"--{option}\" is not a valid option"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five projects; only B and D have REL1_45, and D has a tag of that name as well.
    fn projects() -> Vec<Project> {
        let project = |name: &str, state, refs: &[(&str, &str)]| Project {
            name: name.parse().expect("a project name"),
            state,
            description: Some(format!("About {name}")),
            head: Some("refs/heads/master".to_owned()),
            refs: refs
                .iter()
                .map(|(name, id)| (format!("refs/{name}"), (*id).to_owned()))
                .collect(),
        };
        vec![
            project("x/A", State::Active, &[("heads/master", "a1")]),
            project("x/B", State::Active, &[("heads/REL1_45", "b2"), ("heads/master", "b1")]),
            project("x/C", State::Hidden, &[("heads/master", "c1")]),
            project(
                "x/D",
                State::ReadOnly,
                &[("heads/REL1_45", "d2"), ("meta/config", "d4"), ("tags/REL1_45", "d3")],
            ),
            project("y/E", State::Active, &[("heads/master", "e1")]),
        ]
    }

    fn list_paged(query: &str, page_limit: Option<usize>) -> BTreeMap<String, ProjectInfo> {
        let query = ProjectsQuery::parse(query, page_limit).expect("a query");
        let wanted = projects().into_iter().filter(|project| query.wants(&project.name));
        query.answer(wanted.map(Ok)).expect("an answer")
    }

    fn list(query: &str) -> BTreeMap<String, ProjectInfo> {
        list_paged(query, None)
    }

    fn names(list: &BTreeMap<String, ProjectInfo>) -> Vec<&str> {
        list.keys().map(String::as_str).collect()
    }

    fn flagged(list: &BTreeMap<String, ProjectInfo>) -> Vec<&str> {
        let flagged = list.iter().filter(|(_, info)| info.more_projects);
        flagged.map(|(name, _)| name.as_str()).collect()
    }

    fn ids(list: &BTreeMap<String, ProjectInfo>, name: &str) -> Vec<(String, String)> {
        list[name].branches.clone().into_iter().collect()
    }

    #[test]
    fn prefix_match_and_state_filter() {
        assert_eq!(names(&list("")), ["x/A", "x/B", "x/D", "y/E"]);
        assert_eq!(names(&list("p=x/")), ["x/A", "x/B", "x/D"]);
        assert_eq!(names(&list("prefix=x%2F")), ["x/A", "x/B", "x/D"]);
        assert_eq!(names(&list("p=X/")), [""; 0]);
        assert_eq!(names(&list("m=X%2F")), ["x/A", "x/B", "x/D"]);
        assert_eq!(names(&list("all")), ["x/A", "x/B", "x/C", "x/D", "y/E"]);
        assert_eq!(names(&list("state=HIDDEN")), ["x/C"]);
        assert_eq!(names(&list("state=read_only")), ["x/D"]);
        assert_eq!(names(&list("p=")), names(&list("")));
    }

    #[test]
    fn a_project_with_any_of_the_branches_is_listed() {
        let both = list("b=master&b=REL1_45");
        assert_eq!(names(&both), ["x/A", "x/B", "x/D", "y/E"]);
        assert_eq!(ids(&both, "x/A"), [("master".into(), "a1".into())]);
        let b = [("REL1_45".into(), "b2".into()), ("master".into(), "b1".into())];
        assert_eq!(ids(&both, "x/B"), b);
        assert_eq!(names(&list("show-branch=REL1_45")), ["x/B", "x/D"]);
        assert_eq!(names(&list("b=REL1_43")), [""; 0]);
    }

    #[test]
    fn a_short_name_finds_the_tag_first() {
        assert_eq!(ids(&list("b=REL1_45"), "x/D"), [("REL1_45".into(), "d3".into())]);
        let full = "refs/heads/REL1_45";
        assert_eq!(ids(&list(&format!("b={full}")), "x/D"), [(full.into(), "d2".into())]);
        assert_eq!(ids(&list("b=heads/REL1_45"), "x/B"), [("heads/REL1_45".into(), "b2".into())]);
        assert_eq!(ids(&list("b=HEAD"), "x/A"), [("HEAD".into(), "a1".into())]);
        assert_eq!(names(&list("b=HEAD")), ["x/A", "x/B", "y/E"], "D has no master");
    }

    #[test]
    fn the_flag_for_more_pages_is_on_the_last_project() {
        let page = list("n=2");
        assert_eq!((names(&page), flagged(&page)), (vec!["x/A", "x/B"], vec!["x/B"]));
        let page = list("n=2&S=2");
        assert_eq!((names(&page), flagged(&page)), (vec!["x/D", "y/E"], vec![]));
        assert_eq!(names(&list("S=9")), [""; 0]);
        assert_eq!(names(&list("n=0")).len(), 4);
        assert_eq!(names(&list("n=-1&S=-1")).len(), 4);
    }

    #[test]
    fn the_branch_filter_shortens_pages_and_hides_the_flag() {
        let page = list("b=REL1_45&n=1");
        assert_eq!((names(&page), flagged(&page)), (vec![], vec![]), "yet B and D exist");
        let page = list("b=REL1_45&n=2");
        assert_eq!((names(&page), flagged(&page)), (vec!["x/B"], vec!["x/B"]));
        let page = list("b=REL1_45&n=1&S=2");
        assert_eq!((names(&page), flagged(&page)), (vec!["x/D"], vec!["x/D"]), "yet none is left");
    }

    #[test]
    fn the_limit_of_the_operator_holds_for_every_request() {
        let page = list_paged("", Some(3));
        assert_eq!((names(&page), flagged(&page)), (vec!["x/A", "x/B", "x/D"], vec!["x/D"]));
        assert_eq!(names(&list_paged("n=100", Some(3))).len(), 3);
        assert_eq!(names(&list_paged("n=2", Some(3))).len(), 2);
        assert_eq!(flagged(&list_paged("", Some(4))), [""; 0]);
    }

    #[test]
    fn malformed_queries_are_refused() {
        let text = |query| ProjectsQuery::parse(query, None).expect_err("a refusal").text;
        assert_eq!(text("n=many"), "\"many\" is not a valid value for \"--limit\"");
        assert_eq!(text("S="), "\"\" is not a valid value for \"--start\"");
        assert_eq!(text("state=GONE"), "\"GONE\" is not a valid value for \"--state\"");
        assert_eq!(text("p=a&m=b"), "specify exactly one of p/m/r");
        assert_eq!(text("all&state=ACTIVE"), "'all' and 'state' may not be used together");
        assert_eq!(text("branch=master"), "\"--branch\" is not a valid option");
        assert!(text("r=.*").contains("does not serve"));
    }

    #[test]
    fn bodies_are_json_after_a_guard_line() {
        let list = list("b=master&p=x/A&d");
        let expected = concat!(
            ")]}'\n",
            r#"{"x/A":{"id":"x%2FA","description":"About x/A","state":"ACTIVE","#,
            r#""branches":{"master":"a1"}}}"#,
            "\n"
        );
        assert_eq!(body(&list, false).expect("JSON"), expected);
        let alone = body(&ProjectInfo::alone(&projects()[3]), false).expect("JSON");
        let expected = concat!(
            ")]}'\n",
            r#"{"id":"x%2FD","name":"x/D","description":"About x/D","state":"READ_ONLY"}"#,
            "\n"
        );
        assert_eq!(alone, expected);
        assert!(body(&list, true).expect("JSON").starts_with(")]}'\n{\n  \"x/A\": {\n"));
        assert!(wants_pretty("b=master", "*/*"));
        assert!(wants_pretty("pp=1", "application/json"));
        assert!(!wants_pretty("pp=0", "*/*"));
        assert!(!wants_pretty("", "application/json"));
    }

    #[test]
    fn branches_begin_with_head() {
        let lines = |query| {
            let query = BranchesQuery::parse(query).expect("a query");
            let lines = query.answer(&projects()[3]);
            lines.into_iter().map(|line| format!("{} {}", line.r#ref, line.revision)).collect()
        };
        let all: Vec<String> = lines("");
        assert_eq!(all, ["HEAD master", "refs/meta/config d4", "refs/heads/REL1_45 d2"]);
        let some: Vec<String> = lines("m=rel&n=1");
        assert_eq!(some, ["refs/heads/REL1_45 d2"]);
        let rest: Vec<String> = lines("S=1&n=1");
        assert_eq!(rest, ["refs/meta/config d4"]);
        assert!(BranchesQuery::parse("b=master").is_err());
    }

    #[test]
    fn project_names_stay_inside_the_root() {
        let fits = |name: &str| name.parse::<ProjectName>().is_ok();
        assert!(fits("mediawiki/extensions/Foo") && fits("Foo") && fits("a/b c/d+e"));
        for name in ["", "/a", "a/", "a//b", "..", "a/../b", "a/.b", "a.git/b", "a\\b", "a\nb"] {
            assert!(!fits(name), "{name:?}");
        }
    }
}
