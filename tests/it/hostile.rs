//! Bad input in every parameter of every endpoint.
//!
//! The endpoints and parameters are read from the served OpenAPI document. So a new one is tested
//! as soon as it is described. Its schema says which values are right: a right value is answered,
//! and any other is a problem that names the parameter. So a schema that is not exact fails here,
//! too.
//!
//! Bad snapshots are in `publish`, and paths that lead out of the folder of tarballs in `answers`.

use std::collections::BTreeMap;

use tardist_tests::{Answer, Document, PUBLIC_URL, Parameter, Site, TestEnv, Value, json};

/// Values that are wrong or meant to do harm, percent-encoded.
const VALUES: [&str; 58] = [
    // Empty, or almost empty.
    "",
    "+",
    "%20",
    "%0A",
    "%7C",
    "%7C%7C",
    ",",
    "*",
    "%2A",
    "%25",
    "%",
    "%2",
    "%zz",
    "=",
    // Not UTF-8, or with special characters.
    "%FF",
    "%C3%28",
    "%ED%A0%80",
    "%00",
    "A%00B",
    "SamplePaper%00",
    "%F0%9F%92%A9",
    "%E2%80%AEtxt",
    "%D7%A9%D7%9C%D7%95%D7%9D",
    "%EF%BF%BD",
    // Paths out of a folder.
    "../",
    "..%2F..%2Fsnapshot.db",
    "..%5C..%5Csnapshot.db",
    "%2Fetc%2Fpasswd",
    "file%3A%2F%2F%2Fetc%2Fpasswd",
    "....%2F%2F",
    // SQL.
    "%27%20OR%201=1%20--",
    "%27%3B%20DROP%20TABLE%20repository%3B%20--",
    "%22%29%3B%20SELECT%20*%20FROM%20branch%3B",
    "%25%27%20ESCAPE%20%27x",
    // Full-text search.
    "%22",
    "%22unfinished",
    "a%20AND",
    "NOT",
    "a%20OR%20b",
    "NEAR%28a%20b%2C%205%29",
    "name%3Aa",
    "%7Bname%20title%7D%3A%20a",
    "%5Ea",
    "a*",
    "-a",
    "%28%28%28",
    // Numbers.
    "0",
    "-1",
    "1.5",
    "1e9",
    "NaN",
    "0x10",
    "99999999999999999999999",
    // Languages, JSON, HTML.
    "xx-no-such-language",
    "qqx",
    "%7B%22a%22%3A%5B",
    "%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
    "%24%7Bjndi%3Aldap%3A%2F%2Fx%7D",
];

/// A served system with its OpenAPI document.
struct Subject {
    _env: TestEnv,
    site: Site,
    document: Document,
    /// The file name of a tarball that exists: the right value for the parameter `file`.
    file: String,
}

impl Subject {
    fn new() -> Self {
        let env = TestEnv::sample();
        env.sync(&["--public-url", PUBLIC_URL]).exits(0);
        let site = env.serve(&[]);
        let document = Document::of(&site);
        let paper = site.get("/info/skins/SamplePaper").json();
        let file = paper["branches"]["master"]["tarball"]["file"].as_str().unwrap().to_owned();
        Self { _env: env, site, document, file }
    }

    /// A right value for a parameter.
    fn good(&self, parameter: &Parameter) -> String {
        match parameter.name.as_str() {
            "kind" => "skins".into(),
            "name" | "names" => "SamplePaper".into(),
            "file" => self.file.clone(),
            "format" => "json".into(),
            "lang" => "de".into(),
            "branch" | "b" => "master".into(),
            "q" => "sample".into(),
            "group" => "media".into(),
            "sort" => "changed".into(),
            "page" => "1".into(),
            "limit" | "n" => "5".into(),
            "m" => "sample".into(),
            "S" => "1".into(),
            "p" => "mediawiki/skins/".into(),
            "project" => "mediawiki%2Fskins%2FSamplePaper".into(),
            other => panic!("add a right value for the parameter {other} here"),
        }
    }

    /// The target of a request for this path. The parameter `tried` has these values; the others in
    /// the path, and those that are required, have right values.
    fn target(&self, path: &str, tried: &Parameter, values: &[&str]) -> String {
        let mut target = path.to_owned();
        let mut query = Vec::new();
        for parameter in self.document.parameters(path) {
            let is_tried = parameter.name == tried.name;
            let good = || self.good(&parameter);
            match parameter.place.as_str() {
                "path" => {
                    let value = if is_tried { values[0].to_owned() } else { good() };
                    target = target.replace(&format!("{{{}}}", parameter.name), &value);
                }
                "query" if is_tried => {
                    query.extend(values.iter().map(|it| format!("{}={it}", parameter.name)));
                }
                "query" if parameter.required => {
                    query.push(format!("{}={}", parameter.name, good()));
                }
                _ => {}
            }
        }
        // The paths of pages have the kind in them.
        target = target.replace("/extensions/SamplePaper", "/extensions/SampleChart");
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        target
    }

    /// All parameters in this place (`path` or `query`), each with its path.
    fn parameters(&self, place: &str) -> Vec<(String, Parameter)> {
        let paths = self.document.paths().into_iter();
        let all = paths.flat_map(|path| {
            self.document.parameters(path).into_iter().map(|it| (path.to_owned(), it))
        });
        all.filter(|(_, parameter)| parameter.place == place).collect()
    }

    /// The answer to `GET`. Fails the test unless it is as the document says and shows no
    /// internals.
    #[track_caller]
    fn get(&self, target: &str) -> Answer {
        let answer = self.site.get(target);
        let short: String = target.chars().take(200).collect();
        assert!(matches!(answer.status, 200 | 302 | 308 | 400 | 404), "{short}: {answer:?}");
        self.document.describes(target, &answer);
        if answer.status >= 400 {
            let detail = answer.problem(answer.status);
            assert!(detail.len() < 500, "{short}: {detail}");
        }
        answer
    }

    /// Fails the test unless the value of the parameter in `target` is treated as right
    /// (`is_right`) or as wrong.
    #[track_caller]
    fn expect(&self, parameter: &Parameter, target: &str, is_right: bool) {
        let answer = self.get(target);
        let short: String = target.chars().take(200).collect();
        if is_right {
            // A resource with a well-formed name may not exist, or in another case of letters only.
            let of_path = parameter.place == "path" && matches!(answer.status, 404 | 308);
            assert!(matches!(answer.status, 200 | 302) || of_path, "{short}: {}", answer.text());
        } else if parameter.place == "query" {
            answer.problem(400);
            let problem: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(problem["parameter"], parameter.name.as_str(), "{short}: {problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("`{}`", parameter.name)), "{short}: {detail}");
        } else {
            assert!(!matches!(answer.status, 200 | 302), "{short}: {}", answer.text());
        }
    }

    /// True if a value is right by the parameter's schema in the document.
    fn takes(&self, parameter: &Parameter, encoded: &str) -> bool {
        let Some(text) = decode(encoded, parameter.place == "query") else { return false };
        let value = match parameter.schema["type"].as_str() {
            Some("integer") => text.parse::<i64>().map_or(json!(text), Value::from),
            Some("array") => match parameter.separator {
                Some(separator) => text.split(separator).collect(),
                None => json!([text]),
            },
            _ => json!(text),
        };
        self.document.takes(&parameter.schema, &value)
    }
}

/// Decodes percent-encoding, and in a query also `+`; `None` if the result is not UTF-8.
fn decode(encoded: &str, is_query: bool) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = after;
        bytes.push(match (byte, decoded) {
            (b'%', Some(decoded)) => {
                rest = &after[2..];
                decoded
            }
            (b'+', _) if is_query => b' ',
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn every_parameter_of_every_query_takes_what_the_document_says_and_nothing_else() {
    let subject = Subject::new();
    for (path, parameter) in subject.parameters("query") {
        let target = |values: &[&str]| subject.target(&path, &parameter, values);
        let good = subject.good(&parameter);
        subject.expect(&parameter, &target(&[&good]), true);
        subject.expect(&parameter, &target(&[]), !parameter.required);
        subject.expect(&parameter, &target(&[&good, &good]), parameter.repeats);
        let (long, many) = ("x".repeat(10_000), many(5_000));
        let recased = [good.to_uppercase(), good.to_lowercase()];
        let others = recased.iter().chain([&long, &many]).map(String::as_str);
        for value in VALUES.into_iter().chain(others) {
            let is_right = subject.takes(&parameter, value);
            subject.expect(&parameter, &target(&[value]), is_right);
            let twice = is_right && parameter.repeats;
            if !twice {
                subject.expect(&parameter, &target(&[&good, value]), false);
            }
        }
        // Without `=`, the value is empty.
        let bare = target(&[""]).replace(&format!("{}=", parameter.name), &parameter.name);
        subject.expect(&parameter, &bare, subject.takes(&parameter, ""));
        // An unknown parameter is ignored. Names are case-sensitive.
        let unknown = format!("{}={good}", parameter.name.to_lowercase() + "X");
        if !parameter.required {
            let plain = target(&[]);
            let joint = if plain.contains('?') { '&' } else { '?' };
            let answer = subject.get(&format!("{plain}{joint}{unknown}"));
            assert_eq!(answer.body, subject.get(&plain).body, "{plain} with {unknown}");
        }
    }
}

/// This many names of repositories that do not exist.
fn many(number: usize) -> String {
    (0..number).map(|number| format!("No{number}")).collect::<Vec<_>>().join("%7C")
}

#[test]
fn every_part_of_every_path_takes_what_the_document_says_and_nothing_else() {
    let subject = Subject::new();
    for (path, parameter) in subject.parameters("path") {
        let good = subject.good(&parameter);
        let target = subject.target(&path, &parameter, &[&good]);
        let answer = subject.get(&target);
        assert!(matches!(answer.status, 200 | 302), "{target}: {answer:?}");
        let long = "x".repeat(10_000);
        let recased = [good.to_uppercase(), good.to_lowercase()];
        let others = recased.iter().chain([&long]).map(String::as_str);
        for value in VALUES.into_iter().chain(others) {
            let target = subject.target(&path, &parameter, &[value]);
            let is_right = subject.takes(&parameter, value);
            if value.is_empty() {
                // This is another path: that of a list, or one with a slash too many.
                let answer = subject.site.get(&target);
                assert!(matches!(answer.status, 200 | 308 | 404), "{target}: {answer:?}");
            } else if value.contains('/') || value == "%" {
                // This is another path, or not a valid one. It must not be a server error.
                let (status, text) = subject.site.raw("GET", &target);
                assert!(matches!(status, 308 | 400 | 404), "{target}: {text}");
            } else {
                subject.expect(&parameter, &target, is_right);
            }
        }
    }
}

#[test]
fn five_thousand_names_are_answered_and_one_more_is_too_many() {
    let subject = Subject::new();
    for (path, parameter) in subject.parameters("query") {
        if parameter.name != "names" {
            continue;
        }
        let answer = |number: usize| {
            let names = many(number - 1) + "%7CSamplePaper";
            subject.get(&subject.target(&path, &parameter, &[&names]))
        };
        let found = answer(5_000).json();
        assert_eq!(found["skins"].as_object().unwrap().len(), 1);
        assert_eq!(found["missing"].as_array().unwrap().len(), 4_999);
        answer(5_001).problem(400);
    }
}

#[test]
fn malformed_headers_are_ignored() {
    let subject = Subject::new();
    let long = "x".repeat(10_000);
    let commas = ",".repeat(10_000);
    let deep = "de-".repeat(1_000);
    let values = [
        "",
        "*",
        "*/*;q=banana",
        ";;;q=2",
        "q=1;text/html",
        "text/plain;q=-1, application/json;q=9",
        "de;q=1e99, fr;q=",
        "\"unfinished",
        "W/",
        "bytes=0-",
        "bytes=9-1,--",
        "Thu, 99 Foo 2026 99:99:99 GMT",
        "../../snapshot.db",
        "' OR 1=1 --",
        "qqx, xx-no-such-language",
        &long,
        &commas,
        &deep,
    ];
    let names = [
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "If-None-Match",
        "If-Modified-Since",
        "If-Range",
        "Range",
        "Origin",
    ];
    let mut statuses = BTreeMap::new();
    for path in subject.document.paths() {
        let parameters = subject.document.parameters(path);
        let none = Parameter { name: String::new(), ..parameters[0].clone() };
        let target = subject.target(path, &none, &[]);
        for name in names {
            for value in values {
                let answer = subject.site.request("GET", &target, &[(name, value)]);
                let short: String = value.chars().take(50).collect();
                let expected = match (name, value) {
                    ("If-None-Match", "*") => &[304][..],
                    ("Range", _) => &[200, 206, 416],
                    _ => &[200],
                };
                let expected = if target.starts_with("/download/") { &[302][..] } else { expected };
                assert!(expected.contains(&answer.status), "{target}, {name}: {short}: {answer:?}");
                *statuses.entry(answer.status).or_insert(0) += 1;
            }
        }
    }
    // A redirect has no entity tag.
    let paths = subject.document.paths();
    let tagged = paths.iter().filter(|path| !path.starts_with("/download/")).count();
    assert!(statuses[&304] >= tagged, "{statuses:?}");
}

#[test]
fn an_invalid_or_endless_url_is_no_server_error_and_the_next_request_is_answered() {
    let subject = Subject::new();
    for path in ["/list/skins?format=é", "/info/skins?names=שלום", "/info/skins/é", "/é?é=é"]
    {
        let (status, text) = subject.site.raw("GET", path);
        assert!(matches!(status, 200 | 400 | 404), "{path}: {text}");
    }
    let endless = format!("/info/skins?names={}", "x".repeat(70_000));
    let (status, _) = subject.site.raw("GET", &endless);
    assert!(matches!(status, 400 | 414), "{status}");
    subject.get("/list/skins").is(200);
}
