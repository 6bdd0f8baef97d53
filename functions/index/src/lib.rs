//! The Spin component for /, /health and the pages for people, and a 404 for what no other component
//! has. All that it does is in `tardist_api`; being a component of its own, it can be routed, limited
//! and scaled by itself, and opens only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    ApiError,
    component::{now, serve, settings},
    health, index, page,
    response::Body,
    route::Route,
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    serve(request, async |route, call| match route {
        Route::Index if page::is_wanted(&call.request.headers) => {
            page::home::get(call.request, settings().await?, call.snapshot).await
        }
        Route::Index => index::get(settings().await?, call.snapshot).await,
        Route::Health => health::get(settings().await?, now(), call.snapshot).await,
        Route::ListPage(kind) => page::listing::get(kind, call.snapshot).await,
        Route::Page(kind, name) => {
            page::repository::get(call.request, kind, name, call.snapshot).await
        }
        _ => Err(ApiError::no_such_path()),
    })
    .await
}
