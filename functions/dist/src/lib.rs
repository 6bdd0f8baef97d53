//! The Spin component for /dist/KIND/ and /dist/KIND/FILE, for sites without a web server in front.
//! Everything that it does is in `tardist_api`. As a component of its own it can be routed, limited and
//! scaled by itself, and may open only what it needs.
#![cfg(target_family = "wasm")]

use std::path::Path;

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::dist,
    http::{body::Body, problem::ApiError},
    route::Route,
    spin::serve::serve,
};

/// Where `spin.toml` mounts the tarballs.
const DIST: &str = "/dist";

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve(request, async |route, call| match route {
        Route::Dist(kind, name) => dist::get(call.request, Path::new(DIST), kind, &name),
        Route::DistIndex(kind) => dist::index(call.request, Path::new(DIST), kind),
        Route::Checksums(kind) => dist::checksums(call.request, Path::new(DIST), kind),
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
