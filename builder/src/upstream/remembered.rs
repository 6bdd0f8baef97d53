//! Pages of REST lists that were answered before, with their `ETag`s: a server that says that a page is the same
//! (304) need not send it again, and some do not count such an answer.
//!
//! Of a page, only what an adapter reads is remembered. If it is lost, each page is asked for in full once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::bounded::Bounded;
use crate::limits::upstream::{MAX_REMEMBERED, MAX_REPOSITORIES};

/// The version of tardist that remembers. Another one may read other fields of an entry.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A page as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    etag: String,
    /// The URL of the page after it.
    next: Option<String>,
    /// Its entries, as JSON.
    entries: String,
}

/// How pages are written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    version: String,
    pages: BTreeMap<String, Remembered>,
}

/// The pages of the last cycle, and those of this one, by their URLs.
#[derive(Debug, Default)]
pub struct Pages {
    before: BTreeMap<String, Remembered>,
    now: Mutex<BTreeMap<String, Remembered>>,
}

impl Pages {
    /// Reads what [`text`](Self::text) has written. What cannot be read, or is of another version, is forgotten.
    pub fn read(text: &[u8]) -> Self {
        let written: Written = serde_json::from_slice(text).unwrap_or_default();
        let before = if written.version == VERSION { written.pages } else { BTreeMap::new() };
        Self { before, now: Mutex::default() }
    }

    /// What is to be remembered for the next cycle, at most [`MAX_REMEMBERED`] bytes; `None` if that is the same as
    /// before. If not everything could be listed (`is_whole` is false), pages that were not asked for stay.
    pub fn text(&self, is_whole: bool) -> Option<String> {
        let mut pages = self.now().clone();
        if !is_whole {
            let rest = self.before.iter().filter(|(url, _)| !pages.contains_key(*url));
            let rest: Vec<_> = rest.map(|(url, page)| (url.clone(), page.clone())).collect();
            pages.extend(rest);
        }
        let mut left = MAX_REMEMBERED;
        pages.retain(|url, page| {
            let size = url.len() + page.size();
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        });
        if pages == self.before {
            return None;
        }
        serde_json::to_string(&Written { version: VERSION.to_owned(), pages }).ok()
    }

    /// The `ETag` of the page at this URL, if it is remembered.
    pub(super) fn etag(&self, url: &str) -> Option<&str> {
        self.before.get(url).map(|page| page.etag.as_str())
    }

    /// The entries of the page at this URL and the URL of the next page, as they were before. `None` if they cannot be
    /// read.
    pub(super) fn again<T: DeserializeOwned>(
        &self,
        url: &str,
    ) -> Option<(Bounded<T, MAX_REPOSITORIES>, Option<String>)> {
        let page = self.before.get(url)?;
        let entries = serde_json::from_str(&page.entries).ok()?;
        self.now().insert(url.to_owned(), page.clone());
        Some((entries, page.next.clone()))
    }

    /// Notes a page that has an `ETag`.
    pub(super) fn note<T: Serialize>(
        &self,
        url: &str,
        etag: &str,
        next: Option<&str>,
        entries: &[T],
    ) {
        let Ok(entries) = serde_json::to_string(entries) else { return };
        let (etag, next) = (etag.to_owned(), next.map(str::to_owned));
        self.now().insert(url.to_owned(), Remembered { etag, next, entries });
    }

    fn now(&self) -> MutexGuard<'_, BTreeMap<String, Remembered>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn size(&self) -> usize {
        self.etag.len() + self.next.as_ref().map_or(0, String::len) + self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://h.example/list";

    fn pages(urls: &[&str]) -> Pages {
        let pages = Pages::default();
        for url in urls {
            pages.note(url, "\"1\"", Some("next"), &[1, 2]);
        }
        Pages::read(pages.text(true).unwrap_or_default().as_bytes())
    }

    #[test]
    fn a_page_is_remembered_with_its_etag_and_what_is_after_it() {
        let pages = pages(&[URL]);
        assert_eq!(pages.etag(URL), Some("\"1\""));
        let (entries, next) = pages.again::<u8>(URL).unwrap();
        assert_eq!((entries.0, next.as_deref()), (vec![1, 2], Some("next")));
        assert_eq!(pages.text(true), None, "nothing has changed");
        assert_eq!(pages.etag("https://h.example/other"), None);
        assert!(pages.again::<String>(URL).is_none(), "it is of another form");
    }

    #[test]
    fn a_page_that_is_not_asked_for_is_forgotten_unless_a_list_failed() {
        let pages = pages(&[URL, "https://h.example/other"]);
        pages.again::<u8>(URL).unwrap();
        assert_eq!(pages.text(false), None, "all stay");
        let text = pages.text(true).unwrap();
        let left = Pages::read(text.as_bytes());
        assert_eq!((left.etag(URL), left.before.len()), (Some("\"1\""), 1));
    }

    #[test]
    fn what_cannot_be_read_or_is_of_another_version_is_forgotten() {
        let pages = Pages::default();
        pages.note(URL, "\"1\"", None, &[1]);
        let text = pages.text(true).unwrap();
        assert_eq!(Pages::read(text.as_bytes()).before.len(), 1);
        let other = text.replace(VERSION, "0.0.0-other");
        for text in [other.as_str(), "", "{", "[]", &text[..text.len() - 1]] {
            assert_eq!(Pages::read(text.as_bytes()).before.len(), 0, "{text}");
        }
    }

    #[test]
    fn no_more_is_remembered_than_is_allowed() {
        let pages = Pages::default();
        let long = "x".repeat(MAX_REMEMBERED / 3);
        for number in 0..5 {
            pages.note(&number.to_string(), "\"1\"", None, &[&long]);
        }
        let text = pages.text(true).unwrap();
        assert_eq!(Pages::read(text.as_bytes()).before.len(), 2);
    }
}
