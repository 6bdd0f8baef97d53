//! What a command leaves for whoever started it.

/// The end of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The text for standard output; nothing is printed where it is empty.
    pub text: String,
    /// The exit status of the process. `tardist --help` says what each means.
    pub exit_status: u8,
}
