//! One cycle, from an upstream's list to a published snapshot: the only room that sees every stage.
//!
//! [`run`] has the steps in their order: list, [`plan`], work on each repository ([`repository`]), `merge`
//! what came out, publish, [`sweep`]. [`report`] is what the cycle tells; [`dry_run`] stops at the plan.

pub mod dry_run;
mod merge;
pub mod plan;
mod publish;
pub mod report;
pub mod repository;
pub mod run;
pub mod sweep;

pub use run::{Options, run};
