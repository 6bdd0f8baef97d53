//! The settings of an operator: Spin variables. In `spin.toml` a component has only those that it uses.

/// The settings that only some components have. `cache_max_age` is no field, since all have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `snapshot_max_age`: a snapshot that is older than this many seconds makes `/health` answer 503.
    pub snapshot_max_age: u64,
    /// `documentation_url`: the URL of the documentation.
    pub documentation_url: String,
}

/// The text of a variable as a number of seconds.
///
/// # Errors
/// What is wrong, as a line for the log.
pub fn seconds(name: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        format!("the variable {name} is {text:?}, but must be a whole number of seconds")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_number_of_seconds_is_named() {
        assert_eq!(seconds("age", "300"), Ok(300));
        for text in ["", "-1", "5m", "1e3"] {
            let problem = seconds("age", text).unwrap_err();
            assert!(problem.contains("age") && problem.contains(&format!("{text:?}")), "{problem}");
        }
    }
}
