//! What an operator sets by Spin variables. Each component has only those in `spin.toml` that it uses.

/// The variables' values, but for `cache_max_age`, which every component has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The age of a snapshot in seconds at which `/health` turns bad: `snapshot_max_age`.
    pub snapshot_max_age: u64,
    /// Where the documentation is: `documentation_url`.
    pub documentation_url: String,
}

/// A variable's text as a number of seconds.
///
/// # Errors
/// What is wrong, for the log.
pub fn seconds(name: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("the variable {name} is {text:?}, not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_seconds_is_named() {
        assert_eq!(seconds("age", "300"), Ok(300));
        for text in ["", "-1", "5m", "1e3"] {
            let problem = seconds("age", text).unwrap_err();
            assert!(problem.contains("age") && problem.contains(&format!("{text:?}")), "{problem}");
        }
    }
}
