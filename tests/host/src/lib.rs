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
mod manifest;
mod request;
mod route;
mod runtime_config;
mod serve;
mod sqlite;
mod variables;

use std::{collections::BTreeMap, fmt::Write, fs, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::net::TcpListener;
use wasmtime::{Engine, component::Linker};
use wasmtime_wasi_http::{handler::ProxyHandler, p3::bindings::ServicePre};

pub use error::Error;
use instance::{Component, Instances, State};
use manifest::Application;
use route::Router;
use runtime_config::RuntimeConfig;
use serve::Server;
use variables::Values;

/// What the host exports must begin with.
const HANDLER_EXPORT: &str = "wasi:http/handler@0.3.";

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
    /// The environment, of which `SPIN_VARIABLE_NAME` gives the variable `name`.
    pub environment: BTreeMap<String, String>,
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
        let server = load(application, config, options)?;
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

/// Checks that everything fits together and compiles it.
fn load(
    application: Application,
    config: RuntimeConfig,
    options: &Options,
) -> Result<Server, Error> {
    let Application { manifest, variables, triggers, components } = application;
    let wrong = |item, problem| Error::Item { path: manifest.clone(), item, problem };

    let router = Router::new(&triggers)
        .map_err(|(route, problem)| wrong(format!("route {route:?}"), problem))?;
    let mut providers = vec![options.variables.clone()];
    providers.extend(config.variables.iter().cloned());
    let environment = |name: &str| options.environment.get(name).cloned();
    let values = variables::resolve(&variables, &providers, environment)
        .map_err(|(item, problem)| wrong(item, problem))?;
    let checked = components
        .into_iter()
        .map(|(id, component)| {
            let item = format!("component {id:?}");
            check(id, component, &values, &config).map_err(|problem| wrong(item, problem))
        })
        .collect::<Result<Vec<_>, _>>()?;

    let engine = engine::engine()?;
    let linker = instance::linker(&engine)?;
    let routed = |id: &str| triggers.iter().any(|trigger| trigger.component == id);
    let components = checked
        .into_iter()
        .filter(|component| routed(&component.id))
        .map(|component| {
            let pre = compile(&component, &engine, &linker)?;
            let id = component.id.clone();
            Ok((id, ProxyHandler::new(Instances::new(component, pre))))
        })
        .collect::<Result<_, Error>>()?;
    Ok(Server { router, components })
}

/// Joins a component of the manifest with its databases and variables.
///
/// # Errors
///
/// What is wrong with it.
fn check(
    id: String,
    component: manifest::Component,
    values: &Values,
    config: &RuntimeConfig,
) -> Result<Component, String> {
    let databases = component
        .databases
        .iter()
        .map(|label| match config.databases.get(label) {
            Some(database) => Ok((label.clone(), database.clone())),
            None => Err(format!(
                "sqlite_databases: {label:?} is not configured; add [sqlite_database.{label}] to \
                 the runtime configuration"
            )),
        })
        .collect::<Result<_, String>>()?;
    if let Some(mount) = component.mounts.iter().find(|mount| !mount.source.is_dir()) {
        return Err(format!("files: {} is no directory", mount.source.display()));
    }
    Ok(Component {
        id,
        source: component.source,
        mounts: component.mounts,
        environment: component.environment,
        variables: variables::fill(&component.variables, values)?,
        databases: Arc::new(databases),
    })
}

/// Compiles a component and connects it to what the host gives.
///
/// # Errors
///
/// [`Error::Read`], or [`Error::Component`] when it is no WASI 0.3 HTTP component or imports
/// something else.
fn compile(
    component: &Component,
    engine: &Engine,
    linker: &Linker<State>,
) -> Result<ServicePre<State>, Error> {
    let unusable = |problem: String| Error::Component {
        component: component.id.clone(),
        path: component.source.clone(),
        problem,
    };
    let wasm = fs::read(&component.source).map_err(|source| Error::Read {
        path: component.source.clone(),
        source,
        remedy: "build the component or correct its source in the manifest",
    })?;
    let compiled = wasmtime::component::Component::new(engine, wasm)
        .map_err(|error| unusable(format!("no WebAssembly component: {error:#}")))?;
    let r#type = compiled.component_type();
    if !r#type.exports(engine).any(|(name, _)| name.starts_with(HANDLER_EXPORT)) {
        return Err(unusable(format!(
            "it does not export {HANDLER_EXPORT}x; only HTTP components for WASI 0.3 are supported \
             by the component host"
        )));
    }
    let pre = linker
        .instantiate_pre(&compiled)
        .map_err(|error| unusable(format!("not supported by the component host: {error:#}")))?;
    ServicePre::new(pre).map_err(|error| unusable(format!("{error:#}")))
}
