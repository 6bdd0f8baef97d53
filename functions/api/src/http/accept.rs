//! `Accept` and the headers like it: lists whose items have weights.

use http::{HeaderMap, HeaderName, header};

/// The items of a header that holds a list with commas between them (RFC 9110, 5.6.1), from all its
/// lines. Lines that are not text are left out.
pub fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|value| value.split(','))
}

/// How much the client wants a media type, from 0 to 1,000, by `Accept` (RFC 9110, 12.5.1): the
/// most specific range counts. Without the header everything is wanted.
pub fn wants(headers: &HeaderMap, media_type: &str) -> u16 {
    let accept: Vec<&str> = items(headers, header::ACCEPT).collect();
    if accept.is_empty() {
        return 1_000;
    }
    let group = media_type.split('/').next().unwrap_or_default();
    let ranges = [media_type.to_owned(), format!("{group}/*"), "*/*".to_owned()];
    let weight_of = |range: &String| {
        accept.iter().find_map(|item| {
            let (name, weight) = weighted(item)?;
            name.eq_ignore_ascii_case(range).then_some(weight)
        })
    };
    ranges.iter().find_map(weight_of).unwrap_or(0)
}

/// An item with its weight in thousandths (RFC 9110, 12.4.2): 1,000 where it has none, 0 where the
/// weight is malformed. `None` for an item without a name.
///
/// The weight is no floating-point number: the code that reads one is half as large as all the rest
/// of a component.
pub fn weighted(item: &str) -> Option<(&str, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Some((name, weight.map_or(1_000, |text| thousandths(text.trim()).unwrap_or(0))))
}

/// `0.25` as 250.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{rest:0<3}");
    let is_number = rest.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number <= 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_with_its_weights() {
        let wants = |accept: Option<&str>, media| {
            let lines = accept.map(|value| (header::ACCEPT, value.parse().unwrap()));
            wants(&lines.into_iter().collect(), media)
        };
        assert!(
            wants(Some("text/plain"), "text/plain") > wants(Some("text/plain"), "application/json")
        );
        assert!(wants(Some("text/*;q=0.5, */*;q=0.1"), "text/plain") == 500);
        assert_eq!(wants(Some("*/*"), "text/plain"), 1_000);
        assert_eq!(wants(None, "text/plain"), 1_000);
        assert_eq!(wants(Some("image/png"), "text/plain"), 0);
    }

    #[test]
    fn a_weight_has_three_decimals_and_a_malformed_one_is_zero() {
        for (item, expected) in [
            ("a", Some(("a", 1_000))),
            (" a ; q=0.25", Some(("a", 250))),
            ("a;Q=1", Some(("a", 1_000))),
            ("a;q=1.000", Some(("a", 1_000))),
            ("a;q=0.001", Some(("a", 1))),
            ("a;level=1;q=0.", Some(("a", 0))),
            ("a;q=0.0001", Some(("a", 0))),
            ("a;q=1.001", Some(("a", 0))),
            ("a;q=-1", Some(("a", 0))),
            ("a;q=+1", Some(("a", 0))),
            ("a;q=x", Some(("a", 0))),
            ("a;q=", Some(("a", 0))),
            ("a;q=99999999999", Some(("a", 0))),
            ("", None),
            (";q=1", None),
        ] {
            assert_eq!(weighted(item), expected, "{item}");
        }
    }
}
