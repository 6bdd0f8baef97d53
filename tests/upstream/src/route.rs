//! Parses the path of a request. This module reads no files.

use percent_encoding::percent_decode_str;

use crate::gerrit::ProjectName;
use crate::requests::RequestKind;

/// What a request asks for, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// The list of projects.
    Projects,
    /// One project.
    Project(ProjectName),
    /// The branches of one project.
    Branches(ProjectName),
    /// The first request of Git: the refs and the capabilities of the server.
    InfoRefs(ProjectName),
    /// Refs and objects, for Git.
    UploadPack(ProjectName),
    /// The API of the wiki that has ExtensionDistributor.
    Wiki,
    /// The sums of all requests so far, for benchmarks.
    Stats,
    /// A push, or Git's dumb HTTP. This upstream is read-only, and serves smart HTTP alone.
    Forbidden,
    /// No such path.
    NotFound,
}

impl Route {
    /// The route of a path and its query, both percent-encoded, as they were sent.
    pub(crate) fn of(path: &str, query: &str) -> Self {
        let Some(path) = path.strip_prefix("/r/") else {
            return match path {
                "/w/api.php" => Self::Wiki,
                "/__stats" => Self::Stats,
                _ => Self::NotFound,
            };
        };
        match path.strip_prefix("projects/") {
            Some("") => Self::Projects,
            Some(rest) => Self::rest(rest),
            None => Self::git(path, query),
        }
    }

    /// The route of `NAME`, `NAME/branches` or `NAME/branches/`. As in Gerrit, the slashes in NAME
    /// are encoded.
    fn rest(path: &str) -> Self {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (name, branches) = match path.strip_suffix("/branches") {
            Some(name) => (name, true),
            None => (path, false),
        };
        match project(name).filter(|_| !name.contains('/')) {
            Some(project) if branches => Self::Branches(project),
            Some(project) => Self::Project(project),
            None => Self::NotFound,
        }
    }

    fn git(path: &str, query: &str) -> Self {
        if let Some(name) = path.strip_suffix("/info/refs") {
            return match project(name) {
                Some(project) if query == "service=git-upload-pack" => Self::InfoRefs(project),
                Some(_) => Self::Forbidden,
                None => Self::NotFound,
            };
        }
        if let Some(name) = path.strip_suffix("/git-upload-pack") {
            return project(name).map_or(Self::NotFound, Self::UploadPack);
        }
        let dumb = path.ends_with("/git-receive-pack")
            || path.ends_with("/HEAD")
            || path.contains("/objects/");
        if dumb { Self::Forbidden } else { Self::NotFound }
    }

    /// The kind of its requests in the log.
    pub(crate) fn kind(&self) -> RequestKind {
        match self {
            Self::Projects => RequestKind::ProjectList,
            Self::Branches(_) => RequestKind::Branches,
            Self::InfoRefs(_) => RequestKind::GitInfoRefs,
            Self::UploadPack(_) => RequestKind::GitUploadPack,
            Self::Wiki => RequestKind::Wiki,
            Self::Project(_) | Self::Stats | Self::Forbidden | Self::NotFound => RequestKind::Other,
        }
    }

    /// The methods that the route allows, for the header `Allow`; none if it refuses every request.
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Projects
            | Self::Project(_)
            | Self::Branches(_)
            | Self::InfoRefs(_)
            | Self::Wiki
            | Self::Stats => &["GET", "HEAD"],
            Self::UploadPack(_) => &["POST"],
            Self::Forbidden | Self::NotFound => &[],
        }
    }
}

/// Parses a percent-encoded name. It is decoded before it is checked, so that `%2e%2e` is refused
/// as `..` is.
fn project(encoded: &str) -> Option<ProjectName> {
    let name = percent_decode_str(encoded).decode_utf8().ok()?;
    name.strip_suffix(".git").unwrap_or(&name).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFS: &str = "service=git-upload-pack";

    fn foo() -> ProjectName {
        "mediawiki/extensions/Foo".parse().expect("a project name")
    }

    #[test]
    fn rest_paths() {
        let name = "mediawiki%2Fextensions%2FFoo";
        assert_eq!(Route::of("/r/projects/", "b=master"), Route::Projects);
        assert_eq!(Route::of(&format!("/r/projects/{name}"), ""), Route::Project(foo()));
        assert_eq!(Route::of(&format!("/r/projects/{name}/"), ""), Route::Project(foo()));
        assert_eq!(Route::of(&format!("/r/projects/{name}/branches"), ""), Route::Branches(foo()));
        assert_eq!(Route::of(&format!("/r/projects/{name}/branches/"), ""), Route::Branches(foo()));
        for lost in ["/", "/r", "/r/projects", "/projects/", &format!("/r/projects/{name}/tags")] {
            assert_eq!(Route::of(lost, ""), Route::NotFound, "{lost}");
        }
        let unencoded = "/r/projects/mediawiki/extensions/Foo/branches";
        assert_eq!(Route::of(unencoded, ""), Route::NotFound);
    }

    #[test]
    fn paths_that_are_not_of_gerrit() {
        assert_eq!(Route::of("/w/api.php", "action=query"), Route::Wiki);
        assert_eq!(Route::of("/__stats", ""), Route::Stats);
        assert_eq!(Route::of("/r/__stats", ""), Route::NotFound);
    }

    #[test]
    fn git_paths() {
        for name in ["mediawiki/extensions/Foo", "mediawiki/extensions/Foo.git"] {
            assert_eq!(Route::of(&format!("/r/{name}/info/refs"), REFS), Route::InfoRefs(foo()));
            let pack = format!("/r/{name}/git-upload-pack");
            assert_eq!(Route::of(&pack, ""), Route::UploadPack(foo()));
            for refused in ["git-receive-pack", "HEAD", "objects/info/packs", "info/refs"] {
                assert_eq!(Route::of(&format!("/r/{name}/{refused}"), ""), Route::Forbidden);
            }
        }
        let push = Route::of("/r/mediawiki/extensions/Foo/info/refs", "service=git-receive-pack");
        assert_eq!(push, Route::Forbidden);
    }

    #[test]
    fn no_path_leaves_the_root() {
        for name in ["..", "a/../b", "a/%2e%2e/b", "..%2f..%2fetc", "/etc", "%2Fetc", "a//b", "."] {
            assert_eq!(Route::of(&format!("/r/{name}/info/refs"), REFS), Route::NotFound, "{name}");
        }
        for name in ["..%2F..%2Fetc", "a%2F..%2Fb", "%2e%2e", "a%5Cb", "a%00b", "a%0Ab", "%FF"] {
            assert_eq!(Route::of(&format!("/r/projects/{name}"), ""), Route::NotFound, "{name}");
        }
    }
}
