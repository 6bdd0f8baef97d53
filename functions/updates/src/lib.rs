//! The Spin component for /updates, for programs and for people. It is the only one that takes bodies.
//! Everything that it does is in `tardist_api`. As a component of its own it can be routed, limited and
//! scaled by itself, and may open only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};
use tardist_api::{
    endpoints::updates,
    http::{body::Body, problem::ApiError},
    page,
    route::Route,
    spin::serve::{Call, serve_with_post},
    updates::body::MAX_BODY,
};

#[http_service]
async fn handle(request: Request) -> http::Response<Body> {
    let get = async |route: Route, call: Call<'_>| match route {
        Route::Updates if page::html::is_wanted(&call.request.headers) => {
            page::updates::form(call.request, call.snapshot).await
        }
        Route::Updates => updates::get(call.request, call.snapshot).await,
        _ => Err(ApiError::no_such_path()),
    };
    let post = async |call: Call<'_>, body: &[u8]| {
        if page::html::is_wanted(&call.request.headers) {
            page::updates::results(call.request, body, call.snapshot).await
        } else {
            updates::post(call.request, body, call.snapshot).await
        }
    };
    serve_with_post(request, get, MAX_BODY, post, page::problem::response).await
}
