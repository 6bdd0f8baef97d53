//! Pages as responses: when a client wants one, and the headers that all have.

use http::{HeaderMap, header};
use maud::Markup;

use crate::http::{
    accept::wants,
    response::{Representation, Response},
};

/// The media type of a page.
pub const HTML: &str = "text/html; charset=utf-8";

/// What a page may load and do: its own style (by the SHA-256 of `page/style.css`, which a test
/// compares), its icon, and forms to this site. No other site may put it into a frame.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
     style-src 'sha256-C9pmoNBhztG0BvsSRRPEzg4MWyLoGENnoPy9cuv9xls='; img-src data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// True where a client wants a page more than JSON, as browsers do:
/// `Accept: text/html,…,*/*;q=0.8`. A client that wants both alike is a program.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    wants(headers, "text/html") > wants(headers, "application/json")
}

/// A 200 with a page that last changed at `modified_at` (Unix seconds).
pub(super) fn response(page: Markup, modified_at: i64) -> Response {
    secured(Response::ok(Representation::of(page.into_string(), modified_at), HTML))
}

/// Adds the headers that keep a browser from doing more with a page than showing it.
pub(super) fn secured(mut response: Response) -> Response {
    response.set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    response.set(header::REFERRER_POLICY, "no-referrer");
    response
}
