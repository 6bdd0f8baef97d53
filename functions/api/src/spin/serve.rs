//! What every component does with a request.
//!
//! A component is an entry point that gives its own endpoints to [`serve`], and nothing else. Endpoints
//! that it does not name are not linked into it.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts};

use super::{
    database::Database, instance::Instance, response_cache::key, variables::cache_max_age,
};
use crate::{
    address,
    http::{
        body::Body, conditional, problem::ApiError, request::Request, request_body::read,
        response::Response,
    },
    route::{METHODS_WITH_POST, Route, route},
};

/// What an endpoint gets beside its route.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The request.
    pub request: &'a Request,
    /// The snapshot to answer from.
    pub snapshot: &'a Database,
}

/// Answers a request with the `endpoint` of a component. It gets the route of every `GET` and `HEAD` for
/// which no response is kept, and returns [`ApiError::no_such_path`] for routes of other components.
///
/// An error becomes a response here: from an error Spin would make a 500 without a body.
///
/// This is for components whose paths name no repositories. The others lead to those that are meant, as
/// [`address`] says, and have the code for it.
pub async fn serve<E>(request: spin_sdk::http::Request, endpoint: E) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    serve_as::<E, false>(request, endpoint, |_, _, error| error.response()).await
}

/// As [`serve`], for a component whose paths name repositories.
pub async fn serve_repositories<E>(
    request: spin_sdk::http::Request,
    endpoint: E,
) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    serve_as::<E, true>(request, endpoint, |_, _, error| error.response()).await
}

/// As [`serve_repositories`]; `problem` makes the response for an error, to a request with this target and
/// these headers.
pub async fn serve_with<E>(
    request: spin_sdk::http::Request,
    endpoint: E,
    problem: fn(&Uri, &HeaderMap, &ApiError) -> Response,
) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    serve_as::<E, true>(request, endpoint, problem).await
}

async fn serve_as<E, const HAS_REPOSITORIES: bool>(
    request: spin_sdk::http::Request,
    endpoint: E,
    problem: fn(&Uri, &HeaderMap, &ApiError) -> Response,
) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    let (parts, _body) = request.into_parts();
    let response =
        respond::<E, HAS_REPOSITORIES>(parts.method.clone(), &parts.uri, &parts.headers, endpoint)
            .await;
    finished(&parts, response, problem)
}

/// As [`serve`], with `problem` as in [`serve_with`], for a component that takes bodies: `post` gets the
/// body of a `POST` to a path that takes one. It has at most `limit` bytes. The response to it is never kept.
pub async fn serve_with_post<E, P>(
    request: spin_sdk::http::Request,
    endpoint: E,
    limit: usize,
    post: P,
    problem: fn(&Uri, &HeaderMap, &ApiError) -> Response,
) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
    P: AsyncFn(Call<'_>, &[u8]) -> Result<Response, ApiError>,
{
    let (parts, body) = request.into_parts();
    let response = if parts.method == Method::POST {
        respond_to_post(&parts, body, limit, post).await
    } else {
        respond::<E, false>(parts.method.clone(), &parts.uri, &parts.headers, endpoint).await
    };
    finished(&parts, response, problem)
}

fn finished(
    parts: &Parts,
    response: Result<Response, ApiError>,
    problem: fn(&Uri, &HeaderMap, &ApiError) -> Response,
) -> http::Response<Body> {
    let response =
        response.unwrap_or_else(|error| problem(&parts.uri, &parts.headers, &error)).finish();
    let mut out = http::Response::new(response.body);
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

async fn respond_to_post<P>(
    parts: &Parts,
    body: impl http_body::Body<Data = Bytes>,
    limit: usize,
    post: P,
) -> Result<Response, ApiError>
where
    P: AsyncFn(Call<'_>, &[u8]) -> Result<Response, ApiError>,
{
    let request = Request::new(Method::POST, &parts.uri, parts.headers.clone())?;
    if let Some(response) = address::slash(&request) {
        return Ok(response);
    }
    let allow = route(&request)?.methods();
    if allow != METHODS_WITH_POST {
        return Err(ApiError::MethodNotAllowed { allow });
    }
    let body = read(&parts.headers, body, limit).await?;
    // Not before the body: a client may take its time, and a connection lags behind new snapshots.
    let instance = Instance::current();
    let mut response =
        post(Call { request: &request, snapshot: &instance.database }, &body).await?;
    response.set(header::CACHE_CONTROL, "no-store");
    Ok(response)
}

async fn respond<E, const HAS_REPOSITORIES: bool>(
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    endpoint: E,
) -> Result<Response, ApiError>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    if !matches!(method, Method::GET | Method::HEAD) {
        let request = Request::new(method, uri, headers.clone())?;
        if request.method == Method::OPTIONS {
            return Ok(options(address::methods(&request)?));
        }
        if let Some(response) = address::slash(&request) {
            return Ok(response);
        }
        return Err(ApiError::MethodNotAllowed { allow: route(&request)?.methods() });
    }
    let key = key(uri, headers);
    let instance = Instance::current();
    let kept = instance.responses.borrow().get(&key);
    let response = match kept {
        Some(response) => response,
        None => {
            let request = Request::new(method, uri, headers.clone())?;
            let call = Call { request: &request, snapshot: &instance.database };
            let mut response = answer::<E, HAS_REPOSITORIES>(call, endpoint).await?;
            if !response.headers.contains_key(header::CACHE_CONTROL) {
                let value = format!("public, max-age={}", cache_max_age().await?);
                response.set(header::CACHE_CONTROL, &value);
            }
            instance.responses.borrow_mut().put(key, &response);
            response
        }
    };
    conditional::apply(headers, response)
}

/// The response of the endpoint, or the one that leads to the right address.
async fn answer<E, const HAS_REPOSITORIES: bool>(
    call: Call<'_>,
    endpoint: E,
) -> Result<Response, ApiError>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    if let Some(response) = address::slash(call.request) {
        return Ok(response);
    }
    match endpoint(route(call.request)?, call).await {
        Err(error) if HAS_REPOSITORIES => address::almost(call.request, error, call.snapshot).await,
        response => response,
    }
}

/// The response to `OPTIONS`, which is also the response to the preflight request of a browser.
fn options(allow: &'static str) -> Response {
    let mut response = Response::new(StatusCode::NO_CONTENT, "");
    response.set(header::ALLOW, allow);
    response.set(header::ACCESS_CONTROL_ALLOW_METHODS, allow);
    response.set(header::ACCESS_CONTROL_ALLOW_HEADERS, "*");
    response.set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    response
}

/// The time: Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
