//! Inputs for one function; see `tardist_api::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tardist_api::fuzzing::siteinfo(bytes));
