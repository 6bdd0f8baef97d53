//! What a checkout does to the bytes of files, because `.gitattributes` ask for it.

pub mod convert;
pub mod gitattributes;
pub mod wildmatch;
