//! The languages that a client wants: by the parameter `lang`, else by `Accept-Language`.

use std::cmp::Reverse;

use http::{HeaderMap, header};

use super::chain::{Chain, ENGLISH, bcp47, exactly, is_well_formed};
use crate::http::{
    accept::{items, weighted},
    problem::ApiError,
    request::Request,
    response::Response,
};

/// How many items of `Accept-Language` count; browsers send up to about ten.
const MAX_RANGES: usize = 32;

/// The languages that a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The languages, best first.
    pub chain: Chain,
    /// True where the request has `lang`, so that the response does not depend on `Accept-Language`.
    is_parameter: bool,
}

impl Wanted {
    /// Reads `lang`, and without it `Accept-Language`. Languages that MediaWiki does not know are ignored,
    /// as MediaWiki does; without any known language it is English.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] where `lang` is no language code. A `_` in it counts as `-`. A malformed header is no error:
    /// people do not see which header their browser sends, and it only states a preference.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        match request.parameter("lang")? {
            Some(code) => {
                // Many programs write `de_AT`, as locales are written.
                let code = code.replace('_', "-");
                if !is_well_formed(&code) {
                    let takes = "a language code, such as `de` or `zh-hant`";
                    return Err(ApiError::BadParameter { parameter: "lang", takes });
                }
                Ok(Self { chain: Chain::new([&*code], &[]), is_parameter: true })
            }
            None => Ok(Self { chain: accepted(&request.headers), is_parameter: false }),
        }
    }

    /// English, whatever a request says.
    pub fn english() -> Self {
        Self { chain: Chain::new([], &[]), is_parameter: true }
    }

    /// True where English is wanted most: that is the language of ready-made answers.
    pub fn is_english(&self) -> bool {
        self.chain.first() == ENGLISH
    }

    /// Adds the language of the response (a code of MediaWiki), and that it depends on
    /// `Accept-Language` if it does.
    pub fn describe(&self, mut response: Response, language: &str) -> Response {
        response.set(header::CONTENT_LANGUAGE, bcp47(language));
        if !self.is_parameter {
            response.vary("Accept-Language");
        }
        response
    }
}

/// In which languages a document is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Languages {
    /// In the best for the client.
    Best(Wanted),
    /// In all that it has, `lang=*`: for clients that keep one answer for all of their users.
    All,
}

impl Languages {
    /// Reads `lang`, which may be `*` here, and without it `Accept-Language`.
    ///
    /// # Errors
    /// As [`Wanted::of`].
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        match request.parameter("lang")? {
            Some("*") => Ok(Self::All),
            _ => Wanted::of(request).map(Self::Best),
        }
    }

    /// As [`Wanted::describe`], where `language` is that of the main texts. With all languages these are in
    /// English.
    pub fn describe(&self, response: Response, language: &str) -> Response {
        match self {
            Self::Best(wanted) => wanted.describe(response, language),
            Self::All => Wanted::english().describe(response, ENGLISH),
        }
    }
}

/// The languages of `Accept-Language` (RFC 9110, 12.5.4), best first; those of equal weight are in the
/// order of the header. `*`, any other language, counts as English. Malformed items are ignored.
fn accepted(headers: &HeaderMap) -> Chain {
    let items = items(headers, header::ACCEPT_LANGUAGE).take(MAX_RANGES);
    let mut ranges: Vec<(&str, u16)> = items.filter_map(range).collect();
    ranges.sort_by_key(|(_, weight)| Reverse(*weight));
    let wanted = ranges.iter().take_while(|(_, weight)| *weight > 0).map(|(tag, _)| *tag);
    let refused = ranges.iter().filter(|(_, weight)| *weight == 0);
    // A form of a language that MediaWiki does not know, such as `fr-CA`, does not stand for all of it here.
    let refused = refused.filter_map(|(tag, _)| exactly(&tag.to_ascii_lowercase()));
    let refused: Vec<&str> = refused.collect();
    Chain::new(wanted, &refused)
}

/// The tag of an item, and its weight in thousandths: `de-AT;q=0.5` is `("de-AT", 500)`.
fn range(item: &str) -> Option<(&str, u16)> {
    let (tag, weight) = match weighted(item)? {
        // `*;q=0` refuses all other languages, but English stays as the last resort.
        ("*", weight @ 1..) => (ENGLISH, weight),
        range => range,
    };
    is_well_formed(tag).then_some((tag, weight))
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
    fn the_header_is_read_with_its_weights() {
        accepts("de", &["de", "en"]);
        accepts("de-AT", &["de-at", "de", "en"]);
        accepts("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", &["fr", "en", "de"]);
        accepts("de;q=0.5,he", &["he", "de", "en"]);
        accepts("de ; q=0.5 , he;Q=0.75", &["he", "de", "en"]);
        accepts("de;q=0.501, he;q=0.502", &["he", "de", "en"]);
        accepts("zh-TW,zh;q=0.9", &["zh-tw", "zh-hant", "zh-hk", "zh", "zh-hans", "zh-cn", "en"]);
        accepts("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", &["pt-br", "pt", "en"]);
        accepts("gsw, de;q=0", &["gsw", "en"]);
        accepts("gsw;q=0", &["en"]); // and not German, to which the refused one falls back
        accepts("de, en;q=0", &["de", "en"]);
        accepts("fr, fr-CA;q=0", &["fr", "en"]);
        accepts("de, de-AT;q=0", &["de", "en"]);
        accepts("de-AT, DE;q=0", &["de-at", "en"]);
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
    fn malformed_items_of_the_header_are_ignored() {
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
        assert_eq!(chain("/?lang=de_AT"), ["de-at", "de", "en"]);
        assert_eq!(chain("/?lang=xx-unknown"), ["en"]);
        assert_eq!(chain("/?lang=qqx"), ["en"]);
        assert_eq!(chain("/"), ["he", "en"]);
        let long = "a".repeat(10_000);
        for bad in ["", "../", "%00", "de%00", "de__at", "_de", "*", "de,fr", "d", "%20de", &long] {
            let error = wanted(&format!("/?lang={bad}"), &[]).unwrap_err();
            assert!(matches!(error, ApiError::BadParameter { parameter: "lang", .. }), "{bad}");
        }
        assert!(wanted("/?lang=de&lang=de", &[]).is_err());
    }

    #[test]
    fn a_response_says_its_language_and_what_that_depends_on() {
        let describe = |uri: &str| {
            let response = Response::json("{}".into(), 1);
            wanted(uri, &[]).unwrap().describe(response, "sr-ec").headers
        };
        let by_header = describe("/");
        assert_eq!(by_header[header::CONTENT_LANGUAGE], "sr-cyrl");
        assert_eq!(by_header[header::VARY], "Accept-Language");
        assert!(!describe("/?lang=sr-ec").contains_key(header::VARY));
    }
}
