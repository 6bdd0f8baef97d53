//! The URL of a home page, as RFC 3986 has it. Pure: no I/O.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a URI may not contain (RFC 3986, 2). The brackets are only for addresses of IPv6, which no home page has.
const NOT_IN_URIS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The URL, if it is one of `http` or `https`; also without a scheme. People write what browsers take, such as letters
/// of other scripts: that is percent-encoded, as browsers do. Everything else stays as it is.
pub(crate) fn web_url(text: &str) -> Option<String> {
    let begins =
        |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let url = if text.starts_with("//") {
        format!("https:{text}")
    } else if begins("https://") || begins("http://") {
        text.to_owned()
    } else {
        return None;
    };
    // Browsers take a backslash before the query for a slash.
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = encoded(&(url[..end].replace('\\', "/") + &url[end..]));
    has_host(&url).then_some(url)
}

fn encoded(url: &str) -> String {
    let text: String = utf8_percent_encode(url, NOT_IN_URIS).collect();
    let mut encoded = String::with_capacity(text.len());
    let mut has_fragment = false;
    for (place, it) in text.char_indices() {
        let hex = text.get(place + 1..place + 3);
        let is_escape = || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match it {
            '%' if !is_escape() => encoded.push_str("%25"),
            '#' if has_fragment => encoded.push_str("%23"),
            it => encoded.push(it),
        }
        has_fragment |= it == '#';
    }
    encoded
}

/// True if the URL names a host, and nothing in its place. No home page needs a user, which can look like the host:
/// `https://www.mediawiki.org@example.org/`.
fn has_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let is_port = port.is_empty()
        || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    !host.is_empty() && !authority.contains('@') && is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_stays_as_it_is() {
        for url in [
            "https://www.mediawiki.org/wiki/Extension:A_B#c",
            "HTTP://example.org",
            "https://example.org:8080/?a=b&c=%C3%A9(d)'e';f",
            "https://example.org/~a/b,c;d=e!$*+@f",
        ] {
            assert_eq!(web_url(url).as_deref(), Some(url));
        }
        assert_eq!(web_url("//example.org/a").as_deref(), Some("https://example.org/a"));
    }

    #[test]
    fn what_browsers_encode_is_encoded() {
        for (url, expected) in [
            ("https://a.example/wiki/Über alles", "https://a.example/wiki/%C3%9Cber%20alles"),
            ("https://a.example/ \"x", "https://a.example/%20%22x"),
            ("https://a.example/100%", "https://a.example/100%25"),
            ("https://a.example/%zz%4", "https://a.example/%25zz%254"),
            ("https://a.example/#b#c", "https://a.example/#b%23c"),
            ("https://a.example/[b]|^`{}<>\n", "https://a.example/%5Bb%5D%7C%5E%60%7B%7D%3C%3E%0A"),
            ("https://a.example\\b?c\\d", "https://a.example/b?c%5Cd"),
            ("https://münchen.example", "https://m%C3%BCnchen.example"),
        ] {
            assert_eq!(web_url(url).as_deref(), Some(expected));
            assert_eq!(web_url(expected).as_deref(), Some(expected), "it stays");
        }
    }

    #[test]
    fn without_a_host_it_is_no_url() {
        for url in [
            "",
            "example.org",
            "javascript:alert(1)",
            "ftp://example.org",
            "https://",
            "//",
            "http:///a",
            "https://:80",
            "https://a@b@c/",
            "https://www.mediawiki.org@example.org/wiki/Extension:A",
            "https://a.example:b/",
            "https://a.example:65536/",
            "http://[::1",
            "http://[::1]:80/",
        ] {
            assert_eq!(web_url(url), None, "{url}");
        }
    }
}
