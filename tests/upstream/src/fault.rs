//! Faults on demand: how the next answers go wrong.

use std::time::Duration;

use percent_encoding::percent_decode_str;

/// One way for an answer to go wrong. All of them apply to REST and Git requests alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status with a line of text.
    Status {
        /// The HTTP status code.
        code: u16,
        /// Seconds for the header `Retry-After`; without it, no such header.
        retry_after: Option<u32>,
    },
    /// 200 with an HTML login page, as a proxy or a lost session answers.
    Html,
    /// The first half of the right body, as a complete answer: a JSON document that breaks off.
    TruncatedJson,
    /// 200 without a body.
    Empty,
    /// The connection is closed without an answer.
    Hangup,
    /// The right answer, this much later.
    Stall(Duration),
    /// 302 to this address.
    Redirect(String),
}

/// The faults that are set, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    substring: String,
    fault: Fault,
    /// How often it still applies; `None` for always.
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

    /// The fault for a request of this path and query, used up by one.
    ///
    /// The oldest rule that matches wins, so rules set one after the other make a sequence. A rule
    /// may be written with the percent-encoding of the request or without: `extensions/Foo` finds
    /// the Git paths and `extensions%2FFoo` alike.
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
    fn a_rule_finds_encoded_and_decoded_paths() {
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
