//! `cargo xtask sbom`: writes what each thing that ships is made of, as CycloneDX 1.6
//! (<https://cyclonedx.org/docs/1.6/json/>), a file for each program and component.
//!
//! The packages are those that `cargo tree` lists as normal dependencies: what is only for building or testing
//! is not in a program. cargo-cyclonedx would write the same, but takes longer to compile than xtask does.
//! The files have no time and no serial number, so that the same sources give the same files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use toml::Table;
use xtask::{components, process, project};

/// The program that ships beside the components.
const BUILDER: &str = "tardist";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder to write to [default: target/sbom]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What the builder is compiled for
    #[arg(long, value_name = "TRIPLE", default_value = "x86_64-unknown-linux-gnu")]
    target: String,
}

/// Writes `NAME.cdx.json` for the builder and for each component.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = options.out.clone().unwrap_or_else(|| project::target("sbom"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = project::root().join("Cargo.lock");
    let lock =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let checksums = checksums(&lock).with_context(|| format!("in {}", path.display()))?;
    let shipped = [(BUILDER.to_owned(), options.target.as_str())];
    let components = components::packages()?.into_iter().map(|name| (name, "wasm32-wasip2"));
    for (name, target) in shipped.into_iter().chain(components) {
        let tree = process::output(&mut cargo_tree(&name, target))?;
        let document = document(&parse(&tree)?, &checksums)?;
        let file = folder.join(format!("{name}.cdx.json"));
        fs::write(&file, format!("{document:#}\n"))
            .with_context(|| format!("cannot write {}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}

fn cargo_tree(name: &str, target: &str) -> Command {
    let mut cargo = project::cargo();
    cargo.args(["tree", "--locked", "--package", name, "--target", target]);
    cargo.args(["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}\t{l}"]);
    cargo
}

/// A package in a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// An SPDX expression; empty where the package has none.
    license: String,
}

/// What a program is made of.
#[derive(Debug)]
struct Tree {
    root: Package,
    /// The packages with those that each depends on.
    packages: BTreeMap<Package, BTreeSet<Package>>,
}

/// Parses what `cargo tree` prints: `DEPTHNAME vVERSION (…)`, a tab, the licence, and ` (*)` where what is below
/// it was printed before.
fn parse(tree: &str) -> Result<Tree> {
    let mut packages = BTreeMap::<Package, BTreeSet<Package>>::new();
    // The packages from the root to the last line.
    let mut path: Vec<Package> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let strange = || format!("`cargo tree` printed {line:?}");
        let (package, license) = line.split_once('\t').with_context(strange)?;
        let name = package.trim_start_matches(|c: char| c.is_ascii_digit());
        let depth: usize = package[..package.len() - name.len()].parse().with_context(strange)?;
        let mut words = name.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            bail!(strange());
        };
        let package = Package {
            name: name.to_owned(),
            version: version.trim_start_matches('v').to_owned(),
            license: license.trim_end_matches(" (*)").replace('/', " OR "),
        };
        path.truncate(depth);
        if let Some(parent) = path.last() {
            packages.entry(parent.clone()).or_default().insert(package.clone());
        }
        packages.entry(package.clone()).or_default();
        path.push(package);
    }
    let root = path.into_iter().next().context("`cargo tree` printed nothing")?;
    Ok(Tree { root, packages })
}

/// The SHA-256 of packages, by name and version, from `Cargo.lock`. Those of this workspace have none.
fn checksums(lock: &str) -> Result<BTreeMap<(String, String), String>> {
    let lock: Table = lock.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let text = |package: &toml::Value, key| Some(package.get(key)?.as_str()?.to_owned());
    let checksum = |package| {
        let of = (text(package, "name")?, text(package, "version")?);
        Some((of, text(package, "checksum")?))
    };
    Ok(packages.into_iter().flatten().filter_map(checksum).collect())
}

/// The URL of a package (<https://github.com/package-url/purl-spec>).
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

/// The document of a tree.
fn document(tree: &Tree, checksums: &BTreeMap<(String, String), String>) -> Result<Value> {
    let mut components = Vec::new();
    for package in tree.packages.keys().filter(|package| **package != tree.root) {
        let mut component = component("library", package);
        let key = (package.name.clone(), package.version.clone());
        match checksums.get(&key) {
            Some(hash) => component["hashes"] = json!([{ "alg": "SHA-256", "content": hash }]),
            None if package.license != tree.root.license => {
                bail!("Cargo.lock has no checksum of {} {}", package.name, package.version)
            }
            // A package of this workspace.
            None => {}
        }
        components.push(component);
    }
    let dependencies: Vec<Value> = tree
        .packages
        .iter()
        .map(|(package, needs)| {
            json!({ "ref": purl(package), "dependsOn": needs.iter().map(purl).collect::<Vec<_>>() })
        })
        .collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component("application", &tree.root) },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(kind: &str, package: &Package) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "purl": purl(package),
    });
    if !package.license.is_empty() {
        component["licenses"] = json!([{ "expression": package.license }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0tardist v0.1.0 (/x/builder)\tGPL-3.0-or-later\n\
                        1git2-sys v0.18.3+1.9.2\tMIT/Apache-2.0\n\
                        2libc v0.2.1\tMIT\n\
                        1tardist-contract v0.1.0 (/x/contract)\tGPL-3.0-or-later\n\
                        2libc v0.2.1\tMIT (*)\n";

    #[test]
    fn a_document_has_each_package_once_with_what_it_needs() {
        let hash = "0".repeat(64);
        let lock = format!(
            "[[package]]\nname = \"libc\"\nversion = \"0.2.1\"\nchecksum = \"{hash}\"\n\
             [[package]]\nname = \"git2-sys\"\nversion = \"0.18.3+1.9.2\"\nchecksum = \"{hash}\"\n\
             [[package]]\nname = \"tardist\"\nversion = \"0.1.0\"\n"
        );
        let document = document(&parse(TREE).unwrap(), &checksums(&lock).unwrap()).unwrap();
        let names: Vec<_> =
            document["components"].as_array().unwrap().iter().map(|it| &it["purl"]).collect();
        let git2 = "pkg:cargo/git2-sys@0.18.3%2B1.9.2";
        let contract = "pkg:cargo/tardist-contract@0.1.0";
        assert_eq!(names, [git2, "pkg:cargo/libc@0.2.1", contract]);
        assert_eq!(document["components"][0]["hashes"][0]["content"], hash);
        assert_eq!(document["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(document["components"][2].get("hashes"), None);
        assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/tardist@0.1.0");
        assert_eq!(document["dependencies"][2]["dependsOn"], json!([git2, contract]));
    }

    #[test]
    fn a_package_without_a_checksum_and_other_output_are_errors() {
        assert!(document(&parse(TREE).unwrap(), &BTreeMap::new()).is_err());
        for bad in ["", "no tab", "x\tMIT", "0x\tMIT", "0\tMIT"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_builder_is_made_of_what_it_links_and_of_no_tools() {
        let tree = process::output(&mut cargo_tree(BUILDER, "x86_64-unknown-linux-gnu")).unwrap();
        let tree = parse(&tree).unwrap();
        let has = |name: &str| tree.packages.keys().any(|package| package.name == name);
        assert!(has("libgit2-sys") && has("libsqlite3-sys") && has("rustls"));
        assert!(!has("cc") && !has("serde_derive") && !has("wasmtime") && !has("sample-upstream"));
    }
}
