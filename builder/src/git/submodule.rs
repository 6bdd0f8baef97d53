//! Submodules: which repositories a tree's gitlinks stand for, and where they are fetched from.
//!
//! It owns the reading of `.gitmodules` (<https://git-scm.com/docs/gitmodules>) and makes its URLs,
//! which are hostile, absolute. Which of them are fetched from elsewhere is for
//! [`url_map`](crate::git::url_map).

use std::collections::BTreeMap;

/// Reads `.gitmodules`: the URL of each submodule by its path.
///
/// Only `path` and `url` of `[submodule "…"]` are looked at. libgit2 could read such a file, but
/// follows `include.path` to any file of this machine.
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

/// A value of Git's configuration syntax: comments end it, quotes protect, a backslash escapes.
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

/// The URL of a submodule: relative ones against the URL of the repository that has it, as Git
/// does.
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
    fn gitmodules_are_read_and_nothing_else_of_them() {
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
    fn a_line_outside_of_a_section_of_a_submodule_says_nothing() {
        let text = "path = a\nurl = b\n[submodule \"x\"]\nnonsense\npath = x\nurl = y\n[other]\npath = z\n";
        assert_eq!(parse(text), BTreeMap::from([("x".to_owned(), "y".to_owned())]));
    }

    #[test]
    fn a_url_may_go_up_beyond_its_host_and_is_then_none() {
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
