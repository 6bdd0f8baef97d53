//! What a host is started with.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

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
    /// How many requests an instance serves.
    pub reuse: Reuse,
    /// Whether accepted connections get `TCP_NODELAY`, which Spin 4.1 does not set: `docs/upstream/spin-tcp-nodelay.md`
    /// says what this changes.
    pub tcp_nodelay: bool,
}

/// How many requests an instance serves. The defaults are those of Spin, `DEFAULT_WASIP3_MAX_INSTANCE_REUSE_COUNT` and
/// the constant after it in `crates/trigger-http/src/lib.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// In its life.
    pub requests: usize,
    /// At the same time.
    pub concurrent: usize,
}

impl Default for Reuse {
    fn default() -> Self {
        Self { requests: 128, concurrent: 16 }
    }
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
            reuse: Reuse::default(),
            tcp_nodelay: false,
        }
    }
}
