//! Lists in pages: GitHub and GitLab tell by a `Link` header where the list goes on.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::listing::{self, json};
use crate::{
    Error,
    net::http::{self, Http, HttpError},
};

/// The most pages of one list that are asked for: 100,000 repositories at 100 a page, which is more
/// than any organization has.
pub(super) const MAX_PAGES: usize = 1000;

/// A page with a name for each of its entries.
pub(super) trait Entry: DeserializeOwned {
    /// What no other entry is called.
    fn name(&self) -> &str;
}

/// A guard against a list without an end.
#[derive(Debug, Default)]
pub(super) struct Pages {
    seen: BTreeSet<String>,
    count: usize,
}

impl Pages {
    /// Counts a page that is not the last one.
    ///
    /// # Errors
    /// What is wrong: too many, or nothing new on it.
    pub(super) fn turn<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
        self.count += 1;
        let before = self.seen.len();
        self.seen.extend(names.map(str::to_owned));
        if self.seen.len() == before {
            Err("one of its pages has nothing new and says that there are more".to_owned())
        } else if self.count >= MAX_PAGES {
            Err(format!("it has more than {MAX_PAGES} pages"))
        } else {
            Ok(())
        }
    }
}

/// All entries of the list that begins at `first`.
///
/// # Errors
/// [`HttpError`] as the inner result for the first page, so that another list can be tried;
/// [`Error::List`] or [`Error::ListForm`] for all else.
pub(super) fn all<T: Entry>(
    http: &Http,
    first: &str,
    headers: &[(&str, &str)],
    whose: &str,
) -> Result<Result<Vec<T>, HttpError>, Error> {
    let what = || "repositories".to_owned();
    let form = |url: &str, reason| Error::ListForm { what: what(), reason, url: url.to_owned() };
    let mut pages = Pages::default();
    let mut entries = Vec::new();
    let mut url = first.to_owned();
    loop {
        let answer = match http.ask(&url, headers, None) {
            Ok(answer) => answer,
            Err(error) if url == first => return Ok(Err(error)),
            Err(source) => return Err(Error::List { what: what(), source }),
        };
        let page: Vec<T> = json(&answer.body, whose).map_err(|reason| form(&url, reason))?;
        let Some(next) = answer.next else {
            entries.extend(page);
            return Ok(Ok(entries));
        };
        pages.turn(page.iter().map(T::name)).map_err(|reason| form(&url, reason))?;
        if !http::same_origin(&next, first) {
            let reason = format!("its next page is on another host, {}", listing::shortened(&next));
            return Err(form(&url, reason));
        }
        entries.extend(page);
        url = next;
    }
}
