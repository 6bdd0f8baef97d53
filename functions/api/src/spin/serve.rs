//! What every component does with a request.
//!
//! A component is an entry point that gives its own endpoints to [`serve`], and nothing else. Endpoints
//! that it does not name are not linked into it.

use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method, StatusCode, Uri, header};

use super::{
    database::Database, instance::Instance, response_cache::key, variables::cache_max_age,
};
use crate::{
    address,
    http::{body::Body, conditional, problem::ApiError, request::Request, response::Response},
    route::{METHODS, Route, route},
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
pub async fn serve<E>(request: spin_sdk::http::Request, endpoint: E) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    serve_with(request, endpoint, |_, _, error| error.response()).await
}

/// As [`serve`]; `problem` makes the response for an error, to a request with this target and these headers.
pub async fn serve_with<E>(
    request: spin_sdk::http::Request,
    endpoint: E,
    problem: fn(&Uri, &HeaderMap, &ApiError) -> Response,
) -> http::Response<Body>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    let (parts, _body) = request.into_parts();
    let response = respond(parts.method, &parts.uri, &parts.headers, endpoint).await;
    let response =
        response.unwrap_or_else(|error| problem(&parts.uri, &parts.headers, &error)).finish();
    let mut out = http::Response::new(response.body);
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

async fn respond<E>(
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
        if let Some(response) = address::slash(&request) {
            return Ok(response);
        }
        route(&request)?;
        return match request.method {
            Method::OPTIONS => Ok(options()),
            _ => Err(ApiError::MethodNotAllowed { allow: METHODS }),
        };
    }
    let key = key(uri, headers);
    let instance = Instance::current();
    let kept = instance.responses.borrow().get(&key);
    let response = match kept {
        Some(response) => response,
        None => {
            let request = Request::new(method, uri, headers.clone())?;
            let call = Call { request: &request, snapshot: &instance.database };
            let mut response = answer(call, endpoint).await?;
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
async fn answer<E>(call: Call<'_>, endpoint: E) -> Result<Response, ApiError>
where
    E: AsyncFn(Route, Call<'_>) -> Result<Response, ApiError>,
{
    if let Some(response) = address::slash(call.request) {
        return Ok(response);
    }
    match endpoint(route(call.request)?, call).await {
        Err(error) => address::almost(call.request, error, call.snapshot).await,
        response => response,
    }
}

/// The response to `OPTIONS`, which is also the response to the preflight request of a browser.
fn options() -> Response {
    let mut response = Response::new(StatusCode::NO_CONTENT, "");
    response.set(header::ALLOW, METHODS);
    response.set(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    response.set(header::ACCESS_CONTROL_ALLOW_HEADERS, "*");
    response.set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    response
}

/// The time: Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
