//! Makes a request what a component gets from Spin: without the headers of the connection, with a full
//! URI, and with the `spin-*` headers. Pure. It follows `headers.rs`, `wasi.rs` and `set_req_uri` in
//! Spin's `crates/trigger-http`.

use std::net::SocketAddr;

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::{CONNECTION, HOST},
    uri::{Authority, Scheme},
};

use crate::server::route::Match;

/// The domain of requests from one component to another. Clients may not use it.
const SERVICE_CHAINING_DOMAIN: &str = "spin.internal";

/// Removes the headers that components do not get.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let is_chaining = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _port)| host);
        host.split_once('.').is_some_and(|(_component, domain)| domain == SERVICE_CHAINING_DOMAIN)
    };
    if headers.get(HOST).is_some_and(is_chaining) {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

/// Puts the scheme and the authority, from the URI or from `Host`, into the URI.
///
/// # Errors
///
/// The request has no authority, or two different ones. Spin closes the connection then.
pub(crate) fn complete_uri<B>(request: &mut Request<B>) -> Result<(), String> {
    let mut parts = request.uri().clone().into_parts();
    let from_host = match request.headers().get(HOST) {
        Some(host) => {
            let host = host.as_bytes();
            Some(Authority::try_from(host).map_err(|error| format!("'Host' header: {error}"))?)
        }
        None => None,
    };
    let authority = match (from_host, parts.authority.take()) {
        (Some(host), Some(uri)) if host != uri => {
            return Err("authority in 'Host' header does not match authority in URI".to_owned());
        }
        (Some(authority), _) | (None, Some(authority)) => authority,
        (None, None) => return Err("no 'Host' header present in request".to_owned()),
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|error| error.to_string())?;
    Ok(())
}

/// Adds the `spin-*` headers. If the client sent one of them, it stays and comes first, as in Spin.
///
/// # Errors
///
/// A header is not UTF-8, which Spin answers with 500.
pub(crate) fn add_headers<B>(
    request: &mut Request<B>,
    found: &Match<'_>,
    client: SocketAddr,
) -> Result<(), String> {
    for (name, value) in request.headers() {
        str::from_utf8(value.as_bytes()).map_err(|error| format!("header {name}: {error}"))?;
    }
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = request.headers().get(HOST).map_or(&b"localhost"[..], HeaderValue::as_bytes);
    let mut full_url = format!("{}://", uri.scheme_str().unwrap_or("http")).into_bytes();
    full_url.extend(host);
    full_url.extend(path.as_bytes());

    let route = found.route;
    let mut add = |name: &str, value: &[u8]| {
        // A value that is not allowed in a header is left out.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value))
        {
            request.headers_mut().append(name, value);
        }
    };
    add("spin-path-info", found.path_info.as_bytes());
    add("spin-full-url", &full_url);
    add("spin-matched-route", route.matched.as_bytes());
    add("spin-base-path", b"/");
    add("spin-raw-component-route", route.pattern.as_bytes());
    add("spin-component-route", route.prefix().as_bytes());
    add("spin-client-addr", client.to_string().as_bytes());
    for (name, value) in &found.segments {
        let name = format!("spin-path-match-{}", name.to_ascii_lowercase().replace('_', "-"));
        add(&name, value.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::application::Trigger, server::route::Router};

    fn headers(route: &str, uri: &str, given: &[(&str, &str)]) -> HeaderMap {
        let trigger = Trigger { route: route.into(), component: "list".into() };
        let router = Router::new(&[trigger]).unwrap();
        let mut request = Request::get(uri);
        for (name, value) in given {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        strip(request.headers_mut());
        complete_uri(&mut request).unwrap();
        let path = request.uri().path().to_owned();
        let found = router.route(&path).unwrap();
        add_headers(&mut request, &found, "127.0.0.1:8777".parse().unwrap()).unwrap();
        request.headers().clone()
    }

    #[test]
    fn spin_headers_are_added() {
        let given = [("host", "example.org"), ("connection", "close"), ("accept", "a/b")];
        let headers = headers("/foo/:user_id/...", "/foo/42/bar?a=1&b=2", &given);
        for (name, value) in [
            ("host", "example.org"),
            ("accept", "a/b"),
            ("spin-path-info", "/bar"),
            ("spin-full-url", "http://example.org/foo/42/bar?a=1&b=2"),
            ("spin-matched-route", "/foo/:user_id/..."),
            ("spin-base-path", "/"),
            ("spin-raw-component-route", "/foo/:user_id/..."),
            ("spin-component-route", "/foo/:user_id"),
            ("spin-client-addr", "127.0.0.1:8777"),
            ("spin-path-match-user-id", "42"),
        ] {
            assert_eq!(headers.get(name).unwrap(), value, "{name}");
        }
        assert!(headers.get(CONNECTION).is_none());
    }

    #[test]
    fn a_header_of_the_client_stays_before_ours() {
        let headers = headers("/", "/", &[("host", "h"), ("spin-path-info", "client")]);
        let values: Vec<_> = headers.get_all("spin-path-info").iter().collect();
        assert_eq!(values, ["client", ""]);
    }

    #[test]
    fn the_uri_gets_its_authority_from_either_place_but_not_from_two() {
        let complete = |uri: &str, host: Option<&str>| {
            let mut request = Request::get(uri);
            if let Some(host) = host {
                request = request.header(HOST, host);
            }
            let mut request = request.body(()).unwrap();
            strip(request.headers_mut());
            complete_uri(&mut request).map(|()| request.uri().to_string())
        };
        assert_eq!(complete("/a?b", Some("h:1")).unwrap(), "http://h:1/a?b");
        assert_eq!(complete("http://h/a", None).unwrap(), "http://h/a");
        assert!(complete("http://h/a", Some("other")).is_err());
        assert!(complete("/a", None).is_err());
        assert!(complete("/a", Some("list.spin.internal:80")).is_err());
    }
}
