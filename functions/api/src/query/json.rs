//! Values as JSON.

use serde::Serialize;

use crate::http::problem::ApiError;

/// A value as JSON. It adds less code to a component than `json!`, as
/// [`problem`](crate::http::problem) says.
///
/// # Errors
/// 500 for a value that has no form in JSON, such as a map whose keys are not texts.
pub fn json(value: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|error| {
        eprintln!("cannot write a value as JSON: {error}");
        ApiError::Internal
    })
}
