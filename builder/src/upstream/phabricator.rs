//! The repositories of a Phabricator or Phorge, by Conduit's `diffusion.repository.search`
//! (<https://we.phorge.it/conduit/method/diffusion.repository.search/>,
//! <https://we.phorge.it/book/phorge/article/conduit_search/>).
//!
//! Each page is a POST with `api.token` and gives 100 repositories; the attachment `uris` has their
//! clone URLs. Errors are in the JSON of a 200 response.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Visitor};

use super::{
    adapter::{Adapter, Key, Values},
    bounded::{Bounded, Short},
    branches::Asked,
    git_credentials,
    listing::{Listing, Upstream},
    pages::ListGuard,
    prefixes::{self, Prefixes},
    remembered::Pages,
    response::{QUOTED, json, shortened},
    token::{self, Token},
};
use crate::{
    Error,
    limits::upstream::{MAX_CLONE_URLS, MAX_NAME, MAX_URL},
    net::{Credentials, Http, Origin, same_origin},
};

/// A Phabricator as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "phabricator",
    example: "https://phabricator.example.org",
    keys: &[
        Key::url("url"),
        Key::url("git-url"),
        prefixes::EXTENSIONS,
        prefixes::SKINS,
        token::KEY,
        git_credentials::KEY,
    ],
    check,
    open,
};

fn check(values: &Values) -> Result<(), String> {
    // A token that everybody can read along is no advice.
    let url = match Origin::of(values.url()).is_none_or(|origin| origin.is_private()) {
        true => values.url().to_owned(),
        false => values.url().replacen("http://", "https://", 1),
    };
    if values.text(token::KEY.name).is_none() {
        return Err(format!(
            "a phabricator upstream needs a Conduit API token; write it into a file, and a table in the \
             configuration file: [[upstream]] type = \"phabricator\", url = {url:?}, token-file = \
             \"FILE\""
        ));
    }
    Prefixes::of(values)?;
    git_credentials::check(values, values.text("git-url").unwrap_or(values.url()))?;
    token::check(values, values.url())
}

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let url = values.url().to_owned();
    let git_url = values.text("git-url").unwrap_or(&url).to_owned();
    Ok(Box::new(Phabricator {
        credentials: git_credentials::open(values, &git_url)?,
        git_url,
        url,
        prefixes: Prefixes::of(values)?,
        token: token::open(values)?.ok_or("a phabricator upstream needs a token file")?,
    }))
}

#[derive(Debug)]
struct Phabricator {
    /// Its base URL.
    url: String,
    /// A URL on the host of its clone URLs.
    git_url: String,
    prefixes: Prefixes,
    /// A Conduit API token.
    token: Token,
    /// For repositories that not everybody may see and that are to be distributed.
    credentials: Option<Credentials>,
}

/// How many repositories a page has: the most that Conduit gives.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
struct ConduitResponse {
    result: Option<SearchResult>,
    error_code: Option<Short<QUOTED>>,
    error_info: Option<Short<QUOTED>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SearchResult {
    pub(super) data: Bounded<Repository, PAGE>,
    #[serde(default)]
    cursor: Cursor,
}

#[derive(Debug, Default, Deserialize)]
struct Cursor {
    #[serde(default)]
    after: Option<After>,
}

/// Where the next page begins. Whether this is a string or a number depends on the version.
#[derive(Debug)]
struct After(Short<MAX_NAME>);

impl<'de> Deserialize<'de> for After {
    /// By hand: serde's `untagged` keeps a whole value in memory before it looks at its type.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = After;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text")
            }

            fn visit_u64<E>(self, number: u64) -> Result<After, E> {
                Ok(After(Short::of(&number.to_string())))
            }

            fn visit_str<E>(self, text: &str) -> Result<After, E> {
                Ok(After(Short::of(text)))
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    phid: Short<MAX_NAME>,
    fields: Fields,
    #[serde(default)]
    attachments: Attachments,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    name: Short<MAX_NAME>,
    short_name: Option<Short<MAX_NAME>>,
    vcs: Short<MAX_NAME>,
    status: Short<MAX_NAME>,
    #[serde(default)]
    policy: Policy,
}

#[derive(Debug, Default, Deserialize)]
struct Policy {
    /// Who may see it: `public` for everybody. Absent in old versions.
    view: Option<Short<MAX_NAME>>,
}

#[derive(Debug, Default, Deserialize)]
struct Attachments {
    #[serde(default)]
    uris: Uris,
}

#[derive(Debug, Default, Deserialize)]
struct Uris {
    #[serde(default)]
    uris: Bounded<UriEntry, MAX_CLONE_URLS>,
}

#[derive(Debug, Deserialize)]
struct UriEntry {
    fields: UriFields,
}

#[derive(Debug, Deserialize)]
struct UriFields {
    uri: Effective,
    io: Effective,
    /// Whether Phabricator shows it: `always` or `never`.
    #[serde(default)]
    display: Effective,
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Effective {
    #[serde(default)]
    effective: Short<MAX_URL>,
}

impl Repository {
    /// The URL to clone from: a readable one on `host`, if there is one that is shown to people, that one. If
    /// there is none, the first readable http URL, which the message about the wrong host then names.
    pub(super) fn clone_url(&self, host: &str) -> Option<&str> {
        let urls = |is_hidden: bool| {
            let entries = self.attachments.uris.uris.0.iter().map(|entry| &entry.fields);
            entries
                .filter(move |it| (&*it.display.effective == "never") == is_hidden)
                .filter(|it| !it.disabled && matches!(&*it.io.effective, "read" | "readwrite"))
                .map(|it| &*it.uri.effective)
                .filter(|url| Origin::of(url).is_some())
        };
        let all = || urls(false).chain(urls(true));
        all().find(|url| same_origin(url, host)).or_else(|| all().next())
    }

    /// True if not everybody may see it.
    fn is_hidden(&self) -> bool {
        self.fields.policy.view.as_ref().is_some_and(|view| &**view != "public")
    }
}

/// True for the error of a page that took Phabricator too much work: of many rows that it looked at, the user of
/// the token may see only a few (`PhabricatorCursorPagedPolicyAwareQuery`, "overheated"). A smaller page takes less.
fn is_overheated(reason: &str) -> bool {
    reason.contains("overheated")
}

/// The result in the body of a response, or what the response says instead.
pub(super) fn parse(body: &[u8]) -> Result<SearchResult, String> {
    let response: ConduitResponse = json(body, "a Phabricator")?;
    if let Some(code) = response.error_code {
        let info = response.error_info.unwrap_or_default();
        return Err(format!("Conduit says {}: {}", shortened(&code), shortened(&info)));
    }
    response.result.ok_or_else(|| "it has no `result`; is this a Phabricator?".to_owned())
}

impl Phabricator {
    /// Asks for the page after this cursor, or for the first one.
    fn page(
        &self,
        http: &Http,
        guard: &mut ListGuard,
        after: Option<&str>,
        limit: usize,
    ) -> Result<SearchResult, Error> {
        let url = format!("{}/api/diffusion.repository.search", self.url);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("api.token", self.token.secret())
            .append_pair("queryKey", "active")
            .append_pair("order", "oldest")
            .append_pair("attachments[uris]", "1")
            .append_pair("limit", &limit.to_string());
        if let Some(after) = after {
            form.append_pair("after", after);
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let what = || "repositories".to_owned();
        let page = http
            .ask(&url, &headers, Some(form.finish().as_bytes()))
            .map_err(|source| Error::List { what: what(), source })?;
        let result = parse(&page.body).and_then(|result| {
            guard.page(page.body.len(), result.data.0.len())?;
            Ok(result)
        });
        result.map_err(|reason| Error::ListForm { what: what(), reason, url })
    }
}

impl Upstream for Phabricator {
    fn url(&self) -> &str {
        &self.url
    }

    fn origins(&self) -> Vec<String> {
        vec![self.url.clone(), self.git_url.clone()]
    }

    fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    fn list(&self, http: &Http, _: &Asked, _: &Pages) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let mut guard = ListGuard::default();
        let mut after: Option<String> = None;
        let mut limit = PAGE;
        loop {
            let result = match self.page(http, &mut guard, after.as_deref(), limit) {
                Err(Error::ListForm { reason, .. }) if limit > 1 && is_overheated(&reason) => {
                    limit = (limit / 5).max(1);
                    continue;
                }
                result => result?,
            };
            for repository in &result.data.0 {
                let fields = &repository.fields;
                if &*fields.vcs != "git" || &*fields.status != "active" {
                    continue;
                }
                let name = fields.short_name.as_ref().unwrap_or(&fields.name);
                if let Some((kind, name)) = self.prefixes.split(name) {
                    match repository.clone_url(&self.git_url) {
                        _ if repository.is_hidden() && self.credentials.is_none() => {
                            listing.not_public(kind, name, &self.url);
                        }
                        Some(url) => listing.add(kind, name, url, &self.git_url),
                        None => listing.no_url(kind, name, &self.url),
                    }
                }
            }
            after = result.cursor.after.map(|After(text)| text.to_string());
            if after.is_none() {
                return Ok(listing);
            }
            let phids = result.data.0.iter().map(|repository| &*repository.phid);
            guard.turn(phids).map_err(|reason| Error::ListForm {
                what: "repositories".to_owned(),
                reason,
                url: self.url.clone(),
            })?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets;

    /// What a page with this cursor says of where the next one begins.
    fn after(json: &str) -> Result<Option<String>, String> {
        let body = format!("{{\"result\":{{\"data\":[],\"cursor\":{{\"after\":{json}}}}}}}");
        let result = parse(body.as_bytes())?;
        Ok(result.cursor.after.map(|After(text)| text.to_string()))
    }

    #[test]
    fn the_next_page_begins_at_a_number_or_a_text_and_nothing_else_is_kept() {
        assert_eq!(after("null"), Ok(None));
        let most = u64::MAX.to_string();
        for (json, text) in [("210", "210"), ("\"210\"", "210"), (&*most, &*most)] {
            assert_eq!(after(json), Ok(Some(text.to_owned())));
        }
        // It ends at the first byte: what follows in a list or an object is not even JSON.
        for json in ["[x", "{x", "-1", "1.5", "true"] {
            let error = after(json).unwrap_err();
            assert!(error.contains("expected a number or a text"), "{json}: {error}");
        }
    }

    #[test]
    fn a_page_has_no_more_repositories_than_were_asked_for() {
        let repository = r#"{"phid":"","fields":{"name":"","vcs":"","status":""}}"#;
        let page = |count: usize| {
            let data = vec![repository; count].join(",");
            parse(format!("{{\"result\":{{\"data\":[{data}]}}}}").as_bytes())
        };
        assert_eq!(page(PAGE).unwrap().data.0.len(), PAGE);
        assert!(page(PAGE + 1).unwrap_err().contains("more than 100 entries"));
    }

    #[test]
    fn a_token_in_a_long_error_is_struck_out_and_not_cut_in_half() {
        secrets::remember("conduit-secret-1");
        for count in 160..200 {
            let info = "€".repeat(count) + "conduit-secret-1";
            let body = format!("{{\"error_code\":\"E\",\"error_info\":\"{info}\"}}");
            let error = parse(body.as_bytes()).unwrap_err();
            assert!(error.contains("€[s") || count > 197, "{error}");
            assert!(!error.contains("con"), "{error}");
        }
    }
}
