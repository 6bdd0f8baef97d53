//! The page of an error.

use http::{HeaderMap, Method, StatusCode, Uri, header};
use maud::html;

use super::{
    html::{HTML, is_wanted, secured},
    layout::{Layout, document},
    search::near_names,
    text::sentence,
    visit::Visit,
};
use crate::{
    http::{body::Body, problem::ApiError, request::Request, response::Response},
    query::distributed::Branches,
    route::route,
};

/// The response for an error of a request to `uri`: a page for clients that want one, else the problem
/// document. It is the document for all clients where no page is: at the paths that are for programs only.
pub fn response(uri: &Uri, headers: &HeaderMap, error: &ApiError) -> Response {
    let request = Request::new(Method::GET, uri, headers.clone());
    let is_for_programs = request.and_then(|it| route(&it)).is_ok_and(|it| it.is_for_programs());
    if is_wanted(headers) && !is_for_programs {
        page(&Visit::of_any(uri, headers), error)
    } else {
        error.response()
    }
}

/// The page of an error: status and headers are those of its problem document. What is wrong with the
/// request is said in English, in the words of that document.
fn page(visit: &Visit, error: &ApiError) -> Response {
    let messages = visit.messages;
    let status = error.status();
    let (title, advice) = match status {
        StatusCode::NOT_FOUND => ("error-not-found", "error-advice-not-found"),
        StatusCode::SERVICE_UNAVAILABLE => ("error-unavailable", "error-advice-unavailable"),
        StatusCode::INTERNAL_SERVER_ERROR => ("error-other", "error-advice-internal"),
        StatusCode::BAD_REQUEST if matches!(error, ApiError::BadBody(_)) => {
            ("error-bad-request", "error-advice-body")
        }
        StatusCode::BAD_REQUEST => ("error-bad-request", "error-advice-other"),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("error-other", "error-advice-body")
        }
        _ => ("error-other", "error-advice-other"),
    };
    let main = html! {
        h1 { (messages.text(title)) }
        p lang="en" dir="ltr" { (sentence(&error.to_string())) }
        @if let ApiError::NoRepository { near, .. } = error { (near_names(visit, near)) }
        p { (messages.text(advice)) }
        p.small { (messages.with("error-status", &[status.as_str()])) }
    };
    let mut response = error.response();
    let none = Branches::default();
    let layout =
        Layout { title: messages.text(title), is_hidden: true, ..Layout::new(visit, &none, "/") };
    response.body = Body::Bytes(document(&layout, &main).into_string().into());
    response.set(header::CONTENT_TYPE, HTML);
    visit.describe(secured(response))
}
