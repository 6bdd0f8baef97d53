//! The names by which wikis know an extension or skin: keys under which the builder stores each of them, and
//! under which the functions look one up.
//!
//! A wiki says of what it has installed: a name, which may be that of the manifest or a translated title, and the
//! URL of a home page (<https://www.mediawiki.org/wiki/API:Siteinfo>). People write these in several ways. So a
//! key has no capital letters, and its `_`, white space and percent-encoding are gone. Its first letter says what
//! it is made of.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::RepoName;

/// The longest text that a key is made of, in characters.
const MAX_TEXT: usize = 300;

/// The key of the repository of this name, whatever its manifest says.
pub fn by_repository(name: &str) -> String {
    key('r', name)
}

/// The key of the name of a repository or of its manifest: `MassMessage`.
pub fn by_name(name: &str) -> String {
    key('n', name)
}

/// The key of a title, in any language: `Liquid Threads`.
pub fn by_title(title: &str) -> String {
    key('t', title)
}

/// The key of the URL of a home page. `None` if it is neither `http` nor `https`, or names no page.
///
/// The scheme, `www.`, the fragment and a slash at the end do not matter: they differ between the manifests of
/// one extension.
pub fn by_url(url: &str) -> Option<String> {
    let lower = |text: &str| text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let rest = match lower(url) {
        start if start.starts_with("https://") => &url[8..],
        start if start.starts_with("http://") => &url[7..],
        _ => url.strip_prefix("//")?,
    };
    let rest = rest.split('#').next().unwrap_or_default().trim_end_matches('/');
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let (host, path) = rest.split_once('/')?;
    if host.is_empty() || path.is_empty() {
        return None;
    }
    // What is no UTF-8 then stays as it is.
    let decoded = |text| percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text));
    Some(key('u', &format!("{}/{}", decoded(host), decoded(path))))
}

/// The key of a name by its letters and digits alone: that of `PageForms` is that of `Page Forms`. No snapshot has it.
pub fn by_letters(name: &str) -> String {
    key('l', &letters(name).collect::<String>())
}

/// The repository that is meant where somebody says this and all of these may be meant: the only one, else the one whose
/// own name it is. `None` where it is the name of none, or of several: then nobody knows which is meant.
///
/// What manifests say decides nothing here, since anybody may write it. The very name comes first: names of repositories
/// may differ in the case of letters alone. Then only letters and digits count, as in [`by_letters`].
pub fn meant<'a>(said: &str, claimants: &[&'a RepoName]) -> Option<&'a RepoName> {
    if let [only] = claimants {
        return Some(only);
    }
    let very = claimants.iter().find(|name| name.as_str() == said);
    let mut alike = claimants.iter().filter(|name| letters(name.as_str()).eq(letters(said)));
    let alike = || alike.next().filter(|_| alike.next().is_none());
    very.or_else(alike).copied()
}

/// The letters and digits of a name, without the case of its letters. Names of repositories are ASCII.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|it| it.is_alphanumeric()).map(|it| it.to_ascii_lowercase())
}

fn key(prefix: char, text: &str) -> String {
    let text: String = text.chars().take(MAX_TEXT).collect();
    let words = text.split(|it: char| it.is_whitespace() || it == '_');
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    format!("{prefix} {}", words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_same_key_however_it_is_written() {
        for name in ["Liquid Threads", "liquid_threads", " Liquid  Threads\n", "LIQUID Threads"] {
            assert_eq!(by_name(name), "n liquid threads", "{name}");
        }
        assert_eq!(by_title("Über Alles"), "t über alles");
        assert_ne!(by_name("a"), by_title("a"));
        assert_ne!(by_name("LiquidThreads"), by_name("Liquid Threads"));
    }

    #[test]
    fn a_page_has_the_same_key_whichever_url_leads_to_it() {
        let key = Some("u mediawiki.org/wiki/extension:liquid threads".to_owned());
        for url in [
            "https://www.mediawiki.org/wiki/Extension:Liquid_Threads",
            "http://www.mediawiki.org/wiki/Extension:Liquid_Threads",
            "HTTPS://mediawiki.org/wiki/Extension:Liquid_Threads/",
            "//www.mediawiki.org/wiki/Extension:Liquid%20Threads#Usage",
            "https://www.mediawiki.org/wiki/Extension%3ALiquid_Threads",
        ] {
            assert_eq!(by_url(url), key, "{url}");
        }
        let other = by_url("https://www.mediawiki.org/wiki/Extension:LiquidThreads");
        assert_ne!(other, key);
    }

    #[test]
    fn of_several_the_one_is_meant_whose_own_name_is_said() {
        let meant = |said: &str, names: &[&str]| {
            let names: Vec<RepoName> = names.iter().map(|name| name.parse().unwrap()).collect();
            let claimants: Vec<&RepoName> = names.iter().collect();
            super::meant(said, &claimants).map(ToString::to_string)
        };
        for said in ["Page Forms", "PageForms", "page_forms", "Page-Forms!"] {
            assert_eq!(
                meant(said, &["AEvil", "PageForms"]).as_deref(),
                Some("PageForms"),
                "{said}"
            );
            assert_eq!(by_letters(said), by_letters("PageForms"), "{said}");
        }
        assert_eq!(meant("Page Forms", &["AEvil"]).as_deref(), Some("AEvil"), "there is no other");
        assert_eq!(meant("Page Forms", &["AEvil", "Other"]), None);
        assert_eq!(meant("Page Forms", &["PageForms", "Page-Forms"]), None);
        assert_eq!(meant("", &["PageForms", "Other"]), None);
        assert_eq!(meant("Page Forms", &[]), None);
        let very = meant("Page-Forms", &["PageForms", "page-forms", "Page-Forms"]);
        assert_eq!(very.as_deref(), Some("Page-Forms"));
    }

    #[test]
    fn what_names_no_page_has_no_key() {
        for url in ["", "Extension:A", "https://", "https://a.example", "https://a.example/", "é"]
        {
            assert_eq!(by_url(url), None, "{url}");
        }
        assert_eq!(by_url("ftp://a.example/b"), None);
    }

    #[test]
    fn broken_encoding_and_long_texts_have_keys_too() {
        let key = |path: &str| by_url(&format!("https://a/{path}")).unwrap();
        assert_eq!(key("%"), "u a/%");
        assert_eq!(key("%2"), "u a/%2");
        assert_eq!(key("%ff%41"), "u a/%ff%41");
        assert_eq!(key("%C3%A9"), "u a/é");
        assert_eq!(by_name(&"x".repeat(1000)).len(), 2 + MAX_TEXT);
    }
}
