//! A failure of a repository or branch, as it goes from a worker to the report, and when to try again.

use std::{io::ErrorKind, time::Duration};

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    content::Missing,
    limits::{git::PATIENCE, job::JobLimits},
    net::HttpError,
};

/// How many characters the text of a failure has at most, if a worker said it.
const MAX_TEXT: usize = 4_000;

/// Why a repository or a branch failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For people: what failed, on what, and what to do.
    pub text: String,
    /// When the same work may succeed.
    pub again: Again,
}

/// When the same work may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// In the next cycle, in a worker of its own: it is not known which one of several branches exceeded a limit.
    Alone,
    /// In the next cycle: a server may be back, or the operator has mended what was wrong.
    NextCycle,
    /// After a day: something that belongs into the tarball is not there.
    NextDay,
    /// After some hours: a server was too slow or never came to an end, which holds for all branches. To try each hour
    /// would occupy a worker each hour.
    Slow,
    /// After some hours: what the server sends cannot be read, or the work did not come to an end.
    Later,
    /// When the content has changed, or the limit that it exceeded.
    OnChange,
}

impl Again {
    /// When a tarball is made again from which something is missing.
    pub fn missing(missing: &[Missing]) -> Self {
        if missing.iter().any(|it| it.may_pass) { Self::NextCycle } else { Self::NextDay }
    }
}

impl Failure {
    /// The failure of an error in a worker with these limits.
    pub(super) fn new(error: &Error, limits: &JobLimits) -> Self {
        if error.is_out_of_memory() {
            return Self::memory(limits, &format!("({error})"));
        }
        let again = match error {
            Error::TooLarge { .. }
            | Error::OtherObject { .. }
            | Error::OtherType { .. }
            | Error::ComposerRefused { .. } => Again::OnChange,
            // The mirror was fetched again in this job, so this is what upstream sends, or the disk is broken.
            Error::Damaged { .. } => Again::Later,
            error if error.is_of_content() => Again::Later,
            Error::Fetch { source, .. } if source.is_slow() => Again::Slow,
            // All branches together may be too long, or one of them.
            Error::Fetch { source: HttpError::TooLong { .. }, .. } => Again::Later,
            // Content chose the name.
            Error::Io { source, .. } if source.kind() == ErrorKind::InvalidFilename => Again::Later,
            _ => Again::NextCycle,
        };
        Self { text: error.to_string(), again }
    }

    /// The failure of an error in a worker whose last fetch took so long. What fails after a long time may take as long each
    /// time.
    pub(super) fn after_fetching(error: &Error, limits: &JobLimits, fetching: Duration) -> Self {
        let failure = Self::new(error, limits);
        let is_of_server = match error {
            Error::Fetch { source, .. } => !matches!(source, HttpError::NotAsked { .. }),
            Error::NotSent { .. } => true,
            _ => false,
        };
        if is_of_server && fetching > PATIENCE && failure.again == Again::NextCycle {
            return Self { again: Again::Slow, ..failure };
        }
        failure
    }

    /// The work exceeded a limit. `needed` is what it needed, `doing` when: "while reading".
    pub(super) fn exceeded(needed: &str, doing: &str, setting: &str, again: Again) -> Self {
        let text = format!(
            "needed more than {needed} {doing}; if its content is right, raise the setting {setting}"
        );
        Self { text, again }
    }

    /// The work needed too much memory.
    pub(super) fn memory(limits: &JobLimits, doing: &str) -> Self {
        let needed = format!("{} of memory", ByteSize(limits.memory));
        Self::exceeded(&needed, doing, "limit-memory", Again::OnChange)
    }

    /// The work needed too much disk space.
    pub(super) fn disk(limits: &JobLimits, doing: &str) -> Self {
        let needed = format!("{} on disk", ByteSize(limits.disk));
        Self::exceeded(&needed, doing, "limit-disk", Again::OnChange)
    }

    /// The tarball would be incomplete, and a complete one of an earlier commit stands.
    pub(super) fn incomplete(missing: &[Missing]) -> Self {
        let reasons: Vec<&str> = missing.iter().map(|it| it.reason.as_str()).collect();
        let text = format!(
            "would be incomplete, so the complete tarball that is published stays (setting incomplete): {}",
            reasons.join("; ")
        );
        Self { text, again: Again::missing(missing) }
    }

    /// The same failure, with a text that is not too long for a report.
    pub(super) fn cut(mut self) -> Self {
        if let Some((end, _)) = self.text.char_indices().nth(MAX_TEXT) {
            self.text.truncate(end);
            self.text.push('…');
        }
        self
    }

    /// The work failed for a reason that may be over in the next cycle.
    pub fn for_now(text: String) -> Self {
        Self { text, again: Again::NextCycle }
    }
}

/// Limits for tests.
#[cfg(test)]
pub(super) const LIMITS: JobLimits = JobLimits {
    memory: 512 << 20,
    cpu: std::time::Duration::from_secs(7),
    time: std::time::Duration::from_secs(30),
    idle: std::time::Duration::from_secs(10),
    disk: 5 << 20,
};

#[cfg(test)]
mod tests {
    use std::io;

    use git2::ErrorClass;

    use super::*;
    use crate::net::Closed;

    #[test]
    fn a_refusal_of_memory_names_the_limit_and_other_errors_stay() {
        let io = |kind: ErrorKind| Error::Io {
            action: "read",
            path: "x".into(),
            source: io::Error::from(kind),
        };
        let failure = Failure::new(&io(ErrorKind::OutOfMemory), &LIMITS);
        assert!(failure.text.contains("512.0 MiB of memory"), "{}", failure.text);
        assert!(failure.text.contains("limit-memory"), "{}", failure.text);
        assert_eq!(failure.again, Again::OnChange);
        let other = io(ErrorKind::NotFound);
        let failure = Failure::new(&other, &LIMITS);
        assert_eq!((failure.text, failure.again), (other.to_string(), Again::NextCycle));
    }

    #[test]
    fn a_refusal_of_memory_is_recognized_in_the_errors_of_libgit2() {
        let failure = |class, text| {
            let source = git2::Error::new(git2::ErrorCode::GenericError, class, text);
            Failure::new(&Error::Git { action: "fetch".to_owned(), source }, &LIMITS)
        };
        for (class, text) in [
            (ErrorClass::NoMemory, "Out of memory"),
            (ErrorClass::Zlib, "failed to init packfile stream"),
            (ErrorClass::Zlib, "failed to init zlib stream on unpack"),
            (ErrorClass::Os, "failed to mmap: Cannot allocate memory"),
        ] {
            let failure = failure(class, text);
            assert!(failure.text.contains("limit-memory"), "{text}: {}", failure.text);
            assert_eq!(failure.again, Again::OnChange, "{text}");
        }
        for (class, text) in [
            (ErrorClass::Net, "remote error: upload-pack: out of memory, try again later"),
            (ErrorClass::Net, "remote error: Cannot allocate memory"),
            (ErrorClass::None, "remote error: out of memory"),
        ] {
            let failure = failure(class, text);
            assert!(!failure.text.contains("limit-memory"), "{text}: {}", failure.text);
            assert_eq!(failure.again, Again::NextCycle, "the server has none: {text}");
        }
        let damage = failure(ErrorClass::Zlib, "error inflating zlib stream");
        assert_eq!(damage.again, Again::NextCycle);
        let delta = failure(ErrorClass::Invalid, "failed to apply delta: overly large object");
        assert_eq!(delta.again, Again::Later);
    }

    #[test]
    fn a_server_that_answers_too_much_is_asked_later() {
        let url = || "https://g.example/x".to_owned();
        let fetch = |source| Failure::new(&Error::Fetch { url: url(), source }, &LIMITS).again;
        let too_long = HttpError::TooLong { url: url(), what: "a fetch", limit: 5 };
        assert_eq!(fetch(too_long), Again::Later);
        assert_eq!(fetch(HttpError::NotAllowed { url: url() }), Again::NextCycle);
    }

    #[test]
    fn a_server_that_fails_after_a_long_time_is_asked_later() {
        let url = || "https://g.example/x".to_owned();
        let cut = || Error::Fetch {
            url: url(),
            source: HttpError::interrupted(&url(), io::Error::from(ErrorKind::UnexpectedEof)),
        };
        let refused = || Error::NotSent { url: url(), said: "no".to_owned() };
        let closed = || Error::Fetch {
            url: url(),
            source: HttpError::NotAsked { url: url(), host: url(), closed: Closed::Failures(20) },
        };
        let own = || Error::Bug("x".to_owned());
        let after = |error: Error, seconds| {
            Failure::after_fetching(&error, &LIMITS, PATIENCE + Duration::from_secs(seconds)).again
        };
        assert_eq!([cut(), refused()].map(|it| after(it, 1)), [Again::Slow; 2]);
        assert_eq!([cut(), refused()].map(|it| after(it, 0)), [Again::NextCycle; 2]);
        assert_eq!([closed(), own()].map(|it| after(it, 1)), [Again::NextCycle; 2]);
    }

    #[test]
    fn what_cannot_be_read_after_a_new_fetch_waits_for_some_hours() {
        let error = Error::Damaged {
            mirror: "m".into(),
            what: "a tree".to_owned(),
            source: git2::Error::from_str("no filemode"),
        };
        assert_eq!(Failure::new(&error, &LIMITS).again, Again::Later);
    }

    #[test]
    fn content_that_is_too_large_is_not_tried_again() {
        let error = Error::TooLarge { what: "its content".to_owned(), limit: 5, unit: "files" };
        assert_eq!(Failure::new(&error, &LIMITS).again, Again::OnChange);
    }
}
