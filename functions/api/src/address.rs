//! Addresses that are almost right. A slash too many or too few, and another case of letters, lead to the
//! right address (308). For a repository of the other kind, the 404 says where it is; for a name that none
//! has, it has names that are near.
//!
//! The components do this in `spin::serve`, after their endpoints: a request that finds
//! something pays nothing for it. One that finds no repository pays one more statement, and one for a name
//! that none has in any case of letters pays two.

use http::{StatusCode, header};
use tardist_contract::{BranchName, Kind, RepoName};

use crate::{
    http::{problem::ApiError, request::Request, response::Response},
    query::{
        names::alike,
        near::{MAX_NEAR, near},
        snapshot::Snapshot,
    },
    route::{CHECKSUM, Reading, Route, route},
};

/// The response to a request whose path has a slash too many at its end, or too few: the list of
/// `/dist/KIND/` is a folder, as on a web server, and all others are none.
pub fn slash(request: &Request) -> Option<Response> {
    meant(request).map(|(path, _)| moved(request, &path))
}

/// The methods that a path takes. With a slash too many or too few, they are those of the right path: browsers
/// follow no redirect in a preflight request.
///
/// # Errors
/// 404 where nothing is at either path.
pub fn methods(request: &Request) -> Result<&'static str, ApiError> {
    match meant(request) {
        Some((_, route)) => Ok(route.methods()),
        None => Ok(route(request)?.methods()),
    }
}

/// The right path and its route, for a path that has a slash too many at its end, or too few.
fn meant(request: &Request) -> Option<(String, Route)> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    if let ["dist", kind] = segments.as_slice() {
        let kind: Kind = kind.parse().ok()?;
        return Some((format!("/dist/{kind}/"), Route::DistIndex(kind)));
    }
    let path = request.path.trim_end_matches('/');
    if path.len() == request.path.len() || path.is_empty() || segments[0] == "r" {
        return None;
    }
    let mut other = request.clone();
    while other.segments.pop_if(|last| last.is_empty()).is_some() {}
    match route(&other) {
        // A tarball is no folder.
        Ok(Route::Dist(..)) | Err(_) => None,
        // The path begins with a name that has a route, and so with one slash: it leads to no other host.
        Ok(route) => Some((path.to_owned(), route)),
    }
}

/// The response to a request that found nothing: `error` is why. It stays a 404, maybe with another
/// sentence, or it becomes a 308.
///
/// # Errors
/// `error` itself or the better 404; 503 without a snapshot.
pub async fn almost(
    request: &Request,
    error: ApiError,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let route = if error.status() == StatusCode::NOT_FOUND { route(request).ok() } else { None };
    let Some((kind, names)) = route.as_ref().and_then(named) else { return Err(error) };
    let found = snapshot.get(alike(&names)?).await?;
    if names.iter().any(|name| found.contains(&(kind, name.clone()))) {
        // The repository is there; what the path wants of it is not.
        return Err(error);
    }
    let mut same_kind = Vec::new();
    let mut other_kind = Vec::new();
    for (its_kind, its_name) in found.iter().cloned() {
        let Some(asked) = names.iter().find(|asked| is_alike(asked, &its_name)) else { continue };
        let Some(path) = route.as_ref().and_then(|it| path(it, its_kind, asked, &its_name)) else {
            continue;
        };
        (if its_kind == kind { &mut same_kind } else { &mut other_kind }).push(path);
    }
    if let [only] = same_kind.as_slice() {
        return Ok(moved(request, only));
    }
    same_kind.append(&mut other_kind);
    if same_kind.is_empty() {
        // A client of Gerrit's REST API knows no suggestions.
        let is_gerrit = request.segments.first().is_some_and(|first| first == "r");
        let Some(name) = names.last().filter(|_| !is_gerrit) else { return Err(error) };
        let near = near(None, name.as_str(), snapshot).await?;
        return Err(ApiError::NoRepository { kind, at: Vec::new(), near });
    }
    let near = found.into_iter().take(MAX_NEAR).collect();
    Err(ApiError::NoRepository { kind, at: same_kind, near })
}

/// A 308 to a path of this service, with the query of the request.
fn moved(request: &Request, path: &str) -> Response {
    let joint = if request.raw_query.is_empty() { "" } else { "?" };
    let mut response = Response::new(StatusCode::PERMANENT_REDIRECT, "");
    response.set(header::LOCATION, &format!("{path}{joint}{}", request.raw_query));
    response
}

fn is_alike(a: &RepoName, b: &RepoName) -> bool {
    a.as_str().eq_ignore_ascii_case(b.as_str())
}

/// The kind and the name of the repository that a route is about. A download can have two.
fn named(route: &Route) -> Option<(Kind, Vec<RepoName>)> {
    Some(match route {
        Route::Info(kind, name)
        | Route::RepositoryPage(kind, name)
        | Route::Project(kind, name)
        | Route::Branches(kind, name)
        | Route::Branch(kind, name, _)
        | Route::Feed(Some((kind, name))) => (*kind, vec![name.clone()]),
        Route::Download(kind, readings) => {
            (*kind, readings.iter().map(|reading| reading.name.clone()).collect())
        }
        _ => return None,
    })
}

/// The path of the same for the repository that is there, in place of the one that was asked for.
fn path(route: &Route, kind: Kind, asked: &RepoName, name: &RepoName) -> Option<String> {
    let project = format!("/r/projects/mediawiki%2F{kind}%2F{}", name.as_str().replace('+', "%2B"));
    let encoded = |branch: &BranchName| branch.as_str().replace('/', "%2F").replace('+', "%2B");
    Some(match route {
        Route::Info(..) => format!("/info/{kind}/{name}"),
        Route::RepositoryPage(..) => format!("/{kind}/{name}"),
        Route::Feed(Some(_)) => format!("/{kind}/{name}/feed.atom"),
        Route::Project(..) => project,
        Route::Branches(..) => format!("{project}/branches"),
        Route::Branch(_, _, branch) => format!("{project}/branches/{}", encoded(branch)),
        Route::Download(_, readings) => {
            let Reading { branch, is_checksum, .. } =
                readings.iter().find(|reading| reading.name == *asked)?;
            let branch = branch.as_ref().map(|it| format!("/{}", it.as_str().replace('/', "~")));
            let end = if *is_checksum { CHECKSUM } else { "" };
            format!("/download/{kind}/{name}{}{end}", branch.unwrap_or_default())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
