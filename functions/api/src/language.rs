//! The languages that a client wants, and those to which they fall back.

pub mod chain;
mod table;
pub mod wanted;
