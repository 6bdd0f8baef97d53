//! Routes: which endpoint a path belongs to. The components' routes in `spin.toml` only decide who
//! is asked; what a path means is decided here.

use tardist_contract::Kind;

use crate::{http::problem::ApiError, http::request::Request};

/// What every path takes.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// The paths that are served, as `/` lists them.
pub const ENDPOINTS: [&str; 12] = [
    "/",
    "/list",
    "/list/{kind}",
    "/info",
    "/info/{kind}",
    "/info/{kind}/{name}",
    "/search",
    "/health",
    "/r/projects/",
    "/r/projects/{project}/branches",
    "/openapi.json",
    "/dist/{kind}/{file}",
];

/// An endpoint with the path's variable parts, as they stand in the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route<'a> {
    /// `/`
    Index,
    /// `/health`
    Health,
    /// `/openapi.json`
    OpenApi,
    /// `/list`, `/list/KIND`
    List(Option<&'a str>),
    /// `/info`, `/info/KIND`
    Infos(Option<&'a str>),
    /// `/info/KIND/NAME`
    Info(&'a str, &'a str),
    /// `/search`
    Search,
    /// `/r/projects/`
    Projects,
    /// `/r/projects/PROJECT/branches`: the project is `mediawiki/KIND/NAME`, whose slashes Gerrit's
    /// clients send as `%2F`
    Branches(&'a str, &'a str),
    /// `/dist/KIND/FILE`
    Dist(&'a str, &'a str),
    /// `/KIND`, for people
    ListPage(Kind),
    /// `/KIND/NAME`, for people: the kind is one
    Page(&'a str, &'a str),
}

/// Finds the endpoint of a request.
///
/// # Errors
/// [`ApiError::NotFound`] where no endpoint has the path.
pub fn route(request: &Request) -> Result<Route<'_>, ApiError> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    Ok(match segments.as_slice() {
        [] => Route::Index,
        ["health"] => Route::Health,
        ["openapi.json"] => Route::OpenApi,
        ["list"] => Route::List(None),
        ["list", kind] => Route::List(Some(kind)),
        ["info"] => Route::Infos(None),
        ["info", kind] => Route::Infos(Some(kind)),
        ["info", kind, name] => Route::Info(kind, name),
        ["search"] => Route::Search,
        ["r", "projects"] | ["r", "projects", ""] => Route::Projects,
        ["r", "projects", project, "branches"] | ["r", "projects", project, "branches", ""] => {
            let mut parts = project.splitn(3, '/');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("mediawiki"), Some(kind), Some(name)) => Route::Branches(kind, name),
                _ => return Err(ApiError::no_such_project()),
            }
        }
        // As a proxy leaves it that decodes paths on its way.
        ["r", "projects", "mediawiki", kind, name, "branches"] => Route::Branches(kind, name),
        ["dist", kind, file] => Route::Dist(kind, file),
        [kind] => Route::ListPage(page_kind(kind)?),
        [kind, name] => {
            page_kind(kind)?;
            Route::Page(kind, name)
        }
        _ => return Err(ApiError::no_such_path()),
    })
}

/// The kind whose page a path may be.
fn page_kind(text: &str) -> Result<Kind, ApiError> {
    text.parse().map_err(|_| ApiError::no_such_path())
}
