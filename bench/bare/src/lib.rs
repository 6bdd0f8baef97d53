//! A component that only answers 200 with a short body: the limit for every other one.
#![cfg(target_family = "wasm")]

use spin_sdk::{
    http::{HeaderMap, IntoResponse, Request, StatusCode},
    http_service,
};

/// It says its length as every other one does: without, it would leave in two writes and now and
/// then wait 40 ms for the client's delayed ACK, which is no limit to be compared with.
#[http_service]
async fn handle(_request: Request) -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    headers.insert("content-length", 3.into());
    (StatusCode::OK, headers, "ok\n".to_owned())
}
