//! Composer: the packages that a branch's `composer.json` requires.

pub mod install;

pub use install::Composer;
