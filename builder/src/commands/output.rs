//! The result of a command.

/// The text and the exit status of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The text for standard output. If it is empty, nothing is printed.
    pub text: String,
    /// The exit status of the process. `tardist --help` explains the values.
    pub exit_status: u8,
}
