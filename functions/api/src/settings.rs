//! What an operator sets by Spin variables.

/// The variables' values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long caches may keep an answer, in seconds: `cache_max_age`.
    pub cache_max_age: u64,
    /// The age of a snapshot in seconds at which `/health` turns bad: `snapshot_max_age`.
    pub snapshot_max_age: u64,
    /// Where the documentation is: `documentation_url`.
    pub documentation_url: String,
}

impl Settings {
    /// From the variables' texts, by name. A number that is none is told by `Err`.
    ///
    /// # Errors
    /// What is wrong, for the log.
    pub fn new(variable: impl Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        let number = |name: &str| {
            let text = variable(name)?;
            text.parse()
                .map_err(|_| format!("the variable {name} is {text:?}, not a number of seconds"))
        };
        Ok(Self {
            cache_max_age: number("cache_max_age")?,
            snapshot_max_age: number("snapshot_max_age")?,
            documentation_url: variable("documentation_url")?,
        })
    }
}
