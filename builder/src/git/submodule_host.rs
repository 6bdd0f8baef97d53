//! The setting `submodule-hosts`: servers that submodules may be fetched from, besides those of the upstreams and of
//! [`url_map`](crate::git::url_map).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::net::Origin;

/// A server: scheme, host, and the port where it is not the usual one. Written as `https://github.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubmoduleHost(String);

impl SubmoduleHost {
    /// The server of a URL. `None` for what is not an http or https URL, or has a user part.
    pub fn of(url: &str) -> Option<Self> {
        let text = Origin::of(url)?.to_string();
        let usual = if text.starts_with("https:") { ":443" } else { ":80" };
        Some(Self(text.strip_suffix(usual).unwrap_or(&text).to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubmoduleHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("{text:?} is not the http or https URL of a server without a path");
        let host = Self::of(text).ok_or_else(refused)?;
        // Who writes a path expects that the rest of the server stays forbidden.
        let (_, rest) = text.split_once("://").ok_or_else(refused)?;
        if rest.trim_end_matches('/').contains(['/', '?', '#']) { Err(refused()) } else { Ok(host) }
    }
}

impl TryFrom<String> for SubmoduleHost {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for SubmoduleHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SubmoduleHost> for String {
    fn from(host: SubmoduleHost) -> Self {
        host.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_url_without_a_path() {
        for (text, host) in [
            ("https://github.com", "https://github.com"),
            ("https://GitHub.com/", "https://github.com"),
            ("https://github.com:443", "https://github.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://h.example:80", "http://h.example"),
            ("https://h.example:80", "https://h.example:80"),
        ] {
            assert_eq!(text.parse::<SubmoduleHost>().unwrap().as_str(), host);
        }
        for bad in [
            "",
            "github.com",
            "ssh://github.com",
            "https://",
            "https://user@github.com",
            "https://github.com/wikimedia",
            "https://github.com?x",
            "https://github.com/#x",
        ] {
            assert!(bad.parse::<SubmoduleHost>().is_err(), "{bad}");
        }
        let of = |url: &str| SubmoduleHost::of(url).map(String::from);
        assert_eq!(of("https://github.com/a/b.git").as_deref(), Some("https://github.com"));
        for other in ["git@github.com:a/b", "https://someone@github.com/a", "https://h:65536/a"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
