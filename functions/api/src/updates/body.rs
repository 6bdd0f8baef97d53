//! Which bytes of a request's body are a wiki's answer: all of them, or a field of a form.

use std::borrow::Cow;

use super::multipart::{boundary, parts};

/// How many bytes a body may have. The answer of a wiki with 400 extensions has 300 kB.
pub const MAX_BODY: usize = 1 << 20;

/// The field of a form that has the answer: pasted, or as a file.
pub const SITEINFO: &str = "siteinfo";

/// The field of a form that has the target.
pub const TARGET: &str = "target";

/// Why a body has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Its `Content-Type` is not one of those that are taken.
    Type,
    /// The form is malformed.
    Form,
}

/// What a body holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sent<'a> {
    /// The wiki's answer; empty where the form has none.
    pub siteinfo: Cow<'a, [u8]>,
    /// The target of a form, if it has one that is not empty.
    pub target: Option<String>,
}

/// Reads a body with this `Content-Type`, which may be empty.
///
/// # Errors
/// What is wrong.
pub fn read<'a>(content_type: &str, body: &'a [u8]) -> Result<Sent<'a>, BodyError> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/json" | "text/json" => Ok(whole(body)),
        // What curl sends unless it is told otherwise.
        "application/x-www-form-urlencoded" if !is_form(body) => Ok(whole(body)),
        "application/x-www-form-urlencoded" => {
            let fields = form_urlencoded::parse(body);
            let fields = fields.map(|(name, value)| match value {
                Cow::Borrowed(value) => (name, Cow::Borrowed(value.as_bytes())),
                Cow::Owned(value) => (name, Cow::Owned(value.into_bytes())),
            });
            Ok(form(fields))
        }
        "multipart/form-data" => {
            let parts = boundary(content_type).and_then(|boundary| parts(body, boundary));
            let parts = parts.ok_or(BodyError::Form)?.into_iter();
            Ok(form(parts.map(|(name, value)| (name.into(), Cow::Borrowed(value)))))
        }
        _ => Err(BodyError::Type),
    }
}

/// Whether a body has one of the fields of the form. JSON may have what looks like one.
fn is_form(body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    !text.starts_with(b"{")
        && form_urlencoded::parse(body).any(|(name, _)| name == SITEINFO || name == TARGET)
}

fn whole(body: &[u8]) -> Sent<'_> {
    Sent { siteinfo: body.into(), target: None }
}

/// Of each field the first that is not empty: a page has one to paste into, and one for a file.
fn form<'a>(fields: impl Iterator<Item = (Cow<'a, str>, Cow<'a, [u8]>)>) -> Sent<'a> {
    let mut sent = Sent::default();
    for (name, value) in fields {
        let is_empty = value.trim_ascii().is_empty();
        if name == SITEINFO && sent.siteinfo.is_empty() && !is_empty {
            sent.siteinfo = value;
        } else if name == TARGET && sent.target.is_none() && !is_empty {
            sent.target = Some(String::from_utf8_lossy(&value).trim().to_owned());
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent<'a>(siteinfo: &'a str, target: Option<&str>) -> Result<Sent<'a>, BodyError> {
        Ok(Sent { siteinfo: siteinfo.as_bytes().into(), target: target.map(str::to_owned) })
    }

    #[test]
    fn json_is_taken_as_it_is_whatever_curl_calls_it() {
        let forms = ["application/x-www-form-urlencoded"];
        for content_type in
            ["", "application/json; charset=utf-8", "TEXT/JSON"].iter().chain(&forms)
        {
            assert_eq!(
                read(content_type, b" {\"a\":1}"),
                sent(" {\"a\":1}", None),
                "{content_type}"
            );
        }
        assert_eq!(read("application/json", b"a=b"), sent("a=b", None));
        for other in
            ["\u{feff}{\"a\":\"&siteinfo=b\"}", "<!DOCTYPE html>", "<?xml version=\"1.0\"?>", "a=b"]
        {
            assert_eq!(read(forms[0], other.as_bytes()), sent(other, None));
        }
    }

    #[test]
    fn a_form_has_the_answer_in_a_field() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(read(form, b"target=1.46&siteinfo=%7B%7D"), sent("{}", Some("1.46")));
        assert_eq!(read(form, b"siteinfo=&siteinfo=a+b&target="), sent("a b", None));
        assert_eq!(read(form, b""), sent("", None));
        let body = b"--B\r\nContent-Disposition: form-data; name=\"siteinfo\"\r\n\r\n \r\n--B\r\n\
            Content-Disposition: form-data; name=\"siteinfo\"; filename=\"x\"\r\n\r\n{}\r\n--B\r\n\
            Content-Disposition: form-data; name=\"target\"\r\n\r\nmaster\r\n--B--\r\n";
        assert_eq!(read("multipart/form-data; boundary=B", body), sent("{}", Some("master")));
    }

    #[test]
    fn other_bodies_are_refused() {
        assert_eq!(read("text/html", b"{}"), Err(BodyError::Type));
        assert_eq!(read("application/jsonp", b"{}"), Err(BodyError::Type));
        assert_eq!(read("multipart/form-data", b"{}"), Err(BodyError::Form));
        assert_eq!(read("multipart/form-data; boundary=B", b"{}"), Err(BodyError::Form));
    }
}
