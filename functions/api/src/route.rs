//! Routes: which endpoint a path belongs to, and what it asks of it. The routes in `spin.toml` only
//! choose a component; what a path means is decided here, once. So an endpoint gets names that are
//! checked, and never the text of a path.

use tardist_contract::{BranchName, Kind, RepoName, TarballName};

use crate::http::{problem::ApiError, request::Request};

/// The methods that every path takes: the value of `Allow`.
pub const METHODS: &str = "GET, HEAD, OPTIONS";

/// The methods of a path that takes bodies, too.
pub const METHODS_WITH_POST: &str = "GET, HEAD, POST, OPTIONS";

/// The paths for programs, as `/` lists them.
pub const ENDPOINTS: [&str; 26] = [
    "/",
    "/list",
    "/list/{kind}",
    "/info",
    "/info/{kind}",
    "/info/{kind}/{name}",
    "/download/{kind}/{name}",
    "/download/{kind}/{name}/{branch}",
    "/search",
    "/updates",
    "/feed.atom",
    "/{kind}/{name}/feed.atom",
    "/ExtensionJson.json",
    "/SkinJson.json",
    "/health",
    "/metrics",
    "/r/projects/",
    "/r/projects/{project}",
    "/r/projects/{project}/branches",
    "/r/projects/{project}/branches/{branch}",
    "/openapi.json",
    "/dist/{kind}/SHA256SUMS",
    "/robots.txt",
    "/sitemap.xml",
    "/opensearch.xml",
    "/dist/{kind}/{file}",
];

/// What a path has at its end that asks for the checksum of a tarball.
pub const CHECKSUM: &str = ".sha256";

/// An endpoint, with the variable parts of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Index,
    /// `/health`
    Health,
    /// `/metrics`
    Metrics,
    /// `/openapi.json`
    OpenApi,
    /// `/robots.txt`
    Robots,
    /// `/sitemap.xml`
    Sitemap,
    /// `/opensearch.xml`
    OpenSearch,
    /// `/list`, `/list/KIND`
    List(Option<Kind>),
    /// `/info`, `/info/KIND`
    Infos(Option<Kind>),
    /// `/info/KIND/NAME`
    Info(Kind, RepoName),
    /// `/download/KIND/NAME`, `/download/KIND/NAME/BRANCH`, each also with `.sha256` at its end
    Download(Kind, Vec<Reading>),
    /// `/ExtensionJson.json`, `/SkinJson.json`
    Manifests(Kind),
    /// `/feed.atom`, `/KIND/NAME/feed.atom`
    Feed(Option<(Kind, RepoName)>),
    /// `/search`
    Search,
    /// `/updates`
    Updates,
    /// `/r/projects/`
    Projects,
    /// `/r/projects/PROJECT`
    Project(Kind, RepoName),
    /// `/r/projects/PROJECT/branches`: the project is `mediawiki/KIND/NAME`, whose slashes Gerrit's
    /// clients send as `%2F`
    Branches(Kind, RepoName),
    /// `/r/projects/PROJECT/branches/BRANCH`
    Branch(Kind, RepoName, BranchName),
    /// `/dist/KIND/`
    DistIndex(Kind),
    /// `/dist/KIND/SHA256SUMS`
    Checksums(Kind),
    /// `/dist/KIND/FILE`
    Dist(Kind, TarballName),
    /// `/changes`, for people
    ChangesPage,
    /// `/api`, for people
    ApiPage,
    /// `/KIND`, for people
    ListPage(Kind),
    /// `/KIND/NAME`, for people
    RepositoryPage(Kind, RepoName),
}

impl Route {
    /// True where there is never a page for people, not even of an error.
    pub fn is_for_programs(&self) -> bool {
        !matches!(
            self,
            Self::Index
                | Self::Search
                | Self::Updates
                | Self::ChangesPage
                | Self::ApiPage
                | Self::ListPage(_)
                | Self::RepositoryPage(..)
        )
    }

    /// The methods that it takes: the value of `Allow`.
    pub fn methods(&self) -> &'static str {
        if *self == Self::Updates { METHODS_WITH_POST } else { METHODS }
    }
}

/// What a path below `/download/` can mean. `.sha256` at its end asks for a checksum, but it can also be
/// the end of a name: such a path has two readings, and the first one that exists is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The repository.
    pub name: RepoName,
    /// The branch; `None` for the default branch.
    pub branch: Option<BranchName>,
    /// True if the checksum is asked for, not the tarball.
    pub is_checksum: bool,
}

/// Finds the endpoint of a request.
///
/// # Errors
/// [`ApiError::NotFound`] where no endpoint has the path, and where a part of the path is no kind, or
/// cannot be the name of a repository or of a tarball.
pub fn route(request: &Request) -> Result<Route, ApiError> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    Ok(match segments.as_slice() {
        [] => Route::Index,
        ["health"] => Route::Health,
        ["metrics"] => Route::Metrics,
        ["openapi.json"] => Route::OpenApi,
        ["robots.txt"] => Route::Robots,
        ["sitemap.xml"] => Route::Sitemap,
        ["opensearch.xml"] => Route::OpenSearch,
        ["list"] => Route::List(None),
        ["list", of] => Route::List(Some(kind(of)?)),
        ["info"] => Route::Infos(None),
        ["info", of] => Route::Infos(Some(kind(of)?)),
        ["info", of, name] => {
            let kind = kind(of)?;
            Route::Info(kind, repository(kind, name)?)
        }
        ["download", of, name] => Route::Download(kind(of)?, download(kind(of)?, name, None)?),
        // A proxy that decodes paths sends the `/` of a branch so.
        ["download", of, name, branch @ ..] => {
            let (kind, branch) = (kind(of)?, branch.join("/"));
            Route::Download(kind, download(kind, name, Some(&branch))?)
        }
        ["ExtensionJson.json"] => Route::Manifests(Kind::Extensions),
        ["SkinJson.json"] => Route::Manifests(Kind::Skins),
        ["feed.atom"] => Route::Feed(None),
        [of, name, "feed.atom"] if of.parse::<Kind>().is_ok() => {
            let kind = kind(of)?;
            Route::Feed(Some((kind, repository(kind, name)?)))
        }
        ["search"] => Route::Search,
        ["updates"] => Route::Updates,
        ["r", "projects"] | ["r", "projects", ""] => Route::Projects,
        // A proxy that decodes paths sends the `/` in a project or a branch so.
        ["r", "projects", "mediawiki", of, name, rest @ ..] => {
            gerrit(&["mediawiki", of, name], rest)?
        }
        ["r", "projects", project, rest @ ..] => {
            gerrit(&project.splitn(3, '/').collect::<Vec<_>>(), rest)?
        }
        ["dist", of, "" | "index.html"] => Route::DistIndex(kind(of)?),
        ["dist", of, "SHA256SUMS"] => Route::Checksums(kind(of)?),
        ["dist", of, file] => {
            Route::Dist(kind(of)?, file.parse().map_err(|_| ApiError::no_such_tarball())?)
        }
        ["changes"] => Route::ChangesPage,
        ["api"] => Route::ApiPage,
        [of] => Route::ListPage(of.parse().map_err(|_| ApiError::no_such_path())?),
        [of, name] => {
            let kind = of.parse().map_err(|_| ApiError::no_such_path())?;
            Route::RepositoryPage(kind, repository(kind, name)?)
        }
        _ => return Err(ApiError::no_such_path()),
    })
}

fn kind(text: &str) -> Result<Kind, ApiError> {
    text.parse().map_err(|_| ApiError::no_such_kind())
}

fn repository(kind: Kind, name: &str) -> Result<RepoName, ApiError> {
    name.parse().map_err(|_| ApiError::no_such_repository(kind))
}

/// The readings of a path below `/download/KIND/`, without those that nothing can have.
fn download(kind: Kind, name: &str, branch: Option<&str>) -> Result<Vec<Reading>, ApiError> {
    let branch = branch.map(|branch| branch.replace('~', "/"));
    let whole = (name, branch.as_deref());
    let short = match whole {
        (name, None) => name.strip_suffix(CHECKSUM).map(|name| (name, None)),
        (name, Some(branch)) => branch.strip_suffix(CHECKSUM).map(|it| (name, Some(it))),
    };
    let readings =
        [(Some(whole), false), (short, true)].into_iter().filter_map(|(names, is_checksum)| {
            let (name, branch) = names?;
            let branch = branch.map(str::parse).transpose().ok()?;
            Some(Reading { name: name.parse().ok()?, branch, is_checksum })
        });
    let readings: Vec<Reading> = readings.collect();
    if !readings.is_empty() {
        return Ok(readings);
    }
    // A name that is right has no branch of such a name.
    repository(kind, name)?;
    Err(ApiError::no_such_branch())
}

/// The route of a Gerrit project, by the parts of its name and what follows it in the path.
fn gerrit(project: &[&str], rest: &[&str]) -> Result<Route, ApiError> {
    let rest = rest.strip_suffix(&[""]).unwrap_or(rest);
    let wanted: Option<String> = match rest {
        [] | ["branches"] => None,
        ["branches", branch @ ..] => Some(branch.join("/")),
        _ => return Err(ApiError::no_such_path()),
    };
    let &["mediawiki", kind, name] = project else { return Err(ApiError::no_such_project()) };
    let kind = kind.parse().map_err(|_| ApiError::no_such_project())?;
    let name = name.parse().map_err(|_| ApiError::unpublished_project())?;
    Ok(match wanted {
        Some(branch) => {
            // As Gerrit: a name that does not begin with `refs/` is one below `refs/heads/`.
            let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch);
            let branch = branch.parse().map_err(|_| ApiError::no_such_branch())?;
            Route::Branch(kind, name, branch)
        }
        None if rest.contains(&"branches") => Route::Branches(kind, name),
        None => Route::Project(kind, name),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn find(path: &str) -> Result<Route, ApiError> {
        let request = Request::new(Method::GET, &path.parse().unwrap(), HeaderMap::new())?;
        route(&request)
    }

    #[test]
    fn a_path_is_an_endpoint_with_checked_names() {
        let name = || "Foo".parse::<RepoName>().unwrap();
        for (path, route) in [
            ("/", Route::Index),
            ("/list/skins", Route::List(Some(Kind::Skins))),
            ("/info/skins/Foo", Route::Info(Kind::Skins, name())),
            ("/updates", Route::Updates),
            ("/feed.atom", Route::Feed(None)),
            ("/skins/Foo/feed.atom", Route::Feed(Some((Kind::Skins, name())))),
            ("/SkinJson.json", Route::Manifests(Kind::Skins)),
            ("/dist/skins/", Route::DistIndex(Kind::Skins)),
            ("/dist/skins/index.html", Route::DistIndex(Kind::Skins)),
            ("/dist/skins/SHA256SUMS", Route::Checksums(Kind::Skins)),
            ("/skins", Route::ListPage(Kind::Skins)),
            ("/skins/Foo", Route::RepositoryPage(Kind::Skins, name())),
            ("/r/projects/", Route::Projects),
            ("/r/projects/mediawiki%2Fskins%2FFoo/branches", Route::Branches(Kind::Skins, name())),
            ("/r/projects/mediawiki/skins/Foo/branches", Route::Branches(Kind::Skins, name())),
            ("/r/projects/mediawiki%2Fskins%2FFoo", Route::Project(Kind::Skins, name())),
            ("/r/projects/mediawiki/skins/Foo/", Route::Project(Kind::Skins, name())),
            ("/dist/skins/A.tar.gz", Route::Dist(Kind::Skins, "A.tar.gz".parse().unwrap())),
        ] {
            assert_eq!(find(path), Ok(route), "{path}");
        }
    }

    #[test]
    fn only_the_update_check_takes_bodies() {
        assert_eq!(find("/updates").unwrap().methods(), METHODS_WITH_POST);
        assert_eq!(find("/skins").unwrap().methods(), METHODS);
    }

    #[test]
    fn a_branch_in_a_path_of_gerrit_is_a_name_or_a_full_ref() {
        let branch = |path: &str| match find(&format!("/r/projects/mediawiki%2Fskins%2FFoo/{path}"))
        {
            Ok(Route::Branch(Kind::Skins, _, branch)) => branch.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(branch("branches/REL1_45"), "REL1_45");
        assert_eq!(branch("branches/refs%2Fheads%2FREL1_45"), "REL1_45");
        assert_eq!(branch("branches/refs/heads/wmf/1.45"), "wmf/1.45");
        // Gerrit looks for refs/heads/heads/REL1_45, too.
        assert_eq!(branch("branches/heads%2FREL1_45"), "heads/REL1_45");
        assert_eq!(
            branch("branches/a..b"),
            format!("{:?}", Err::<Route, _>(ApiError::no_such_branch()))
        );
    }

    #[test]
    fn a_download_has_two_readings_where_it_ends_in_sha256() {
        let readings = |path: &str| match find(&format!("/download/extensions/{path}")) {
            Ok(Route::Download(Kind::Extensions, readings)) => {
                let shown = readings.into_iter().map(|Reading { name, branch, is_checksum }| {
                    let branch = branch.map_or(String::new(), |branch| format!(" {branch}"));
                    format!("{name}{branch}{}", if is_checksum { " sum" } else { "" })
                });
                shown.collect::<Vec<_>>().join(", ")
            }
            other => format!("{:?}", other.unwrap_err().status()),
        };
        let long = "x".repeat(100);
        for (path, expected) in [
            ("Foo", "Foo"),
            ("Foo.sha256", "Foo.sha256, Foo sum"),
            ("Foo/REL1_45", "Foo REL1_45"),
            ("Foo/REL1_45.sha256", "Foo REL1_45.sha256, Foo REL1_45 sum"),
            ("Foo.sha256/master", "Foo.sha256 master"),
            ("Foo/wmf~1.45", "Foo wmf/1.45"),
            ("Foo/wmf%2F1.45.sha256", "Foo wmf/1.45.sha256, Foo wmf/1.45 sum"),
            ("Foo/wmf/1.45", "Foo wmf/1.45"),
            (&format!("{long}.sha256"), &format!("{long} sum")),
            (&format!("Foo/{long}.sha256"), &format!("Foo {long} sum")),
            ("Foo/.sha256", "404"),
            ("Foo/a..b", "404"),
            ("..", "404"),
            ("../master", "404"),
        ] {
            assert_eq!(readings(path), expected, "{path}");
        }
    }

    #[test]
    fn what_a_path_names_and_cannot_be_there_is_not_found() {
        for (path, error) in [
            ("/nothing", ApiError::no_such_path()),
            ("/health/", ApiError::no_such_path()),
            ("/nothing/Foo", ApiError::no_such_path()),
            ("/list/other", ApiError::no_such_kind()),
            ("/info/other/Foo", ApiError::no_such_kind()),
            ("/info/skins/..", ApiError::no_such_repository(Kind::Skins)),
            ("/skins/a%2Fb", ApiError::no_such_repository(Kind::Skins)),
            ("/r/projects/other%2Fskins%2FFoo/branches", ApiError::no_such_project()),
            ("/r/projects/mediawiki%2Fother%2FFoo/branches", ApiError::no_such_project()),
            ("/r/projects/mediawiki%2Fskins%2Fa%2Fb/branches", ApiError::unpublished_project()),
            ("/dist/../secret.tar.gz", ApiError::no_such_kind()),
            ("/dist/skins/..%2Fsecret.tar.gz", ApiError::no_such_tarball()),
        ] {
            assert_eq!(find(path), Err(error), "{path}");
        }
    }
}
