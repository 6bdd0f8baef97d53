//! Requests: method, path segments and parameters, decoded.

use http::{HeaderMap, Method, Uri, header};
use percent_encoding::percent_decode_str;

use crate::http::problem::ApiError;

/// A request as the endpoints see it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path's segments, percent-decoded after splitting: `/a/b%2Fc` is `["a", "b/c"]`, and `/`
    /// is empty.
    pub segments: Vec<String>,
    /// The headers.
    pub headers: HeaderMap,
    query: Vec<(String, String)>,
}

impl Request {
    /// Reads a request's head.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] where the path or a parameter's name is not UTF-8 once decoded, and
    /// [`ApiError::NotText`] where a parameter's value is not.
    pub fn new(method: Method, uri: &Uri, headers: HeaderMap) -> Result<Self, ApiError> {
        let path = uri.path().strip_prefix('/').unwrap_or(uri.path());
        let segments = if path.is_empty() {
            Vec::new()
        } else {
            path.split('/').map(decode).collect::<Result<_, _>>()?
        };
        let query = uri.query().unwrap_or_default();
        check_text(query)?;
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Self { method, segments, headers, query })
    }

    /// A parameter's value; `None` where it is not given.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] where it is given twice.
    pub fn parameter(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        let mut values = self.query.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(ApiError::BadParameter { parameter: name, takes: "one value" }),
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
        }
    }

    /// The values of a parameter that may be given any number of times, under any of these names.
    pub fn parameters(&self, names: &[&str]) -> impl Iterator<Item = &str> {
        let query = self.query.iter().filter(|(key, _)| names.contains(&key.as_str()));
        query.map(|(_, value)| value.as_str())
    }

    /// As [`wants`], of this request.
    pub fn wants(&self, media_type: &str) -> u16 {
        wants(&self.headers, media_type)
    }
}

/// How much the client wants a media type, from 0 to 1,000, by `Accept` (RFC 9110, 12.5.1): the
/// most specific range counts. Without the header everything is wanted.
pub fn wants(headers: &HeaderMap, media_type: &str) -> u16 {
    let accept: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    if accept.is_empty() {
        return 1_000;
    }
    let group = media_type.split('/').next().unwrap_or_default();
    let ranges = [media_type.to_owned(), format!("{group}/*"), "*/*".to_owned()];
    let quality = |range: &String| {
        accept.iter().find_map(|item| {
            let (name, weight) = weighted(item)?;
            name.eq_ignore_ascii_case(range).then_some(weight)
        })
    };
    ranges.iter().find_map(quality).unwrap_or(0)
}

/// An item of `Accept` or a header like it, with its weight in thousandths (RFC 9110, 12.4.2): 1,000
/// where it has none, 0 where that is malformed. Not as a floating-point number, since to read one is
/// half as much code as all the rest of a component.
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

/// Fails for a query with a value that is not UTF-8, for which `form_urlencoded` would put another.
fn check_text(query: &str) -> Result<(), ApiError> {
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        if decode(value).is_err() {
            // No parameter of ours has a longer name, and a client need not read all of another.
            return Err(ApiError::NotText { parameter: name.chars().take(50).collect() });
        }
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, ApiError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| ApiError::BadRequest("the URL is not UTF-8 once it is percent-decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, accept: Option<&str>) -> Result<Request, ApiError> {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        Request::new(Method::GET, &uri.parse().unwrap(), headers)
    }

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let segments = |uri: &str| request(uri, None).unwrap().segments;
        assert_eq!(segments("/"), [""; 0]);
        assert_eq!(segments("/info/skins/A%2FB"), ["info", "skins", "A/B"]);
        assert_eq!(segments("/list/"), ["list", ""]);
        assert!(request("/a%FF", None).is_err());
        let not_text = |parameter: &str| ApiError::NotText { parameter: parameter.into() };
        assert_eq!(request("/?q=%C3%28", None).unwrap_err(), not_text("q"));
        assert_eq!(request("/?a=1&%62%62=%FF", None).unwrap_err(), not_text("bb"));
        assert!(matches!(request("/?%FF=1", None), Err(ApiError::BadRequest(_))));
    }

    #[test]
    fn a_parameter_is_given_once_or_not_at_all() {
        let request = request("/?a=1%7C2&b=&c=x&c=y&d", None).unwrap();
        assert_eq!(request.parameter("a").unwrap(), Some("1|2"));
        assert_eq!(request.parameter("b").unwrap(), Some(""));
        assert_eq!(request.parameter("d").unwrap(), Some(""));
        assert_eq!(request.parameter("e").unwrap(), None);
        assert!(matches!(
            request.parameter("c"),
            Err(ApiError::BadParameter { parameter: "c", .. })
        ));
    }

    #[test]
    fn accept_is_read_with_its_qualities() {
        let wants = |accept, media| request("/", accept).unwrap().wants(media);
        assert!(
            wants(Some("text/plain"), "text/plain") > wants(Some("text/plain"), "application/json")
        );
        assert!(wants(Some("text/*;q=0.5, */*;q=0.1"), "text/plain") == 500);
        assert_eq!(wants(Some("*/*"), "text/plain"), 1_000);
        assert_eq!(wants(None, "text/plain"), 1_000);
        assert_eq!(wants(Some("image/png"), "text/plain"), 0);
    }

    #[test]
    fn a_weight_has_three_decimals_and_what_is_none_is_unwanted() {
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
