//! The `Link` header (RFC 8288), by which GitHub, GitLab and Gitea name the next page of a list.

/// The target of the link with the relation `next` in the value of a `Link` header, as it is
/// written there (RFC 8288, 3).
pub(super) fn next(links: &str) -> Option<String> {
    links.split('<').skip(1).find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut relations = value.trim().trim_matches('"').split(' ');
            name.trim().eq_ignore_ascii_case("rel")
                && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| target.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let github = "<https://api.example.org/repos?page=3>; rel=\"next\", \
                      <https://api.example.org/repos?page=9>; rel=\"last\"";
        for (links, target) in [
            (github, Some("https://api.example.org/repos?page=3")),
            ("<https://h/?a=1,2>; title=\"x\"; REL=\"prev Next\"", Some("https://h/?a=1,2")),
            ("<https://h/?page=1>; rel=\"prev\"", None),
            ("https://h/; rel=next", None),
            ("<https://h/", None),
            ("", None),
        ] {
            assert_eq!(next(links).as_deref(), target, "{links}");
        }
    }
}
