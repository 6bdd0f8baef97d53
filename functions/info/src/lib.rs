//! The Spin component for /info, /info/KIND, /info/KIND/NAME, /download/…, /ExtensionJson.json and /SkinJson.json.
//! Everything that it does is in `tardist_api`. As a component of its own it can be routed, limited and
//! scaled by itself, and may open only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::{download, info, manifests},
    http::{body::Body, problem::ApiError},
    route::Route,
    spin::serve::serve_repositories,
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve_repositories(request, async |route, call| match route {
        Route::Infos(kind) => info::many(call.request, kind, call.snapshot).await,
        Route::Info(kind, name) => info::one(call.request, kind, &name, call.snapshot).await,
        Route::Download(kind, readings) => {
            download::get(call.request, kind, &readings, call.snapshot).await
        }
        Route::Manifests(kind) => manifests::get(call.request, kind, call.snapshot).await,
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
