//! Composer (<https://getcomposer.org>): adds the packages that a branch's `composer.json` requires, in
//! `vendor/` as in extdist's production tarballs.
//!
//! It runs a foreign program on hostile content: [`requirements`] decides whether it runs, by what [`document`] finds in
//! its files, [`process`] when it is killed, and [`mod@install`] where it works and what it sees of this machine.
//!
//! It is off by default: Composer asks hosts that tardist does not know, and a tarball is then only as
//! reproducible as its `composer.lock`.

mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod install;
mod process;
mod requirements;

pub use install::{AUTOLOADER, Composer, Packages, install, missing_packages};
