//! Routes: which endpoint a path belongs to. The components' routes in `spin.toml` only decide who
//! is asked; what a path means is decided here.

use crate::{ApiError, request::Request};

/// What every path takes.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// The paths that are served, as `/` lists them.
pub const ENDPOINTS: [&str; 9] = [
    "/",
    "/list",
    "/list/{kind}",
    "/info",
    "/info/{kind}",
    "/info/{kind}/{name}",
    "/health",
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
    /// `/dist/KIND/FILE`
    Dist(&'a str, &'a str),
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
        ["dist", kind, file] => Route::Dist(kind, file),
        // To come: /search, /r/projects/…, the pages for people.
        _ => {
            return Err(ApiError::NotFound(
                "there is nothing at this path; / lists what there is".into(),
            ));
        }
    })
}
