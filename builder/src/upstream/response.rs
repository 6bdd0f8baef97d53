//! The body of an upstream's response: read as JSON, and quoted in messages.

use serde::Deserialize;

use crate::{
    error::{is_disguise, short},
    secrets,
};

/// How many bytes of a text are looked through for secrets before it is cut: more than the longest token has.
pub(super) const QUOTED: usize = 8192;

/// Reads JSON. The error says how the body differs from one of `whose`, such as "GitLab's REST
/// API".
pub(super) fn json<'a, T: Deserialize<'a>>(body: &'a [u8], whose: &str) -> Result<T, String> {
    if !body.trim_ascii_start().starts_with(b"{") && !body.trim_ascii_start().starts_with(b"[") {
        return Err(format!("{} instead of JSON; is this the URL of {whose}?", beginning(body)));
    }
    serde_json::from_slice(body)
        .map_err(|e| format!("its JSON cannot be read as that of {whose}: {}", short(&e)))
}

/// How a body begins, as the start of a sentence.
pub(super) fn beginning(body: &[u8]) -> String {
    if body.is_empty() {
        return "it is empty".to_owned();
    }
    let start = String::from_utf8_lossy(&body[..body.len().min(QUOTED)]);
    let start = secrets::quoted(&start, 40);
    format!("it begins with {start:?}")
}

/// A text of the upstream, no longer than fits into a message: its first 200 characters. What does not
/// show itself becomes a space.
pub(super) fn shortened(text: &str) -> String {
    secrets::quoted(text, 200).replace(is_disguise, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {}

    #[test]
    fn a_text_of_an_upstream_has_neither_lines_nor_orders_to_a_terminal() {
        let text = format!("E\x1b[2J\r\n<3>published\u{9b}1m{}", "ü".repeat(300));
        let short = shortened(&text);
        assert!(short.starts_with("E [2J  <3>published 1mü"), "{short}");
        assert_eq!(short.chars().count(), 200);
    }

    #[test]
    fn an_error_in_json_has_no_half_of_a_token() {
        secrets::remember("json-secret-1");
        for count in 200..300 {
            let body = format!("{{\"{}json-secret-1\":1}}", "x".repeat(count));
            let error = json::<Strict>(body.as_bytes(), "a test").unwrap_err();
            assert!(error.contains("unknown field `xxx") && !error.contains("json-s"), "{error}");
        }
    }
}
