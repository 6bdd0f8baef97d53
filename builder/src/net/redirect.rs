//! Where a redirect leads, and whether it is followed. Pure: whoever asks decides when there are too many.

use super::origin::{AllowedOrigins, Origin};
use crate::secrets;

/// The longest `Location` that is read, in bytes: that of a URL in a list, and the path of `info/refs`.
const MAX_LOCATION: usize = 2048;

/// How many characters of a target a message quotes.
const MAX_QUOTED: usize = 200;

/// A redirect that is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Where it leads, as far as a message quotes it.
    pub(super) target: String,
    /// Why it is not followed.
    pub(super) reason: &'static str,
}

/// The URL that an answer of the URL `from` with this `location` leads to.
///
/// Content must not lead the builder to other hosts: a redirect is followed to `allowed` origins only, never from
/// https to http, and never from elsewhere to this machine itself. As in Git, the target has to end with `suffix`
/// (`/info/refs?service=git-upload-pack`), since what is before it is where the repository is.
pub(super) fn target(
    from: &str,
    location: &str,
    suffix: &str,
    allowed: &AllowedOrigins,
) -> Result<String, Refused> {
    let refused = |target: &str, reason| {
        let target = secrets::quoted(target, MAX_QUOTED).escape_debug().to_string();
        Refused { target, reason }
    };
    let Some(target) = absolute(from, location).filter(|target| target.len() <= MAX_LOCATION)
    else {
        return Err(refused(location, "it is not a URL that can be asked"));
    };
    let (Some(before), Some(after)) = (Origin::of(from), Origin::of(&target)) else {
        let reason = "it is not an http or https URL without a user part";
        return Err(refused(&target, reason));
    };
    let reason = if before.is_https() && !after.is_https() {
        "it leads from https to http"
    } else if after.is_loopback() && !before.is_loopback() {
        "it leads to this machine itself"
    } else if !allowed.contains(&target) {
        "it is not on a configured upstream host; if it should be, configure the final URL, or make its host an \
         upstream"
    } else if !target.ends_with(suffix) {
        "it leads to something else than the same repository at another place"
    } else {
        return Ok(target);
    };
    Err(refused(&target, reason))
}

/// The URL that `location` stands for in an answer of the absolute URL `from`: a URL of its own, one without a
/// scheme (`//host/path`), or a path from the root. Servers send no other paths, and none is taken.
fn absolute(from: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    if !location.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let (scheme, rest) = from.split_once("://")?;
    if location.starts_with("//") {
        return Some(format!("{scheme}:{location}"));
    }
    if location.starts_with('/') {
        let authority = rest.split(['/', '?']).next()?;
        return Some(format!("{scheme}://{authority}{location}"));
    }
    location.contains("://").then(|| location.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUFFIX: &str = "/info/refs?service=git-upload-pack";

    fn followed(from: &str, location: &str) -> Result<String, Refused> {
        let allowed = ["https://h.example/", "http://h.example/", "http://127.0.0.1:8080/"];
        let allowed: AllowedOrigins = allowed.into_iter().collect();
        target(&format!("{from}{SUFFIX}"), location, SUFFIX, &allowed)
    }

    #[test]
    fn a_repository_may_move_within_the_allowed_origins() {
        let moved = format!("https://h.example/b.git{SUFFIX}");
        for location in [&moved, &format!("/b.git{SUFFIX}"), &format!("//h.example/b.git{SUFFIX}")]
        {
            assert_eq!(followed("https://h.example/b", location), Ok(moved.clone()));
        }
        assert_eq!(followed("http://h.example/b", &moved), Ok(moved.clone()), "to https");
        let port = "http://127.0.0.1:8080";
        let moved = format!("{port}/b.git{SUFFIX}");
        assert_eq!(followed(&format!("{port}/b"), &moved), Ok(moved.clone()));
    }

    #[test]
    fn any_other_redirect_is_refused_and_its_target_is_named() {
        for (location, says) in [
            (format!("https://evil.example/b{SUFFIX}"), "not on a configured upstream host"),
            (format!("https://h.example:8443/b{SUFFIX}"), "not on a configured upstream host"),
            (format!("http://h.example/b{SUFFIX}"), "from https to http"),
            (format!("https://127.0.0.1/b{SUFFIX}"), "this machine"),
            (format!("https://LocalHost/b{SUFFIX}"), "this machine"),
            (format!("https://[::ffff:127.0.0.1]/b{SUFFIX}"), "this machine"),
            (format!("https://[::]/b{SUFFIX}"), "this machine"),
            (format!("https://u@h.example/b{SUFFIX}"), "without a user part"),
            (format!("file:///etc/passwd{SUFFIX}"), "http or https"),
            ("https://h.example/users/sign_in".to_owned(), "something else"),
            (format!("b{SUFFIX}"), "not a URL"),
            (format!("/a b{SUFFIX}"), "not a URL"),
            (format!("/{}{SUFFIX}", "x".repeat(3000)), "not a URL"),
            (String::new(), "not a URL"),
        ] {
            let Refused { target, reason } =
                followed("https://h.example/b", &location).unwrap_err();
            assert!(reason.contains(says), "{location}: {reason}");
            assert!(location.starts_with(&target) || target.contains("://h.example/"), "{target}");
            assert!(target.len() <= 200, "{target}");
        }
        let reason = followed("http://h.example/b", &format!("http://127.0.0.1:8080/b{SUFFIX}"));
        assert_eq!(reason.unwrap_err().reason, "it leads to this machine itself");
    }
}
