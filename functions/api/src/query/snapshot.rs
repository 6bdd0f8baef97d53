//! The snapshot as endpoints see it: something that answers statements.

use crate::{http::problem::ApiError, query::statement::Statement};

/// An open snapshot. All statements of one request go to the same one, so that they see the same
/// file even while the builder replaces it.
#[allow(
    async_fn_in_trait,
    reason = "the one executor is the component's own, which is single-threaded"
)]
pub trait Snapshot {
    /// Runs a statement and reads its row.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] where there is no snapshot, or not one of this schema.
    async fn get<T>(&self, statement: Statement<T>) -> Result<T, ApiError>;
}

/// Why there is nothing to answer from, by the schema version that the file has; `None` where it
/// could not even be read. Public text: it names no path and no SQL.
pub fn unavailable(user_version: Option<i64>) -> ApiError {
    ApiError::Unavailable(match user_version {
        Some(0) => "none has been published yet".to_owned(),
        Some(tardist_contract::schema::USER_VERSION) | None => "it can't be read".to_owned(),
        Some(other) => format!("it has schema version {other}, which this service does not read"),
    })
}
