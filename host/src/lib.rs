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
mod host;
mod load;
mod options;
mod runtime;
mod server;

pub use error::Error;
pub use host::Host;
pub use options::{Options, Reuse};
