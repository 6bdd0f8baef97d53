//! The Spin component for /list and /list/KIND.
//! Everything that it does is in `tardist_api`. As a component of its own it can be routed, limited and
//! scaled by itself, and may open only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::list,
    http::{body::Body, problem::ApiError},
    route::Route,
    spin::serve::serve,
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve(request, async |route, call| match route {
        Route::List(kind) => list::get(call.request, kind, call.snapshot).await,
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
