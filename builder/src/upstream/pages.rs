//! Lists that come in pages. GitHub, GitLab and Gitea name the next page in a `Link` header.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    bounded::Bounded,
    remembered::Pages,
    response::{json, shortened},
};
use crate::{
    Error,
    limits::upstream::{MAX_ETAG, MAX_LIST, MAX_LIST_TIME, MAX_NEXT, MAX_PAGES, MAX_REPOSITORIES},
    net::{self, Http, HttpError, same_origin},
};

/// An entry of a list.
pub(super) trait Entry: DeserializeOwned + Serialize {
    /// A name that no other entry of the list has.
    fn name(&self) -> &str;
}

/// Full pages have a multiple of so many entries. A last page that is full is not remembered: if another one comes to be
/// after it, it does not change itself.
const FULL: usize = 50;

/// The entries of one page.
pub(super) type Page<T> = Bounded<T, MAX_REPOSITORIES>;

/// How much of a list is read.
#[derive(Debug, Clone, Copy)]
struct ListLimits {
    pages: usize,
    entries: usize,
    /// Of all pages together.
    bytes: u64,
    /// Of all pages together.
    time: Duration,
}

/// Finds a list that has no end, or is longer than any real one.
#[derive(Debug)]
pub(super) struct ListGuard {
    limits: ListLimits,
    start: Instant,
    seen: BTreeSet<String>,
    pages: usize,
    entries: usize,
    bytes: u64,
}

impl Default for ListGuard {
    fn default() -> Self {
        Self::new(ListLimits {
            pages: MAX_PAGES,
            entries: MAX_REPOSITORIES,
            bytes: MAX_LIST,
            time: MAX_LIST_TIME,
        })
    }
}

impl ListGuard {
    fn new(limits: ListLimits) -> Self {
        let start = Instant::now();
        Self { limits, start, seen: BTreeSet::new(), pages: 0, entries: 0, bytes: 0 }
    }

    /// Counts a page of so many bytes and entries.
    ///
    /// # Errors
    /// The list is too long; the text says in which way.
    pub(super) fn page(&mut self, bytes: usize, entries: usize) -> Result<(), String> {
        self.pages += 1;
        self.bytes += bytes as u64;
        self.entries += entries;
        let ListLimits { pages, entries, bytes, time } = self.limits;
        let too_long = if self.pages > pages {
            format!("it has more than {pages} pages")
        } else if self.entries > entries {
            format!("it has more than {entries} entries")
        } else if self.bytes > bytes {
            format!("its pages have more than {} MiB together", bytes >> 20)
        } else if self.start.elapsed() > time {
            format!("it took longer than {} s", time.as_secs())
        } else {
            return Ok(());
        };
        Err(format!("{too_long}, the most that tardist takes; docs/builder.md explains the limits"))
    }

    /// Looks for something new on a page that is not the last one, in the names of its entries.
    ///
    /// # Errors
    /// There is nothing new.
    pub(super) fn turn<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
        let before = self.seen.len();
        self.seen.extend(names.map(str::to_owned));
        if self.seen.len() == before {
            return Err("one of its pages has nothing new and names a next page".to_owned());
        }
        Ok(())
    }
}

/// All entries of the list whose first page is at the URL `first`. `whose` is who has such lists,
/// for messages. Pages that are remembered are only asked whether they are still the same.
///
/// # Errors
/// [`HttpError`] as the inner result where the first page cannot be fetched, so that another list
/// can be tried; [`Error::List`] or [`Error::ListForm`] for everything else.
pub(super) fn all<T: Entry>(
    http: &Http,
    remembered: &Pages,
    first: &str,
    headers: &[(&str, &str)],
    whose: &str,
) -> Result<Result<Vec<T>, HttpError>, Error> {
    let what = || "repositories".to_owned();
    let form = |url: &str, reason| Error::ListForm { what: what(), reason, url: url.to_owned() };
    let mut guard = ListGuard::default();
    let mut entries = Vec::new();
    let mut url = first.to_owned();
    loop {
        let page = match page(http, remembered, &url, headers) {
            Ok(page) => page,
            Err(error) if url == first => return Ok(Err(error)),
            Err(source) => return Err(Error::List { what: what(), source }),
        };
        let (bytes, new, next) = match page {
            Answer::Again(Bounded(new), next) => (0, new, next),
            Answer::New(page) => {
                let new: Page<T> = json(&page.body, whose).map_err(|reason| form(&url, reason))?;
                let Bounded(new) = new;
                let is_remembered = page.next.is_some() || new.len() % FULL > 0;
                if let Some(etag) = page.etag.filter(|it| is_remembered && it.len() <= MAX_ETAG) {
                    remembered.note(&url, &etag, page.next.as_deref(), &new);
                }
                (page.body.len(), new, page.next)
            }
        };
        guard.page(bytes, new.len()).map_err(|reason| form(&url, reason))?;
        let Some(next) = next else {
            entries.extend(new);
            return Ok(Ok(entries));
        };
        guard.turn(new.iter().map(T::name)).map_err(|reason| form(&url, reason))?;
        if next.len() > MAX_NEXT {
            let reason = format!("the URL of its next page has more than {MAX_NEXT} bytes");
            return Err(form(&url, reason));
        }
        if !same_origin(&next, first) {
            let reason = format!("its next page is on another host, {}", shortened(&next));
            return Err(form(&url, reason));
        }
        entries.extend(new);
        url = next;
    }
}

/// A page of a list.
enum Answer<T> {
    /// It is as it was before: its entries, and the URL of the next page.
    Again(Page<T>, Option<String>),
    /// As the server answered it.
    New(net::Page),
}

/// Asks for a page, or if it is remembered, for another one.
fn page<T: Entry>(
    http: &Http,
    remembered: &Pages,
    url: &str,
    headers: &[(&str, &str)],
) -> Result<Answer<T>, HttpError> {
    if let Some(etag) = remembered.etag(url) {
        match http.ask_for_other(url, headers, etag)? {
            Some(page) => return Ok(Answer::New(page)),
            None => {
                if let Some((entries, next)) = remembered.again(url) {
                    return Ok(Answer::Again(entries, next));
                }
            }
        }
    }
    http.ask(url, headers, None).map(Answer::New)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ListLimits =
        ListLimits { pages: 3, entries: 10, bytes: 5 << 20, time: Duration::MAX };

    /// What is wrong with a list of these pages: bytes and entries of each.
    fn wrong(limits: ListLimits, pages: &[(usize, usize)]) -> Option<String> {
        let mut guard = ListGuard::new(limits);
        pages.iter().find_map(|(bytes, entries)| guard.page(*bytes, *entries).err())
    }

    #[test]
    fn a_list_ends_at_each_of_its_limits() {
        assert_eq!(wrong(LIMITS, &[(5 << 20, 4), (0, 6), (0, 0)]), None);
        for (pages, says) in [
            (&[(1, 1); 4][..], "more than 3 pages"),
            (&[(1, 6), (1, 5)], "more than 10 entries"),
            (&[(3 << 20, 1), (3 << 20, 1)], "more than 5 MiB"),
        ] {
            let wrong = wrong(LIMITS, pages).unwrap();
            assert!(wrong.contains(says) && wrong.contains("docs/builder.md"), "{wrong}");
        }
        let late = wrong(ListLimits { time: Duration::ZERO, ..LIMITS }, &[(1, 1)]).unwrap();
        assert!(late.contains("longer than 0 s"), "{late}");
    }

    #[test]
    fn a_page_with_nothing_new_is_not_followed() {
        let mut guard = ListGuard::default();
        assert_eq!(guard.turn(["a", "b"].into_iter()), Ok(()));
        assert_eq!(guard.turn(["b", "c"].into_iter()), Ok(()));
        assert!(guard.turn(["a", "c"].into_iter()).unwrap_err().contains("nothing new"));
        assert!(guard.turn([].into_iter()).is_err());
    }
}
