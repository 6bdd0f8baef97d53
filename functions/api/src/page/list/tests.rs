use http::{HeaderMap, Method};
use serde_json::json;

use super::*;
use crate::query::distributed::Distributed;

fn request(uri: &str) -> Request {
    Request::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new()).unwrap()
}

/// The page of a list of so many, with their names and first letters.
fn rendered(uri: &str, total: u32, name: impl Fn(u32) -> String) -> String {
    let request = request(uri);
    let (visit, filters) =
        (Visit::of(&request).unwrap(), Filters::new(&request, Kind::Extensions).unwrap());
    let mut letters: Vec<(String, u32)> = Vec::new();
    for place in 0..total {
        let letter = name(place)[..1].to_uppercase();
        if !filters.by_change && letters.last().is_none_or(|(last, _)| *last != letter) {
            letters.push((letter, place));
        }
    }
    let entry = |place| {
        let entry = json!({
            "name": name(place), "title": "A <title>", "summary": "What it is.", "language": "ar",
            "license": "MIT", "changed": 1_786_008_600, "complete": u8::from(place != 1),
        });
        serde_json::from_value(entry).unwrap()
    };
    let first = (filters.page - 1) * PAGE;
    let list = List {
        generated_at: 1,
        branches: vec![Distributed { name: "REL1_45".parse().unwrap(), is_released: true }].into(),
        groups: vec![("antispam".to_owned(), 7), ("rare".to_owned(), 1)],
        letters,
        total,
        page: filters.page,
        entries: (first..total.min(first + PAGE)).map(entry).collect(),
    };
    page(&visit, &filters, &list).into_string()
}

/// Names with the letters A to O, 100 each.
fn hundreds(place: u32) -> String {
    let letter = char::from(b'A' + u8::try_from(place / 100).unwrap());
    format!("{letter}SomeLongishName{place}")
}

#[test]
fn a_list_says_of_each_what_a_reader_needs_to_choose() {
    let page = rendered("/extensions?branch=REL1_45", 2, hundreds);
    for text in [
        "<h1>Extensions <span class=\"quiet\">for MediaWiki 1.45</span></h1>",
        "<a href=\"/extensions/ASomeLongishName0?branch=REL1_45\">ASomeLongishName0</a> <bdi class=\"quiet\">A &lt;title&gt;</bdi>",
        "<p class=\"description\" lang=\"ar\" dir=\"rtl\">What it is.</p>",
        "<bdi>MIT</bdi> · changed <time>2026-08-06</time>",
        "<strong>incomplete</strong>",
        "<option value=\"antispam\">Spam prevention (7)</option>",
        "<option value=\"rare\">rare (1)</option>",
        "2 in all",
    ] {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
    assert!(!page.contains("class=\"letters\"") && !page.contains("<section"), "there are few");
    assert!(!page.contains("class=\"pages\""));
}

#[test]
fn fifteen_hundred_are_light_pages_with_letters_that_lead_to_the_right_one() {
    let page = rendered("/extensions?page=2&group=antispam", 1_500, hundreds);
    assert!(page.len() < 90_000, "{}", page.len());
    assert_eq!(page.matches("<p class=\"name\">").count(), 100);
    for text in [
        "1,500 in all",
        "<a href=\"/extensions?group=antispam#letter-A\">A</a>",
        "<a href=\"#letter-B\">B</a>",
        "<a href=\"/extensions?group=antispam&amp;page=15#letter-O\">O</a>",
        "<h2 id=\"letter-B\">B</h2>",
        "Page 2 of 15",
        "<a href=\"/extensions?group=antispam\" rel=\"prev\">",
        "<a href=\"/extensions?group=antispam&amp;page=3\" rel=\"next\">",
        "<option value=\"antispam\" selected>",
    ] {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
    assert!(!page.contains("id=\"letter-A\"") && !page.contains("id=\"letter-C\""));
}

#[test]
fn a_page_that_begins_within_a_letter_has_its_heading_too() {
    let page = rendered("/extensions?page=2", 130, |place| {
        format!("{}{place}", if place < 120 { "A" } else { "B" })
    });
    for (heading, count) in [
        ("<h2 id=\"letter-A\">A</h2>", 1),
        ("<h2 id=\"letter-B\">B</h2>", 1),
        ("<p class=\"name\">", 30),
    ] {
        assert_eq!(page.matches(heading).count(), count, "{heading}");
    }
}

#[test]
fn a_list_by_last_change_has_no_letters() {
    let page = rendered("/extensions?sort=changed", 1_500, hundreds);
    assert!(!page.contains("letter-") && page.contains("<option value=\"changed\" selected>"));
    assert!(page.contains("href=\"/extensions?sort=changed&amp;page=2\" rel=\"next\""));
}

#[test]
fn a_list_without_entries_leads_back_to_all() {
    let page = rendered("/extensions?group=no%3Csuch%3E", 0, hundreds);
    assert!(page.contains("Nothing here fits all of this. <a href=\"/extensions\">Show all</a>"));
    assert!(page.contains("<option value=\"no&lt;such&gt;\" selected>no&lt;such&gt;</option>"));
}

#[test]
fn malformed_parameters_are_named() {
    let long = format!("/skins?group={}", "x".repeat(1001));
    for (uri, name) in [
        ("/skins?sort=size", "sort"),
        ("/skins?page=0", "page"),
        ("/skins?page=", "page"),
        ("/skins?page=-1", "page"),
        ("/skins?page=%2B1", "page"),
        ("/skins?page=99999999999", "page"),
        ("/skins?group=a%00", "group"),
        (&long, "group"),
    ] {
        let error = Filters::new(&request(uri), Kind::Skins).err();
        assert!(
            matches!(error, Some(ApiError::BadParameter { parameter, .. }) if parameter == name),
            "{uri}"
        );
    }
    assert!(Filters::new(&request("/skins?sort=&group="), Kind::Skins).is_ok());
}
