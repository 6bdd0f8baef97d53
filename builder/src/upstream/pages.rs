//! Lists that come in pages. GitHub and GitLab name the next page in a `Link` header.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::response::{json, shortened};
use crate::{
    Error,
    limits::upstream::MAX_PAGES,
    net::{Http, HttpError, same_origin},
};

/// An entry of a list.
pub(super) trait Entry: DeserializeOwned {
    /// A name that no other entry of the list has.
    fn name(&self) -> &str;
}

/// Finds a list that has no end.
#[derive(Debug, Default)]
pub(super) struct PageGuard {
    seen: BTreeSet<String>,
    count: usize,
}

impl PageGuard {
    /// Counts a page that is not the last one, with the names of its entries.
    ///
    /// # Errors
    /// There are too many pages, or this one has nothing new; the text says which.
    pub(super) fn turn<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
        self.count += 1;
        let before = self.seen.len();
        self.seen.extend(names.map(str::to_owned));
        if self.seen.len() == before {
            Err("one of its pages has nothing new and names a next page".to_owned())
        } else if self.count >= MAX_PAGES {
            Err(format!("it has more than {MAX_PAGES} pages"))
        } else {
            Ok(())
        }
    }
}

/// All entries of the list whose first page is at the URL `first`. `whose` is who has such lists,
/// for messages.
///
/// # Errors
/// [`HttpError`] as the inner result where the first page cannot be fetched, so that another list
/// can be tried; [`Error::List`] or [`Error::ListForm`] for everything else.
pub(super) fn all<T: Entry>(
    http: &Http,
    first: &str,
    headers: &[(&str, &str)],
    whose: &str,
) -> Result<Result<Vec<T>, HttpError>, Error> {
    let what = || "repositories".to_owned();
    let form = |url: &str, reason| Error::ListForm { what: what(), reason, url: url.to_owned() };
    let mut guard = PageGuard::default();
    let mut entries = Vec::new();
    let mut url = first.to_owned();
    loop {
        let page = match http.ask(&url, headers, None) {
            Ok(page) => page,
            Err(error) if url == first => return Ok(Err(error)),
            Err(source) => return Err(Error::List { what: what(), source }),
        };
        let new: Vec<T> = json(&page.body, whose).map_err(|reason| form(&url, reason))?;
        let Some(next) = page.next else {
            entries.extend(new);
            return Ok(Ok(entries));
        };
        guard.turn(new.iter().map(T::name)).map_err(|reason| form(&url, reason))?;
        if !same_origin(&next, first) {
            let reason = format!("its next page is on another host, {}", shortened(&next));
            return Err(form(&url, reason));
        }
        entries.extend(new);
        url = next;
    }
}
