//! The data directory: where each file is, the lock that admits one builder at a time, and how files are
//! written.
//!
//! [`layout`] has the paths, `mirrors` walks over `mirror/`, [`lock`] keeps a second builder out. A file is
//! never seen half written ([`atomic`]), all users can read what is for them ([`readable`]), and what a killed
//! builder left is removed (`unfinished`).

pub mod atomic;
pub mod disk;
pub(crate) mod files;
pub mod layout;
pub mod lock;
pub(crate) mod mirrors;
pub mod readable;
pub(crate) mod unfinished;
