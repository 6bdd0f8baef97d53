//! The errors of making repositories and of starting the server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A failed action and its subject. An error while a request is answered becomes an HTTP status
/// instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project name breaks the rule that the message states.
    #[error(
        "{name:?} is not a project name: it takes parts separated by '/'; no part is empty, begins \
         with '.' or ends in '.git'"
    )]
    ProjectName {
        /// The name as given.
        name: String,
    },
    /// libgit2 could not do something with a repository.
    #[error("could not {action} in {project}")]
    Git {
        /// The action, as a verb with its object.
        action: &'static str,
        /// The project, as Gerrit names it.
        project: String,
        /// libgit2's reason.
        source: git2::Error,
    },
    /// A file or folder of the upstream's root could not be read or written.
    #[error("could not {action} {}", path.display())]
    File {
        /// The action, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file `gerrit-state` of a repository does not hold a state.
    #[error("{} holds {text:?}: it takes ACTIVE, READ_ONLY or HIDDEN", path.display())]
    State {
        /// The state file.
        path: PathBuf,
        /// Its content.
        text: String,
    },
    /// `git` failed. It has printed the reason on its standard error.
    #[error("`git {command}` failed ({status})")]
    GitCommand {
        /// Its arguments.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
    /// `git` is not installed.
    #[error(
        "git is not installed, or not in PATH: the sample upstream serves repositories with it"
    )]
    NoGit {
        /// The system's reason.
        source: io::Error,
    },
    /// Git is installed, but `git http-backend` is not.
    #[error(
        "git http-backend is not installed: {} is missing (some distributions have it in a \
         package of its own, such as git-daemon)",
        path.display()
    )]
    NoHttpBackend {
        /// The path where it should be, by `git --exec-path`.
        path: PathBuf,
    },
    /// The address can be reached from other machines.
    #[error("{address} is not a loopback address: the sample upstream serves this machine only")]
    NotLoopback {
        /// The address as given.
        address: SocketAddr,
    },
    /// The server could not listen at its address.
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
