//! A host from its start to its end.

use std::{fmt::Write, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;

use crate::{
    config::{manifest, runtime_config::RuntimeConfig},
    error::Error,
    load::load,
    options::Options,
    server::Server,
};

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
