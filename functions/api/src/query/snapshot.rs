//! The snapshot as the endpoints see it: something that runs statements.

use tardist_contract::schema::USER_VERSION;

use super::statement::Statement;
use crate::http::problem::ApiError;

/// The schema version, which every SQLite file has; 0 where there is no snapshot. It is no
/// [`Statement`], since reading one fails for another version.
pub const USER_VERSION_SQL: &str = "SELECT user_version FROM pragma_user_version";

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
    /// [`ApiError::Unavailable`] where there is no snapshot, or one of another schema.
    async fn get<T>(&self, statement: Statement<T>) -> Result<T, ApiError>;
}

/// The error for a snapshot that does not answer, by the schema version of its file; `None` where not
/// even that can be read. The text is public: it has no path and no SQL.
pub fn unavailable(user_version: Option<i64>) -> ApiError {
    ApiError::Unavailable(match user_version {
        Some(0) => "none has been published yet".to_owned(),
        Some(USER_VERSION) | None => "it cannot be read".to_owned(),
        Some(other) => format!("it has schema version {other}, which this service does not read"),
    })
}
