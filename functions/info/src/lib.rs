//! The Spin component for /info, /info/KIND and /info/KIND/NAME. All that it does is in `tardist_api`; being a
//! component of its own, it can be routed, limited and scaled by itself, and opens only what it needs.
#![cfg(target_family = "wasm")]

use spin_sdk::{http::Request, http_service};

#[http_service]
async fn handle(request: Request) -> http::Response<tardist_api::response::Body> {
    tardist_api::component::serve(request).await
}
