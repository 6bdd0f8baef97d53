//! The files in `deploy/` and the Containerfile against what they are made for: they cannot drift apart.

use std::fs;
use std::path::Path;

use tardist_tests::deploy;
use toml::{Table, Value};

fn read(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn workspace(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

#[test]
fn the_installed_application_is_that_of_the_checkout_with_absolute_paths() {
    let mut expected = read(&workspace("spin.toml"));
    for (_, component) in expected["component"].as_table_mut().unwrap() {
        let component = component.as_table_mut().unwrap();
        component.remove("build");
        let source = component["source"].as_str().unwrap();
        let source = source.replace("target/wasm32-wasip2/component/", "/usr/share/tardist/");
        component.insert("source".to_owned(), Value::String(source));
        for files in component.get_mut("files").and_then(Value::as_array_mut).into_iter().flatten()
        {
            assert_eq!(files["source"].as_str(), Some("data/dist"));
            files["source"] = Value::String("/var/lib/tardist/dist".to_owned());
        }
    }
    assert_eq!(read(&deploy("spin.toml")), expected);

    let mut expected = read(&workspace("runtime-config.toml"));
    let path = &mut expected["sqlite_database"]["snapshot"]["path"];
    assert_eq!(path.as_str(), Some("data/snapshot.db"));
    *path = Value::String("/var/lib/tardist/snapshot.db".to_owned());
    assert_eq!(read(&deploy("runtime-config.toml")), expected);
}

#[test]
fn the_images_have_all_components() {
    let text = fs::read_to_string(workspace("Containerfile")).unwrap();
    for (name, component) in read(&workspace("spin.toml"))["component"].as_table().unwrap() {
        let command = component["build"]["command"].as_str().unwrap();
        let package = command.split_whitespace().last().unwrap();
        assert!(text.contains(&format!(" -p {package} ")), "{name}");
    }
}

#[test]
fn a_document_a_test_or_a_unit_is_no_part_of_what_the_images_are_compiled_from() {
    let text = fs::read_to_string(workspace(".containerignore")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.first(), Some(&"*"), "what is not named is left out");
    for line in lines.iter().filter_map(|line| line.strip_prefix('!')) {
        assert!(workspace(line).exists(), "{line} is not there");
        let is_compiled = ["builder", "contract", "functions"].contains(&line)
            || line.ends_with("Cargo.toml")
            || line.starts_with("deploy/");
        assert!(is_compiled || ["Cargo.lock", ".cargo"].contains(&line), "{line}");
    }
}

/// The exit statuses of the builder mean the same to systemd, whether it is a program or a container.
#[test]
fn the_units_and_the_quadlet_treat_exit_statuses_alike() {
    let of = |file: &str| {
        let text = fs::read_to_string(deploy(file)).unwrap();
        let keys = ["SuccessExitStatus", "Restart", "RestartSec", "RestartPreventExitStatus"];
        let line = |key: &&str| {
            let start = format!("{key}=");
            text.lines()
                .find(|line| line.starts_with(&start))
                .unwrap_or_else(|| panic!("{file}: {key}"))
                .to_owned()
        };
        keys.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(of("systemd/tardist.service"), of("podman/tardist.container"));
}
