//! Routes: which endpoint a path belongs to, and what it asks of it. The routes in `spin.toml` only
//! choose a component; what a path means is decided here, once. So an endpoint gets names that are
//! checked, and never the text of a path.

use tardist_contract::{Kind, RepoName, TarballName};

use crate::http::{problem::ApiError, request::Request};

/// The methods that every path takes: the value of `Allow`.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// The methods of a path that takes bodies, too.
pub const METHODS_WITH_POST: &str = "GET, HEAD, POST, OPTIONS";

/// The paths for programs, as `/` lists them.
pub const ENDPOINTS: [&str; 13] = [
    "/",
    "/list",
    "/list/{kind}",
    "/info",
    "/info/{kind}",
    "/info/{kind}/{name}",
    "/search",
    "/updates",
    "/health",
    "/r/projects/",
    "/r/projects/{project}/branches",
    "/openapi.json",
    "/dist/{kind}/{file}",
];

/// An endpoint, with the variable parts of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Index,
    /// `/health`
    Health,
    /// `/openapi.json`
    OpenApi,
    /// `/list`, `/list/KIND`
    List(Option<Kind>),
    /// `/info`, `/info/KIND`
    Infos(Option<Kind>),
    /// `/info/KIND/NAME`
    Info(Kind, RepoName),
    /// `/search`
    Search,
    /// `/updates`
    Updates,
    /// `/r/projects/`
    Projects,
    /// `/r/projects/PROJECT/branches`: the project is `mediawiki/KIND/NAME`, whose slashes Gerrit's
    /// clients send as `%2F`
    Branches(Kind, RepoName),
    /// `/dist/KIND/FILE`
    Dist(Kind, TarballName),
    /// `/KIND`, for people
    ListPage(Kind),
    /// `/KIND/NAME`, for people
    RepositoryPage(Kind, RepoName),
}

impl Route {
    /// The methods that it takes: the value of `Allow`.
    pub fn methods(&self) -> &'static str {
        if *self == Self::Updates { METHODS_WITH_POST } else { METHODS }
    }
}

/// Finds the endpoint of a request.
///
/// # Errors
/// [`ApiError::NotFound`] where no endpoint has the path, and where a part of the path is no kind, or
/// cannot be the name of a repository or of a tarball.
pub fn route(request: &Request) -> Result<Route, ApiError> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    Ok(match segments.as_slice() {
        [] => Route::Index,
        ["health"] => Route::Health,
        ["openapi.json"] => Route::OpenApi,
        ["list"] => Route::List(None),
        ["list", of] => Route::List(Some(kind(of)?)),
        ["info"] => Route::Infos(None),
        ["info", of] => Route::Infos(Some(kind(of)?)),
        ["info", of, name] => {
            let kind = kind(of)?;
            Route::Info(kind, repository(kind, name)?)
        }
        ["search"] => Route::Search,
        ["updates"] => Route::Updates,
        ["r", "projects"] | ["r", "projects", ""] => Route::Projects,
        ["r", "projects", project, "branches"] | ["r", "projects", project, "branches", ""] => {
            branches(&project.splitn(3, '/').collect::<Vec<_>>())?
        }
        // A proxy that decodes paths sends it so.
        ["r", "projects", "mediawiki", of, name, "branches"] => branches(&["mediawiki", of, name])?,
        ["dist", of, file] => {
            Route::Dist(kind(of)?, file.parse().map_err(|_| ApiError::no_such_tarball())?)
        }
        [of] => Route::ListPage(of.parse().map_err(|_| ApiError::no_such_path())?),
        [of, name] => {
            let kind = of.parse().map_err(|_| ApiError::no_such_path())?;
            Route::RepositoryPage(kind, repository(kind, name)?)
        }
        _ => return Err(ApiError::no_such_path()),
    })
}

fn kind(text: &str) -> Result<Kind, ApiError> {
    text.parse().map_err(|_| ApiError::no_such_kind())
}

fn repository(kind: Kind, name: &str) -> Result<RepoName, ApiError> {
    name.parse().map_err(|_| ApiError::no_such_repository(kind))
}

/// The route of a Gerrit project, by the parts of its name.
fn branches(project: &[&str]) -> Result<Route, ApiError> {
    let &["mediawiki", kind, name] = project else { return Err(ApiError::no_such_project()) };
    let kind = kind.parse().map_err(|_| ApiError::no_such_project())?;
    Ok(Route::Branches(kind, name.parse().map_err(|_| ApiError::unpublished_project())?))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn find(path: &str) -> Result<Route, ApiError> {
        let request = Request::new(Method::GET, &path.parse().unwrap(), HeaderMap::new())?;
        route(&request)
    }

    #[test]
    fn a_path_is_an_endpoint_with_checked_names() {
        let name = || "Foo".parse::<RepoName>().unwrap();
        for (path, route) in [
            ("/", Route::Index),
            ("/list/skins", Route::List(Some(Kind::Skins))),
            ("/info/skins/Foo", Route::Info(Kind::Skins, name())),
            ("/updates", Route::Updates),
            ("/skins", Route::ListPage(Kind::Skins)),
            ("/skins/Foo", Route::RepositoryPage(Kind::Skins, name())),
            ("/r/projects/", Route::Projects),
            ("/r/projects/mediawiki%2Fskins%2FFoo/branches", Route::Branches(Kind::Skins, name())),
            ("/r/projects/mediawiki/skins/Foo/branches", Route::Branches(Kind::Skins, name())),
            ("/dist/skins/A.tar.gz", Route::Dist(Kind::Skins, "A.tar.gz".parse().unwrap())),
        ] {
            assert_eq!(find(path), Ok(route), "{path}");
        }
    }

    #[test]
    fn only_the_update_check_takes_bodies() {
        assert_eq!(find("/updates").unwrap().methods(), METHODS_WITH_POST);
        assert_eq!(find("/skins").unwrap().methods(), METHODS);
    }

    #[test]
    fn what_a_path_names_and_cannot_be_there_is_not_found() {
        for (path, error) in [
            ("/nothing", ApiError::no_such_path()),
            ("/health/", ApiError::no_such_path()),
            ("/nothing/Foo", ApiError::no_such_path()),
            ("/list/other", ApiError::no_such_kind()),
            ("/info/other/Foo", ApiError::no_such_kind()),
            ("/info/skins/..", ApiError::no_such_repository(Kind::Skins)),
            ("/skins/a%2Fb", ApiError::no_such_repository(Kind::Skins)),
            ("/r/projects/other%2Fskins%2FFoo/branches", ApiError::no_such_project()),
            ("/r/projects/mediawiki%2Fother%2FFoo/branches", ApiError::no_such_project()),
            ("/r/projects/mediawiki%2Fskins%2Fa%2Fb/branches", ApiError::unpublished_project()),
            ("/dist/../secret.tar.gz", ApiError::no_such_kind()),
            ("/dist/skins/..%2Fsecret.tar.gz", ApiError::no_such_tarball()),
        ] {
            assert_eq!(find(path), Err(error), "{path}");
        }
    }
}
