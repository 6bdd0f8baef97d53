//! The Spin component for /r/projects/…, which answers as a Gerrit would. All that it does is in
//! `tardist_api`; being a component of its own, it can be routed, limited and scaled by itself, and
//! opens only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::gerrit, http::problem::ApiError, http::response::Body, route::Route,
    spin::serve::serve,
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve(request, async |route, call| match route {
        Route::Projects => gerrit::projects(call.request, call.snapshot).await,
        Route::Branches(kind, name) => {
            gerrit::branches(call.request, kind, name, call.snapshot).await
        }
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
