//! Parses `.gitmodules` (<https://git-scm.com/docs/gitmodules>) and resolves the relative URLs in it.
//!
//! The URLs come from the content of a repository, so they may be hostile: whoever fetches from them checks
//! the host first. [`url_map`](crate::git::url_map) can replace them.

use std::collections::BTreeMap;

/// Parses the text of `.gitmodules`. Returns the URL of each submodule by its path.
///
/// Only `path` and `url` of the sections `[submodule "…"]` are used. libgit2's own parser is not used, because it
/// follows `include.path` to any file on this machine.
pub fn parse(text: &str) -> BTreeMap<String, String> {
    let mut sections: Vec<(Option<String>, Option<String>)> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.starts_with("submodule");
            if inside {
                sections.push((None, None));
            }
        } else if let (true, Some((key, value)), Some(section)) =
            (inside, line.split_once('='), sections.last_mut())
        {
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => section.0 = Some(unquote(value)),
                "url" => section.1 = Some(unquote(value)),
                _ => {}
            }
        }
    }
    sections
        .into_iter()
        .filter_map(|(path, url)| Some((path?.trim_end_matches('/').to_owned(), url?)))
        .collect()
}

/// Decodes a value in Git's configuration syntax: quotes, backslashes, and a comment at the end.
fn unquote(value: &str) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => text.extend(chars.next()),
            '#' | ';' if !quoted => break,
            c => text.push(c),
        }
    }
    if quoted { text } else { text.trim_end().to_owned() }
}

/// The absolute URL of a submodule. A URL that begins with `./` or `../` is relative to `parent`, the URL of the
/// repository that has the submodule, as in Git. Any other URL is returned unchanged.
pub fn resolve(parent: &str, url: &str) -> String {
    if url.starts_with("./") || url.starts_with("../") {
        let mut base = parent.trim_end_matches('/');
        let mut rest = url;
        loop {
            if let Some(after) = rest.strip_prefix("./") {
                rest = after;
            } else if let Some(after) = rest.strip_prefix("../") {
                rest = after;
                base = base.rsplit_once('/').map_or("", |(before, _)| before);
            } else {
                break;
            }
        }
        return format!("{base}/{rest}");
    }
    url.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_path_and_url_of_submodules_are_read() {
        let text = "# comment\n[core]\n\tpath = /etc\n\turl = x\n[submodule \"lib/ve\"]\n\tpath = lib/ve\n\
                    \turl = https://example.org/ve.git ; why\n[submodule \"two\"]\n  PATH = \"a b\"/\n  url=../two#1\n\
                    [include]\n\tpath = /dev/zero\n[submodule \"half\"]\n\tpath = half\n";
        let found = parse(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found["lib/ve"], "https://example.org/ve.git");
        assert_eq!(found["a b"], "../two");
    }

    #[test]
    fn relative_urls_go_up_from_the_repository() {
        let parent = "https://g.example/r/mediawiki/extensions/Foo";
        for (url, absolute) in [
            ("../../../x/Lib", "https://g.example/r/x/Lib"),
            ("../Bar.git", "https://g.example/r/mediawiki/extensions/Bar.git"),
            ("./sub", "https://g.example/r/mediawiki/extensions/Foo/sub"),
            ("https://o.example/x", "https://o.example/x"),
        ] {
            assert_eq!(resolve(parent, url), absolute);
        }
    }

    #[test]
    fn quotes_protect_what_would_end_a_value() {
        for (value, expected) in [
            ("a#b", "a"),
            ("a ; b", "a"),
            ("\"a#b;c\"", "a#b;c"),
            ("\"a\" # b", "a"),
            ("\"a\"b\"#\"", "ab#"),
            ("\"a\\\"#b\"", "a\"#b"),
            ("\\#a", "#a"),
            ("  a b  ", "a b"),
            ("\"open ", "open"),
            ("\\", ""),
        ] {
            assert_eq!(unquote(value), expected, "{value}");
        }
    }

    #[test]
    fn lines_outside_the_sections_of_submodules_are_ignored() {
        let text = "path = a\nurl = b\n[submodule \"x\"]\nnonsense\npath = x\nurl = y\n[other]\npath = z\n";
        assert_eq!(parse(text), BTreeMap::from([("x".to_owned(), "y".to_owned())]));
    }

    #[test]
    fn a_url_that_goes_up_beyond_its_host_is_not_a_valid_url() {
        for (url, absolute) in [
            ("../x", "https://g.example/x"),
            (".././../x", "https://x"),
            ("../../../../../x", "/x"),
            ("./../x", "https://g.example/x"),
            ("..", ".."),
            (".git", ".git"),
            ("/x", "/x"),
        ] {
            assert_eq!(resolve("https://g.example/Foo/", url), absolute, "{url}");
        }
    }
}
