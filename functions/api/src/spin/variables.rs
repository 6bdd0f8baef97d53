//! The settings of an operator, from Spin's variables. They cannot change while an instance lives, so each
//! is read once. A component must have those that it uses in `spin.toml`.

use std::sync::OnceLock;

use crate::{
    http::problem::ApiError,
    settings::{Settings, seconds},
};

/// The settings that only some endpoints use.
///
/// # Errors
/// 500 where a variable is missing or malformed, which is logged.
pub async fn settings() -> Result<&'static Settings, ApiError> {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings);
    }
    let settings = Settings {
        snapshot_max_age: number("snapshot_max_age").await?,
        documentation_url: variable("documentation_url").await?,
    };
    Ok(SETTINGS.get_or_init(|| settings))
}

/// For how many seconds caches may keep a response.
pub(super) async fn cache_max_age() -> Result<u64, ApiError> {
    static CACHE_MAX_AGE: OnceLock<u64> = OnceLock::new();
    if let Some(age) = CACHE_MAX_AGE.get() {
        return Ok(*age);
    }
    let age = number("cache_max_age").await?;
    Ok(*CACHE_MAX_AGE.get_or_init(|| age))
}

async fn number(name: &str) -> Result<u64, ApiError> {
    seconds(name, &variable(name).await?).map_err(|problem| wrong_setting(&problem))
}

async fn variable(name: &str) -> Result<String, ApiError> {
    let value = spin_sdk::variables::get(name).await;
    value.map_err(|error| wrong_setting(&format!("cannot read the variable {name}: {error}")))
}

fn wrong_setting(problem: &str) -> ApiError {
    eprintln!("{problem}");
    ApiError::Internal
}
