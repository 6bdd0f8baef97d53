//! The pages for people: `/` for browsers, `/extensions`, `/skins`, `/extensions/NAME`,
//! `/skins/NAME`, and what an error looks like to a person.
//!
//! A page needs nothing but its own bytes: no script, no font, no picture from elsewhere. Style and
//! icon are in it, and a Content-Security-Policy allows only those, the style by its hash. So one
//! request is a page, and whatever a repository says of itself can at worst look odd.
//!
//! The templates are [maud](https://docs.rs/maud)'s: Rust that compiles to writes into one string,
//! in which whatever is not written as markup is escaped. The pages show what the JSON answers say,
//! read from these, and so can't say anything else.

use http::{HeaderMap, header};
use maud::{Markup, html};

use crate::{http::problem::ApiError, http::request::wants, http::response::Response};

pub mod home;
mod layout;
pub mod listing;
mod outside;
pub mod repository;
pub mod search;

use layout::{Layout, document};

/// The media type of a page.
pub const HTML: &str = "text/html; charset=utf-8";

/// What a page may load and do: its own style (by the SHA-256 of `page/style.css`, which a test
/// compares) and icon, and forms to this site. Nobody may put it into a frame.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
     style-src 'sha256-J4+uh0IljPObpCHivrnVWAmw+k/ybD7V8XH9mLUJ2Dw='; img-src data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// True where a client would rather have a page than JSON, as browsers say by
/// `Accept: text/html,…,*/*;q=0.8`. Who takes both alike is a program.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    wants(headers, "text/html") > wants(headers, "application/json")
}

/// What an error looks like: a page to those who want one, else its problem document.
pub fn problem(headers: &HeaderMap, problem: &ApiError) -> Response {
    if is_wanted(headers) { error(problem) } else { problem.response() }
}

/// The page of an error: status and headers are those of its problem document.
fn error(error: &ApiError) -> Response {
    let status = error.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let advice = match error {
        ApiError::NotFound(_) => "It may have been renamed or archived. Try the search above.",
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
    response.body = crate::http::response::Body::Bytes(page.into_string().into());
    response.set(header::CONTENT_TYPE, HTML);
    secure(response)
}

/// A 200 with a page that last changed at `modified_at` (Unix seconds).
fn answer(page: Markup, modified_at: i64) -> Response {
    secure(Response::made(page.into_string(), modified_at, HTML))
}

/// Adds what keeps a browser from doing more with a page than to show it.
fn secure(mut response: Response) -> Response {
    response.set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    response.set(header::REFERRER_POLICY, "no-referrer");
    response
}

/// A text as a sentence: with a capital at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
