//! `cargo xtask torture --fuzz`: runs the fuzzers in `fuzz/`, one after the other.
//!
//! What they find is in `fuzz/artifacts/`; docs/development.md says what to do with it. New inputs that are no
//! findings go to `fuzz/target/found/`, and are where the next run begins.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use xtask::{process, project};

/// The longest input in bytes, of fuzzers for which `fuzz/Cargo.toml` says nothing else.
const MAX_LENGTH: i64 = 4096;

/// More memory than this is a finding, in MiB. Limits keep each of these functions far below it.
const MEMORY: u32 = 512;

/// Runs the fuzzers, each on new inputs that it makes from the kept ones.
///
/// Exits with 1 if one of them found something: a panic, a wrong result, an input that takes too much memory
/// or too long. It needs nightly Rust and cargo-fuzz.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask torture --fuzz", bin_name = "cargo xtask torture --fuzz")]
struct Options {
    /// Runs the fuzzers, and nothing else that `torture` does
    #[arg(long, required = true)]
    fuzz: bool,
    /// How long each of them runs, in seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// An input that takes longer than this many seconds is a finding; more than 1 is for a machine that has
    /// other work
    #[arg(long, value_name = "N", default_value_t = 1)]
    slow: u32,
    /// Only the fuzzer of this name; may be given several times
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
}

/// Whether the arguments of `torture` are for the fuzzers.
pub(crate) fn is_meant(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "--fuzz")
}

/// Runs them.
pub(crate) fn run(arguments: &[OsString]) -> Result<ExitCode> {
    let name = OsString::from("torture");
    let options = match Options::try_parse_from(std::iter::once(&name).chain(arguments)) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    let folder = project::root().join("fuzz");
    let fuzzers = chosen(&folder.join("Cargo.toml"), &options.target)?;
    check()?;
    let mut found = Vec::new();
    for (name, max_length) in &fuzzers {
        println!("==> {name}");
        let new = folder.join("target/found").join(name);
        fs::create_dir_all(&new).with_context(|| format!("cannot make {}", new.display()))?;
        let mut fuzz = cargo_fuzz()?;
        // What is fuzzed has no unsafe code, so that a sanitizer would find nothing and take half of the time.
        fuzz.arg("run").arg("--fuzz-dir").arg(&folder).args(["--sanitizer", "none", name]);
        fuzz.arg(&new).arg(folder.join("corpus").join(name)).arg("--").args([
            format!("-max_total_time={}", options.seconds),
            format!("-timeout={}", options.slow),
            format!("-rss_limit_mb={MEMORY}"),
            format!("-max_len={max_length}"),
            "-print_final_stats=1".to_owned(),
        ]);
        if !process::status(&mut fuzz)?.success() {
            found.push(name.as_str());
        }
    }
    if found.is_empty() {
        println!("{} fuzzers found nothing", fuzzers.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("findings, in fuzz/artifacts/: {}", found.join(", "));
    Ok(ExitCode::FAILURE)
}

/// The fuzzers in `fuzz/Cargo.toml` that were chosen, or all, with the length of their longest input.
fn chosen(manifest: &Path, names: &[String]) -> Result<BTreeMap<String, i64>> {
    let what = || format!("cannot read {}", manifest.display());
    let manifest: toml::Table =
        fs::read_to_string(manifest).with_context(what)?.parse().with_context(what)?;
    let bins = manifest.get("bin").and_then(toml::Value::as_array);
    let all = bins.into_iter().flatten().filter_map(|bin| bin.get("name")?.as_str());
    let lengths = manifest["package"]["metadata"].get("max-length");
    let length = |name: &str| lengths?.get(name)?.as_integer();
    let all: BTreeMap<String, i64> =
        all.map(|name| (name.to_owned(), length(name).unwrap_or(MAX_LENGTH))).collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains_key(*name)) {
        let all: Vec<&str> = all.keys().map(String::as_str).collect();
        bail!("there is no fuzzer {unknown}; there are {}", all.join(", "));
    }
    Ok(all.into_iter().filter(|(name, _)| names.is_empty() || names.contains(name)).collect())
}

/// `cargo fuzz` of nightly Rust.
fn cargo_fuzz() -> Result<Command> {
    let rustup: PathBuf = project::find_program("rustup").context(
        "rustup is missing, which fuzzing needs for nightly Rust: see https://rustup.rs",
    )?;
    let mut command = Command::new(rustup);
    // cargo sets these for xtask; they are of another toolchain.
    command.env_remove("CARGO").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
    command.args(["run", "nightly", "cargo", "fuzz"]);
    Ok(command)
}

/// Checks for nightly Rust and cargo-fuzz.
fn check() -> Result<()> {
    let version = process::output(cargo_fuzz()?.arg("--version"));
    version.map(drop).context(
        "nightly Rust or cargo-fuzz is missing; install them:\n  \
         rustup toolchain install nightly --profile minimal\n  \
         cargo install cargo-fuzz --locked\n",
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn each_fuzzer_can_be_chosen_by_its_name() {
        let manifest = project::root().join("fuzz/Cargo.toml");
        let all = chosen(&manifest, &[]).unwrap();
        assert!(all.len() > 20 && all["search"] == MAX_LENGTH && all["manifest"] > MAX_LENGTH);
        assert_eq!(chosen(&manifest, &["search".to_owned()]).unwrap().len(), 1);
        let error = chosen(&manifest, &["other".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("there are accept, attributes"), "{error}");
    }
}
