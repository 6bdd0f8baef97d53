//! `tardist completions`: writes the script with which a shell completes commands and flags.

use clap_complete::Shell;

use crate::commands::output::Output;

/// Returns the completion script of `command` for a shell.
pub fn run(mut command: clap::Command, shell: Shell) -> Output {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Output { text: String::from_utf8_lossy(&script).into_owned(), exit_status: 0 }
}
