//! The examples of docs/api.md, each held against the served sample content.
//!
//! An example is a block of code that begins with ```` ```http ````: a request line, headers, an
//! empty line, the status with headers that the answer has to have, an empty line, and the body. A
//! `POST` to `/updates` has its body after the headers, and an empty line.
//! `…` in it stands for what is left out: any value, any further keys or items, any part of a text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tardist_tests::{Document, PUBLIC_URL, Site, TestEnv, Value};

/// What is left out.
const REST: &str = "…";

struct Example {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    /// The body of the request.
    sent: String,
    status: u16,
    answer_headers: Vec<(String, String)>,
    body: String,
}

/// The examples of the document.
fn examples() -> Vec<Example> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(workspace.join("docs/api.md")).unwrap();
    let blocks = text.split("\n```http\n").skip(1);
    blocks.map(|block| example(block.split("\n```").next().unwrap())).collect()
}

fn example(text: &str) -> Example {
    let takes_body = text.starts_with("POST /updates");
    let mut parts = text.splitn(if takes_body { 4 } else { 3 }, "\n\n");
    let mut request = parts.next().unwrap().lines();
    let (method, target) = request.next().unwrap().split_once(' ').expect("METHOD TARGET");
    let sent = if takes_body { parts.next().expect("a body") } else { "" };
    let mut answer = parts.next().expect("an answer after an empty line").lines();
    let status = answer.next().unwrap().split(' ').next().unwrap().parse().expect("a status");
    Example {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: request.map(header).collect(),
        sent: sent.to_owned(),
        status,
        answer_headers: answer.map(header).collect(),
        body: parts.next().unwrap_or_default().to_owned(),
    }
}

fn header(line: &str) -> (String, String) {
    let (name, value) = line.split_once(": ").expect("NAME: VALUE");
    (name.to_owned(), value.to_owned())
}

/// The JSON of an example: each `…` outside of a text becomes one, as a value, or as a key.
fn json(text: &str) -> Value {
    let mut out = String::new();
    let mut open = Vec::new();
    let (mut quoted, mut escaped, mut before) = (false, false, ' ');
    for character in text.chars() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '…' if open.last() == Some(&'{') && before != ':' => out.push_str("\"…\":null"),
            '…' => out.push_str("\"…\""),
            other => out.push(other),
        }
        match character {
            '{' | '[' => open.push(character),
            '}' | ']' => drop(open.pop()),
            '"' => quoted = true,
            _ => {}
        }
        if !character.is_whitespace() {
            before = character;
        }
    }
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in the example {text}"))
}

/// Whether an answer is what an example shows of it.
fn shows(shown: &Value, real: &Value) -> bool {
    match (shown, real) {
        (Value::String(shown), _) if shown == REST => true,
        (Value::String(shown), Value::String(real)) => text_shows(shown, real),
        (Value::Object(shown), Value::Object(real)) => {
            let is_whole = !shown.contains_key(REST);
            let named = shown.iter().filter(|(key, _)| *key != REST);
            let found =
                named.clone().all(|(key, value)| real.get(key).is_some_and(|it| shows(value, it)));
            found && (!is_whole || shown.len() == real.len())
        }
        (Value::Array(shown), Value::Array(real)) => {
            match shown.iter().position(|item| item == REST) {
                None => shown.len() == real.len() && all_show(shown, real),
                Some(rest) => {
                    let (start, end) = (&shown[..rest], &shown[rest + 1..]);
                    start.len() + end.len() <= real.len()
                        && all_show(start, real)
                        && all_show(end, &real[real.len() - end.len()..])
                }
            }
        }
        _ => shown == real,
    }
}

fn all_show(shown: &[Value], real: &[Value]) -> bool {
    shown.iter().zip(real).all(|(shown, real)| shows(shown, real))
}

/// The parts between `…` follow each other, the first at the start and the last at the end.
fn text_shows(shown: &str, real: &str) -> bool {
    let mut parts: Vec<&str> = shown.split(REST).collect();
    let last = parts.pop().unwrap();
    let Some((first, middle)) = parts.split_first() else { return shown == real };
    let Some(mut rest) = real.strip_prefix(first) else { return false };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// What stands for a commit in a target has to be that of now.
fn filled_in(site: &Site, target: &str) -> String {
    if !target.contains(REST) {
        return target.to_owned();
    }
    // /dist/KIND/NAME-BRANCH-….tar.gz
    let (_, rest) = target.split_once("/dist/").expect("only a tarball's name is abridged");
    let (kind, file) = rest.split_once('/').unwrap();
    let (name, branch) = file.split_once('-').unwrap();
    let branch = branch.split('-').next().unwrap();
    let info = site.get(&format!("/info/{kind}/{name}")).json();
    let real = info["branches"][branch]["tarball"]["file"].as_str().unwrap().to_owned();
    assert!(text_shows(file, &real), "{target} stands for {real}");
    format!("/dist/{kind}/{real}")
}

#[test]
fn every_example_is_what_is_answered_and_every_path_has_one() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", PUBLIC_URL]).exits(0);
    let site = env.serve(&[]);
    let document = Document::of(&site);
    let mut paths = BTreeSet::new();
    for example in examples() {
        let target = filled_in(&site, &example.target);
        let headers: Vec<_> =
            example.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = match example.sent.as_str() {
            "" => site.request(&example.method, &target, &headers),
            body => site.send(&example.method, &target, &headers, body),
        };
        let text = answer.text();
        assert_eq!(answer.status, example.status, "{target}: {text}");
        for (name, shown) in &example.answer_headers {
            let real = answer.header(name);
            assert!(text_shows(shown, real), "{target}: {name} is {real:?}, not {shown:?}");
        }
        if answer.status < 400 {
            paths.extend(document.path_of(&target));
        }
        let body = example.body.as_str();
        let is_json = answer.header("content-type").ends_with("json") && !text.starts_with(')');
        let is_shown = if is_json && !body.is_empty() {
            shows(&json(body), &serde_json::from_str(&text).unwrap())
        } else {
            body == REST || text_shows(body, text.trim_end_matches('\n'))
        };
        assert!(is_shown, "{target} is answered\n{text}\nand not\n{body}");
    }
    assert_eq!(paths, document.paths().into_iter().collect(), "every path has an example");
}

#[test]
fn an_example_shows_a_part_and_nothing_else() {
    let real = json(r#"{"a": {"b": 1, "c": [1, 2, 3]}, "d": "one two three", "e": null}"#);
    for shown in [
        r#"{"a": {"b": 1, "c": [1, 2, 3]}, "d": "one two three", "e": null}"#,
        r#"{"a": {"b": 1, …}, …}"#,
        r#"{"a": {…, "c": [1, …]}, "d": …, …}"#,
        r#"{"a": {"c": […, 3], …}, "d": "one … three", …}"#,
        r#"{"a": …, "d": "…three", "e": …}"#,
        "…",
    ] {
        assert!(shows(&json(shown), &real), "{shown}");
    }
    for shown in [
        r#"{"a": {"b": 1}, …}"#,
        r#"{"a": {"c": [1, 2], …}, …}"#,
        r#"{"a": {"c": [2, …], …}, …}"#,
        r#"{"d": "two …", …}"#,
        r#"{"f": …, …}"#,
        r#"{"e": 0, …}"#,
    ] {
        assert!(!shows(&json(shown), &real), "{shown}");
    }
}
