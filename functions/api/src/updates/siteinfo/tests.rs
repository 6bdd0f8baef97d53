use super::*;

fn parse(body: &str) -> Result<Siteinfo, SiteinfoError> {
    Siteinfo::parse(body.as_bytes())
}

/// An answer with these extensions and skins.
fn answer(extensions: &str, skins: &str) -> String {
    format!(
        r#"{{"batchcomplete":"","query":{{"general":{{"generator":"MediaWiki 1.45.1","phpversion":"8.2.1"}},
            "extensions":[{extensions}],"skins":[{skins}]}}}}"#
    )
}

#[test]
fn an_extension_is_read_with_all_that_says_what_it_is() {
    let body = answer(
        r#"{"type":"parserhook","name":"Poem","namemsg":"poem-name","version":1.5,
            "url":"https://www.mediawiki.org/wiki/Extension:Poem","vcs-system":"git",
            "vcs-version":"00112233445566778899AABBCCDDEEFF00112233\n","vcs-url":false,
            "vcs-date":"2026-08-06T09:30:00Z","descriptionmsgparams":[1]},
           {"type":"skin","name":"Vector","vcs-version":"main","vcs-date":"today"}"#,
        "",
    );
    let read = parse(&body).unwrap();
    assert_eq!((read.mediawiki.text.as_str(), read.php.as_deref()), ("1.45.1", Some("8.2.1")));
    let [poem, vector] = read.installed.as_slice() else { panic!("{:?}", read.installed) };
    assert_eq!((poem.kind, poem.name.as_deref()), (Kind::Extensions, Some("Poem")));
    assert_eq!(poem.version.as_deref(), Some("1.5"));
    assert_eq!(poem.commit.as_deref(), Some("00112233445566778899aabbccddeeff00112233"));
    assert_eq!(poem.committed_at.as_deref(), Some("2026-08-06T09:30:00Z"));
    assert_eq!(poem.vcs_url, None);
    assert_eq!((vector.kind, vector.commit.as_ref()), (Kind::Skins, None));
    assert_eq!(vector.committed_at, None);
}

#[test]
fn both_format_versions_and_the_query_alone_are_read() {
    let one = parse(&answer(r#"{"name":"A"}"#, r#"{"code":"mine","*":"Mine"}"#)).unwrap();
    let two = answer(r#"{"name":"A"}"#, r#"{"code":"mine","name":"Mine"}"#);
    assert_eq!(one, parse(&two).unwrap());
    let start = two.find(r#"{"general""#).unwrap();
    let alone = &two[start..two.len() - 1];
    assert_eq!(one, parse(alone).unwrap());
    assert_eq!(one, parse(&format!("\u{feff}\n{two}\n")).unwrap());
}

#[test]
fn a_skin_is_listed_once_and_mediawikis_own_are_not() {
    let body = answer(
        r#"{"type":"skin","name":"Vector"},{"type":"skin","name":"Cologne Blue"}"#,
        r#"{"code":"vector","*":"Vecteur (2010)"},{"code":"vector-2022","*":"Vecteur"},
           {"code":"cologneblue","*":"Bleu"},{"code":"fallback","*":"Fallback"},
           {"code":"apioutput","*":"ApiOutput","unusable":""},{"code":"mine","*":"Mine"},
           {"code":"authentication-popup","*":"x"}"#,
    );
    let read = parse(&body).unwrap();
    let names: Vec<_> = read.installed.iter().map(|it| it.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Vector", "Cologne Blue", "Mine"]);
    assert_eq!(read.installed[2].code.as_deref(), Some("mine"));
}

#[test]
fn each_wrong_body_is_told_from_the_others() {
    use SiteinfoError::{Cut, Empty, Failed, Html, Missing, NoVersion, NotJson, NotSiteinfo, Xml};
    let whole = answer(r#"{"name":"A"}"#, "");
    for (body, error) in [
        (" \n", Empty),
        ("<!DOCTYPE html><p>", Html),
        ("<?xml version=\"1.0\"?><api/>", Xml),
        (&whole[..whole.len() / 2], Cut),
        ("Warning: x {}", NotJson { line: 1, column: 1 }),
        ("{}", NotSiteinfo),
        ("[]", NotSiteinfo),
        ("5", NotSiteinfo),
        (r#"{"query":{"pages":[]}}"#, NotSiteinfo),
        (r#"{"query":{"extensions":[]}}"#, Missing("general")),
        (r#"{"general":{"generator":"MediaWiki 1.45.1"}}"#, Missing("extensions")),
        (r#"{"general":{"generator":"x"},"extensions":[]}"#, NoVersion),
        (r#"{"general":{},"extensions":[]}"#, NoVersion),
        (r#"{"general":{"generator":"MediaWiki 1.45.1"},"extensions":"x"}"#, NotSiteinfo),
        (r#"{"error":{"code":"readapidenied","info":"x"}}"#, Failed("readapidenied".into())),
    ] {
        assert_eq!(parse(body), Err(error), "{body}");
    }
    assert!(matches!(parse(&format!("{whole}{whole}")), Err(NotJson { .. })));
    assert!(matches!(parse(&"[".repeat(100_000)), Err(NotSiteinfo | NotJson { .. })));
    assert!(matches!(parse("{\"x\": \u{1}}"), Err(NotJson { .. })));
}

#[test]
fn entries_are_counted_and_texts_are_cut() {
    let entries = |count: usize| vec!["{}"; count].join(",");
    assert_eq!(parse(&answer(&entries(2_000), "")).unwrap().installed.len(), 2_000);
    assert_eq!(parse(&answer(&entries(2_001), "")), Err(SiteinfoError::TooMany));
    assert_eq!(parse(&answer(&entries(100_000), "")), Err(SiteinfoError::TooMany));
    assert_eq!(parse(&answer(&entries(1_999), &entries(2))), Err(SiteinfoError::TooMany));
    let long = format!(r#"{{"name":"{}"}}"#, "ä".repeat(10_000));
    let read = parse(&answer(&long, "")).unwrap();
    assert_eq!(read.installed[0].name.as_deref().map(str::len), Some(600));
}

#[test]
fn an_entry_is_an_object_and_the_empty_list_of_php_is_an_empty_one() {
    let parse = |entry: &str| {
        let general = r#"{"generator": "MediaWiki 1.45.1"}"#;
        let body = format!(r#"{{"query": {{"general": {general}, "extensions": [{entry}]}}}}"#);
        Siteinfo::parse(body.as_bytes()).map(|siteinfo| siteinfo.installed.len())
    };
    assert_eq!(parse("{}").unwrap(), 1);
    assert_eq!(parse("[]").unwrap(), 1);
    for wrong in ["[null]", "[\"other\", \"Cite\"]", "1", "null", "\"Cite\""] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
