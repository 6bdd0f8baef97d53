//! The commands of `tardist`, a file each.

pub mod gc;
pub mod man;
pub mod status;
pub mod verify;
