//! The repositories of a Phabricator or Phorge, by Conduit's `diffusion.repository.search`
//! (<https://we.phorge.it/conduit/method/diffusion.repository.search/>,
//! <https://we.phorge.it/book/phorge/article/conduit_search/>).
//!
//! Each page is a POST with `api.token` and gives 100 repositories; the attachment `uris` has their
//! clone URLs. Errors are in the JSON of a 200 response.

use std::collections::BTreeSet;

use serde::Deserialize;
use tardist_contract::BranchName;

use super::{
    adapter::{Adapter, Key, Values},
    listing::{Listing, Upstream},
    pages::PageGuard,
    prefixes::{self, Prefixes},
    response::{json, shortened},
    token::{self, Token},
};
use crate::{
    Error,
    net::{Http, Origin, same_origin},
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
    ],
    check,
    open,
};

fn check(values: &Values) -> Result<(), String> {
    let url = values.url();
    if values.text(token::KEY.name).is_none() {
        return Err(format!(
            "a phabricator upstream needs a Conduit API token; write it into a file, and a table in the \
             configuration file: [[upstream]] type = \"phabricator\", url = {url:?}, token-file = \
             \"FILE\""
        ));
    }
    Prefixes::of(values)?;
    token::check(values, url)
}

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let url = values.url().to_owned();
    Ok(Box::new(Phabricator {
        git_url: values.text("git-url").unwrap_or(&url).to_owned(),
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
}

#[derive(Debug, Deserialize)]
struct ConduitResponse {
    result: Option<SearchResult>,
    error_code: Option<String>,
    error_info: Option<String>,
}

#[derive(Debug, Deserialize)]
struct SearchResult {
    data: Vec<Repository>,
    #[serde(default)]
    cursor: Cursor,
}

#[derive(Debug, Default, Deserialize)]
struct Cursor {
    /// Digits; whether a string or a number depends on the version.
    #[serde(default)]
    after: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    phid: String,
    fields: Fields,
    #[serde(default)]
    attachments: Attachments,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    name: String,
    short_name: Option<String>,
    vcs: String,
    status: String,
}

#[derive(Debug, Default, Deserialize)]
struct Attachments {
    #[serde(default)]
    uris: Uris,
}

#[derive(Debug, Default, Deserialize)]
struct Uris {
    #[serde(default)]
    uris: Vec<UriEntry>,
}

#[derive(Debug, Deserialize)]
struct UriEntry {
    fields: UriFields,
}

#[derive(Debug, Deserialize)]
struct UriFields {
    uri: Effective,
    io: Effective,
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Deserialize)]
struct Effective {
    #[serde(default)]
    effective: String,
}

impl Repository {
    /// The URL to clone from: a readable one on `host`. If there is none, the first readable http
    /// URL, which the message about the wrong host then names.
    fn clone_url(&self, host: &str) -> Option<&str> {
        let urls = || {
            let entries = self.attachments.uris.uris.iter().map(|entry| &entry.fields);
            entries
                .filter(|it| !it.disabled && matches!(&*it.io.effective, "read" | "readwrite"))
                .map(|it| it.uri.effective.as_str())
                .filter(|url| Origin::of(url).is_some())
        };
        urls().find(|url| same_origin(url, host)).or_else(|| urls().next())
    }
}

impl Phabricator {
    /// Asks for the page after this cursor, or for the first one.
    fn page(&self, http: &Http, after: Option<&str>) -> Result<SearchResult, Error> {
        let url = format!("{}/api/diffusion.repository.search", self.url);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("api.token", self.token.secret())
            .append_pair("queryKey", "active")
            .append_pair("order", "oldest")
            .append_pair("attachments[uris]", "1")
            .append_pair("limit", "100");
        if let Some(after) = after {
            form.append_pair("after", after);
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let what = || "repositories".to_owned();
        let page = http
            .ask(&url, &headers, Some(form.finish().as_bytes()))
            .map_err(|source| Error::List { what: what(), source })?;
        let result = json::<ConduitResponse>(&page.body, "a Phabricator").and_then(|response| {
            if let Some(code) = response.error_code {
                let info = response.error_info.unwrap_or_default();
                return Err(format!("Conduit says {}: {}", shortened(&code), shortened(&info)));
            }
            response.result.ok_or_else(|| "it has no `result`; is this a Phabricator?".to_owned())
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

    fn list(&self, http: &Http, _: &BTreeSet<BranchName>) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let mut guard = PageGuard::default();
        let mut after: Option<String> = None;
        loop {
            let result = self.page(http, after.as_deref())?;
            for repository in &result.data {
                let fields = &repository.fields;
                if fields.vcs != "git" || fields.status != "active" {
                    continue;
                }
                let name = fields.short_name.as_ref().unwrap_or(&fields.name);
                if let Some((kind, name)) = self.prefixes.split(name) {
                    let url = repository.clone_url(&self.git_url).unwrap_or_default();
                    listing.add(kind, name, url, &self.git_url);
                }
            }
            after = result.cursor.after.and_then(|after| match after {
                serde_json::Value::String(text) => Some(text),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            });
            if after.is_none() {
                return Ok(listing);
            }
            let phids = result.data.iter().map(|repository| repository.phid.as_str());
            guard.turn(phids).map_err(|reason| Error::ListForm {
                what: "repositories".to_owned(),
                reason,
                url: self.url.clone(),
            })?;
        }
    }
}
