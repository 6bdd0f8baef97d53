//! `/`: what this service is, and which snapshot it answers from.

use serde_json::json;
use tardist_contract::schema::USER_VERSION;

use crate::{
    http::{
        date::rfc3339, encoding::compressed, problem::ApiError, request::Request,
        response::Response,
    },
    query::{snapshot::Snapshot, summary::summary},
    route::ENDPOINTS,
    settings::Settings,
};

/// Answers `/` for programs. For browsers (`Accept: text/html`) it is [`home`](crate::page::home).
///
/// # Errors
/// 503 without a snapshot.
pub async fn get(
    request: &Request,
    settings: &Settings,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let summary = snapshot.get(summary()).await?;
    let body = json!({
        "name": "tardist",
        "version": env!("CARGO_PKG_VERSION"),
        "snapshot": {
            "schema_version": USER_VERSION,
            "generated_at": rfc3339(summary.generated_at),
            "extensions": summary.extensions,
            "skins": summary.skins,
            "tarballs": summary.tarballs,
        },
        "documentation": settings.documentation_url,
        "endpoints": ENDPOINTS,
    });
    let mut response = Response::json(body.to_string(), summary.generated_at);
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}
