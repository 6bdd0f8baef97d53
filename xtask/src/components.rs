//! Builds the components that spin.toml names, all in one call of cargo.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use toml::Table;

use crate::{process, project, toolchain::Toolchain};

/// Builds the components, and the packages `more` in the same way.
///
/// # Errors
///
/// No toolchain has the target, or cargo fails.
pub fn build(more: &[&str]) -> Result<()> {
    let packages = packages()?;
    let toolchain = Toolchain::find()?;
    let mut cargo = toolchain.cargo();
    cargo.args(["build", "--target", "wasm32-wasip2", "--profile", "component"]);
    for package in packages.iter().map(String::as_str).chain(more.iter().copied()) {
        cargo.args(["-p", package]);
    }
    process::run(&mut cargo).context("the components could not be built")
}

/// The packages of the components: what the build commands in spin.toml name.
///
/// # Errors
///
/// `spin.toml` cannot be read, or a component has no build command with `-p`.
pub fn packages() -> Result<Vec<String>> {
    let path = project::root().join("spin.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_packages(&text).with_context(|| format!("in {}", path.display()))
}

/// The `.wasm` files of the components.
///
/// # Errors
///
/// As [`packages`].
pub fn files() -> Result<Vec<PathBuf>> {
    let folder = project::target("wasm32-wasip2/component");
    let file = |package: String| folder.join(format!("{}.wasm", package.replace('-', "_")));
    Ok(packages()?.into_iter().map(file).collect())
}

/// The arguments that make cargo build all packages but the components: these are only built for
/// WebAssembly.
///
/// Tests and benchmarks build with these. `cargo xtask up` builds less, and yet the same: cargo
/// chooses the features of a dependency by all packages that are built together, and for these
/// packages the choice differs only in `idna` and `regex-automata` with what uses them, some 40 s
/// of processor time. wasmtime is compiled once.
///
/// # Errors
///
/// As [`packages`].
pub fn all_others() -> Result<Vec<String>> {
    let components = packages()?.into_iter().chain([project::BARE.to_owned()]);
    let excluded = components.flat_map(|package| ["--exclude".to_owned(), package]);
    Ok(["--workspace".to_owned()].into_iter().chain(excluded).collect())
}

fn parse_packages(manifest: &str) -> Result<Vec<String>> {
    let manifest: Table = manifest.parse()?;
    let components = manifest.get("component").and_then(toml::Value::as_table);
    let mut packages = Vec::new();
    for (name, component) in components.into_iter().flatten() {
        let command = component.get("build").and_then(|build| build.get("command"));
        let words = command.and_then(toml::Value::as_str).unwrap_or_default();
        let package = words.split_whitespace().skip_while(|&word| word != "-p").nth(1);
        let Some(package) = package else {
            bail!("the build command of component `{name}` names no package with `-p`");
        };
        packages.push(package.to_owned());
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_from_the_build_commands() {
        let manifest = "[component.a.build]\ncommand = \"cargo build -p tardist-a\"\n\
                        [component.b.build]\ncommand = \"cargo build -p tardist-b --release\"";
        assert_eq!(parse_packages(manifest).unwrap(), ["tardist-a", "tardist-b"]);
        let error = parse_packages("[component.c]").unwrap_err().to_string();
        assert!(error.contains("`c`"), "{error}");
    }

    #[test]
    fn the_manifest_of_this_project_is_understood() {
        assert!(packages().unwrap().contains(&"tardist-list".to_owned()));
    }
}
