//! `/openapi.json`: the description of the whole API as OpenAPI 3.1, for programs that generate clients
//! and tests.
//!
//! The document is written by hand and served as it is. A generator could derive only a small part of it
//! from types, since the builder makes the larger answers; and a file is easy to read and to review. Tests
//! compare it with the code: its paths are those of [`ENDPOINTS`](crate::route::ENDPOINTS), and the
//! end-to-end tests validate every answer against its schemas.

use crate::http::{encoding::compressed, request::Request, response::Response};

/// The document.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// When the document last changed: Unix seconds.
const MODIFIED_AT: i64 = 1_796_047_694;

/// Answers `/openapi.json`. It needs no snapshot.
pub fn get(request: &Request) -> Response {
    compressed(&request.headers, document())
}

fn document() -> Response {
    Response::json(DOCUMENT.to_owned(), MODIFIED_AT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::{HeaderMap, Method, header};
    use serde_json::{Value, json};
    use tardist_contract::{Kind, schema::USER_VERSION};

    use super::*;
    use crate::{
        http::problem::ApiError,
        route::{ENDPOINTS, METHODS, METHODS_WITH_POST, route},
    };

    /// The entity tag of the document as it was at [`MODIFIED_AT`].
    const TAG: &str = "0102244795b3d99baaa2a8b9a4171853";

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    /// True for a path that is for people only, which `/` does not list.
    fn is_page(path: &Value) -> bool {
        let content = path["get"]["responses"]["200"]["content"].as_object().unwrap();
        content.keys().all(|media_type| media_type == "text/html")
    }

    #[test]
    fn its_paths_are_those_that_are_served() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let for_programs = paths.iter().filter(|(_, path)| !is_page(path));
        let for_programs: BTreeSet<&str> = for_programs.map(|(path, _)| path.as_str()).collect();
        assert_eq!(for_programs, BTreeSet::from_iter(ENDPOINTS));
        for path in paths.keys() {
            let project = path.replace("{project}", "mediawiki%2Fskins%2Fname");
            let named = project.replace("{kind}", "skins").replace("{file}", "file.tar.gz");
            let uri = named.replace(['{', '}'], "").parse().unwrap();
            let request = Request::new(Method::GET, &uri, HeaderMap::new()).unwrap();
            assert!(route(&request).is_ok(), "no route for {path}");
        }
    }

    #[test]
    fn it_says_the_versions_and_the_methods_of_this_code() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let allow = &document["components"]["headers"]["Allow"]["schema"]["enum"];
        assert_eq!(*allow, json!([METHODS, METHODS_WITH_POST]));
        let example = |path: &str| {
            let response = &document["paths"][path]["get"]["responses"]["200"];
            response["content"]["application/json"]["example"].clone()
        };
        assert_eq!(example("/")["snapshot"]["schema_version"], USER_VERSION);
        assert_eq!(example("/health")["schema_version"], USER_VERSION);
    }

    #[test]
    fn it_names_the_types_of_a_body_that_are_taken() {
        let document = document();
        let content = &document["paths"]["/updates"]["post"]["requestBody"]["content"];
        let named: BTreeSet<&str> =
            content.as_object().unwrap().keys().map(String::as_str).collect();
        let refused = ApiError::UnsupportedMediaType.response();
        let taken = refused.headers["accept-post"].to_str().unwrap();
        assert_eq!(named, BTreeSet::from_iter(taken.split(", ")));
    }

    #[test]
    fn its_examples_of_errors_have_the_sentences_of_this_code() {
        let document = document();
        let format = ApiError::BadParameter { parameter: "format", takes: "`json` or `text`" };
        for (name, error) in [
            ("BadRequest", format),
            ("NotFound", ApiError::no_such_repository(Kind::Extensions)),
            ("MethodNotAllowed", ApiError::MethodNotAllowed { allow: METHODS }),
            ("BodyTooLarge", ApiError::BodyTooLarge { limit: 1 << 20 }),
            ("UnsupportedMediaType", ApiError::UnsupportedCoding),
            ("PreconditionFailed", ApiError::PreconditionFailed),
        ] {
            let content = &document["components"]["responses"][name]["content"];
            let example = &content["application/problem+json"]["example"];
            assert_eq!(example["detail"], error.to_string(), "{name}");
            assert!(content.get("text/html").is_some(), "{name} may be a page");
        }
    }

    #[test]
    fn its_date_is_that_of_its_last_change() {
        let response = super::document();
        let tag = response.headers[header::ETAG].to_str().unwrap();
        assert_eq!(
            tag.trim_matches('"'),
            TAG,
            "openapi.json has changed: set MODIFIED_AT to now (`date +%s`), and TAG to its new tag"
        );
    }
}
