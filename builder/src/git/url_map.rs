//! The setting `url-map`: replaces the start of URLs from which submodules are fetched, like
//! `url.<base>.insteadOf` of Git (<https://git-scm.com/docs/git-config>).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::net::Origin;

/// One rule, written as `FROM=TO`: in URLs that begin with `from`, this part is replaced by `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UrlMap {
    /// The start of the absolute URL of a submodule.
    pub from: String,
    /// Its replacement: a `http` or `https` URL.
    pub to: String,
}

/// Applies the rules to the absolute URL of a submodule. If several match, the one with the longest `from` is
/// applied.
pub fn mapped(absolute: &str, map: &[UrlMap]) -> String {
    map.iter()
        .filter_map(|map| Some((map, absolute.strip_prefix(&map.from)?)))
        .max_by_key(|(map, _)| map.from.len())
        .map(|(map, rest)| format!("{}{rest}", map.to))
        .unwrap_or_else(|| absolute.to_owned())
}

impl FromStr for UrlMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((from, to)) = text.split_once('=').filter(|(from, _)| !from.is_empty()) else {
            return Err(format!(
                "{text:?} is not FROM=TO with TO an http or https URL, such as \
                 https://gerrit.wikimedia.org/r/=https://replica.example.org/r/"
            ));
        };
        // What is wrong may be a password, so the URL is not repeated.
        Origin::check_base(to).map_err(|reason| format!("of FROM=TO for {from:?}, TO {reason}"))?;
        Ok(Self { from: from.to_owned(), to: to.to_owned() })
    }
}

impl TryFrom<String> for UrlMap {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for UrlMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.from, self.to)
    }
}

impl From<UrlMap> for String {
    fn from(map: UrlMap) -> Self {
        map.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_line_that_matches_counts() {
        let map: Vec<UrlMap> = ["https://o.example/=http://a/", "https://o.example/x=http://b/y"]
            .iter()
            .map(|line| line.parse().unwrap())
            .collect();
        assert_eq!(mapped("https://o.example/x/z", &map), "http://b/y/z");
        assert_eq!(mapped("https://o.example/z", &map), "http://a/z");
        assert_eq!(mapped("https://g.example/z", &map), "https://g.example/z");
    }

    #[test]
    fn a_line_of_the_url_map_has_both_sides() {
        let map: UrlMap = "https://o.example/=http://r.example/x=y".parse().unwrap();
        assert_eq!(
            (map.from.as_str(), map.to.as_str()),
            ("https://o.example/", "http://r.example/x=y")
        );
        assert_eq!(map.to_string().parse(), Ok(map.clone()));
        // A configuration file has the same text.
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, r#""https://o.example/=http://r.example/x=y""#);
        assert_eq!(serde_json::from_str::<UrlMap>(&json).unwrap(), map);
        for bad in [
            "",
            "=",
            "=https://r.example/",
            "https://o.example/",
            "https://o.example/=",
            "https://o.example/=r.example",
            "https://o.example/=ssh://r.example/",
            "https://o.example/=http://",
            "https://o.example/=https:///x",
            "https://o.example/=https://user:hidden@r.example/",
            "https://o.example/=https://r.example:99999/",
            "https://o.example/=https://r.example/?q=",
        ] {
            let error = bad.parse::<UrlMap>().unwrap_err();
            assert!(error.contains("FROM=TO") && !error.contains("hidden"), "{error}");
        }
    }
}
