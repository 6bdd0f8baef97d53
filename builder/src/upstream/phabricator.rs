//! The repositories of a Phabricator or Phorge, by Conduit's `diffusion.repository.search`
//! (<https://we.phorge.it/conduit/method/diffusion.repository.search/>,
//! <https://we.phorge.it/book/phorge/article/conduit_search/>).
//!
//! A POST with `api.token` a page, 100 repositories each; the attachment `uris` has their clone
//! URLs. Errors come with status 200 and stand in the JSON.

use std::collections::BTreeSet;

use serde::Deserialize;
use tardist_contract::BranchName;

use super::{
    Listing, Prefixes, Upstream,
    listing::{json, shortened},
    pages::Pages,
    spec::Token,
};
use crate::{
    Error,
    net::http::{self, Http},
};

/// A Phabricator.
#[derive(Debug)]
pub struct Phabricator {
    /// Its base URL.
    pub url: String,
    /// Where its Git is: a URL on the host of its clone URLs.
    pub git_url: String,
    /// How names tell the kind.
    pub prefixes: Prefixes,
    /// A Conduit API token.
    pub token: Token,
}

#[derive(Debug, Deserialize)]
struct Answer {
    result: Option<Found>,
    error_code: Option<String>,
    error_info: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Found {
    data: Vec<Repository>,
    #[serde(default)]
    cursor: Cursor,
}

#[derive(Debug, Default, Deserialize)]
struct Cursor {
    /// Digits; of which JSON type depends on the version.
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
    /// The URL to clone from: one that may be read and is on `host`; else the first that may be
    /// read over HTTP, which is then named as being elsewhere.
    fn clone_url(&self, host: &str) -> Option<&str> {
        let urls = || {
            let entries = self.attachments.uris.uris.iter().map(|entry| &entry.fields);
            entries
                .filter(|it| !it.disabled && matches!(&*it.io.effective, "read" | "readwrite"))
                .map(|it| it.uri.effective.as_str())
                .filter(|url| http::origin_of(url).is_some())
        };
        urls().find(|url| http::same_origin(url, host)).or_else(|| urls().next())
    }
}

impl Phabricator {
    /// The page after this cursor.
    fn page(&self, http: &Http, after: Option<&str>) -> Result<Found, Error> {
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
        let answer = http
            .ask(&url, &headers, Some(form.finish().as_bytes()))
            .map_err(|source| Error::List { what: what(), source })?;
        let found = json::<Answer>(&answer.body, "a Phabricator").and_then(|answer| {
            if let Some(code) = answer.error_code {
                let info = answer.error_info.unwrap_or_default();
                return Err(format!("Conduit says {}: {}", shortened(&code), shortened(&info)));
            }
            answer.result.ok_or_else(|| "it has no `result`; is this a Phabricator?".to_owned())
        });
        found.map_err(|reason| Error::ListForm { what: what(), reason, url })
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
        let mut pages = Pages::default();
        let mut after: Option<String> = None;
        loop {
            let found = self.page(http, after.as_deref())?;
            for repository in &found.data {
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
            after = found.cursor.after.and_then(|after| match after {
                serde_json::Value::String(text) => Some(text),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            });
            if after.is_none() {
                return Ok(listing);
            }
            pages.turn(found.data.iter().map(|it| it.phid.as_str())).map_err(|reason| {
                Error::ListForm { what: "repositories".to_owned(), reason, url: self.url.clone() }
            })?;
        }
    }
}
