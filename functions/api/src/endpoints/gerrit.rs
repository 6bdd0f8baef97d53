//! `/r/projects/…`: the answers of a Gerrit that has the published branches and no others.
//!
//! ExtensionDistributor asks a Gerrit which extensions and branches there are, and concludes from its
//! answers which tarballs exist. When it asks here instead, it offers the tarballs that are there, and
//! needs no change. So this is Gerrit's REST API
//! (<https://gerrit-review.googlesource.com/Documentation/rest-api-projects.html>) in all that a client
//! can notice: the line before the JSON, the forms of a branch's name, how `n` and `S` count. Every
//! project is `ACTIVE`, since others are not published.

use tardist_contract::{BranchName, Kind, RepoName};

use crate::{
    http::{
        encoding::compressed,
        problem::ApiError,
        request::Request,
        response::{Representation, Response},
    },
    query::{
        gerrit::{self as statement, Page, Tip},
        json::json,
        snapshot::Snapshot,
        statement::Rendered,
    },
};

/// The media type as Gerrit writes it.
const CONTENT_TYPE: &str = "application/json; charset=UTF-8";

/// How many branches a request may ask for.
const MAX_BRANCHES: usize = 100;

/// Parameters of Gerrit that would change the answer and are not served, with what to do instead. To
/// ignore them would give another answer than was asked for.
const UNSERVED: [(&str, &str); 6] = [
    ("r", "nothing here, since regular expressions are not served: use `p` or `m`"),
    ("regex", "nothing here, since regular expressions are not served: use `p` or `m`"),
    ("query", "nothing here, since queries are not served: use `p` or `m`"),
    ("has-acl-for", "nothing here, since there are no access rights"),
    ("t", "nothing here, since projects have no parents"),
    ("tree", "nothing here, since projects have no parents"),
];

/// Answers `/r/projects/`: the projects by name, as Gerrit's "List Projects" does.
///
/// It takes `p` (a prefix) or `m` (a part, in upper or lower case), `b` (any number of times: only
/// projects that have one of these branches, with their commits), `n`, `S` and `state`, and Gerrit's
/// long names for them.
///
/// # Errors
/// 400 for a parameter that is malformed, or that Gerrit has and that is not served; 503 without a
/// snapshot.
pub async fn projects(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let (prefix_name, prefix) = one_of(request, "p", "prefix")?.unwrap_or_default();
    let part = part(request)?;
    if !prefix.is_empty() && !part.is_empty() {
        let takes = "nothing beside `m` (`match`): use one of them";
        return Err(ApiError::BadParameter { parameter: prefix_name, takes });
    }
    refuse_unserved(request)?;
    let branches = branches_asked_for(request)?;
    let page = if is_for_active(request)? { page(request)? } else { Page::EMPTY };
    let statement = statement::projects(prefix, &part, branches.as_deref(), page);
    let list = snapshot.get(statement).await?;
    Ok(compressed(&request.headers, response(list)))
}

/// Answers `/r/projects/mediawiki%2FKIND%2FNAME/branches`: the published branches in the order of their
/// names, as Gerrit's "List Branches" does. It takes `m`, `n` and `S`.
///
/// # Errors
/// 404 for a project that is not published, 400 and 503 as [`projects`].
pub async fn branches(
    request: &Request,
    kind: Kind,
    name: &RepoName,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    refuse_unserved(request)?;
    let (part, page) = (part(request)?, page(request)?);
    let list = snapshot.get(statement::branches(kind, name, &part, page)).await?;
    Ok(of_project(request, kind, name, list.ok_or_else(ApiError::unpublished_project)?))
}

/// Answers `/r/projects/mediawiki%2FKIND%2FNAME`, as Gerrit's "Get Project" does: the id, the name and the
/// state. The snapshot does not know the parents, labels and links that a Gerrit has for its projects.
///
/// # Errors
/// 404 for a project that is not published, 503 without a snapshot.
pub async fn project(
    request: &Request,
    kind: Kind,
    name: &RepoName,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let info = snapshot.get(statement::project(kind, name)).await?;
    Ok(of_project(request, kind, name, info.ok_or_else(ApiError::unpublished_project)?))
}

/// Answers `/r/projects/mediawiki%2FKIND%2FNAME/branches/BRANCH`, as Gerrit's "Get Branch" does: the ref and
/// its commit.
///
/// # Errors
/// 404 for a project that is not published, or not with this branch; 503 without a snapshot.
pub async fn branch(
    request: &Request,
    kind: Kind,
    name: &RepoName,
    branch: &BranchName,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    match snapshot.get(statement::branch(kind, name, branch)).await? {
        Tip::Branch(tip) => Ok(of_project(request, kind, name, tip)),
        Tip::NoBranch => Err(ApiError::no_such_branch()),
        Tip::NoProject => Err(ApiError::unpublished_project()),
    }
}

/// The response about one project.
fn of_project(request: &Request, kind: Kind, name: &RepoName, text: Rendered) -> Response {
    let mut response = response(text);
    response.described_by(kind, name);
    compressed(&request.headers, response)
}

fn response(list: Rendered) -> Response {
    Response::ok(Representation::of(list.text, list.modified_at), CONTENT_TYPE)
}

/// The value of a parameter by its short or long name, after the name that the request has.
fn one_of<'a>(
    request: &'a Request,
    short: &'static str,
    long: &'static str,
) -> Result<Option<(&'static str, &'a str)>, ApiError> {
    match (request.parameter(short)?, request.parameter(long)?) {
        (Some(_), Some(_)) => Err(ApiError::BadParameter { parameter: short, takes: "one value" }),
        (Some(value), None) => Ok(Some((short, value))),
        (None, value) => Ok(value.map(|value| (long, value))),
    }
}

/// The part that names have to contain, in lower case.
fn part(request: &Request) -> Result<String, ApiError> {
    let (_, part) = one_of(request, "m", "match")?.unwrap_or_default();
    Ok(part.to_ascii_lowercase())
}

fn page(request: &Request) -> Result<Page, ApiError> {
    let limit = number(request, "n", "limit")?.filter(|limit| *limit > 0);
    Ok(Page { limit, start: number(request, "S", "start")?.unwrap_or(0) })
}

/// A number as Gerrit takes it: it has 32 bits, and below zero it counts as zero.
fn number(
    request: &Request,
    short: &'static str,
    long: &'static str,
) -> Result<Option<u32>, ApiError> {
    let Some((parameter, text)) = one_of(request, short, long)? else { return Ok(None) };
    let wrong = |_| ApiError::BadParameter { parameter, takes: "a whole number" };
    let number: i32 = text.parse().map_err(wrong)?;
    Ok(Some(u32::try_from(number).unwrap_or(0)))
}

/// False where the request asks for projects in a state that none has here.
fn is_for_active(request: &Request) -> Result<bool, ApiError> {
    let Some((parameter, state)) = one_of(request, "s", "state")? else { return Ok(true) };
    match state.to_ascii_uppercase().as_str() {
        "ACTIVE" => Ok(true),
        "READ_ONLY" | "HIDDEN" => Ok(false),
        _ => {
            let takes = "`ACTIVE`, `READ_ONLY` or `HIDDEN`";
            Err(ApiError::BadParameter { parameter, takes })
        }
    }
}

/// The values of `b`, each with the branch that it means, as a JSON array of pairs; `None` without `b`.
fn branches_asked_for(request: &Request) -> Result<Option<String>, ApiError> {
    let asked: Vec<&str> = request.parameters(&["b", "show-branch"]).collect();
    if asked.len() > MAX_BRANCHES {
        let takes = "the name of a branch, at most 100 times";
        return Err(ApiError::BadParameter { parameter: "b", takes });
    }
    let pairs = asked.iter().enumerate().filter_map(|(place, text)| {
        let is_first = !asked[..place].contains(text);
        Some((text, named(text)?)).filter(|_| is_first)
    });
    let pairs: Vec<_> = pairs.collect();
    (!asked.is_empty()).then(|| json(&pairs)).transpose()
}

/// The branch that Git finds by a name: `master`, `heads/master` and `refs/heads/master` are the same.
fn named(text: &str) -> Option<BranchName> {
    let heads = text.strip_prefix("refs/").unwrap_or(text);
    heads.strip_prefix("heads/").unwrap_or(text).parse().ok()
}

/// Fails for a request with one of the parameters that are not served.
fn refuse_unserved(request: &Request) -> Result<(), ApiError> {
    let is_code = |kind: &str| ["all", "code"].iter().any(|it| it.eq_ignore_ascii_case(kind));
    if request.parameter("type")?.is_some_and(|kind| !is_code(kind)) {
        return Err(ApiError::BadParameter { parameter: "type", takes: "`ALL` or `CODE`" });
    }
    let found = UNSERVED.into_iter().find(|(name, _)| request.parameters(&[name]).next().is_some());
    found.map_or(Ok(()), |(parameter, takes)| Err(ApiError::BadParameter { parameter, takes }))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn request(query: &str) -> Request {
        let uri = format!("/r/projects/?{query}").parse().unwrap();
        Request::new(Method::GET, &uri, HeaderMap::new()).unwrap()
    }

    #[test]
    fn a_branch_has_three_names() {
        for (text, expected) in [
            ("master", Some("master")),
            ("heads/master", Some("master")),
            ("refs/heads/master", Some("master")),
            ("refs/heads/wmf/1.45", Some("wmf/1.45")),
            ("refs/tags/x", Some("refs/tags/x")),
            ("", None),
            ("refs/heads/", None),
            ("a..b", None),
            ("' OR 1=1 --", None),
        ] {
            assert_eq!(named(text).as_ref().map(BranchName::as_str), expected, "{text}");
        }
    }

    #[test]
    fn names_that_no_branch_can_have_find_nothing() {
        let asked = |query: &str| branches_asked_for(&request(query)).unwrap();
        assert_eq!(asked("p=x"), None);
        assert_eq!(asked("b="), Some("[]".into()));
        assert_eq!(
            asked("b=master&b=refs/heads/REL1_45&b=master&b=~&show-branch=x"),
            Some(r#"[["master","master"],["refs/heads/REL1_45","REL1_45"],["x","x"]]"#.into())
        );
        assert!(branches_asked_for(&request(&"b=x&".repeat(101))).is_err());
    }

    #[test]
    fn numbers_are_read_as_gerrit_reads_them() {
        let page = |query: &str| page(&request(query)).map(|page| (page.limit, page.start));
        assert_eq!(page(""), Ok((None, 0)));
        assert_eq!(page("n=2&S=3"), Ok((Some(2), 3)));
        assert_eq!(page("limit=2&start=-1"), Ok((Some(2), 0)));
        assert_eq!(page("n=0&S=+7".replace('+', "%2B").as_str()), Ok((None, 7)));
        for wrong in ["n=", "n=x", "S=1.5", "n=99999999999", "n=1&n=2", "n=1&limit=1"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
        for (wrong, name) in [("n=x", "n"), ("limit=x", "limit"), ("start=", "start")] {
            let error = page(wrong).unwrap_err();
            assert!(
                matches!(error, ApiError::BadParameter { parameter, .. } if parameter == name),
                "{wrong}"
            );
        }
    }
}
