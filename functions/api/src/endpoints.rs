//! The endpoints: one file for each sort of answer to programs.

pub mod dist;
pub mod gerrit;
pub mod health;
pub mod index;
pub mod info;
pub mod list;
pub mod openapi;
pub mod search;
