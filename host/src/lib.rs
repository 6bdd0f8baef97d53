//! The component host: runs the HTTP components of a `spin.toml` where no Spin is installed.
//!
//! Tests and laptops run the very `.wasm` files that `spin up` runs, and a component cannot tell
//! which of the two serves it: same engine, same interfaces, same request headers, same reuse of
//! instances. It owns exactly what a WASI 0.3 HTTP component of this application needs: the
//! manifest and runtime configuration in their Spin formats, routes, variables, SQLite databases
//! and read-only directories. What else a manifest can ask for is refused at start, by name.
//!
//! Not embedded as a library of Spin itself, because that brings every trigger, key-value store and
//! cloud client along; the behaviour was read in Spin's source instead, and each number and rule
//! names the file that it comes from.
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

mod bindings;
mod engine;
mod error;
mod instance;
mod load;
mod manifest;
mod memory;
mod request;
mod route;
mod runtime_config;
mod serve;
mod sqlite;
mod variables;

use std::{collections::BTreeMap, fmt::Write, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::net::TcpListener;

pub use error::Error;
use load::load;
use manifest::Application;
use runtime_config::RuntimeConfig;
use serve::Server;

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
    /// Whether to report, to standard error, each instance that ends and had more memory than all
    /// others of its component before.
    pub report_memory: bool,
}

impl Options {
    /// A manifest with everything else as on a bare command line.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        Self {
            manifest: manifest.into(),
            runtime_config: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            variables: BTreeMap::new(),
            environment: BTreeMap::new(),
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
    /// Reads the manifest and the runtime configuration, compiles the components (seconds of work
    /// on all processors, on the calling thread too) and takes the port.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, see [`Error`]. Nothing is served then.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let application = Application::read(&options.manifest)?;
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

    /// Serves until `shutdown` ends. Connections that are open then live on in their tasks for as
    /// long as the runtime does.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = Arc::new(self.server).run(self.listener) => {}
            () = shutdown => {}
        }
    }
}
