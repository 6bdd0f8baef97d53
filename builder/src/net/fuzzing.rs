//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

use ureq::http::{HeaderValue, Response, header};

use super::{
    http::retry_after as read_retry_after,
    link,
    origin::{AllowedOrigins, Origin, same_origin},
    redirect,
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
        let is_number = bytes.trim_ascii().iter().all(u8::is_ascii_digit);
        assert!(is_number || wait.as_secs() < 8_000 * 366 * 86_400, "{wait:?}");
    }
}

/// The value of a `Location` header, in the answer of a host that may be asked alone.
pub fn location(bytes: &[u8]) {
    let suffix = "/info/refs?service=git-upload-pack";
    let from = format!("https://only.example/x{suffix}");
    let allowed: AllowedOrigins = [&*from].into_iter().collect();
    match redirect::target(&from, &String::from_utf8_lossy(bytes), suffix, &allowed) {
        Ok(target) => {
            assert!(same_origin(&target, &from) && target.ends_with(suffix), "{target}");
            assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{target}");
        }
        // 200 characters, each with an escape of up to 10 bytes.
        Err(refused) => assert!(refused.target.len() <= 2000, "{}", refused.target),
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
