//! One cycle: from the lists of the upstreams to a published snapshot. Only this module uses every stage.
//!
//! [`run()`] has the steps in their order: list the repositories, compare them with what is published
//! ([`plan`]), let a [`worker`](crate::worker) make the tarballs of each changed repository, `merge` the results
//! into the catalogue, `publish` it, and remove old tarballs ([`sweep`]). [`report`] is the summary for the operator.
//! [`dry_run`] stops after the plan. [`quarantine`] has the branches that are not tried again, and [`began`] tells a
//! cycle that was killed from one that is running.

pub mod began;
mod checksums;
pub mod dry_run;
mod merge;
pub mod plan;
mod publish;
pub mod quarantine;
pub mod report;
pub mod run;
pub mod sweep;
pub mod workers;

pub use run::{Options, run};
