//! The component host: runs the HTTP components of a `spin.toml` where no Spin is installed.
//!
//! `cargo xtask up` and the tests run the same `.wasm` files as `spin up`, and a component cannot tell
//! which of the two serves it: the engine, the interfaces, the request headers and the reuse of
//! instances are the same. The host has what a WASI 0.3 HTTP component of this application needs: the
//! manifest and the runtime configuration in Spin's formats, routes, variables, SQLite databases and
//! read-only directories. Anything else that a manifest asks for is an error at start, which names it.
//!
//! Why not use Spin's own crates? They bring every trigger, key-value store and cloud client. Instead
//! the behaviour follows Spin's source, and each number and rule names the file that it comes from.
//!
//! Files of configuration become settings in `config`; `runtime` has the engine and the instances;
//! `server` takes requests; `load` puts the three together.
//!
//! ```no_run
//! # async fn example() -> Result<(), component_host::Error> {
//! use component_host::{Host, Options};
//!
//! let options = Options { listen: ([127, 0, 0, 1], 0).into(), ..Options::new("spin.toml") };
//! let host = Host::start(&options).await?;
//! println!("{}", host.announcement());
//! host.serve(async { /* until this ends */ }).await;
//! # Ok(())
//! # }
//! ```

mod config;
mod error;
mod load;
mod runtime;
mod server;

use std::{collections::BTreeMap, fmt::Write, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::net::TcpListener;

use config::{manifest, runtime_config::RuntimeConfig};
pub use error::Error;
use load::load;
use server::Server;

/// What to run and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `spin.toml`.
    pub manifest: PathBuf,
    /// The `runtime-config.toml`, if any.
    pub runtime_config: Option<PathBuf>,
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Variables that win over all other providers: name → value.
    pub variables: BTreeMap<String, String>,
    /// The environment, of which only `SPIN_VARIABLE_NAME` counts: it gives the variable `name`.
    pub environment: BTreeMap<String, String>,
    /// The folder where compiled components are kept for the next start; `None` compiles each time.
    pub compiled: Option<PathBuf>,
    /// Whether to report memory to standard error: of each instance that ends and had more than all
    /// earlier ones of its component.
    pub report_memory: bool,
}

impl Options {
    /// A manifest, with the defaults of the command line for everything else.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        Self {
            manifest: manifest.into(),
            runtime_config: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            variables: BTreeMap::new(),
            environment: BTreeMap::new(),
            compiled: None,
            report_memory: false,
        }
    }
}

/// An application that is loaded and has its port.
pub struct Host {
    server: Server,
    listener: TcpListener,
    address: SocketAddr,
}

impl Host {
    /// Reads the manifest and the runtime configuration, compiles the components and takes the port.
    /// Compiling takes seconds of all processors, and blocks the calling thread.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, see [`Error`]. Nothing is served then.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let application = manifest::read(&options.manifest)?;
        let config = RuntimeConfig::read(options.runtime_config.as_deref(), &options.manifest)?;
        let server = load(application, &config, options)?;
        let cannot_listen = |source| Error::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        Ok(Self { server, listener, address })
    }

    /// The address with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `Serving http://ADDRESS` and a line for each route, in order of precedence.
    pub fn announcement(&self) -> String {
        let base = format!("http://{}", self.address);
        let mut text = format!("Serving {base}");
        for route in self.server.router.routes() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n  {}: {base}{route}", route.component);
        }
        text
    }

    /// Serves until `shutdown` ends. Connections that are open then stay open, in their tasks, until the
    /// runtime ends.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = Arc::new(self.server).run(self.listener) => {}
            () = shutdown => {}
        }
    }
}
