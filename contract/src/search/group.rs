//! The groups of extensions and skins, and the words by which people look for them.
//!
//! A manifest names its group in `type`, with a word that MediaWiki made up (`antispam`, `parserhook`).
//! Special:Version shows each group under a heading, and people know the groups by these headings, or by
//! what their members are for. So a repository is also found by such words, although it has none of them.

use crate::kind::Kind;

/// Each `type` with words for it. Those of MediaWiki are in `SpecialVersion::getExtensionTypes`; the last
/// three are those of large families of extensions. `other` says nothing, and so has no words.
const WORDS: [(&str, &str); 11] = [
    ("antispam", "anti spam prevention protection captcha abuse vandalism bots"),
    ("api", "api module"),
    ("editor", "editor editing wysiwyg"),
    ("media", "media handler file files image images audio video"),
    ("parserhook", "parser hook function functions tag tags"),
    ("skin", "skin theme"),
    ("specialpage", "special page pages"),
    ("variable", "variable variables magic word words"),
    ("datavalues", "data value values"),
    ("semantic", "semantic structured data"),
    ("wikibase", "wikibase structured data"),
];

/// The words for a group, with spaces between them. A skin without a `type` is a skin.
pub(super) fn words(kind: Kind, r#type: Option<&str>) -> String {
    let name = match (r#type, kind) {
        (None, Kind::Skins) => "skin",
        (None, Kind::Extensions) => "",
        (Some(name), _) => name,
    };
    if name.eq_ignore_ascii_case("other") {
        return String::new();
    }
    match WORDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
        Some((known, words)) => format!("{known} {words}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_its_own_name_and_what_people_call_it() {
        let spam = words(Kind::Extensions, Some("AntiSpam"));
        assert!(spam.starts_with("antispam ") && spam.contains("captcha"), "{spam}");
        assert_eq!(words(Kind::Extensions, Some("foo bar")), "foo bar", "a group of its own");
        assert_eq!(words(Kind::Extensions, Some("other")), "");
        assert_eq!(words(Kind::Extensions, None), "");
        assert!(words(Kind::Skins, None).contains("theme"));
    }
}
