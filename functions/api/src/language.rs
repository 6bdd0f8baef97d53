//! In which languages a client is answered.

pub mod chain;
mod table;
pub mod wanted;
