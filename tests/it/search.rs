//! `/search` over HTTP: what is found, in which order and language, and wrong parameters.

use tardist_tests::{File, Site, TestEnv, Value, json, served};

/// The results of a search, as `MATCH KIND/NAME`.
#[track_caller]
fn found(site: &Site, parameters: &str) -> Vec<String> {
    let answer = site.get(&format!("/search?{parameters}")).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let results = answer["results"].as_array().unwrap().iter();
    results
        .map(|it| format!("{} {}/{}", text(&it["match"]), text(&it["kind"]), text(&it["name"])))
        .collect()
}

#[test]
fn a_result_says_what_the_repository_is_and_where_its_document_is() {
    let (_env, site) = served();
    let answer = site.get("/search?q=samplegreeting").json();
    assert_eq!(answer["query"], "samplegreeting");
    assert_eq!(answer["more"], false);
    let [result] = answer["results"].as_array().unwrap().as_slice() else {
        panic!("{answer}");
    };
    assert_eq!(result["match"], "name");
    assert_eq!(result["info"], "/info/extensions/SampleGreeting");
    let mut result = result.as_object().unwrap().clone();
    let document = site.get(result["info"].as_str().unwrap()).json();
    result.remove("match");
    result.remove("info");
    let mut keys: Vec<&str> = result.keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "authors",
        "default_branch",
        "description",
        "description_language",
        "kind",
        "license",
        "name",
        "title",
        "type",
        "url",
    ];
    assert_eq!(keys, expected);
    for (key, value) in &result {
        assert_eq!(value, &document[key], "{key}");
    }
}

#[test]
fn matches_of_names_come_first_and_those_of_translations_last() {
    let (_env, site) = served();
    for (parameters, expected) in [
        ("q=SamplePaper", &["name skins/SamplePaper"][..]),
        ("q=paper", &["name skins/SamplePaper"]),
        ("q=Pap", &["name skins/SamplePaper"]),
        ("q=sample+calendar", &["name extensions/SampleCalendar"]),
        ("q=beispielkalender", &["title extensions/SampleCalendar"]),
        ("q=konrad", &["credits extensions/SampleCalendar"]),
        ("q=apache", &["credits skins/SampleDusk"]),
        ("q=Sample&kind=skins", &["name skins/SampleDusk", "name skins/SamplePaper"]),
        ("q=wang&kind=skins", &["credits skins/SampleDusk"]),
        ("q=wang", &["credits skins/SampleDusk", "credits extensions/SampleChart"]),
        ("q=evening", &["description skins/SampleDusk"]),
        ("q=submod", &["description extensions/SampleChart"]),
        ("q=chart+submodule", &["description extensions/SampleChart"]),
        ("q=Spezialseite", &["translation extensions/SampleCalendar"]),
        ("q=erganzt+tageszeit", &["translation extensions/SampleGreeting"]),
        (
            "q=%D7%94%D7%A7%D7%95%D7%A8%D7%90%D7%99%D7%9D",
            &["translation extensions/SampleGreeting"],
        ),
        ("q=%E5%95%8F%E5%80%99", &["translation extensions/SampleGreeting"]),
        ("q=%E5%A4%96%E8%A7%80&kind=skins", &["translation skins/SampleDusk"]),
        ("q=%E5%A4%96%E8%A7%80&kind=extensions", &[]),
        ("q=nothing+of+the+sort", &[]),
        ("q=video", &["type extensions/SampleChart"]),
        ("q=theme", &["type skins/SampleDusk", "type skins/SamplePaper"]),
        ("q=special+pages", &["type extensions/SampleCalendar"]),
        ("q=calendars", &["similar extensions/SampleCalendar"]),
        ("q=drawing", &["similar extensions/SampleChart"]),
        ("q=retired", &[]),
    ] {
        assert_eq!(found(&site, parameters), expected, "{parameters}");
    }
}

/// The names that are near, as `KIND/NAME`.
#[track_caller]
fn near(answer: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let near = answer["near"].as_array().unwrap().iter();
    near.map(|it| {
        let id = format!("{}/{}", text(&it["kind"]), text(&it["name"]));
        assert_eq!(it["info"], format!("/info/{id}"));
        id
    })
    .collect()
}

#[test]
fn words_for_a_group_find_what_is_in_it() {
    let (env, site) = served();
    let manifest = json!({
        "name": "Abuse Filter",
        "type": "antispam",
        "description": "Applies automatic heuristics to edits",
    });
    let files = [("extension.json", File::text(manifest.to_string()))];
    env.commit("extensions/AbuseFilter", "master", &files);
    env.sync(&[]).exits(0);
    site.catch_up();
    for word in ["spam", "antispam", "anti-spam", "captcha", "vandalism", "spammers"] {
        let found = found(&site, &format!("q={word}"));
        let expected = ["type extensions/AbuseFilter", "similar extensions/AbuseFilter"];
        assert_eq!(found.len(), 1, "{word}: {found:?}");
        assert!(expected.contains(&found[0].as_str()), "{word}: {found:?}");
    }
}

#[test]
fn where_nothing_is_found_names_with_typing_errors_are_near() {
    let (_env, site) = served();
    for (parameters, expected) in [
        ("q=samplegreting", &["extensions/SampleGreeting"][..]),
        ("q=sample+papre", &["skins/SamplePaper"]),
        ("q=calandar", &["extensions/SampleCalendar"]),
        ("q=SamplePaber&kind=skins", &["skins/SamplePaper"]),
        ("q=SamplePaber&kind=extensions", &[]),
        ("q=nothing+of+the+sort", &[]),
        ("q=paper&branch=REL1_20", &["skins/SamplePaper"]),
    ] {
        let answer = site.get(&format!("/search?{parameters}")).json();
        assert_eq!((&answer["results"], &answer["more"]), (&json!([]), &json!(false)));
        assert_eq!(near(&answer), expected, "{parameters}");
    }
    assert_eq!(site.get("/search?q=paper").json()["near"], json!([]));
}

#[test]
fn a_repository_that_is_not_there_is_a_404_with_the_names_that_are_near() {
    let (_env, site) = served();
    for (path, expected) in [
        ("/info/extensions/SampleGreetings", &["extensions/SampleGreeting"][..]),
        ("/info/extensions/SamplePaper", &["skins/SamplePaper"]),
        ("/info/skins/samplepapre", &["skins/SamplePaper"]),
        ("/skins/SamplePapper", &["skins/SamplePaper"]),
        ("/download/skins/SamplePapper/master", &["skins/SamplePaper"]),
        ("/info/skins/Nothing", &[]),
    ] {
        let answer = site.get(path);
        answer.problem(404);
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(near(&problem), expected, "{path}");
    }
}

#[test]
fn a_branch_leaves_only_repositories_that_have_it() {
    let (env, site) = served();
    for (parameters, expected) in [
        ("q=sample&branch=REL1_43&kind=skins", &["name skins/SamplePaper"][..]),
        ("q=notes&branch=REL1_45", &["name extensions/SampleNotes"]),
        ("q=notes&branch=REL1_43", &[]),
        ("q=notes&branch=rel1_45", &[]),
        ("q=notes&branch=no-such/branch", &[]),
    ] {
        assert_eq!(found(&site, parameters), expected, "{parameters}");
    }
    let all = site.get("/info/extensions?branch=REL1_43").json();
    let count = all["extensions"].as_object().unwrap().len();
    assert_eq!(found(&site, "q=sample&branch=REL1_43&kind=extensions").len(), count);

    // A repository that gets the branch is found at once, although no text has changed.
    env.commit("extensions/SampleNotes", "REL1_43", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    site.catch_up();
    assert_eq!(found(&site, "q=notes&branch=REL1_43"), ["name extensions/SampleNotes"]);
}

#[test]
fn the_limit_cuts_the_results_and_more_says_so() {
    let (_env, site) = served();
    let all = found(&site, "q=sample");
    assert_eq!(all.len(), 8);
    for limit in 1..=9 {
        let parameters = format!("q=sample&limit={limit}");
        assert_eq!(found(&site, &parameters), all[..limit.min(8)], "{limit}");
        let answer = site.get(&format!("/search?{parameters}")).json();
        assert_eq!(answer["more"], limit < 8, "{limit}");
    }
    assert_eq!(found(&site, "q=sample&limit=100"), all);
}

#[test]
fn any_text_can_be_searched_and_none_is_syntax() {
    let (_env, site) = served();
    for (query, name) in [
        ("%22paper", "SamplePaper"),
        ("paper*", "SamplePaper"),
        ("-paper", "SamplePaper"),
        ("paper%00", "SamplePaper"),
        ("%F0%9F%92%A9+paper", "SamplePaper"),
        ("paper%E2%80%8B", "SamplePaper"),
        ("%27%29%3B+paper+--", "SamplePaper"),
    ] {
        assert_eq!(found(&site, &format!("q={query}")), [format!("name skins/{name}")], "{query}");
    }
    for query in [
        "%22",
        "%27",
        "*",
        "(",
        "NEAR%28a+b%29",
        "AND",
        "NOT+paper+OR",
        "terms:paper",
        "%7Bq%7D:q",
        "%27+OR+1=1+--",
        "%00",
        "%F0%9F%92%A9",
        "%25",
        "..%2F",
        "%3F1",
        "%EF%BB%BF",
        "%EF%BF%BF",
    ] {
        let answer = site.get(&format!("/search?q={query}")).json();
        assert_eq!(answer["results"], json!([]), "{query}");
    }
    let odd = site.get("/search?q=%00%22%0A%3C%2Fscript%3E&unknown=%27").json();
    assert_eq!(odd["query"], "\0\"\n</script>");
}

#[test]
fn results_are_in_the_requested_language() {
    let (_env, site) = served();
    let german = "Ergänzt ein <greeting>-Element";
    let asked = site.get("/search?q=samplegreeting&lang=de-at");
    let first = &asked.json()["results"][0];
    assert_eq!((&first["name"], &first["match"]), (&json!("SampleGreeting"), &json!("name")));
    assert_eq!(first["description_language"], "de");
    assert!(first["description"].as_str().unwrap().starts_with(german), "{first}");
    assert_eq!(asked.header("content-language"), "de-at");
    let headers = [("Accept-Language", "de-AT, en;q=0.5")];
    let accepted = site.request("GET", "/search?q=samplegreeting", &headers);
    assert_eq!(accepted.json(), asked.json());
    assert_eq!(accepted.varies_by(), ["accept", "accept-encoding", "accept-language"]);
    let english = site.get("/search?q=samplegreeting").json();
    assert_eq!(english["results"][0]["description_language"], "en");
    // A word of a translation finds the repository, whatever language is requested.
    let found = site.get("/search?q=erg%C3%A4nzt").json();
    assert_eq!(found["results"][0]["description_language"], "en");
    site.get("/search?q=sample&lang=_de").problem(400);

    let page = site.request("GET", "/?q=samplegreeting&lang=de", &[("Accept", "text/html")]);
    assert!(page.text().contains("lang=\"de\" dir=\"ltr\">Ergänzt ein &lt;greeting&gt;"));
    let page = site.get("/extensions/SampleGreeting?lang=de").text();
    assert!(page.contains("lang=\"de\" dir=\"ltr\">Ergänzt ein &lt;greeting&gt;"), "{page}");
}

#[test]
fn a_bad_parameter_is_named() {
    let (_env, site) = served();
    let long = "x".repeat(10_000);
    for (parameters, parameter) in [
        ("", "q"),
        ("q=", "q"),
        ("q", "q"),
        ("q=+%09", "q"),
        ("q=a&q=b", "q"),
        (&format!("q={long}"), "q"),
        (&format!("q={}", "%E5%95%8F".repeat(201)), "q"),
        ("kind=skins", "q"),
        ("q=a&kind=", "kind"),
        ("q=a&kind=themes", "kind"),
        ("q=a&kind=Skins", "kind"),
        ("q=a&kind=skins&kind=skins", "kind"),
        (&format!("q=a&kind={long}"), "kind"),
        ("q=a&branch=", "branch"),
        ("q=a&branch=a..b", "branch"),
        ("q=a&branch=a%20b", "branch"),
        ("q=a&branch=%22%5D", "branch"),
        (&format!("q=a&branch={long}"), "branch"),
        ("q=a&branch=master&branch=master", "branch"),
        ("q=a&limit=", "limit"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit=101", "limit"),
        ("q=a&limit=-1", "limit"),
        ("q=a&limit=%2B5", "limit"),
        ("q=a&limit=1.0", "limit"),
        ("q=a&limit=99999999999999999999", "limit"),
        ("q=a&limit=1&limit=1", "limit"),
    ] {
        let answer = site.get(&format!("/search?{parameters}"));
        let detail = answer.problem(400);
        assert!(detail.contains(&format!("`{parameter}`")) && detail.len() < 200, "{detail}");
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["parameter"], parameter);
    }
    for parameters in ["q=%FF", "q=%C3%28", "q=a&kind=%FF"] {
        site.get(&format!("/search?{parameters}")).problem(400);
    }
    site.get(&format!("/search?q={}", "%E5%95%8F".repeat(200))).is(200);
    for path in ["/search/x", "/searches", "/Search?q=a"] {
        site.get(path).problem(404);
    }
}

#[test]
fn the_entity_tag_changes_only_with_the_results() {
    let (env, site) = served();
    let path = "/search?q=paper";
    let first = site.get(path);
    let etag = first.is(200).header("etag").to_owned();
    assert!(first.header("cache-control").contains("max-age"));
    site.request("GET", path, &[("If-None-Match", &etag)]).is(304);
    let since = first.header("last-modified");
    site.request("GET", path, &[("If-Modified-Since", since)]).is(304);

    env.commit("extensions/Unrelated", "master", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    site.catch_up();
    site.request("GET", path, &[("If-None-Match", &etag)]).is(304);

    let manifest = json!({"name": "Café", "description": "Folds paper"}).to_string();
    env.commit("extensions/Folder", "master", &[("extension.json", File::text(manifest))]);
    env.sync(&[]).exits(0);
    site.catch_up();
    assert_ne!(site.get(path).is(200).header("etag"), etag);
    let expected = ["name skins/SamplePaper", "description extensions/Folder"];
    assert_eq!(found(&site, "q=paper"), expected);
    assert_eq!(found(&site, "q=cafe"), ["title extensions/Folder"]);
}

#[test]
fn without_a_snapshot_it_is_503() {
    let env = TestEnv::empty();
    let answer = env.serve(&[]).get("/search?q=a");
    answer.problem(503);
    assert_ne!(answer.header("retry-after"), "");
}

/// Real manifests and messages, which are not part of the project. If their folder is missing,
/// `cargo xtask test` leaves out this module by its name, and says so.
mod real_metadata {
    use super::*;
    use crate::language::publish_real_metadata;

    /// Words as people type them, with what they look for.
    const WORDS: [(&str, &str); 11] = [
        ("spam", "AbuseFilter"),
        ("antispam", "AbuseFilter"),
        ("captcha", "ConfirmEdit"),
        ("translation", "Translate"),
        ("messages", "MassMessage"),
        ("formula", "Math"),
        ("reference", "Cite"),
        ("wysiwyg", "VisualEditor"),
        ("visualedtor", "VisualEditor"),
        ("confirm+edits", "ConfirmEdit"),
        ("notification", "Echo"),
    ];

    #[test]
    fn real_extensions_are_among_the_first_five_for_the_words_that_people_type() {
        let env = TestEnv::empty();
        publish_real_metadata(&env);
        env.sync(&[]).exits(0);
        let site = env.serve(&[]);
        let mut missed = Vec::new();
        for (words, name) in WORDS {
            let answer = site.get(&format!("/search?q={words}")).json();
            let names = |key: &str| answer[key].as_array().unwrap().clone();
            let shown = [names("results"), names("near")].concat();
            if !shown.iter().take(5).any(|it| it["name"] == name) {
                missed.push(format!(
                    "{words}: not {name} but {:?}",
                    found(&site, &format!("q={words}"))
                ));
            }
        }
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }
}
