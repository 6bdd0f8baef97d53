//! The web pages of commits, where it is known how an upstream addresses them.

use tardist_contract::CommitId;

use crate::page::outside::link;

/// The URL of the page that shows a commit: at Wikimedia's Gerrit (Gitiles), at GitHub, and at a GitLab that
/// its host name shows to be one. `None` elsewhere, since no other URL can be guessed.
pub(super) fn commit_url(source_url: &str, commit: &CommitId) -> Option<String> {
    let (host, path) = source_url.strip_prefix("https://")?.split_once('/')?;
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_plain = !path.is_empty() && !path.contains(['?', '#', '@', '\\']) && !host.contains('@');
    let url = match host {
        "gerrit.wikimedia.org" => {
            let project = path.strip_prefix("r/").unwrap_or(path);
            let project = project.strip_prefix("a/").unwrap_or(project);
            format!("https://{host}/g/{project}/+/{commit}")
        }
        "github.com" => format!("https://{host}/{path}/commit/{commit}"),
        _ if host.starts_with("gitlab.") => format!("https://{host}/{path}/-/commit/{commit}"),
        _ => return None,
    };
    (is_plain && link(&url).is_some()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_have_links_where_the_web_view_is_known() {
        let commit: CommitId = "1234567890".repeat(4).parse().unwrap();
        for (source, start) in [
            (
                "https://gerrit.wikimedia.org/r/mediawiki/extensions/Foo.git",
                "https://gerrit.wikimedia.org/g/mediawiki/extensions/Foo/+/",
            ),
            ("https://github.com/o/r.git", "https://github.com/o/r/commit/"),
            ("https://github.com/o/r/", "https://github.com/o/r/commit/"),
            ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b/c/-/commit/"),
        ] {
            assert_eq!(commit_url(source, &commit), Some(format!("{start}{commit}")), "{source}");
        }
        for other in [
            "http://github.com/o/r",
            "https://git.example.org/o/r",
            "https://github.com.example.org/o/r",
            "https://github.com/",
            "https://github.com/o r",
            "https://github.com/o?x",
            "https://me@github.com/o/r",
            "git@github.com:o/r",
            "",
        ] {
            assert_eq!(commit_url(other, &commit), None, "{other}");
        }
    }
}
