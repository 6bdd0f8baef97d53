//! The errors of the builder. Each says what failed, on what, and what to do where that is known.

use std::{
    fmt::{self, Write},
    io,
    path::PathBuf,
};

use git2::ErrorClass;
use tardist_contract::{BranchName, CommitId};

use crate::{
    net::{HttpError, RequestError},
    secrets,
};

/// The exit status if something failed, and the rest went well.
pub(crate) const PARTLY_FAILED: u8 = 3;

/// The exit status for a full disk.
pub(crate) const OUT_OF_SPACE: u8 = 6;

/// What the system says on a full disk (`strerror(3)`), where only its text is known.
pub(crate) const NO_SPACE_TEXTS: [&str; 2] = ["No space left", "quota exceeded"];

/// What libgit2 says when memory was refused and its error does not say so: the system's text (`strerror(3)`), and
/// that of `inflateInit`, which fails for nothing else.
const NO_MEMORY_TEXTS: [&str; 3] = ["out of memory", "Cannot allocate memory", "failed to init "];

/// What kind of failure of an object store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// It cannot be reached, does not answer in time, or has a fault of its own. A later try may succeed.
    Unreachable,
    /// It refuses the request: the credentials, the bucket, a clock that is off.
    Refused,
    /// There is no such object.
    Missing,
    /// Somebody else has written the object meanwhile.
    Conflict,
    /// What it has is not what it should be: another hash, another signature, another version, an older one.
    Content,
    /// The disk below a store that is a folder is full.
    Full,
}

/// A failed action and what it failed on.
///
/// An error of one repository or branch goes into the report, and the cycle continues with the others. Any
/// other error ends the cycle; what it has published until then stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or the configuration is wrong. The text says what to write.
    #[error("{0}")]
    Config(String),
    /// Another builder holds the lock of the data directory.
    #[error("another tardist is running in {}: wait for it to end, or use another data directory (--data)", path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no snapshot, or none that can be read.
    #[error("there is no snapshot in {}: run `tardist sync` first", path.display())]
    NothingPublished {
        /// The data directory.
        path: PathBuf,
    },
    /// Nothing was published before, and nothing can be now.
    #[error("there is nothing to publish: no tarball could be made")]
    NothingToPublish,
    /// A file or folder of the data directory could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action, as a verb: "create", "rename".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The list of repositories could not be fetched from the upstream.
    #[error("cannot fetch the list of {what}: {source}")]
    List {
        /// What is listed: a Gerrit prefix, "repositories".
        what: String,
        /// The HTTP error.
        source: HttpError,
    },
    /// The upstream's list is not in the form that this type of upstream uses.
    #[error("the list of {what} is not valid: {reason} ({url})")]
    ListForm {
        /// What is listed: a Gerrit prefix, "repositories".
        what: String,
        /// What is wrong with the list.
        reason: String,
        /// The URL of the list.
        url: String,
    },
    /// A fetch over HTTP failed.
    #[error("fetch from {url} failed: {source}")]
    Fetch {
        /// The repository's URL.
        url: String,
        /// The HTTP error.
        source: HttpError,
    },
    /// A Git server said an error in place of a pack, or in the middle of one.
    #[error("fetch from {url} failed: its server says {said:?}")]
    NotSent {
        /// The repository's URL.
        url: String,
        /// What the server says, without its secrets.
        said: String,
    },
    /// A Git server refused a repository to whom it knows by credentials.
    #[error(
        "{0}; the credentials of its upstream (git-credentials-file) were sent: look whether they are still right, and \
         whether they reach this repository"
    )]
    Refused(Box<Error>),
    /// The response of the Git server is not a list of refs.
    #[error("cannot list the branches of {url}: {reason}")]
    Refs {
        /// The repository's URL.
        url: String,
        /// What is wrong with the response.
        reason: String,
    },
    /// The upstream lists a clone URL on a host that is not the upstream's. No request is sent there.
    #[error(
        "its clone URL {url} is not on {host}, the host that its upstream is configured for, so nothing \
         was fetched"
    )]
    Elsewhere {
        /// The clone URL.
        url: String,
        /// The upstream's host, as a URL.
        host: String,
    },
    /// The upstream offers the repository over SSH alone, or not at all.
    #[error(
        "{host} lists no http or https URL to clone it from, so nothing was fetched; its owners can enable one"
    )]
    NoCloneUrl {
        /// The upstream, as a URL.
        host: String,
    },
    /// libgit2 failed.
    #[error("cannot {action}: {}", source.message())]
    Git {
        /// The action and its object: "open the mirror PATH".
        action: String,
        /// The error of libgit2.
        source: git2::Error,
    },
    /// An object is missing from a mirror, or cannot be read. The mirror can be fetched again.
    #[error("cannot read {what} from the mirror {}: {}", mirror.display(), source.message())]
    Damaged {
        /// The mirror's folder.
        mirror: PathBuf,
        /// The object: "commit ID".
        what: String,
        /// The error of libgit2.
        source: git2::Error,
    },
    /// Composer may not run for a branch, because of its content.
    #[error("composer is not run for it: {reason}")]
    ComposerRefused {
        /// What is dangerous.
        reason: String,
    },
    /// Composer cannot be started.
    #[error("composer failed: {reason}")]
    Composer {
        /// Why, with the end of Composer's output.
        reason: String,
    },
    /// The upstream lists a branch, but its Git server does not have the branch.
    #[error(
        "upstream lists {branch}{}, but its Git server has no such commit; the branch may have just been \
         deleted or moved; the next cycle tries again",
        listed.as_ref().map(|commit| format!(" at {}", commit.short())).unwrap_or_default()
    )]
    NoCommit {
        /// The branch.
        branch: BranchName,
        /// The commit of the branch in the upstream's list.
        listed: Option<CommitId>,
    },
    /// A branch points to something else than a commit.
    #[error("{branch} points to a {kind}, and not to a commit: there is nothing to distribute")]
    OtherObject {
        /// The branch.
        branch: BranchName,
        /// The type of the object, as Git names it: "blob", "tag".
        kind: &'static str,
    },
    /// A tree says that an object is of a type that it is not.
    #[error("{what} is a {kind}: a tree names it as something else")]
    OtherType {
        /// The object, as the tree has it: "the blob ID".
        what: String,
        /// Its type, as Git names it: "tree".
        kind: &'static str,
    },
    /// Something that comes from outside is larger than its [limit](crate::limits).
    #[error(
        "{what} has more than {limit} {unit}, the most that tardist takes; docs/builder.md explains the limits"
    )]
    TooLarge {
        /// What is too large: "its content", ".gitmodules".
        what: String,
        /// The limit.
        limit: u64,
        /// The unit of the limit: "files", "bytes".
        unit: &'static str,
    },
    /// The upstreams list far less than is published.
    #[error(
        "{losses}. That is more than {max_loss} % (setting max-loss), so it is taken for a fault of the upstream, and \
         nothing is changed. If it is right, run `tardist sync --accept-loss`"
    )]
    MassLoss {
        /// What would be lost.
        losses: String,
        /// The setting `max-loss`.
        max_loss: usize,
    },
    /// Much of what is published is not on the builder's disk any more, and could not be made again. The store has it.
    #[error(
        "{losses}: it is not on this disk any more and could not be made again. The store still has it, so nothing is \
         published, and the next cycle tries again. To publish without it, run `tardist sync --accept-loss`"
    )]
    DiskLoss {
        /// What would be lost.
        losses: String,
    },
    /// SQLite failed on the builder's state.
    #[error(
        "cannot {action} the builder's state {}: {source}; look at that disk, and whether a newer tardist was \
         here; without that file it is made again from the snapshot",
        path.display()
    )]
    State {
        /// The action, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// SQLite failed on a snapshot.
    #[error("cannot {action} the snapshot {}: {source}", path.display())]
    Snapshot {
        /// The action, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// A request to the object store failed, or the store does not have what it should have.
    #[error("cannot {action} the store {store}: {reason}")]
    Store {
        /// The action, as a verb and its object: "read current.json from".
        action: String,
        /// The URL of the store, as it is configured.
        store: String,
        /// What is wrong, and what to do.
        reason: String,
        /// What kind of failure this is.
        fault: StoreFault,
    },
    /// A name from the upstream cannot be used in file names and URLs.
    #[error(transparent)]
    Name(#[from] tardist_contract::NameError),
    /// Something that only a fault of the builder itself can cause.
    #[error("a bug in tardist: {0}; please report it")]
    Bug(String),
}

impl Error {
    /// True if the same action may succeed later, with nothing changed: the network or a server was down.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::List { source, .. } | Self::Fetch { source, .. } => source.is_transient(),
            Self::NotSent { .. } => true,
            Self::Store { fault, .. } => *fault == StoreFault::Unreachable,
            Self::Git { source, .. } => {
                matches!(source.class(), ErrorClass::Net | ErrorClass::Http | ErrorClass::Indexer)
            }
            _ => false,
        }
    }

    /// The exit status of a command that this error ends. docs/builder.md has their table.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Config(_) => 2,
            Self::Locked { .. } => 4,
            Self::List { source, .. } if source.is_transient() => 5,
            Self::Store { fault: StoreFault::Unreachable, .. } => 5,
            error if error.is_out_of_space() => OUT_OF_SPACE,
            _ => 1,
        }
    }

    /// True if the disk is full.
    pub fn is_out_of_space(&self) -> bool {
        match self {
            // libgit2 has only the text of the system (`strerror(3)`).
            Self::Git { source, .. } => says(source, &NO_SPACE_TEXTS),
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Store { fault, .. } => *fault == StoreFault::Full,
            Self::State { source, .. } | Self::Snapshot { source, .. } => {
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            _ => false,
        }
    }

    /// True if the system refused memory.
    pub fn is_out_of_memory(&self) -> bool {
        match self {
            Self::Git { source, .. } | Self::Damaged { source, .. } => {
                source.class() == ErrorClass::NoMemory || says(source, &NO_MEMORY_TEXTS)
            }
            Self::Io { source, .. } => source.kind() == io::ErrorKind::OutOfMemory,
            // Each thread has a stack of its own.
            Self::Bug(text) => text.contains("failed to spawn thread"),
            _ => false,
        }
    }

    /// True if objects cannot be read although they came whole: zlib's checksum or the hash was right, so this is what
    /// upstream has.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::Git { source, .. } if source.class() == ErrorClass::Invalid)
    }

    /// True if what a server sent is no whole pack. Asked again, it would most likely send the same.
    pub fn is_wrong_pack(&self) -> bool {
        matches!(self, Self::Git { source, .. } if source.class() == ErrorClass::Indexer)
    }

    /// True if another try in the same cycle makes sense. An answer that comes too slowly would take as long
    /// again, a wrong pack as many bytes, and a server that says why it sends nothing would say it again.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::NotSent { .. } => false,
            Self::List { source, .. } | Self::Fetch { source, .. } => source.is_worth_a_retry(),
            _ => self.is_transient() && !self.is_wrong_pack(),
        }
    }
}

/// True for a character that does not show itself in a message, and changes how the rest of it looks: a terminal obeys
/// control characters, a log takes some for the end of a line, and others turn the direction of the text, so that a URL
/// seems to be of another host (<https://www.unicode.org/reports/tr9/>).
pub(crate) fn is_disguise(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// True if the system says one of these texts in an error of libgit2. A server may say the same of itself, which is another
/// matter: that is no want of this machine.
fn says(error: &git2::Error, texts: &[&str]) -> bool {
    let is_of_server = matches!(error.class(), ErrorClass::Net | ErrorClass::Http)
        || error.message().starts_with("remote error");
    !is_of_server && texts.iter().any(|text| error.message().contains(text))
}

impl RequestError for Error {
    fn http(&self) -> Option<&HttpError> {
        match self {
            Self::List { source, .. } | Self::Fetch { source, .. } => Some(source),
            _ => None,
        }
    }

    fn is_transient(&self) -> bool {
        self.is_transient()
    }

    fn is_said(&self) -> bool {
        matches!(self, Self::NotSent { .. })
    }
}

/// Adds the action and the path to an I/O error.
pub(crate) trait IoContext<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action, path: path.into(), source })
    }
}

/// Adds the action to an error of libgit2.
pub(crate) trait GitContext<T> {
    fn git(self, action: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> GitContext<T> for Result<T, git2::Error> {
    fn git(self, action: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Git { action: action(), source })
    }
}

/// How many bytes of an error of serde a message quotes.
const MAX_QUOTED: usize = 300;

/// How many bytes of it are looked through for secrets: more than the longest token has.
const MAX_SEARCHED: usize = 8192;

/// The text of an error about content, no longer than fits into a message: those of serde quote what they found,
/// which may be nearly all of a file. Secrets are struck out before it is cut, or the first half of one would stay.
pub(crate) fn short(error: &impl fmt::Display) -> String {
    struct Start(String);

    impl Write for Start {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = MAX_SEARCHED - self.0.len();
            self.0.push_str(&text[..text.floor_char_boundary(room)]);
            if text.len() <= room { Ok(()) } else { Err(fmt::Error) }
        }
    }

    let mut start = Start(String::new());
    // An error only means that there is more.
    let _ = write!(start, "{error}");
    let mut text = secrets::struck(&start.0).into_owned();
    if text.len() > MAX_QUOTED {
        text.truncate(text.floor_char_boundary(MAX_QUOTED));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_quotes_a_file_is_cut() {
        let json = format!("\"{}\"", "ü".repeat(1_000_000));
        let error = serde_json::from_str::<u8>(&json).unwrap_err();
        let text = short(&error);
        assert!(text.starts_with("invalid type: string \"üü") && text.ends_with("ü…"), "{text}");
        assert!(text.len() <= MAX_QUOTED + '…'.len_utf8());
        assert_eq!(short(&"whole"), "whole");
    }

    #[test]
    fn a_secret_in_an_error_is_struck_out_before_the_error_is_cut() {
        secrets::remember("error-secret-1");
        let text = short(&format!("{}error-secret-1", "x".repeat(MAX_QUOTED - 5)));
        assert!(text.ends_with("x[secr…"), "{text}");
    }
}
