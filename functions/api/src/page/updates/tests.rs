use http::{HeaderMap, Method};
use tardist_contract::document::Tarball;

use super::*;
use crate::updates::compare::Said;

fn visit(uri: &str) -> Visit {
    let request = Request::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new());
    Visit::of(&request.unwrap()).unwrap()
}

fn branches() -> Vec<Distributed> {
    [("master", false), ("REL1_46", true), ("REL1_45", true)]
        .map(|(name, is_released)| Distributed { name: name.parse().unwrap(), is_released })
        .into()
}

fn outcome(name: &str, status: Status) -> Outcome {
    let said = Said { name: Some(name.into()), version: Some("1.0".into()), commit: None };
    Outcome {
        installed: said,
        kind: tardist_contract::Kind::Extensions,
        name: (status != Status::NotDistributed).then(|| "Repo".parse().unwrap()),
        status,
        branch: None,
        commit: None,
        version: None,
        tarball: None,
        notes: Vec::new(),
        unmet: Vec::new(),
    }
}

fn page(uri: &str, results: Vec<Outcome>) -> String {
    let report = Report { mediawiki: "1.45.1".into(), branch: "REL1_45".parse().unwrap(), results };
    report_page(&visit(uri), &branches().into(), &report).into_string()
}

#[test]
fn the_form_takes_a_text_or_a_file_and_a_version_and_keeps_the_language() {
    let mut known = Branches::from(branches());
    known.public_url = "https://t.example".into();
    let form = form_page(&visit("/updates?lang=de"), &known).into_string();
    for part in [
        "action=\"/updates?lang=de\" method=\"post\" enctype=\"multipart/form-data\"",
        "<textarea id=\"siteinfo\" name=\"siteinfo\"",
        "type=\"file\" name=\"siteinfo\"",
        "<option value=\"REL1_46\">1.46</option>",
        "--data-binary @- https://t.example/updates",
    ] {
        assert!(form.contains(part), "{part}: {form}");
    }
    assert!(!form.contains("als JSON"), "a browser would get this page again");
}

#[test]
fn what_has_to_be_done_comes_first_and_texts_of_the_wiki_are_escaped() {
    let page = page(
        "/updates",
        vec![
            outcome("<b>Own</b>", Status::NotDistributed),
            outcome("Same", Status::Current),
            outcome("Old", Status::Outdated),
        ],
    );
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    let titles = ["updates-outdated", "updates-not-distributed", "updates-current"];
    assert!(titles.map(|id| place(&format!("id=\"{id}\""))).is_sorted());
    assert!(!page.contains("id=\"updates-ahead\""), "an empty group is not there");
    assert!(page.contains("&lt;b&gt;Own&lt;/b&gt;") && !page.contains("<b>Own"));
    assert!(page.contains("<a href=\"/extensions/Repo\">Repo</a>"));
}

#[test]
fn a_tarball_is_a_link_only_if_its_url_leads_somewhere() {
    let with = |url: &str| {
        let mut result = outcome("A", Status::Outdated);
        let file = "A-REL1_45-1234567.tar.gz".parse().unwrap();
        result.tarball = Some(Tarball { file, url: url.into(), size: 1, sha256: String::new() });
        page("/updates", vec![result])
    };
    let link = "<a href=\"/dist/extensions/A.tar.gz\">A-REL1_45-1234567.tar.gz</a>";
    assert!(with("/dist/extensions/A.tar.gz").contains(link));
    let none = with("javascript:alert(1)");
    assert!(none.contains("A-REL1_45-1234567.tar.gz") && !none.contains("javascript"), "{none}");
}

#[test]
fn notes_and_requirements_are_in_the_language_of_the_reader() {
    let mut result = outcome("A", Status::NoBranch);
    result.notes = vec![Note::Branches(branches().into_iter().map(|it| it.name).collect())];
    result.unmet = vec![Unmet::MediaWiki { constraint: ">= 1.46".into() }];
    let english = page("/updates", vec![result.clone()]);
    assert!(english.contains("There is: <bdi>master, 1.46, 1.45</bdi>."), "{english}");
    assert!(english.contains("It requires MediaWiki <bdi>&gt;= 1.46</bdi>."), "{english}");
    let german = page("/updates?lang=de", vec![result]);
    assert!(german.contains("Es braucht MediaWiki <bdi>&gt;= 1.46</bdi>."), "{german}");
    let mut unclear = outcome("A", Status::NotDistributed);
    unclear.notes = vec![Note::Several];
    assert!(page("/updates", vec![unclear.clone()]).contains("Several repositories are known"));
    assert!(page("/updates?lang=de", vec![unclear]).contains("Mehrere Repositorys passen"));
    let empty = page("/updates", Vec::new());
    assert!(empty.contains("no extensions and no skins"), "{empty}");
}
