//! Origins: the scheme, host and port of a URL, and the set of those that may be asked.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ureq::http::Uri;

/// Scheme, host and port of an http or https URL. Its text is `https://git.example.org:443`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL. None for a URL that is neither http nor https, and for one with a user
    /// part.
    pub fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        // A user part would be sent to the host as credentials; no upstream needs one.
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        // The parser takes more than is a host and a port, such as `h[:x]` and `h:99999`.
        let host = authority.host();
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if name.is_empty() || name.contains(['[', ']']) {
            return None;
        }
        let port = match authority.as_str().strip_prefix(host)? {
            "" | ":" => default_port,
            port => port.strip_prefix(':').filter(|port| !port.starts_with('+'))?.parse().ok()?,
        };
        Some(Self { scheme, host: host.to_ascii_lowercase(), port })
    }

    /// Checks a URL that other URLs begin with: it is written into links, and object stores are asked by it. So this
    /// is stricter than [`of`](Self::of), whose parser cuts off a fragment, and takes hosts that other parsers refuse.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence. It repeats nothing of the URL, which may have a password.
    pub fn check_base(url: &str) -> Result<(), &'static str> {
        if !is_http_url(url) {
            return Err("does not begin with http:// or https:// and a host");
        }
        if !url.chars().all(|c| c.is_ascii_graphic() && !"\"'`<>\\^{|}".contains(c)) {
            return Err("has a character that no URL has, such as a space or a quotation mark");
        }
        if url.contains(['?', '#']) {
            return Err("has a query or a fragment (? or #)");
        }
        let authority = url.split('/').nth(2).unwrap_or_default();
        if authority.contains('@') {
            return Err("has a user or a password before its host");
        }
        match Self::of(url) {
            Some(origin) if origin.port > 0 && is_host(&origin.host) => Ok(()),
            _ => Err("has no valid host, or a port that is not a number from 1 to 65535"),
        }
    }

    /// True where the host is this machine itself, by its name or its address.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host.trim_end_matches('.');
        let address = host.trim_matches(['[', ']']);
        match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
            // `0.0.0.0` and `::` lead here, too.
            Ok(address) => address.is_loopback() || address.is_unspecified(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }

    /// True where the scheme is https.
    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// True where nobody between here and the host can read along: https, or this machine itself.
    pub fn is_private(&self) -> bool {
        self.is_https() || matches!(&*self.host, "127.0.0.1" | "[::1]" | "localhost")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// True where this is the name of a host or an IP address.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    // A host that ends in a number is an address (https://url.spec.whatwg.org/#ends-in-a-number-checker).
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.starts_with("0x") || last.chars().all(|c| c.is_ascii_digit()) {
        return name.parse::<Ipv4Addr>().is_ok();
    }
    name.split('.').all(is_label)
}

/// True where both URLs are http or https, and have the same scheme, host and port.
pub fn same_origin(one: &str, other: &str) -> bool {
    Origin::of(one).is_some_and(|one| Some(one) == Origin::of(other))
}

/// True where `text` looks like an http or https URL: its scheme, and something behind. For URLs
/// that are only shown, or that other URLs begin with.
fn is_http_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    })
}

/// The origins that may be asked. They come from the configuration, never from the content of an
/// upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AllowedOrigins(BTreeSet<Origin>);

impl AllowedOrigins {
    /// Their texts.
    pub(super) fn texts(&self) -> BTreeSet<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// True where `url` is on one of them.
    pub(super) fn contains(&self, url: &str) -> bool {
        Origin::of(url).is_some_and(|origin| self.0.contains(&origin))
    }
}

impl<'a> FromIterator<&'a str> for AllowedOrigins {
    /// The origins of these URLs. What is no http or https URL has none.
    fn from_iter<I: IntoIterator<Item = &'a str>>(urls: I) -> Self {
        Self(urls.into_iter().filter_map(Origin::of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(same_origin("https://H.example/a", "https://h.example:443/b?c"));
        assert!(!same_origin("https://h.example/", "http://h.example/"));
        assert!(!same_origin("https://h.example@x/", "https://h.example@x/"));
        assert!(!same_origin("/srv/git", "/srv/git"));
        let origin = Origin::of("http://h.example/x").unwrap();
        assert_eq!(origin.to_string(), "http://h.example:80");
    }

    #[test]
    fn what_is_no_host_with_a_port_has_no_origin() {
        for url in [
            "https://h[:x]/",
            "https://h.example:99999/",
            "https://h.example:x/",
            "https://h.example:+80/",
            "https://[::1]h.example/",
            "https://:80/",
        ] {
            assert_eq!(Origin::of(url), None, "{url}");
        }
        assert!(same_origin("https://h.example:/", "https://h.example"));
        assert!(same_origin("https://[::1]:443/", "https://[::1]/"));
    }

    #[test]
    fn https_and_this_machine_are_private() {
        for (url, is_private) in [
            ("https://h.example/", true),
            ("http://h.example/", false),
            ("http://127.0.0.1:8080/", true),
            ("http://[::1]/", true),
            ("http://LOCALHOST/", true),
            ("http://localhost.example/", false),
        ] {
            assert_eq!(Origin::of(url).unwrap().is_private(), is_private, "{url}");
        }
    }

    #[test]
    fn a_http_url_has_a_scheme_and_a_host() {
        for url in ["http://h.example", "https://h.example/a"] {
            assert!(is_http_url(url), "{url}");
        }
        for url in ["https://", "https:///a", "ssh://h.example/a", "h.example", ""] {
            assert!(!is_http_url(url), "{url}");
        }
    }

    #[test]
    fn a_url_that_others_begin_with_is_checked_to_its_end() {
        for url in [
            "http://127.0.0.1:9000",
            "https://h.example/a%20b/c@d/~e/",
            "http://[::1]:1",
            "http://store_1:65535",
            "http://4f9d2b8",
            "https://H.example./",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(Origin::check_base(url), Ok(()), "{url}");
        }
        for (says, urls) in [
            ("does not begin", &["", "h.example", "ftp://h", "https://", "https:///x"][..]),
            (
                "a character",
                &[
                    "http://127.0.0.1 x",
                    "http://h/\"",
                    "http://h/'",
                    "http://h/<b>",
                    "http://h/\n",
                    "http://é.example",
                ],
            ),
            ("a query", &["https://h/?a=b", "https://h#a", "https://h?"]),
            ("a user", &["https://u:secret@h", "https://u@h/", "https://:secret@h:1"]),
            (
                "no valid host",
                &[
                    "http://h:99999",
                    "http://h:0",
                    "http://h:x",
                    "http://:80",
                    "http://a,b",
                    "http://a..b",
                    "http://1.2.3.4.5",
                    "http://256.1.1.1",
                    "http://0x1",
                    "http://[::x]",
                    "http://[::1",
                ],
            ),
        ] {
            for url in urls {
                let wrong = Origin::check_base(url).unwrap_err();
                assert!(wrong.contains(says) && !wrong.contains("secret"), "{url} {wrong}");
            }
        }
    }

    #[test]
    fn only_configured_origins_are_allowed() {
        let allowed: AllowedOrigins =
            ["https://gerrit.example.org/r", "http://127.0.0.1:8080"].into_iter().collect();
        for good in ["https://gerrit.example.org/other", "https://GERRIT.example.org:443/r/x"] {
            assert!(allowed.contains(good), "{good}");
        }
        for bad in [
            "http://gerrit.example.org/r",
            "https://gerrit.example.org:8443/r",
            "https://evil.example/r",
            "https://gerrit.example.org@evil.example/r",
            "https://user@gerrit.example.org/r",
            "file:///etc/passwd",
            "ssh://gerrit.example.org/r",
            "../relative",
            "http://127.0.0.1:8081/",
        ] {
            assert!(!allowed.contains(bad), "{bad}");
        }
    }
}
