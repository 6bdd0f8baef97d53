//! The Spin component for /r/projects/…, which answers as a Gerrit does.
//! Everything that it does is in `tardist_api`. As a component of its own it can be routed, limited and
//! scaled by itself, and may open only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::gerrit,
    http::{body::Body, problem::ApiError},
    route::Route,
    spin::serve::serve_repositories,
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve_repositories(request, async |route, call| match route {
        Route::Projects => gerrit::projects(call.request, call.snapshot).await,
        Route::Project(kind, name) => {
            gerrit::project(call.request, kind, &name, call.snapshot).await
        }
        Route::Branch(kind, name, branch) => {
            gerrit::branch(call.request, kind, &name, &branch, call.snapshot).await
        }
        Route::Branches(kind, name) => {
            gerrit::branches(call.request, kind, &name, call.snapshot).await
        }
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
