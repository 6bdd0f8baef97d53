//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

pub use crate::content::{
    checkout::fuzzing::{attributes, conversion, wildmatch},
    composer::fuzzing::composer,
};
