//! What can go wrong while repositories are made or the server starts.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A failed action with its subject. What goes wrong while a request is answered is not here: it
/// becomes an HTTP status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project name breaks the rule that the message states.
    #[error(
        "{name:?} is no project name: it takes parts separated by '/', none of them empty, \
         beginning with '.' or ending in '.git'"
    )]
    ProjectName {
        /// The name as given.
        name: String,
    },
    /// libgit2 could not do something with a repository.
    #[error("could not {action} in {project}")]
    Git {
        /// What was tried, as a verb with its object.
        action: &'static str,
        /// The project, as Gerrit names it.
        project: String,
        /// libgit2's reason.
        source: git2::Error,
    },
    /// A file or folder of the upstream's root could not be read or written.
    #[error("could not {action} {}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// `gerrit-state` of a repository holds something else than a state.
    #[error("{} holds {text:?}: it takes ACTIVE, READ_ONLY or HIDDEN", path.display())]
    State {
        /// The state file.
        path: PathBuf,
        /// Its content.
        text: String,
    },
    /// `git` was run and failed; it has said why on its standard error.
    #[error("`git {command}` failed ({status})")]
    GitCommand {
        /// Its arguments.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// There is no `git` to be run.
    #[error(
        "git is not installed, or not in PATH: the sample upstream serves repositories with it"
    )]
    NoGit {
        /// The system's reason.
        source: io::Error,
    },
    /// Git is there, its HTTP part is not.
    #[error(
        "git http-backend is not installed: there is no {} (some distributions have it in a \
         package of its own, such as git-daemon)",
        path.display()
    )]
    NoHttpBackend {
        /// Where it should be, by `git --exec-path`.
        path: PathBuf,
    },
    /// The address can be reached from other machines.
    #[error("{address} is not a loopback address: the sample upstream serves this machine only")]
    NotLoopback {
        /// The address as given.
        address: SocketAddr,
    },
    /// The server could not begin to listen.
    #[error("could not listen on {address}")]
    Listen {
        /// The address as given.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The server's threads could not be started.
    #[error("could not start the server's threads")]
    Threads {
        /// The system's reason.
        source: io::Error,
    },
}
