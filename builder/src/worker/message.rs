//! What a worker says while it works. It writes each message to its standard output, as one line of JSON.

use std::fmt;

use serde::{Deserialize, Serialize};
use tardist_contract::{BranchName, CommitId};

use crate::{
    catalogue::BranchRecord,
    content::Missing,
    git::{keep::Needed, repack::Repacked},
    net::Event,
    worker::{clock::Pace, failure::Failure},
};

/// The longest line that a supervisor reads, in bytes. The record of a branch is the longest message: at most 4.5 MB, with its
/// texts, its extract, and the URLs of 100 submodules, all escaped.
pub(super) const MAX_LINE: usize = 6 << 20;

/// A message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// A stage of the work begins, for a branch or for all of them.
    Stage(Option<BranchName>, Stage),
    /// What was asked of servers so far.
    Traffic(Totals),
    /// Something that tells about the host with this origin.
    Host(String, Event),
    /// A line for the log: the level and the text.
    Log(String, String),
    /// The kernel cannot confine the worker to its own files.
    NotConfined,
    /// The server has this commit of a branch, and not the one that is listed.
    Moved(BranchName, CommitId),
    /// A branch is done: its tarball is complete, in the staging folder.
    Built(BranchName, Box<BranchRecord>),
    /// The incomplete tarball of a branch stands: the same is still missing, for these reasons.
    Unchanged(BranchName, Vec<Missing>),
    /// A branch failed.
    Failed(BranchName, Failure),
    /// The mirror is packed.
    Repacked(Repacked),
    /// The branches need this commit of a submodule.
    Needed(Needed),
    /// All is done.
    Done(Usage),
    /// The whole task failed.
    TaskFailed(Failure),
}

/// What a worker is doing. The text completes "while …".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It starts.
    Starting,
    /// It fetches the repository.
    Fetching,
    /// It waits for another worker that uses the same mirror.
    Waiting,
    /// It fetches the submodule at this path.
    Submodule(String),
    /// It reads trees and converts files.
    Reading,
    /// It runs Composer.
    Composer,
    /// It reads the manifest and the messages.
    Metadata,
    /// It makes the tarball.
    Tarball,
    /// It packs the mirror.
    Packing,
    /// It reads which submodules the branches have.
    Submodules,
}

impl Stage {
    /// What counts of the time that this stage takes.
    pub(super) fn pace(&self) -> Pace {
        match self {
            Self::Waiting => Pace::Waits,
            // What Composer fetches is not counted. The worker ends it when its own time is over.
            Self::Composer => Pace::Silent,
            _ => Pace::Works,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Fetching => "fetching it",
            Self::Waiting => "waiting for another worker",
            Self::Submodule(path) => return write!(f, "fetching its submodule {path}"),
            Self::Reading => "reading its files",
            Self::Composer => "running Composer",
            Self::Metadata => "reading its manifest and messages",
            Self::Tarball => "making its tarball",
            Self::Packing => "packing its mirror",
            Self::Submodules => "reading which submodules it has",
        })
    }
}

/// What a worker has asked of servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    /// How many requests were sent.
    pub(super) requests: u64,
    /// How many bytes were received.
    pub(super) received: u64,
    /// How long all fetches took, in microseconds.
    pub(super) fetching: u64,
}

/// What the work took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Usage {
    /// The most memory that the process used, in bytes.
    pub(super) peak_memory: Option<u64>,
}
