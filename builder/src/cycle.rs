//! One cycle, from an upstream's list to a published snapshot: the only room that sees every stage.

pub mod dry_run;
pub mod plan;
pub mod report;
pub mod repository;
pub mod run;
pub mod sweep;
