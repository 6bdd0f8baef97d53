//! The Spin component for /search. All that it does is in `tardist_api`; being a component of its own,
//! it can be routed, limited and scaled by itself, and opens only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{ApiError, component::serve, response::Body, route::Route, search};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve(request, async |route, call| match route {
        Route::Search => search::get(call.request, call.snapshot).await,
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
