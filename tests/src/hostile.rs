//! Hostile repositories: what anyone who may push could do to a distribution.
//!
//! A [`Case`] makes one repository, `extensions/Hostile`, in a few kilobytes or in full size, and says
//! what has to become of it: a named failure, or a right tarball. A [`Trial`] runs `tardist sync` over
//! it and a good repository beside it, and judges what comes out; [`Together`] does so for all at once. The
//! test `hostile_repositories` has each case in short, `cargo xtask torture --hostile` in full.
//!
//! What an operator does about each case is in docs/reliability.md.

mod attributes;
mod case;
mod commits;
mod links;
mod maker;
mod manifests;
mod packs;
mod submodules;
mod together;
mod trees;
mod trial;

pub use case::{Case, Expected, Size};
pub use together::{Together, Totals};
pub use trial::{Outcome, Trial};

/// All cases.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    let groups = [
        trees::CASES,
        links::CASES,
        attributes::CASES,
        manifests::CASES,
        submodules::CASES,
        commits::CASES,
        packs::CASES,
    ];
    groups.into_iter().flatten()
}
