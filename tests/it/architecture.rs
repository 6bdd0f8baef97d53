//! The house rules of docs/architecture.md: who may import whom. The tables there are what is held here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tardist_tests::{Imports, Module};

/// The folders with source of this project.
const CRATES: [&str; 8] = [
    "builder/src",
    "functions/api/src",
    "contract/src",
    "host/src",
    "bench/src",
    "xtask/src",
    "tests/src",
    "tests/upstream/src",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The rows of the first table behind a heading, each as its cells.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n{heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("| ")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The names in backticks.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rooms of a crate with those that each may import, from their table.
fn rules(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut rules = BTreeMap::new();
    for row in table(&format!("## `{source}`")) {
        let [room, _, may_import] = row.as_slice() else { panic!("{source}: {row:?}") };
        for room in names(room) {
            assert!(
                rules.insert(room.clone(), names(may_import)).is_none(),
                "{room} is there twice"
            );
        }
    }
    rules
}

fn shown(module: &Module) -> String {
    if module.is_empty() { "lib.rs".to_owned() } else { format!("{}.rs", module.join("/")) }
}

#[test]
fn rooms_import_only_what_the_tables_allow() {
    let mut wrong = Vec::new();
    for source in ["builder/src", "functions/api/src"] {
        let rules = rules(source);
        let imports = Imports::read(&root().join(source));
        let rooms: BTreeSet<String> =
            imports.uses.keys().filter_map(|module| module.first().cloned()).collect();
        assert_eq!(rooms, rules.keys().cloned().collect(), "the rooms of {source}");
        for (module, uses) in &imports.uses {
            // The root of a crate only lists its rooms.
            let Some(room) = module.first() else { continue };
            for other in uses.iter().filter_map(|used| used.first().map(|other| (used, other))) {
                let (used, other) = other;
                if other != room && !rules[room].contains(other) {
                    let (module, used) = (shown(module), shown(used));
                    wrong.push(format!("{source}/{module} imports {used}: {room} → {other}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no table of docs/architecture.md allows:\n{}", wrong.join("\n"));
}

#[test]
fn the_tables_allow_no_circle() {
    for source in ["builder/src", "functions/api/src"] {
        let mut rules = rules(source);
        // Whoever imports nothing that is left can be taken away; a circle cannot.
        while let Some(room) = {
            let free = rules.iter().find(|(_, uses)| uses.iter().all(|it| !rules.contains_key(it)));
            free.map(|(room, _)| room.clone())
        } {
            rules.remove(&room);
        }
        assert!(rules.is_empty(), "{source}: a circle in {:?}", rules.keys());
    }
}

#[test]
fn no_two_files_need_each_other() {
    for source in CRATES {
        let circle = Imports::read(&root().join(source)).circle();
        let circle = circle.map(|it| it.iter().map(shown).collect::<Vec<_>>().join(" → "));
        assert_eq!(circle, None, "a circle in {source}");
    }
}

#[test]
fn each_library_stays_in_its_rooms() {
    let mut wrong = Vec::new();
    let rows = table("## Libraries that rooms hide");
    for row in &rows {
        let (libraries, homes) = (names(&row[0]), names(&row[1]));
        for source in ["builder/src", "functions/api/src"] {
            for (module, outside) in &Imports::read(&root().join(source)).outside {
                let file = format!("{source}/{}", shown(module));
                let is_home = homes.iter().any(|home| {
                    file == format!("{home}.rs") || file.starts_with(&format!("{home}/"))
                });
                let found = outside.intersection(&libraries).filter(|_| !is_home);
                wrong.extend(found.map(|library| format!("{file} names {library}")));
            }
        }
    }
    assert!(rows.len() > 3, "the table is read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// That the reader of imports sees what it has to see.
#[test]
fn imports_are_found_wherever_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "pub mod a; pub mod b; pub use b::inner::Thing;");
    write("a.rs", "use crate::{Thing, b::{self as other}};\nfn f() { crate::c::g(); }");
    write("b.rs", "mod inner;\npub use inner::Thing as Renamed;");
    write("b/inner.rs", "mod deep { use super::super::super::a; }\nuse git2::Oid;");
    write("c.rs", "#[cfg(test)]\nmod tests { use crate::a; }\n#[cfg(test)]\nuse crate::b;");
    write("d.rs", "fn f(x: crate::b::Renamed) { rusqlite::open(x) }");
    let imports = Imports::read(folder.path());
    let uses = |module: &[&str]| -> Vec<String> {
        let module: Module = module.iter().map(|&name| name.to_owned()).collect();
        imports.uses[&module].iter().map(shown).collect()
    };
    assert_eq!(uses(&["a"]), ["b.rs", "b/inner.rs", "c.rs"]);
    assert_eq!(uses(&["b", "inner"]), ["a.rs"]);
    assert_eq!(uses(&["c"]), [""; 0]);
    assert_eq!(uses(&["d"]), ["b/inner.rs"]);
    assert!(imports.outside[&vec!["b".to_owned(), "inner".to_owned()]].contains("git2"));
    assert!(imports.outside[&vec!["d".to_owned()]].contains("rusqlite"));
    assert!(imports.circle().is_some(), "a.rs → b/inner.rs → a.rs");
}
