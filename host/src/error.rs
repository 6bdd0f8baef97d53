//! The reasons why the host does not start. Each names the file and the item in it, and says what to
//! do.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why the host cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that the command line or the manifest names cannot be read.
    #[error("cannot read {}: {source}; {remedy}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
        /// What to do about it.
        remedy: &'static str,
    },

    /// A file is not TOML, or not of the expected shape.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected there.
        source: Box<toml::de::Error>,
    },

    /// An item of a file that is wrong, or that the host does not support.
    #[error("{}: {item}: {problem}", path.display())]
    Item {
        /// The file.
        path: PathBuf,
        /// Where in the file, such as `component "list"`.
        item: String,
        /// What is wrong and what to do about it.
        problem: String,
    },

    /// The manifest is right, but the component's WebAssembly cannot run here.
    #[error("component {component:?} ({}): {problem}", path.display())]
    Component {
        /// The component's identifier in the manifest.
        component: String,
        /// Its `.wasm` file.
        path: PathBuf,
        /// What is wrong and what to do about it.
        problem: String,
    },

    /// The WebAssembly engine cannot be set up on this machine.
    #[error("cannot set up the WebAssembly engine: {0}")]
    Engine(String),

    /// Another program has the address, or this machine does not.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Error {
    /// The exit status of the process: 2 when the command line, the manifest or the runtime
    /// configuration is wrong, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Read { .. } | Self::Parse { .. } | Self::Item { .. } | Self::Component { .. } => {
                2
            }
            Self::Engine(_) | Self::Listen { .. } => 1,
        }
    }
}
