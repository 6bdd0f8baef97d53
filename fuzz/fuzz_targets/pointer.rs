//! Inputs for one function; see `tardist::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tardist::fuzzing::pointer(bytes));
