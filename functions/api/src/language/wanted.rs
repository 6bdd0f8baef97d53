//! In which languages a client wants its answer: `lang=`, else `Accept-Language`.

use std::cmp::Reverse;

use http::{HeaderMap, header};

use crate::{
    http::problem::ApiError,
    http::request::{Request, weighted},
    http::response::Response,
    language::chain::{self as language, Chain, ENGLISH},
};

/// How many languages of `Accept-Language` count; browsers send up to ten or so.
const MAX_RANGES: usize = 32;

/// The languages that a client wants, and what said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The languages, best first.
    pub chain: Chain,
    /// True where `lang=` was given, so that the answer does not depend on headers.
    is_parameter: bool,
}

impl Wanted {
    /// Reads `lang=`, and without it `Accept-Language`. A language that MediaWiki does not know
    /// counts for nothing, as there; without any that counts, English is wanted.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] where `lang` is no language code. A malformed header is no error:
    /// people can't see theirs, and anything in it was only a wish.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        match request.parameter("lang")? {
            Some(code) if language::is_well_formed(code) => {
                Ok(Self { chain: Chain::new([code], &[]), is_parameter: true })
            }
            Some(_) => Err(ApiError::BadParameter {
                parameter: "lang",
                takes: "a language code, such as `de` or `zh-hant`",
            }),
            None => Ok(Self { chain: accepted(&request.headers), is_parameter: false }),
        }
    }

    /// True where English is wanted most, which ready-made answers are in.
    pub fn is_english(&self) -> bool {
        self.chain.first() == ENGLISH
    }

    /// Adds to an answer what language it is in, a code of MediaWiki's, and what that depends on.
    pub fn describe(&self, mut response: Response, language: &str) -> Response {
        response.set(header::CONTENT_LANGUAGE, language::bcp47(language));
        if !self.is_parameter {
            response.vary("Accept-Language");
        }
        response
    }
}

/// The languages of `Accept-Language` (RFC 9110, 12.5.4), best first; of equal ones the order is
/// the client's. `*`, any other language, is English. What is malformed counts for nothing.
fn accepted(headers: &HeaderMap) -> Chain {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let items = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut ranges: Vec<(&str, u16)> = items.take(MAX_RANGES).filter_map(range).collect();
    ranges.sort_by_key(|(_, weight)| Reverse(*weight));
    let wanted = ranges.iter().take_while(|(_, weight)| *weight > 0).map(|(tag, _)| *tag);
    let refused = ranges.iter().filter(|(_, weight)| *weight == 0);
    let refused: Vec<&str> = refused.filter_map(|(tag, _)| language::known(tag)).collect();
    Chain::new(wanted, &refused)
}

/// A tag with its weight in thousandths: `de-AT;q=0.5`.
fn range(item: &str) -> Option<(&str, u16)> {
    let (tag, weight) = match weighted(item)? {
        // To refuse all others is to leave no last resort.
        ("*", weight @ 1..) => (ENGLISH, weight),
        range => range,
    };
    language::is_well_formed(tag).then_some((tag, weight))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;

    fn wanted(uri: &str, accept: &[&[u8]]) -> Result<Wanted, ApiError> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT_LANGUAGE, HeaderValue::from_bytes(value).unwrap());
        }
        Wanted::of(&Request::new(Method::GET, &uri.parse().unwrap(), headers)?)
    }

    #[track_caller]
    fn accepts(header: &str, expected: &[&str]) {
        let wanted = wanted("/info", &[header.as_bytes()]).unwrap();
        assert_eq!(wanted.chain.codes(), expected, "{header}");
    }

    #[test]
    fn the_header_is_read_with_its_qualities() {
        accepts("de", &["de", "en"]);
        accepts("de-AT", &["de-at", "de", "en"]);
        accepts("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", &["fr", "en", "de"]);
        accepts("de;q=0.5,he", &["he", "de", "en"]);
        accepts("de ; q=0.5 , he;Q=0.75", &["he", "de", "en"]);
        accepts("de;q=0.501, he;q=0.502", &["he", "de", "en"]);
        accepts("zh-TW,zh;q=0.9", &["zh-tw", "zh-hant", "zh-hk", "zh", "zh-hans", "zh-cn", "en"]);
        accepts("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", &["pt-br", "pt", "en"]);
        accepts("gsw, de;q=0", &["gsw", "en"]);
        accepts("de, en;q=0", &["de", "en"]);
        accepts("de, *;q=0", &["de", "en"]);
        let two = wanted("/", &[b"de;q=0.5", b"he"]).unwrap();
        assert_eq!(two.chain.codes(), ["he", "de", "en"]);
    }

    #[test]
    fn without_another_language_it_is_english() {
        assert!(wanted("/", &[]).unwrap().is_english());
        for header in
            ["en", "en-US,en;q=0.9", "*", "", "en;q=0.9, de;q=0.8", "*, de;q=0.5", "xx", "de;q=0"]
        {
            assert!(wanted("/", &[header.as_bytes()]).unwrap().is_english(), "{header}");
        }
        assert!(!wanted("/", &[b"en-GB"]).unwrap().is_english());
    }

    #[test]
    fn what_is_malformed_in_the_header_counts_for_nothing() {
        accepts("de;q=2, he", &["he", "en"]);
        accepts("de;q=NaN, fr;q=inf, es;q=-1, it;q=, he;q=0.1", &["he", "en"]);
        accepts(";;,=,,  ,q=1, ../, <b>, de--at, %00", &["en"]);
        accepts(&"x".repeat(10_000), &["en"]);
        accepts(&"xx,".repeat(MAX_RANGES), &["en"]);
        accepts(&format!("{}de", "xx,".repeat(MAX_RANGES)), &["en"]);
        assert!(wanted("/", &[b"de\xff"]).unwrap().is_english());
        assert_eq!(wanted("/", &[b"\xff", b"de"]).unwrap().chain.codes(), ["de", "en"]);
    }

    #[test]
    fn the_parameter_wins_over_the_header() {
        let chain = |uri: &str| wanted(uri, &[b"he"]).unwrap().chain.codes().to_vec();
        assert_eq!(chain("/?lang=DE-AT"), ["de-at", "de", "en"]);
        assert_eq!(chain("/?lang=xx-unknown"), ["en"]);
        assert_eq!(chain("/?lang=qqx"), ["en"]);
        assert_eq!(chain("/"), ["he", "en"]);
        let long = "a".repeat(10_000);
        for bad in ["", "../", "%00", "de%00", "de_AT", "*", "de,fr", "d", "%20de", &long] {
            let error = wanted(&format!("/?lang={bad}"), &[]).unwrap_err();
            assert!(matches!(error, ApiError::BadParameter { parameter: "lang", .. }), "{bad}");
        }
        assert!(wanted("/?lang=de&lang=de", &[]).is_err());
    }

    #[test]
    fn an_answer_says_its_language_and_what_that_depends_on() {
        let describe = |uri: &str| {
            let answer = Response::json("{}".into(), 1);
            wanted(uri, &[]).unwrap().describe(answer, "sr-ec").headers
        };
        let by_header = describe("/");
        assert_eq!(by_header[header::CONTENT_LANGUAGE], "sr-cyrl");
        assert_eq!(by_header[header::VARY], "Accept-Language");
        assert!(!describe("/?lang=sr-ec").contains_key(header::VARY));
    }
}
