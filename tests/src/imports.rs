//! Which files of a crate use which, read from their source.
//!
//! The code of tests does not count: a test may use everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, File, ItemFn, ItemMod, ItemUse, UseTree, Visibility};

/// The path of a module: its names from the crate's root on. The path of the root is empty.
pub type Module = Vec<String>;

/// The files of a crate, and which of them uses which.
#[derive(Debug, Default)]
pub struct Imports {
    /// By the module of each file: the modules of this crate that it uses.
    pub uses: BTreeMap<Module, BTreeSet<Module>>,
    /// By the module of each file: the first name of each path that leads out of the crate, such as
    /// the name of another crate.
    pub outside: BTreeMap<Module, BTreeSet<String>>,
}

impl Imports {
    /// Reads all files below `src`. The root of the crate is its `lib.rs`, or `main.rs` if there is
    /// no `lib.rs`.
    #[must_use]
    pub fn read(src: &Path) -> Self {
        let root = if src.join("lib.rs").exists() { "lib.rs" } else { "main.rs" };
        let mut files = BTreeMap::new();
        for path in rust_files(src) {
            let relative = path.strip_prefix(src).unwrap();
            let module: Module = match relative.to_str().unwrap() {
                name if name == root => Vec::new(),
                "main.rs" => continue,
                name => name.trim_end_matches(".rs").split('/').map(str::to_owned).collect(),
            };
            let text = fs::read_to_string(&path).unwrap();
            let file = syn::parse_file(&text);
            files.insert(module, file.unwrap_or_else(|e| panic!("{}: {e}", path.display())));
        }
        let read = files.iter().map(|(module, file)| (module.clone(), Paths::of(module, file)));
        resolve(&read.collect())
    }

    /// A circle of files that use each other; `None` if there is none.
    #[must_use]
    pub fn circle(&self) -> Option<Vec<Module>> {
        let mut done = BTreeSet::new();
        self.uses.keys().find_map(|module| self.circle_from(module, &mut Vec::new(), &mut done))
    }

    fn circle_from(
        &self,
        module: &Module,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = way.iter().position(|it| it == module) {
            return Some(way[start..].to_vec());
        }
        if !done.insert(module.clone()) {
            return None;
        }
        way.push(module.clone());
        let uses = self.uses.get(module).into_iter().flatten();
        let circle = uses.into_iter().find_map(|used| self.circle_from(used, way, done));
        way.pop();
        circle
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") && !is_test(&path) {
            files.push(path);
        }
    }
    files
}

/// True for a file that is a module of tests.
fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests" || stem == "testing")
}

/// The paths in one file.
#[derive(Debug, Default)]
struct Paths {
    /// Where the visit is: the file's module, and modules inside the file.
    at: Module,
    /// Each path with the module that it is in.
    paths: Vec<(Module, Vec<String>)>,
    /// What the file exports with `pub use`: by name, the module and the path behind `use`.
    exports: BTreeMap<String, (Module, Vec<String>)>,
}

impl Paths {
    fn of(module: &Module, file: &File) -> Self {
        let mut paths = Self { at: module.clone(), ..Self::default() };
        paths.visit_file(file);
        paths
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_for_tests(&item.attrs) || item.content.is_none() {
            return;
        }
        self.at.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if is_for_tests(&item.attrs) {
            return;
        }
        for (path, name) in expanded(&item.tree) {
            if matches!(item.vis, Visibility::Inherited) {
                self.paths.push((self.at.clone(), path));
            } else {
                self.exports.insert(name, (self.at.clone(), path));
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        if names.len() > 1 {
            self.paths.push((self.at.clone(), names));
        }
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let list = attribute.path().is_ident("cfg").then(|| attribute.meta.require_list().ok());
        list.flatten().is_some_and(|list| list.tokens.to_string() == "test")
    })
}

/// The paths of a `use`, each with the name that it gets.
fn expanded(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    match tree {
        UseTree::Path(path) => {
            let inner = expanded(&path.tree).into_iter();
            let first = path.ident.to_string();
            inner.map(|(rest, name)| ([vec![first.clone()], rest].concat(), name)).collect()
        }
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(it) => vec![(vec![it.ident.to_string()], it.rename.to_string())],
        UseTree::Glob(_) => vec![(vec!["*".to_owned()], "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(expanded).collect(),
    }
}

fn resolve(files: &BTreeMap<Module, Paths>) -> Imports {
    let mut imports = Imports::default();
    for (module, file) in files {
        let uses = imports.uses.entry(module.clone()).or_default();
        let outside = imports.outside.entry(module.clone()).or_default();
        for (at, path) in &file.paths {
            match absolute(files, at, path) {
                Some(target) => uses.extend(owner(files, &target).filter(|it| it != module)),
                None => {
                    outside.insert(path[0].clone());
                }
            }
        }
    }
    imports
}

/// A path from the crate's root; `None` where it leads out of the crate.
fn absolute(files: &BTreeMap<Module, Paths>, at: &Module, path: &[String]) -> Option<Vec<String>> {
    let mut base = at.clone();
    let mut rest = path;
    match path[0].as_str() {
        "crate" => {
            base.clear();
            rest = &rest[1..];
        }
        "self" | "super" => {
            while let Some((first @ ("self" | "super"), more)) =
                rest.split_first().map(|(first, more)| (first.as_str(), more))
            {
                if first == "super" {
                    base.pop();
                }
                rest = more;
            }
        }
        first => {
            // A module inside this one, or something from elsewhere.
            let child = [at.clone(), vec![first.to_owned()]].concat();
            if !files.contains_key(&child) {
                return None;
            }
        }
    }
    Some([base, rest.to_vec()].concat())
}

/// The file that a path from the crate's root leads to. It follows `pub use`.
fn owner(files: &BTreeMap<Module, Paths>, path: &[String]) -> Option<Module> {
    let length = (0..=path.len()).rev().find(|length| files.contains_key(&path[..*length]))?;
    let (module, rest) = path.split_at(length);
    let export = rest.first().and_then(|name| files[module].exports.get(name));
    match export.and_then(|(at, path)| absolute(files, at, path)) {
        Some(target) if target != path => owner(files, &target),
        _ => Some(module.to_vec()),
    }
}
