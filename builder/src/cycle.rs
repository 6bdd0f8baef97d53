//! One cycle: from the lists of the upstreams to a published snapshot. Only this module uses every stage.
//!
//! [`run()`] has the steps in their order: list the repositories, compare them with what is published and `intact`
//! ([`plan`], by the `recipe` of each tarball), refuse a mass `loss`, let a [`worker`](crate::worker) make the
//! tarballs of each changed repository, `merge` the results into the catalogue, `publish` it, and remove old
//! tarballs ([`sweep`]). [`report`] is the summary for the operator. [`dry_run`] stops after the plan. [`quarantine`]
//! has the branches that are not tried again, [`began`] tells a cycle that was killed from one that is running, and
//! `adopt` looks into tarballs of which too little is known. `distributed` notes which branches there are now.
//! `meanwhile` publishes what is ready while the workers are still busy.
//! `history` is what a report takes over from earlier ones, and `metrics` writes the numbers of it.
//! `store` publishes to an object store what is published here.

mod adopt;
pub mod began;
mod distributed;
pub mod dry_run;
mod history;
mod intact;
mod loss;
mod meanwhile;
mod merge;
mod metrics;
mod pack;
pub mod plan;
mod publish;
pub mod quarantine;
mod recipe;
mod remembered;
pub mod report;
pub mod run;
mod same_names;
mod store;
pub mod sweep;
pub mod unused_mirrors;
pub mod workers;

pub use run::{Options, run};
