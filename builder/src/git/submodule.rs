//! Interprets `.gitmodules` (<https://git-scm.com/docs/gitmodules>) as Git does, and resolves the relative URLs in
//! it.
//!
//! The URLs come from the content of a repository, so they may be hostile: whoever fetches from them checks
//! the host first. [`url_map`](crate::git::url_map) can replace them.
//!
//! Only `path` and `url` are used. As Git's `submodule-config.c` does, it merges sections of the same name, lets
//! the last of two values count, and ignores names and values that Git calls suspicious. Other than Git, it does
//! not refuse a whole file for a wrong value of another key.

use std::collections::BTreeMap;

use crate::{
    git::config_file::{self, BadLine, Refused},
    limits::git::{MAX_SUBMODULE_NAME, MAX_SUBMODULES},
};

/// Why a `.gitmodules` is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The first line that Git cannot read, counted from 1.
    BadLine(usize),
    /// It has more submodules than [`MAX_SUBMODULES`].
    TooMany,
}

/// A section of `.gitmodules`.
#[derive(Debug, Default)]
struct Section {
    path: Option<String>,
    url: Option<String>,
}

/// Parses `.gitmodules`. Returns the URL of each submodule by its path.
///
/// # Errors
/// [`Unusable`]: Git would not use a part of such a file either.
pub fn parse(text: &[u8]) -> Result<BTreeMap<String, String>, Unusable> {
    let mut sections: BTreeMap<Vec<u8>, Section> = BTreeMap::new();
    // If several sections have the same path, the last one counts.
    let mut names: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut too_many = false;
    // A section's name may be long and have many keys, so each name is looked at once: the last one, and whether
    // Git uses it.
    let (mut last, mut is_used) = (Vec::new(), false);
    let read = config_file::parse(text, |variable, value| {
        let Some((name, key)) = name_and_key(variable) else { return Ok(()) };
        // The length comes first: to compare a longer one each time would take too long.
        if name.len() > MAX_SUBMODULE_NAME {
            return Ok(());
        }
        if last != name {
            (last, is_used) = (name.to_vec(), is_name(name));
        }
        if !is_used {
            return Ok(());
        }
        let value = value.ok_or(Refused)?;
        let is_url = key == b"url";
        let Some(value) = usable(value, is_url) else { return Ok(()) };
        if sections.len() == MAX_SUBMODULES && !sections.contains_key(name) {
            too_many = true;
            return Err(Refused);
        }
        let section = sections.entry(name.to_vec()).or_default();
        if is_url {
            section.url = Some(value);
            return Ok(());
        }
        if let Some(earlier) = section.path.replace(value.clone()) {
            names.remove(&earlier);
        }
        names.insert(value, name.to_vec());
        Ok(())
    });
    match read {
        Err(_) if too_many => Err(Unusable::TooMany),
        Err(BadLine(line)) => Err(Unusable::BadLine(line)),
        Ok(()) => Ok(names
            .into_iter()
            .filter_map(|(path, name)| Some((path, sections.get_mut(&name)?.url.clone()?)))
            .collect()),
    }
}

/// The name of the submodule and the key, of the full name of a variable: `submodule.NAME.KEY`. `None` for a variable
/// that is not used.
fn name_and_key(variable: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = variable.strip_prefix(b"submodule.")?;
    let dot = rest.iter().rposition(|byte| *byte == b'.')?;
    let (name, key) = (&rest[..dot], &rest[dot + 1..]);
    matches!(key, b"path" | b"url").then_some((name, key))
}

/// Whether Git uses a submodule of this name, whatever its length. Git makes a folder of the name, so it refuses `..` in it.
fn is_name(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| matches!(byte, b'/' | b'\\'));
    !name.is_empty() && parts.all(|part| part != b"..")
}

/// A value as text. `None` if Git ignores it, because a command could take it for an option, or if no URL can look like
/// this.
fn usable(value: &[u8], is_url: bool) -> Option<String> {
    let is_usable = value.len() <= MAX_SUBMODULE_NAME
        && !value.starts_with(b"-")
        && !(is_url && value.iter().any(u8::is_ascii_control));
    String::from_utf8(value.to_vec()).ok().filter(|_| is_usable)
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

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = parse(text.as_bytes());
        let expected = expected.iter().map(|(path, url)| ((*path).to_owned(), (*url).to_owned()));
        assert_eq!(found, Ok(expected.collect()), "{text}");
    }

    #[test]
    fn only_path_and_url_of_submodules_are_read() {
        check(
            "# comment\n[core]\n\tpath = /etc\n\turl = x\n[submodule \"lib/ve\"]\n\tpath = lib/ve\n\
             \turl = https://example.org/ve.git ; why\n[Submodule \"two\"]\n  PATH = \"a b\"\n  url=../two#1\n\
             \tshallow\n\tupdate = none\n[include]\n\tpath = /dev/zero\n[submodule]\npath = p\nurl = u\n\
             [submodule \"half\"]\n\tpath = half\n[submodule.Old]path=old\nurl=o\n",
            &[("a b", "../two"), ("lib/ve", "https://example.org/ve.git"), ("old", "o")],
        );
    }

    #[test]
    fn sections_of_one_name_are_merged_and_the_last_value_counts() {
        check("[submodule \"a\"]path=x\n[submodule \"b\"]\n[submodule \"a\"]url=u", &[("x", "u")]);
        check("[submodule \"a\"]\npath=x\nurl=u\npath=y\nurl=v\n", &[("y", "v")]);
        // Two submodules at one path.
        check("[submodule \"b\"]\npath=x\nurl=b\n[submodule \"a\"]\npath=x\nurl=a", &[("x", "a")]);
    }

    #[test]
    fn what_git_calls_suspicious_is_ignored() {
        for name in ["..", "../x", "a/../b", "a\\\\..", ""] {
            check(&format!("[submodule \"{name}\"]\npath=x\nurl=u\n"), &[]);
        }
        check("[submodule \"a..b\"]\npath=x\nurl=u\n", &[("x", "u")]);
        for value in ["-x", "--upload-pack=x"] {
            check(&format!("[submodule \"a\"]\npath=x\nurl={value}\n"), &[]);
            check(&format!("[submodule \"a\"]\npath={value}\nurl=u\n"), &[]);
        }
        // No URL has a control character. A path may.
        for (value, path) in [("a\\nb", "a\nb"), ("a\\tb", "a\tb"), ("a\\bb", "a\u{8}b")] {
            check(&format!("[submodule \"a\"]\npath=x\nurl={value}\n"), &[]);
            check(&format!("[submodule \"a\"]\npath={value}\nurl=u\n"), &[(path, "u")]);
        }
        // A text of C ends there.
        check("[submodule \"a\"]\npath=x\0y\nurl=u\n", &[("x", "u")]);
        check("[submodule \"a\"]\npath=x\nurl=u\nurl=-v\n", &[("x", "u")]);
        check(&format!("[submodule \"a\"]\npath={}\nurl=u\n", "x/".repeat(3000)), &[]);
    }

    #[test]
    fn names_paths_and_urls_count_up_to_their_limit() {
        let most = "n".repeat(MAX_SUBMODULE_NAME);
        check(&format!("[submodule \"{most}\"]\npath=x\nurl=u\n"), &[("x", "u")]);
        check(&format!("[submodule \"{most}n\"]\npath=x\nurl=u\n"), &[]);
        check(&format!("[submodule \"a\"]\npath={most}\nurl={most}\n"), &[(&most, &most)]);
        check(&format!("[submodule \"a\"]\npath={most}n\nurl=u\n"), &[]);
        check(&format!("[submodule \"a\"]\npath=x\nurl={most}n\n"), &[]);
    }

    /// Takes hours if the name is looked at for each key.
    #[test]
    fn a_long_name_with_many_keys_takes_no_longer_than_its_bytes() {
        let text = format!("[submodule \"{}\"]\n{}", "n".repeat(1 << 22), "url=\n".repeat(1 << 20));
        assert_eq!(parse(text.as_bytes()), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_file_that_git_cannot_read_has_no_submodules() {
        let good = "[submodule \"a\"]\npath=x\nurl=u\n";
        for (rest, line) in
            [("nonsense!", 4), ("[s]\n\tk = \\x", 5), ("[submodule \"b\"]\nurl\n", 5)]
        {
            let text = format!("{good}{rest}");
            assert_eq!(parse(text.as_bytes()), Err(Unusable::BadLine(line)), "{text}");
        }
    }

    #[test]
    fn very_many_submodules_are_refused() {
        let text = |count: usize| -> String {
            (0..count).map(|n| format!("[submodule \"{n}\"]\npath={n}\nurl=u\n")).collect()
        };
        assert_eq!(parse(text(MAX_SUBMODULES).as_bytes()).unwrap().len(), MAX_SUBMODULES);
        assert_eq!(parse(text(MAX_SUBMODULES + 1).as_bytes()), Err(Unusable::TooMany));
        // The same ones again are no more.
        assert!(parse(text(MAX_SUBMODULES).repeat(3).as_bytes()).is_ok());
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
