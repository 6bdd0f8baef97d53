//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

use ureq::http::{HeaderValue, Response, header};

use super::{
    http::retry_after as read_retry_after,
    link,
    origin::{Origin, same_origin},
};

/// The value of a `Link` header.
pub fn link_header(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let Ok(links) = value.to_str() else { return };
    let Some(next) = link::next(links) else { return };
    assert!(links.contains(&format!("<{next}>")) && !next.contains('>'));
    assert_eq!(link::next(&format!("<{next}>; rel=\"next\"")), Some(next));
}

/// The value of a `Retry-After` header.
pub fn retry_after(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut response = Response::new(());
    response.headers_mut().insert(header::RETRY_AFTER, value);
    if let Some(wait) = read_retry_after(&response) {
        // An HTTP date has a year of four digits.
        let is_number =
            bytes.trim_ascii().iter().all(|byte| byte.is_ascii_digit() || *byte == b'+');
        assert!(is_number || wait.as_secs() < 8_000 * 366 * 86_400, "{wait:?}");
    }
}

/// A URL, whose host is compared with those that may be asked.
pub fn origin(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(origin) = Origin::of(&text) else { return };
    let shown = origin.to_string();
    assert_eq!(Origin::of(&shown), Some(origin), "{text} is {shown}");
    assert!(same_origin(&text, &shown));
    // A host is that of another URL only if its name is in it.
    let names_it = text.to_ascii_lowercase().contains("only.example");
    assert!(names_it || !same_origin(&text, "https://only.example/"), "{text}");
}
