//! The commands of `tardist`, a file each. Each gives an [`Output`]: what to print, and the exit status.

pub mod completions;
pub mod gc;
pub mod man;
mod output;
pub mod status;
pub mod sync;
pub mod verify;

pub use output::Output;
