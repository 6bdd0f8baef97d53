//! One cycle: from the lists of the upstreams to a published snapshot. Only this module uses every stage.
//!
//! [`run()`] has the steps in their order: list the repositories, compare them with what is published
//! ([`plan`]), build the tarballs of each changed repository ([`repository`]), `merge` the results into the
//! catalogue, `publish` it, and remove old tarballs ([`sweep`]). [`report`] is the summary for the operator.
//! [`dry_run`] stops after the plan.

mod checksums;
pub mod dry_run;
mod merge;
pub mod plan;
mod publish;
pub mod report;
pub mod repository;
pub mod run;
pub mod sweep;

pub use run::{Options, run};
