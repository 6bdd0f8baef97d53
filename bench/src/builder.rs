//! What the builder costs: whole cycles, very many repositories, single tarballs.

pub(crate) mod cycle;
mod disk;
mod extdist;
pub(crate) mod many;
pub(crate) mod run;
mod stats;
pub(crate) mod tarball;
pub(crate) mod touch;
