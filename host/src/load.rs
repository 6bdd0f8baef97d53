//! Makes a [`Server`], still without a port, from the manifest, the runtime configuration and the
//! `.wasm` files.
//!
//! All errors in them are found here, before the first request. If one component lacks a database, a
//! variable or an import, nothing starts.

use std::{fs, path::Path, sync::Arc};

use wasmtime::{Engine, component::Linker};
use wasmtime_wasi_http::{handler::ProxyHandler, p3::bindings::ServicePre};

use crate::{
    config::{
        application::{self, Application},
        runtime_config::RuntimeConfig,
        variables::{self, Values},
    },
    error::Error,
    options::{Options, Reuse},
    runtime::{
        compiled, engine,
        instance::{self, Component, Instances, State},
        memory::Most,
    },
    server::{Server, route::Router},
};

/// The beginning of the name of a component's HTTP export.
const HANDLER_EXPORT: &str = "wasi:http/handler@0.3.";

/// Checks that everything fits together and compiles the components that have a route.
///
/// # Errors
///
/// The first thing that is wrong, see [`Error`].
pub(crate) fn load(
    application: Application,
    config: &RuntimeConfig,
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
            let mut checked =
                check(id, component, &values, config).map_err(|problem| wrong(item, problem))?;
            checked.most_memory = options.report_memory.then(Most::default);
            checked.reuse = options.reuse;
            Ok(checked)
        })
        .collect::<Result<Vec<_>, _>>()?;

    let engine = engine::engine()?;
    let linker = instance::linker(&engine)?;
    let routed = |id: &str| triggers.iter().any(|trigger| trigger.component == id);
    let components = checked
        .into_iter()
        .filter(|component| routed(&component.id))
        .map(|component| {
            let pre = compile(&component, &engine, &linker, options.compiled.as_deref())?;
            let id = component.id.clone();
            Ok((id, ProxyHandler::new(Instances::new(component, pre))))
        })
        .collect::<Result<_, Error>>()?;
    Ok(Server { router, components, tcp_nodelay: options.tcp_nodelay })
}

/// Gives a component of the manifest its databases and variables.
///
/// # Errors
///
/// What is wrong with it.
fn check(
    id: String,
    component: application::Component,
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
        most_memory: None,
        reuse: Reuse::default(),
    })
}

/// Compiles a component and links it with the interfaces of the host.
///
/// # Errors
///
/// [`Error::Read`], or [`Error::Component`] when it is no WASI 0.3 HTTP component or imports
/// something else.
fn compile(
    component: &Component,
    engine: &Engine,
    linker: &Linker<State>,
    kept: Option<&Path>,
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
    let compiled = compiled::component(engine, &wasm, kept)
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
