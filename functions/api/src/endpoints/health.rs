//! `/health`: is there a snapshot, and is it new enough? For load balancers and probes.

use http::header;
use serde_json::json;
use tardist_contract::schema::USER_VERSION;

use crate::{
    http::{date::rfc3339, problem::ApiError, response::Response},
    query::{snapshot::Snapshot, summary},
    settings::Settings,
};

/// Answers `/health` at the time `now` (Unix seconds).
///
/// # Errors
/// 503 with the reason: there is no snapshot, or it has another schema, lacks rows, or is too old.
pub async fn get(
    settings: &Settings,
    now: i64,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let health = snapshot.get(summary::health()).await?;
    if !health.is_whole {
        return Err(ApiError::Unavailable("it is damaged: rows are missing".to_owned()));
    }
    let age = u64::try_from(now.saturating_sub(health.generated_at)).unwrap_or(0);
    if age > settings.snapshot_max_age {
        return Err(ApiError::Unavailable(format!(
            "it was made {age} seconds ago, and more than {} is too old",
            settings.snapshot_max_age
        )));
    }
    let body = json!({
        "status": "ok",
        "schema_version": USER_VERSION,
        "generated_at": rfc3339(health.generated_at),
        "digest": health.digest,
    });
    let mut response = Response::json(body.to_string(), health.generated_at);
    // A probe asks for the state of this moment.
    response.set(header::CACHE_CONTROL, "no-cache");
    Ok(response)
}
