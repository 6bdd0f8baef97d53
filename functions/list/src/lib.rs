//! The Spin component for /list and /list/KIND. All that it does is in `tardist_api`; being a
//! component of its own, it can be routed, limited and scaled by itself, and opens only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::list, http::problem::ApiError, http::response::Body, route::Route,
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
