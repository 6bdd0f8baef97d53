//! `multipart/form-data` (RFC 7578), as browsers send a form with a file.

/// How many parts are read.
const MAX_PARTS: usize = 20;

/// A part: its name and its content.
pub type Part<'a> = (String, &'a [u8]);

/// The value of `boundary` in a `Content-Type`; `None` without it, or where it is none (RFC 2046, 5.1.1).
pub fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).map(str::trim);
    let value = parameters.filter_map(|it| it.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    ((1..=70).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '))
    .then_some(value)
}

/// The parts of a body, in their order. `None` where it is malformed or has too many parts; the end of the
/// last part has to be there, so that no part is shorter than it was sent.
pub fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("--{boundary}").into_bytes();
    let start = if body.starts_with(&delimiter) { 0 } else { 2 + find(body, &line(&delimiter))? };
    let mut rest = body.get(start + delimiter.len()..)?;
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        if parts.len() == MAX_PARTS {
            return None;
        }
        rest = without_spaces(rest).strip_prefix(b"\r\n")?;
        let (headers, after) = match rest.strip_prefix(b"\r\n") {
            Some(after) => (&rest[..0], after),
            None => {
                let end = find(rest, b"\r\n\r\n")?;
                (rest.get(..end)?, rest.get(end + 4..)?)
            }
        };
        // The content may be empty, and then its line break is that before it.
        let line = line(&delimiter);
        let end = find(after, &line)?;
        parts.push((name(headers).unwrap_or_default(), after.get(..end)?));
        rest = after.get(end + line.len()..)?;
    }
}

/// The delimiter with the line break that belongs to it.
fn line(delimiter: &[u8]) -> Vec<u8> {
    [b"\r\n", delimiter].concat()
}

/// The `name` in the header `Content-Disposition` of a part.
fn name(headers: &[u8]) -> Option<String> {
    let headers = String::from_utf8_lossy(headers);
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let mut parameters = disposition.split(';').skip(1).filter_map(|it| it.trim().split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("name"))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// Where the first of these bytes are.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// What follows the white space that may be behind a delimiter.
fn without_spaces(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    &text[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--B\r\nContent-Disposition: form-data; name=\"siteinfo\"\r\n\r\n\r\n\
         --B\r\ncontent-disposition: form-data; name=file; filename=\"a;b.json\"\r\n\
         Content-Type: application/json\r\n\r\n{\"a\":\r\n1}\r\n--B--\r\n";

    #[test]
    fn fields_and_files_are_read_with_their_names() {
        let expected: [(String, &[u8]); 2] =
            [("siteinfo".into(), b""), ("file".into(), b"{\"a\":\r\n1}")];
        assert_eq!(parts(BODY.as_bytes(), "B").unwrap(), expected);
        let preamble = format!("ignored\r\n{BODY}");
        assert_eq!(parts(preamble.as_bytes(), "B").unwrap(), expected);
        assert_eq!(parts(b"--B--", "B"), Some(vec![]));
        assert_eq!(parts(b"--B \r\n\r\nx\r\n--B--", "B"), Some(vec![(String::new(), &b"x"[..])]));
    }

    #[test]
    fn what_is_cut_or_malformed_is_refused() {
        for end in 0..BODY.len() - 4 {
            assert_eq!(parts(&BODY.as_bytes()[..end], "B"), None, "{end}");
        }
        assert_eq!(parts(b"--B\nx\n--B--", "B"), None);
        assert_eq!(parts(BODY.as_bytes(), "C"), None);
        let part = "--B\r\n\r\nx\r\n";
        assert!(parts(format!("{}--B--", part.repeat(20)).as_bytes(), "B").is_some());
        assert_eq!(parts(format!("{}--B--", part.repeat(21)).as_bytes(), "B"), None);
    }

    #[test]
    fn the_boundary_is_a_parameter_of_the_content_type() {
        assert_eq!(boundary("multipart/form-data; boundary=abc"), Some("abc"));
        assert_eq!(boundary("multipart/form-data; charset=x; Boundary=\"a b\""), Some("a b"));
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        for none in ["multipart/form-data", "a; boundary=", "a; boundary=\"\u{1}\"", &long] {
            assert_eq!(boundary(none), None, "{none}");
        }
    }
}
