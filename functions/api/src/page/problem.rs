//! The page of an error.

use http::{HeaderMap, header};
use maud::html;

use super::{
    html::{HTML, is_wanted, secured},
    layout::{Layout, document},
    text::sentence,
};
use crate::http::{body::Body, problem::ApiError, response::Response};

/// The response for an error: a page for clients that want one, else the problem document.
pub fn response(headers: &HeaderMap, error: &ApiError) -> Response {
    if is_wanted(headers) { page(error) } else { error.response() }
}

/// The page of an error: status and headers are those of its problem document.
fn page(error: &ApiError) -> Response {
    let status = error.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let advice = match error {
        ApiError::NotFound(_) | ApiError::NoRepository { .. } => {
            "It may have been renamed or archived. Try the search above."
        }
        ApiError::Unavailable(_) => "Please come back in a few minutes.",
        ApiError::Internal => "Please try again later.",
        _ => "Please check the address.",
    };
    let main = html! {
        h1 { (title) }
        p dir="auto" { (sentence(&error.to_string())) }
        p { (advice) }
        p.small { "Status " (status.as_u16()) }
    };
    let mut response = error.response();
    let page = document(&Layout { title, ..Layout::default() }, &main);
    response.body = Body::Bytes(page.into_string().into());
    response.set(header::CONTENT_TYPE, HTML);
    secured(response)
}
