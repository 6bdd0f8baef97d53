//! The Spin component for /, /search, /health, /openapi.json and the pages for people, which search as
//! well, and a 404 for what no other component has. All that it does is in `tardist_api`; being a
//! component of its own, it can be routed, limited and scaled by itself, and opens only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::health,
    endpoints::index,
    endpoints::openapi,
    endpoints::search,
    http::problem::ApiError,
    http::response::Body,
    page,
    route::Route,
    spin::serve::{Call, now, serve_with, settings},
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    let endpoint = async |route: Route<'_>, call: Call<'_>| match route {
        Route::Index if page::is_wanted(&call.request.headers) => {
            page::home::get(call.request, settings().await?, call.snapshot).await
        }
        Route::Index => index::get(call.request, settings().await?, call.snapshot).await,
        Route::Health => health::get(settings().await?, now(), call.snapshot).await,
        Route::Search => search::get(call.request, call.snapshot).await,
        Route::OpenApi => Ok(openapi::get(call.request)),
        Route::ListPage(kind) => page::listing::get(call.request, kind, call.snapshot).await,
        Route::Page(kind, name) => {
            page::repository::get(call.request, kind, name, call.snapshot).await
        }
        _ => Err(ApiError::no_such_path()),
    };
    serve_with(request, endpoint, page::problem).await
}
