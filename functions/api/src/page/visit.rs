//! What a reader chose, which the links of all pages carry on: a language and a MediaWiki.

use form_urlencoded::byte_serialize;
use http::{HeaderMap, Method, Uri};
use tardist_contract::BranchName;

use super::messages::Messages;
use crate::{
    http::{problem::ApiError, request::Request, response::Response},
    language::wanted::Wanted,
};

/// The choices of the reader of one page.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// The languages of what repositories say.
    pub(super) wanted: Wanted,
    /// The texts of the page itself.
    pub(super) messages: Messages,
    /// The branch of the reader's MediaWiki (`branch`); `None` if it was not chosen.
    pub(super) branch: Option<BranchName>,
    /// The value of `lang`, if the request has one.
    pub(super) lang: Option<String>,
}

impl Visit {
    /// Reads `branch` and `lang` of a request. An empty `branch`, as the form sends it, is no choice.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] where one of them is malformed.
    pub(super) fn of(request: &Request) -> Result<Self, ApiError> {
        let wanted = Wanted::of(request)?;
        let branch = match request.parameter("branch")? {
            Some("") => None,
            _ => request.branch()?,
        };
        let lang = request.parameter("lang")?.map(str::to_owned);
        Ok(Self { messages: Messages::of(&wanted), wanted, branch, lang })
    }

    /// The choices of a request that may be malformed: what cannot be read was not chosen.
    pub(super) fn of_any(uri: &Uri, headers: &HeaderMap) -> Self {
        let request = |uri: &Uri| Request::new(Method::GET, uri, headers.clone());
        let visit = request(uri).and_then(|it| Self::of(&it));
        let plain = || request(&Uri::from_static("/")).and_then(|it| Self::of(&it));
        visit.or_else(|_| plain()).unwrap_or_else(|_| {
            let wanted = Wanted::english();
            Self { messages: Messages::of(&wanted), wanted, branch: None, lang: None }
        })
    }

    /// The parameters that carry the choices on.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let branch = self.branch.as_ref().map(|it| ("branch", it.as_str()));
        let lang = self.lang.as_deref().map(|it| ("lang", it));
        branch.into_iter().chain(lang)
    }

    /// A link to a path of this site that carries the choices on.
    pub(super) fn link(&self, path: &str) -> String {
        self.link_with(path, &[])
    }

    /// As [`link`](Self::link), with other parameters first.
    pub(super) fn link_with(&self, path: &str, others: &[(&str, &str)]) -> String {
        let mut all: Vec<(&str, &str)> = others.to_vec();
        all.extend(self.parameters());
        address(path, all)
    }

    /// Says of the response which language the page is in, and what that depends on.
    pub(super) fn describe(&self, response: Response) -> Response {
        self.wanted.describe(response, self.messages.language())
    }
}

/// A path with parameters. Those without a value are left out.
pub(super) fn address<'a>(
    path: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut text = path.to_owned();
    for (name, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(name);
        text.push('=');
        text.extend(byte_serialize(value.as_bytes()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(uri: &str) -> Result<Visit, ApiError> {
        Visit::of(&Request::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new()).unwrap())
    }

    #[test]
    fn links_carry_the_branch_and_the_language_on() {
        let chosen = visit("/?branch=REL1_45&lang=de-at").unwrap();
        assert_eq!(chosen.link("/skins"), "/skins?branch=REL1_45&lang=de-at");
        let link = chosen.link_with("/search", &[("q", "a&b=ä"), ("kind", "")]);
        assert_eq!(link, "/search?q=a%26b%3D%C3%A4&branch=REL1_45&lang=de-at");
        for uri in ["/", "/?branch="] {
            assert_eq!(visit(uri).unwrap().link("/skins"), "/skins");
        }
    }

    #[test]
    fn a_malformed_choice_is_an_error_and_none_on_the_page_of_an_error() {
        for uri in ["/?branch=refs%3A", "/?branch=a&branch=b", "/?branch=..", "/?lang=*"] {
            assert!(matches!(visit(uri), Err(ApiError::BadParameter { .. })), "{uri}");
            let plain = Visit::of_any(&uri.parse().unwrap(), &HeaderMap::new());
            assert_eq!(plain.parameters().count(), 0, "{uri}");
        }
        let chosen = Visit::of_any(&"/nothing?lang=de".parse().unwrap(), &HeaderMap::new());
        assert_eq!((chosen.messages.language(), chosen.link("/")), ("de", "/?lang=de".to_owned()));
    }
}
