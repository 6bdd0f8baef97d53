//! User and password of HTTP (RFC 7617), and which requests they go with.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::origin::same_origin;

/// What a server wants to know before it shows a repository. It is sent with Git's requests below one URL, and with
/// no other. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The URL below which they are sent, without slashes at its end.
    below: String,
    password: String,
    /// User and password as `Authorization` has them: in base64.
    encoded: String,
}

impl Credentials {
    /// Credentials for what is below the URL `below`.
    pub fn new(below: &str, user: &str, password: &str) -> Self {
        Self {
            below: below.trim_end_matches('/').to_owned(),
            password: password.to_owned(),
            encoded: BASE64_STANDARD.encode(format!("{user}:{password}")),
        }
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> String {
        format!("Basic {}", self.encoded)
    }

    /// What must be written nowhere.
    pub fn secrets(&self) -> [&str; 2] {
        [&self.password, &self.encoded]
    }

    /// True if they are sent to this URL: it has the same scheme, host and port, and its path begins with the same
    /// whole segments. Servers take other letters of a path for the same group. A path that leads up leads nowhere
    /// here: `.gitmodules` can name `GROUP/../OTHER`.
    pub fn cover(&self, url: &str) -> bool {
        let (Some(path), Some(below)) = (path_of(url), path_of(&self.below)) else { return false };
        let begins = path.get(..below.len()).is_some_and(|it| it.eq_ignore_ascii_case(below));
        let rest = path.get(below.len()..).unwrap_or_default();
        let leads_up = percent_decode_str(path)
            .decode_utf8_lossy()
            .split(['/', '\\'])
            .any(|segment| matches!(segment, "." | ".."));
        let is_below = rest.is_empty() || rest.starts_with('/');
        same_origin(url, &self.below) && begins && is_below && !leads_up
    }
}

/// The path of a URL, without its query.
fn path_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    Some(rest.find('/').map_or("", |slash| &rest[slash..]))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials(… for {})", self.below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_for_what_is_below_their_url_and_for_nothing_else() {
        let group = Credentials::new("https://h.example/group/", "u", "p");
        for url in [
            "https://h.example/group",
            "https://h.example/group/x.git",
            "https://H.example:443/Group/sub/x/info/refs?service=git-upload-pack",
        ] {
            assert!(group.cover(url), "{url}");
        }
        for url in [
            "https://h.example/groups/x",
            "https://h.example/grou",
            "https://h.example/",
            "https://h.example",
            "https://h.example/other/group/x",
            "https://h.example/group/../secret/x",
            "https://h.example/group/%2e%2E/secret/x",
            "https://h.example/group/..%2fsecret/x",
            "https://h.example/group/..\\secret/x",
            "https://h.example?/group/x",
            "http://h.example/group/x",
            "https://h.example:8443/group/x",
            "https://evil.example/group/x",
            "https://u@h.example/group/x",
            "/group/x",
            "",
        ] {
            assert!(!group.cover(url), "{url}");
        }
        let host = Credentials::new("https://h.example", "u", "p");
        assert!(host.cover("https://h.example/any/x") && host.cover("https://h.example"));
        assert!(!host.cover("https://h.example.evil/any/x"));
    }

    #[test]
    fn they_are_a_header_and_debug_does_not_show_it() {
        let credentials = Credentials::new("https://h.example", "Aladdin", "open sesame");
        assert_eq!(credentials.header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(format!("{credentials:?}"), "Credentials(… for https://h.example)");
    }
}
