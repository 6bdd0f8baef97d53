//! A component and its instances: what they get, and how long they live.
//!
//! An instance serves several requests, one after the other and at the same time, with the limits of
//! Spin. So a component that keeps something between requests behaves in the same way here.

use std::{
    collections::BTreeMap,
    io::stderr,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use tokio::{
    io::AsyncWrite,
    time::{Sleep, sleep},
};
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{Accessor, GuestTaskId, HasData, Linker, ResourceTable},
};
use wasmtime_wasi::{
    FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
    cli::{IsTerminal, StdoutStream},
    p2::OutputStream,
};
use wasmtime_wasi_http::{
    Error as HttpError, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView,
    handler::{
        HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
    },
    p3::bindings::ServicePre,
};

use crate::{
    config::{
        application::Mount,
        runtime_config::Database,
        variables::{GetError, Values, get},
    },
    error::Error,
    options::Reuse,
    runtime::{
        bindings::{sqlite, variables},
        memory::{Memory, Most},
        sqlite::Sqlite,
    },
};

/// How long an instance waits for its next request, as in Spin (`DEFAULT_IDLE_INSTANCE_TIMEOUT` in
/// `crates/trigger-http/src/lib.rs`).
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// What all instances of one component have in common.
pub(crate) struct Component {
    /// Its identifier in the manifest.
    pub(crate) id: String,
    /// Its `.wasm` file.
    pub(crate) source: PathBuf,
    /// The directories that it may read.
    pub(crate) mounts: Vec<Mount>,
    /// WASI environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Its variables, filled in.
    pub(crate) variables: Values,
    /// The databases that it may open, by label.
    pub(crate) databases: Arc<BTreeMap<String, Database>>,
    /// The most memory that one of its instances had; `None` if that is not reported.
    pub(crate) most_memory: Option<Most>,
    /// How many requests an instance serves.
    pub(crate) reuse: Reuse,
}

impl Component {
    fn wasi(&self) -> wasmtime::Result<WasiCtx> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(Log).stderr(Log);
        for Mount { source, destination } in &self.mounts {
            wasi.preopened_dir(source, destination, FsPerms::ReadOnly)?;
        }
        for (name, value) in &self.environment {
            wasi.env(name, value);
        }
        Ok(wasi.build())
    }
}

/// Standard output and error of components: both go to the host's standard error. Components see no
/// terminal, as in Spin, which also writes both to files.
struct Log;

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        stderr().async_stream()
    }

    // The default method writes in a task that ends with the instance: the message of a panic would
    // be lost.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        stderr().p2_stream()
    }
}

/// The state of one instance.
pub(crate) struct State {
    component: Arc<Component>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    table: ResourceTable,
    sqlite: Sqlite,
    memory: Memory,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.http }
    }
}

impl HasData for Component {
    type Data<'a> = &'a Component;
}

impl variables::Host for &Component {}

impl<T> variables::HostWithStore<T> for Component {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, variables::Error> {
        accessor.with(|mut access| {
            let component = access.get();
            get(&component.variables, &component.id, &name).map_err(|error| match error {
                GetError::InvalidName(problem) => variables::Error::InvalidName(problem),
                GetError::Undefined(problem) => variables::Error::Undefined(problem),
            })
        })
    }
}

/// Requests of components to other servers: all are denied, as in Spin with
/// `allowed_outbound_hosts = []`.
struct Outbound;

type Denied<T> = Box<dyn Future<Output = Result<T, HttpError>> + Send>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        _request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _processed: Denied<()>,
    ) -> Denied<(Response<WasiBody>, Denied<()>)> {
        Box::new(async { Err(HttpError::HttpRequestDenied) })
    }
}

/// Makes the linker, with all interfaces that components get.
///
/// # Errors
///
/// [`Error::Engine`] when two interfaces have the same name.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<State>, Error> {
    let link = || {
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        sqlite::add_to_linker::<_, Sqlite>(&mut linker, |state: &mut State| &mut state.sqlite)?;
        variables::add_to_linker::<_, Component>(&mut linker, |state: &mut State| {
            &*state.component
        })?;
        wasmtime::error::Ok(linker)
    };
    link().map_err(|error| Error::Engine(format!("{error:#}")))
}

/// Makes the instances of one component.
pub(crate) struct Instances {
    component: Arc<Component>,
    pre: ServicePre<State>,
}

impl Instances {
    /// Takes a component and what its `.wasm` file was compiled to.
    pub(crate) fn new(component: Component, pre: ServicePre<State>) -> Self {
        Self { component: Arc::new(component), pre }
    }
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = Idle;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Idle, Worker>> {
        let state = State {
            component: self.component.clone(),
            wasi: self.component.wasi()?,
            http: WasiHttpCtx::new(),
            outbound: Outbound,
            table: ResourceTable::new(),
            sqlite: Sqlite::new(self.component.databases.clone()),
            memory: Memory::default(),
        };
        let mut store = Store::new(self.pre.engine(), state);
        // Spin has a limiter too, to know the memory of its instances.
        store.limiter(|state| &mut state.memory);
        // Practically never, as in Spin; half of the maximum, because the current epoch is added.
        store.set_epoch_deadline(u64::MAX / 2);
        let service = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: WasiHttpView::http,
            expiration: Idle(Box::pin(sleep(IDLE_TIMEOUT))),
            state: Worker { component: self.component.clone() },
        })
    }
}

/// Ends an instance that had no request for [`IDLE_TIMEOUT`]. A request may take any time.
pub(crate) struct Idle(Pin<Box<Sleep>>);

impl WorkerExpiration for Idle {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        let deadline = (since + IDLE_TIMEOUT).into();
        if self.0.deadline() != deadline {
            self.0.as_mut().reset(deadline);
        }
        self.0.as_mut().poll(context)
    }
}

/// Decides how many requests an instance takes.
pub(crate) struct Worker {
    component: Arc<Component>,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        let Reuse { requests, concurrent: at_once } = self.component.reuse;
        if total >= requests {
            ShouldAccept::Never
        } else if concurrent >= at_once {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, State>,
        (): (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, store: Store<State>, result: Result<(), wasmtime::Error>) {
        let bytes = store.data().memory.bytes();
        if self.component.most_memory.as_ref().is_some_and(|most| most.is_beaten_by(bytes)) {
            eprintln!("component {:?}: memory {bytes} bytes", self.component.id);
        }
        if let Err(error) = result {
            eprintln!("component {:?}: the instance failed: {error:?}", self.component.id);
        }
    }
}
