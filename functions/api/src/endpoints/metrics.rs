//! `/metrics`: what the snapshot names, in the text format of Prometheus.
//!
//! It has no numbers of requests: an instance lives for some requests only, and knows no other. A web server and Spin
//! count them (docs/monitoring.md). It has no age either, so that the answer changes only with the snapshot: Prometheus
//! subtracts.

use http::header;
use tardist_contract::metrics::{Gauges, MEDIA_TYPE};

use crate::{
    http::{
        problem::ApiError,
        response::{Representation, Response},
    },
    query::{metrics::metrics, snapshot::Snapshot},
};

/// Answers `/metrics`.
///
/// # Errors
/// 503 without a snapshot: Prometheus then says that the target is down.
pub async fn get(snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let found = snapshot.get(metrics()).await?;
    let mut gauges = Gauges::default();
    let version = [(env!("CARGO_PKG_VERSION"), 1.0)];
    gauges.add_by("tardist_functions_info", "The version of the functions", "version", version);
    found.add_to(&mut gauges);
    let content = Representation::of(gauges.into_text(), found.generated_at);
    let mut response = Response::ok(content, MEDIA_TYPE);
    // Whoever measures asks for the state of this moment.
    response.set(header::CACHE_CONTROL, "no-cache");
    Ok(response)
}
