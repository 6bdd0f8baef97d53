//! Finds the component for a path, with Spin's precedence: the same crate `routefinder` and the same
//! patterns as in Spin's `crates/routes`. An exact route wins over a wildcard, then the longest prefix
//! wins. `/a/...` also matches `/a` and `/a/`; otherwise a trailing slash makes no difference.

use std::fmt;

use crate::config::application::Trigger;

/// The prefix of paths that the host answers itself.
pub(crate) const WELL_KNOWN_PREFIX: &str = "/.well-known/spin/";

/// The routes of an application.
#[derive(Debug)]
pub(crate) struct Router {
    routes: routefinder::Router<Route>,
}

/// One route.
#[derive(Debug)]
pub(crate) struct Route {
    /// The route as written in the manifest.
    pub(crate) pattern: String,
    /// The route with a slash at the beginning and none at the end (so `/` is empty). Spin calls it the
    /// matched route.
    pub(crate) matched: String,
    /// The identifier of the component.
    pub(crate) component: String,
}

/// The route of a request, with the parts of the path that matched its variable parts.
#[derive(Debug)]
pub(crate) struct Match<'a> {
    /// The route that matched.
    pub(crate) route: &'a Route,
    /// What `/...` matched, with its leading slash; empty without a wildcard.
    pub(crate) path_info: String,
    /// What each `:name` matched.
    pub(crate) segments: Vec<(String, String)>,
}

impl Router {
    /// Takes the triggers of a manifest. Of two equal routes the later one counts, as in Spin.
    ///
    /// # Errors
    ///
    /// The pattern that cannot be parsed, and why.
    pub(crate) fn new(triggers: &[Trigger]) -> Result<Self, (String, String)> {
        let mut routes = routefinder::Router::new();
        for (index, Trigger { route: pattern, component }) in triggers.iter().enumerate() {
            // routefinder keeps both and always finds the earlier one.
            if triggers[index + 1..].iter().any(|later| later.route == *pattern) {
                continue;
            }
            let route = Route::new(pattern, component);
            routes
                .add(route.routefinder_pattern(), route)
                .map_err(|problem: String| (pattern.clone(), problem))?;
        }
        Ok(Self { routes })
    }

    /// The best route for a path without its query.
    pub(crate) fn route(&self, path: &str) -> Option<Match<'_>> {
        let found = self.routes.best_match(path)?;
        let captures = found.captures();
        let path_info = captures.wildcard().map_or(String::new(), |rest| {
            // routefinder removes a trailing slash, and Spin keeps it.
            match (rest.is_empty(), path.ends_with('/')) {
                (true, false) => String::new(),
                (true, true) => "/".to_owned(),
                (false, false) => format!("/{rest}"),
                (false, true) => format!("/{rest}/"),
            }
        });
        let segments = captures
            .params()
            .iter()
            .map(|segment| (segment.name().to_owned(), segment.value().to_owned()))
            .collect();
        Some(Match { route: found.handler(), path_info, segments })
    }

    /// The routes in order of precedence.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().map(|(_, route)| route)
    }
}

impl Route {
    fn new(pattern: &str, component: &str) -> Self {
        let absolute =
            if pattern.starts_with('/') { pattern.to_owned() } else { format!("/{pattern}") };
        let matched = absolute.strip_suffix('/').unwrap_or(&absolute).to_owned();
        Self { pattern: pattern.to_owned(), matched, component: component.to_owned() }
    }

    /// The pattern without its wildcard: `/list/...` → `/list`.
    pub(crate) fn prefix(&self) -> &str {
        self.pattern.strip_suffix("/...").unwrap_or(&self.pattern)
    }

    /// The pattern in the notation of routefinder: `/list/...` → `/list/*`.
    fn routefinder_pattern(&self) -> String {
        match self.matched.strip_suffix("/...") {
            Some(prefix) => format!("{prefix}/*"),
            None => self.matched.clone(),
        }
    }
}

/// Shows a route as Spin does at start: `/list (wildcard)`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = self.routefinder_pattern();
        let (path, wildcard) = match pattern.strip_suffix("/*") {
            Some(path) => (path, " (wildcard)"),
            None => (pattern.as_str(), ""),
        };
        write!(f, "{}{wildcard}", if path.is_empty() { "/" } else { path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&str]) -> Router {
        let triggers: Vec<_> = routes
            .iter()
            .map(|route| Trigger { route: route.to_string(), component: route.to_string() })
            .collect();
        Router::new(&triggers).unwrap()
    }

    fn component(router: &Router, path: &str) -> Option<String> {
        router.route(path).map(|found| found.route.component.clone())
    }

    #[test]
    fn exact_wins_over_wildcard_and_the_longest_prefix_over_shorter_ones() {
        for order in [
            ["/one/...", "/one/two/...", "/one", "/..."],
            ["/...", "/one", "/one/two/...", "/one/..."],
        ] {
            let router = router(&order);
            for (path, expected) in [
                ("/one", "/one"),
                ("/one/", "/one"),
                ("/one/x", "/one/..."),
                ("/one/two", "/one/two/..."),
                ("/one/two/three", "/one/two/..."),
                ("/", "/..."),
                ("/two", "/..."),
            ] {
                assert_eq!(component(&router, path).as_deref(), Some(expected), "{path}");
            }
        }
    }

    #[test]
    fn what_no_route_matches_has_no_component() {
        let router = router(&["/", "/list/..."]);
        assert_eq!(component(&router, "/").as_deref(), Some("/"));
        assert_eq!(component(&router, "/lists"), None);
        assert_eq!(component(&router, "/info"), None);
    }

    #[test]
    fn the_wildcard_part_keeps_its_slashes() {
        let router = router(&["/test/..."]);
        for (path, info) in [
            ("/test", ""),
            ("/test/", "/"),
            ("/test/a/b", "/a/b"),
            ("/test/a/b/", "/a/b/"),
            ("/test/a%2Fb", "/a%2Fb"),
        ] {
            assert_eq!(router.route(path).unwrap().path_info, info, "{path}");
        }
    }

    #[test]
    fn named_segments_are_captured() {
        let router = router(&["/users/:id/...", "/users/:id"]);
        let found = router.route("/users/42/posts").unwrap();
        assert_eq!(found.segments, [("id".to_owned(), "42".to_owned())]);
        assert_eq!(found.path_info, "/posts");
        assert_eq!(router.route("/users/42").unwrap().path_info, "");
    }

    #[test]
    fn the_later_of_equal_routes_counts() {
        let trigger = |component: &str| Trigger { route: "/a".into(), component: component.into() };
        let router = Router::new(&[trigger("first"), trigger("second")]).unwrap();
        assert_eq!(component(&router, "/a").as_deref(), Some("second"));
    }

    #[test]
    fn routes_are_shown_as_spin_shows_them() {
        let shown = |pattern: &str| Route::new(pattern, "list").to_string();
        assert_eq!(shown("/..."), "/ (wildcard)");
        assert_eq!(shown("/list/..."), "/list (wildcard)");
        assert_eq!(shown("/"), "/");
        assert_eq!(shown("info/"), "/info");
        assert_eq!(Route::new("info/", "info").matched, "/info");
        assert_eq!(Route::new("/", "index").matched, "");
    }

    #[test]
    fn a_wrong_pattern_is_named() {
        let trigger = Trigger { route: "/*rest".into(), component: "a".into() };
        assert_eq!(Router::new(&[trigger]).unwrap_err().0, "/*rest");
    }
}
