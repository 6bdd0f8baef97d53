//! `/health`: is there a snapshot, and is it young enough? For load balancers and probes.

use serde_json::json;
use tardist_contract::schema::USER_VERSION;

use crate::{
    http::problem::ApiError, http::response::Response, query::snapshot::Snapshot, query::statement,
    settings::Settings,
};

/// Answers `/health` at the time `now` (Unix seconds).
///
/// # Errors
/// 503 with the reason: no snapshot, another schema, too old.
pub async fn get(
    settings: &Settings,
    now: i64,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let summary = snapshot.get(statement::summary()).await?;
    let age = u64::try_from(now.saturating_sub(summary.generated_at)).unwrap_or(0);
    if age > settings.snapshot_max_age {
        return Err(ApiError::Unavailable(format!(
            "it was made {age} seconds ago, and more than {} is too old",
            settings.snapshot_max_age
        )));
    }
    let body = json!({
        "status": "ok",
        "schema_version": USER_VERSION,
        "generated_at": rfc3339(summary.generated_at),
    });
    let mut response = Response::json(body.to_string(), summary.generated_at);
    // A probe wants to know now.
    response.set(http::header::CACHE_CONTROL, "no-cache");
    Ok(response)
}

/// Unix seconds as RFC 3339 in UTC: `2026-08-06T09:30:00Z`.
///
/// A calendar library would be half of the component's size; this is the civil calendar of Howard
/// Hinnant's `civil_from_days` (<https://howardhinnant.github.io/date_algorithms.html>).
pub fn rfc3339(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_786_008_600, "2026-08-06T09:30:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
