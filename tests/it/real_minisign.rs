//! Signatures by the program minisign: its keys sign what is published, it checks what tardist has signed, and a node
//! insists on that.

use std::fs;
use std::path::Path;
use std::process::Command;

use tardist_tests::{Node, Value, change, restated, sample_with_store, sync_to};

fn minisign(folder: &Path, args: &[&str]) -> std::process::Output {
    Command::new("minisign").args(args).current_dir(folder).output().unwrap()
}

/// Makes a key without a password. Returns the line of the public one.
fn key(folder: &Path, name: &str) -> String {
    let (public, secret) = (format!("{name}.pub"), format!("{name}.key"));
    let made = minisign(folder, &["-G", "-W", "-p", &public, "-s", &secret]);
    assert!(made.status.success(), "{made:?}");
    let text = fs::read_to_string(folder.join(public)).unwrap();
    text.lines().last().unwrap().to_owned()
}

#[test]
fn minisign_checks_what_was_signed_and_a_node_takes_nothing_else() {
    let (env, folder, store) = sample_with_store();
    let (public, other) = (key(env.folder(), "builder"), key(env.folder(), "other"));
    let secret = env.folder().join("builder.key");
    let signed = ["--store-key", secret.to_str().unwrap()];
    sync_to(&env, &store, &signed).exits(0);

    let pointer = fs::read(folder.join("current.json")).unwrap();
    let parts: Value = serde_json::from_slice(&pointer).unwrap();
    fs::write(env.folder().join("statement"), parts["statement"].as_str().unwrap()).unwrap();
    fs::write(env.folder().join("statement.minisig"), parts["signature"].as_str().unwrap())
        .unwrap();
    let checked = minisign(env.folder(), &["-Vm", "statement", "-P", &public]);
    assert!(checked.status.success(), "{checked:?}");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("tardist file://") && said.contains("number 1"), "{said}");
    assert!(!minisign(env.folder(), &["-Vm", "statement", "-P", &other]).status.success());

    let node = Node::new(&store);
    let insisting = ["--public-key", public.as_str()];
    node.pull(&["--public-key", &other]).exits(1).says(&["signature that does not fit"]);
    assert!(!node.snapshot().exists());
    node.pull(&insisting).exits(0).says(&["Pulled number 1"]);
    let good = fs::read(node.snapshot()).unwrap();
    let verify = |key: &str| {
        let args = ["verify", "--signatures", "--store-public-key", key];
        tardist_tests::Run::from(node.command(&args).output().unwrap())
    };
    verify(&public).exits(0).says(&["number 1", "is valid"]);
    verify(&other).exits(1).says(&["does not fit"]);

    // Somebody who can write to the store and has not the key.
    change(&env, "extensions/SampleGreeting", "news");
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 2"]);
    node.pull(&insisting).exits(1).says(&["is not signed", "insists"]);
    let forged = restated(&pointer, |it| it["serial"] = 9.into());
    let mut forged: Value = serde_json::from_slice(&forged).unwrap();
    forged["signature"] = parts["signature"].clone();
    fs::write(folder.join("current.json"), forged.to_string()).unwrap();
    node.pull(&insisting).exits(1).says(&["signature that does not fit"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), good, "the last good one stays");
    verify(&public).exits(1).says(&["does not fit"]);
    fs::write(folder.join("current.json"), &pointer).unwrap();
    verify(&public).exits(0);
}

#[test]
fn with_a_new_key_the_pointer_is_signed_again_at_once() {
    let (env, _, store) = sample_with_store();
    let node = Node::new(&store);
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 1"]);
    for (number, name) in [(2, "one"), (3, "two")] {
        let public = key(env.folder(), name);
        let secret = env.folder().join(format!("{name}.key"));
        let signed = ["--store-key", secret.to_str().unwrap()];
        let published = format!("published as number {number}");
        sync_to(&env, &store, &signed).exits(0).says(&[&published, "0 objects uploaded"]);
        node.pull(&["--public-key", &public]).exits(0);
        sync_to(&env, &store, &signed).exits(0).says(&["nothing new; 0 objects uploaded"]);
    }
}
