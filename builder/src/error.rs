//! What can go wrong in a cycle, each with the thing that it went wrong on.

use std::{io, path::PathBuf, time::Duration};

use tardist_contract::{BranchName, CommitId};

use crate::net::HttpError;

/// A failed action with its subject. Those of a repository are counted and end only its part of
/// the cycle; all others end the cycle before anything is published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration says something that can't be.
    #[error("{0}")]
    Config(String),
    /// Another builder works in the data directory.
    #[error("another tardist works in {}: wait for it, or give this one another data directory", path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no snapshot to go by.
    #[error("there is no snapshot in {}: `tardist sync` makes one", path.display())]
    NothingPublished {
        /// The data directory.
        path: PathBuf,
    },
    /// A file or folder of the data directory could not be read or written.
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        /// What was tried: "create", "rename".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The upstream's list could not be had.
    #[error("the list of {what} can't be had: {source}")]
    List {
        /// Of what: a Gerrit prefix, "repositories".
        what: String,
        /// What happened.
        source: HttpError,
    },
    /// The upstream's list is not what such an upstream answers.
    #[error("the list of {what} is not as it should be: {reason} ({url})")]
    ListForm {
        /// Of what: a Gerrit prefix, "repositories".
        what: String,
        /// What is wrong with it.
        reason: String,
        /// Where it came from.
        url: String,
    },
    /// A fetch over HTTP failed.
    #[error("fetch from {url} failed: {source}")]
    Fetch {
        /// The repository's URL.
        url: String,
        /// What happened.
        source: HttpError,
    },
    /// What Git answered is no list of refs.
    #[error("the branches of {url} can't be had: {reason}")]
    Refs {
        /// The repository's URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// An upstream names a clone URL that it is not configured for; it is not asked.
    #[error(
        "its clone URL {url} is not on {host}, the host that its upstream is configured for; it was not asked"
    )]
    Elsewhere {
        /// The clone URL.
        url: String,
        /// The host, as a URL.
        host: String,
    },
    /// Git itself failed.
    #[error("can't {action}: {}", source.message())]
    Git {
        /// What was tried, on what.
        action: String,
        /// What libgit2 said.
        source: git2::Error,
    },
    /// An object is missing in a mirror, or broken.
    #[error("can't read {what} from the mirror {}: {}", mirror.display(), source.message())]
    Damaged {
        /// The mirror's folder.
        mirror: PathBuf,
        /// What was to be read.
        what: String,
        /// What libgit2 said.
        source: git2::Error,
    },
    /// Composer did not install what a branch requires.
    #[error("composer failed: {reason}")]
    Composer {
        /// How, with the end of what it said.
        reason: String,
    },
    /// The upstream's list has a branch that Git does not have.
    #[error(
        "upstream lists {branch}{}, but its Git has no such commit; the branch may have been deleted \
         or moved a moment ago, and the next cycle tries again",
        listed.as_ref().map(|commit| format!(" at {}", commit.short())).unwrap_or_default()
    )]
    NoCommit {
        /// The branch.
        branch: BranchName,
        /// The commit that the list has for it.
        listed: Option<CommitId>,
    },
    /// The content is larger than the limits allow.
    #[error(
        "its content has more than {limit} {unit}; the limit keeps hostile links from filling the disk"
    )]
    TooLarge {
        /// The limit.
        limit: u64,
        /// Of what: "files", "bytes".
        unit: &'static str,
    },
    /// SQLite failed on a snapshot.
    #[error("can't {action} the snapshot {}: {source}", path.display())]
    Snapshot {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A name that the upstream lists can be neither a file nor a URL.
    #[error(transparent)]
    Name(#[from] tardist_contract::NameError),
    /// The builder itself is wrong.
    #[error("a bug in tardist: {0}; please report it")]
    Bug(String),
}

impl Error {
    /// True where the same action may work later without anybody's doing.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::List { source, .. } | Self::Fetch { source, .. } => source.is_transient(),
            Self::Git { source, .. } => matches!(
                source.class(),
                git2::ErrorClass::Net | git2::ErrorClass::Http | git2::ErrorClass::Indexer
            ),
            _ => false,
        }
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::List { source, .. } | Self::Fetch { source, .. } => source.retry_after(),
            _ => None,
        }
    }
}

/// Gives an I/O error its action and path.
pub(crate) trait IoContext<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, action: &'static str, path: impl Into<PathBuf>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action, path: path.into(), source })
    }
}

/// Gives a Git error its action.
pub(crate) trait GitContext<T> {
    fn git(self, action: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> GitContext<T> for Result<T, git2::Error> {
    fn git(self, action: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Git { action: action(), source })
    }
}
