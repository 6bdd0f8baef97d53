//! Damage: files of the data directory that are not as the builder left them, and a machine that gets
//! in its way. The next cycle has to repair everything, without a hand.
//!
//! Each [`Harm`] is a test of its own, `damage::NAME`, and a row of `docs/reliability.md`.

mod disk;
mod files;
mod harm;
mod machine;

pub use harm::{Harm, Harmed};

/// All of them.
pub fn harms() -> impl Iterator<Item = &'static Harm> {
    [files::HARMS, disk::HARMS, machine::HARMS].into_iter().flatten()
}
