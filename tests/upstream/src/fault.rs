//! Faults on demand: which of the next answers go wrong, and how.

use std::{sync::Arc, time::Duration};

use percent_encoding::percent_decode_str;

/// A way for an answer to go wrong. All of them apply to REST and to Git requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An answer with this status and a line of text.
    Status {
        /// The HTTP status code.
        code: u16,
        /// The header `Retry-After`, sent as it is: seconds, an HTTP date, or nonsense. `None` for no
        /// such header.
        retry_after: Option<String>,
    },
    /// 200 with an HTML login page, as a proxy sends it, or a server whose session has ended.
    Html,
    /// The first half of the right body, as a complete answer. So JSON or a pack ends too early.
    Truncated,
    /// The first half of the right body. Then the connection breaks.
    Cut,
    /// The right body with one wrong byte: in its pack if it has one, else in its middle.
    Corrupt,
    /// 200 without a body.
    Empty,
    /// 200 with a list of projects that has no project.
    EmptyList,
    /// The connection is closed without an answer.
    Hangup,
    /// No answer at all. The connection stays open.
    BlackHole,
    /// The right answer, after this time.
    Stall(Duration),
    /// The right answer, as soon as the faults are cleared.
    Hold,
    /// 302 to this URL.
    Redirect(String),
    /// The right answer, four bytes a second.
    Drip,
    /// The right answer, with headers of 100 kB.
    HugeHeaders,
    /// 200 with spaces, without an end.
    Endless,
    /// 200 with 128 kB that a client unpacks to 128 MiB of spaces.
    GzipBomb,
    /// A page of a project list with one project, and another page after it, whatever page is asked
    /// for.
    EndlessPages,
    /// The answer to a fetch: progress messages without an end. Only for `git-upload-pack`.
    EndlessProgress,
    /// The answer to a fetch: a pack with an object without an end. Only for `git-upload-pack`.
    EndlessObject,
    /// The answer to a fetch: this pack, whatever was asked for. Only for `git-upload-pack`.
    Pack(Arc<[u8]>),
    /// Git's dumb protocol: the list of refs is a file, and there is nothing that answers a POST.
    Dumb,
    /// The right answer to whoever sends this header `Authorization`, and 401 to all others.
    Login(String),
    /// 200 with an error of Git (`ERR …`) whose text quotes the header `Authorization`, and this.
    Quoting(String),
    /// Git as Phorge serves it: the header `Git-Protocol` is lost on the way, so that only protocol 0 is spoken,
    /// and the body of a request by protocol 2 is answered by 500.
    Protocol0,
}

impl Fault {
    /// An answer with this status, without `Retry-After`.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None }
    }

    /// An answer with this status and this `Retry-After`.
    pub fn busy(code: u16, retry_after: impl Into<String>) -> Self {
        Self::Status { code, retry_after: Some(retry_after.into()) }
    }
}

/// The faults that are set, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    substring: String,
    fault: Fault,
    /// How many more times it applies; `None` for always.
    left: Option<u32>,
}

impl Faults {
    pub(crate) fn add(&mut self, substring: &str, fault: Fault, times: Option<u32>) {
        if times != Some(0) {
            self.0.push(Rule { substring: substring.to_owned(), fault, left: times });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault for a request with this path and query. It is then used up by one time.
    ///
    /// The oldest rule that matches wins, so that rules make a sequence in the order in which they
    /// were set. A rule matches the target as it was sent and after percent-decoding:
    /// `extensions/Foo` matches the paths of Git and `extensions%2FFoo`.
    pub(crate) fn take(&mut self, target: &str) -> Option<Fault> {
        let decoded = percent_decode_str(target).decode_utf8_lossy();
        let position = self.0.iter().position(|rule| {
            target.contains(&rule.substring) || decoded.contains(&rule.substring)
        })?;
        let rule = &mut self.0[position];
        let fault = rule.fault.clone();
        if let Some(left) = &mut rule.left {
            *left -= 1;
            if *left == 0 {
                self.0.remove(position);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_used_up_in_the_order_they_were_set() {
        let mut faults = Faults::default();
        faults.add("Foo", Fault::Empty, Some(2));
        faults.add("Foo", Fault::Html, None);
        faults.add("Foo", Fault::Hangup, Some(0));
        let taken: Vec<_> = (0..4).map(|_| faults.take("/r/Foo/info/refs")).collect();
        assert_eq!(taken[..2], [Some(Fault::Empty), Some(Fault::Empty)]);
        assert_eq!(taken[2..], [Some(Fault::Html), Some(Fault::Html)]);
        assert_eq!(faults.take("/r/Bar/info/refs"), None);
        faults.clear();
        assert_eq!(faults.take("/r/Foo/info/refs"), None);
    }

    #[test]
    fn a_rule_matches_encoded_and_decoded_paths() {
        let mut faults = Faults::default();
        faults.add("extensions/Foo", Fault::Html, None);
        assert!(faults.take("/r/mediawiki/extensions/Foo/info/refs").is_some());
        assert!(faults.take("/r/projects/mediawiki%2Fextensions%2FFoo/branches").is_some());
        faults.clear();
        faults.add("%2FFoo", Fault::Html, None);
        assert!(faults.take("/r/projects/mediawiki%2Fextensions%2FFoo/branches").is_some());
        assert!(faults.take("/r/mediawiki/extensions/Foo/info/refs").is_none());
    }
}
