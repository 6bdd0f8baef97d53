//! The HTTP server: takes connections, passes requests to components, and sends their answers.
//!
//! It is configured as Spin's `crates/trigger-http/src/server.rs`: hyper with HTTP/1.1 and HTTP/2 on one
//! port, its defaults, no `TCP_NODELAY` unless that is asked for. The answer of a component goes to hyper unchanged.

mod request;
pub(crate) mod route;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use wasmtime_wasi_http::{WasiBody, handler::ProxyHandler};

use crate::runtime::instance::Instances;
use request::{add_headers, complete_uri, strip};
use route::{Router, WELL_KNOWN_PREFIX};

/// A pause after a connection that could not be accepted. Without it, a lack of file descriptors would
/// keep the processor busy too.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The routes and the components behind them.
pub(crate) struct Server {
    /// Path → identifier of a component.
    pub(crate) router: Router,
    /// Identifier → its instances; one for each component that the router names.
    pub(crate) components: BTreeMap<String, ProxyHandler<Instances>>,
    /// Whether connections get `TCP_NODELAY`.
    pub(crate) tcp_nodelay: bool,
}

impl Server {
    /// Serves every connection, each in its own task, for ever.
    pub(crate) async fn run(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, client)) => {
                    tokio::spawn(self.clone().serve_connection(stream, client));
                }
                Err(error) => {
                    eprintln!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve_connection(self: Arc<Self>, stream: TcpStream, client: SocketAddr) {
        if self.tcp_nodelay {
            // Without it a connection is only slower.
            let _ = stream.set_nodelay(true);
        }
        let service = service_fn(move |request| self.clone().respond(request, client));
        // An error means that the client went away or does not speak HTTP: nothing to report.
        let _ = Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    /// Answers a request. An error closes the connection, as in Spin: the request has no `Host`, or
    /// a wrong one.
    async fn respond(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>, String> {
        strip(request.headers_mut());
        let path = request.uri().path().to_owned();
        if let Some(own) = path.strip_prefix(WELL_KNOWN_PREFIX) {
            return Ok(match own {
                "health" => Response::new(text("OK")),
                _ => empty(StatusCode::NOT_FOUND),
            });
        }
        let Some(found) = self.router.route(&path) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        complete_uri(&mut request)?;
        let component = &found.route.component;
        let answer = match add_headers(&mut request, &found, client) {
            Ok(()) => self.call(component, request).await,
            Err(problem) => Err(problem),
        };
        Ok(answer.unwrap_or_else(|problem| {
            eprintln!("component {component:?}: {path}: {problem}");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }))
    }

    async fn call(
        &self,
        component: &str,
        request: Request<Incoming>,
    ) -> Result<Response<WasiBody>, String> {
        let handler = self.components.get(component).ok_or("not loaded")?;
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        handler.handle((), request).await.map_err(|error| format!("{error:?}"))
    }
}

fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn text(text: &'static str) -> WasiBody {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed_unsync()
}
