//! The commands of `tardist`, one file for each. A command returns an [`Output`]: the text to print and the exit
//! status.

pub mod completions;
pub mod gc;
pub mod man;
mod output;
pub mod pull;
pub mod status;
pub mod sync;
pub mod verify;

pub use output::Output;
