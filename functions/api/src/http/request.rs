//! Requests: the method, the headers, and the decoded path segments and parameters.

use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use tardist_contract::BranchName;

use crate::http::problem::ApiError;

/// A request as the endpoints see it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// The query as it was sent, without its `?`; empty where there is none.
    pub raw_query: String,
    /// The segments of the path, split first and percent-decoded then: `/a/b%2Fc` is
    /// `["a", "b/c"]`. Empty for `/`.
    pub segments: Vec<String>,
    /// The headers.
    pub headers: HeaderMap,
    query: Vec<(String, String)>,
}

impl Request {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] where the path or a parameter's name is not UTF-8 once decoded, and
    /// [`ApiError::NotText`] where a parameter's value is not.
    pub fn new(method: Method, uri: &Uri, headers: HeaderMap) -> Result<Self, ApiError> {
        let path = uri.path().strip_prefix('/').unwrap_or(uri.path());
        let raw_query = uri.query().unwrap_or_default().to_owned();
        let segments = if path.is_empty() {
            Vec::new()
        } else {
            path.split('/').map(decode).collect::<Result<_, _>>()?
        };
        check_text(&raw_query)?;
        let query = form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect();
        let path = uri.path().to_owned();
        Ok(Self { method, path, raw_query, segments, headers, query })
    }

    /// The value of a parameter; `None` where the request does not have it.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] where the request has it twice.
    pub fn parameter(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        let mut values = self.query.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(ApiError::BadParameter { parameter: name, takes: "one value" }),
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
        }
    }

    /// The parameter `branch`; `None` where the request does not have it. `refs/heads/` before the name is
    /// taken off.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] for a text that can be the name of no branch.
    pub fn branch(&self) -> Result<Option<BranchName>, ApiError> {
        let takes = "the name of one branch, such as `REL1_45`";
        let name = |it: &str| it.strip_prefix("refs/heads/").unwrap_or(it).parse::<BranchName>();
        let branch = self.parameter("branch")?.map(name).transpose();
        branch.map_err(|_| ApiError::BadParameter { parameter: "branch", takes })
    }

    /// The values of a parameter that a request may have any number of times, under any of these names.
    pub fn parameters(&self, names: &[&str]) -> impl Iterator<Item = &str> {
        let query = self.query.iter().filter(|(key, _)| names.contains(&key.as_str()));
        query.map(|(_, value)| value.as_str())
    }
}

/// Fails for a query with a value that is not UTF-8: `form_urlencoded` would replace what it cannot
/// read, and so look for something else than was asked for.
fn check_text(query: &str) -> Result<(), ApiError> {
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        if decode(value).is_err() {
            // No known parameter has a longer name; the client recognizes another one by its beginning.
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

    fn request(uri: &str) -> Result<Request, ApiError> {
        Request::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new())
    }

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let segments = |uri: &str| request(uri).unwrap().segments;
        assert_eq!(segments("/"), [""; 0]);
        assert_eq!(segments("/info/skins/A%2FB"), ["info", "skins", "A/B"]);
        assert_eq!(segments("/list/"), ["list", ""]);
        assert!(request("/a%FF").is_err());
        let not_text = |parameter: &str| ApiError::NotText { parameter: parameter.into() };
        assert_eq!(request("/?q=%C3%28").unwrap_err(), not_text("q"));
        assert_eq!(request("/?a=1&%62%62=%FF").unwrap_err(), not_text("bb"));
        assert!(matches!(request("/?%FF=1"), Err(ApiError::BadRequest(_))));
    }

    #[test]
    fn a_parameter_stands_once_or_not_at_all() {
        let request = request("/?a=1%7C2&b=&c=x&c=y&d").unwrap();
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
    fn a_branch_may_be_given_as_a_ref() {
        let branch = |query: &str| request(&format!("/?{query}")).unwrap().branch();
        assert_eq!(branch("").unwrap(), None);
        for query in ["branch=wmf/1.46", "branch=refs/heads/wmf%2F1.46"] {
            assert_eq!(branch(query).unwrap().unwrap().as_str(), "wmf/1.46");
        }
        for query in ["branch=", "branch=refs/heads/", "branch=a..b", "branch=a&branch=b"] {
            assert!(branch(query).is_err(), "{query}");
        }
    }
}
