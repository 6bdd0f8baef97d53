//! Which content coding a client takes (RFC 9110, 12.5.3). There is one besides none: gzip, which
//! every client has; the builder makes it once, at a level that no request could afford.

use http::{HeaderMap, header};

use crate::request::weighted;

/// True where the client takes gzip, and not less gladly than no compression. Without
/// `Accept-Encoding` it doesn't: the RFC allows it then, but who does not ask may not be able to.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter();
    let items: Vec<(&str, u16)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(weighted)
        .collect();
    let quality = |names: &[&str]| {
        let named = |(name, _): &&(&str, u16)| names.iter().any(|it| it.eq_ignore_ascii_case(name));
        items.iter().find(named).map(|(_, quality)| *quality)
    };
    // `x-gzip` is its old name.
    let gzip = quality(&["gzip", "x-gzip"]).or_else(|| quality(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= quality(&["identity"]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&str]) -> bool {
        let pairs = values.iter().map(|value| (header::ACCEPT_ENCODING, value.parse().unwrap()));
        accepts_gzip(&pairs.collect())
    }

    #[test]
    fn gzip_is_for_those_who_ask_for_it() {
        for yes in [
            "gzip",
            "GZip",
            "x-gzip",
            "br, gzip",
            "gzip, deflate, br, zstd",
            "*",
            "deflate;q=1.0, gzip;q=0.5",
            "gzip;q=0.5, identity;q=0.5",
            "gzip; q=0.001",
            "*;q=0.1, gzip;q=1",
            "identity;q=0, gzip",
            "identity;q=0.5, *",
        ] {
            assert!(accepts(&[yes]), "{yes}");
        }
        for no in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "gzip;q=0.000",
            "*;q=0",
            "*, gzip;q=0",
            "identity, gzip;q=0.5",
            "gzip;q=x",
            "gzip;q=NaN",
            "gzipped",
            ",;,",
        ] {
            assert!(!accepts(&[no]), "{no}");
        }
        assert!(accepts(&["br", "gzip"]));
        assert!(!accepts(&[]));
    }
}
