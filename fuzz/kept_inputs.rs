//! Runs the inputs that fuzzing has found and that are kept. Each crate with fuzzers includes this file in its
//! tests.

use std::{fs, path::Path};

use super::Target;

/// Runs each target with all its kept inputs. Fails if a target has none, or if no fuzzer calls its function in
/// the module `module`. `fuzz` is the folder of this file.
pub(super) fn run(fuzz: &Path, module: &str, targets: &[Target]) {
    for (name, run) in targets {
        let fuzzer = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(fuzzer.contains(&format!("{module}::{name}(")), "{name}: {fuzzer}");
        let mut count = 0;
        for file in fs::read_dir(fuzz.join("corpus").join(name)).unwrap() {
            let path = file.unwrap().path();
            // Shown if the next line fails.
            println!("{}", path.display());
            run(&fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has kept inputs");
    }
}
