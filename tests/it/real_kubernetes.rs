//! The manifests of `deploy/kubernetes/` against the schemas of Kubernetes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tardist_tests::{TestEnv, deploy, kubernetes_validate};

/// The objects in a folder and below it: no kustomizations, and no patches, which are parts of objects.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.extend(objects(&path));
        } else if name.ends_with(".yaml") && name != "kustomization.yaml" {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The variables of tardist that a text sets or names.
fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    words.filter(|word| word.starts_with("TARDIST_") && word.len() > "TARDIST_".len()).collect()
}

#[test]
fn the_objects_are_what_kubernetes_takes() {
    let all = objects(&deploy("kubernetes"));
    assert!(all.len() >= 8, "{all:?}");
    let mut command = kubernetes_validate();
    command.arg("--strict").args(&all);
    let run = command.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{text}");
    // The type of SpinKube is not one of Kubernetes. All others are known.
    let unknown: Vec<&str> = text.lines().filter(|line| line.contains("find schema")).collect();
    assert!(matches!(unknown[..], [line] if line.contains("kind SpinApp ")), "{unknown:?}");
    for object in ["cronjob/tardist-builder", "deployment/tardist-functions", "service/tardist"] {
        assert!(text.contains(&format!("resource {object} ")), "{object} is not in:\n{text}");
    }
}

#[test]
fn the_validator_finds_a_wrong_key() {
    let env = TestEnv::empty();
    let text = fs::read_to_string(deploy("kubernetes/base/functions.yaml")).unwrap();
    let wrong = env.folder().join("wrong.yaml");
    fs::write(&wrong, text.replacen("replicas: 2", "replica: 2", 1)).unwrap();
    let run = kubernetes_validate().arg("--strict").arg(&wrong).output().unwrap();
    assert!(!run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

#[test]
fn the_variables_are_settings() {
    let help = TestEnv::empty().tardist(&["sync", "--help"]);
    let known = variables(&help.stdout);
    for path in ["base/kustomization.yaml", "overlays/small/kustomization.yaml"] {
        let text = fs::read_to_string(deploy("kubernetes").join(path)).unwrap();
        let unknown: Vec<_> = variables(&text).difference(&known).copied().collect();
        assert_eq!(unknown, [""; 0], "{path}");
    }
}
