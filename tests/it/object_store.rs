//! Publishing to a store that is a folder, and nodes that pull from it. What is true of S3 alone is in `real_s3`.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use tardist_tests::{
    Fault, File, Folder, NOBODY, Node, Objects, TestEnv, Variables, change, files, folder_store,
    published, restated, sample_with_store, sha256, sync_to, within,
};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";
const POINTER: &str = "current.json";

/// The sample, published to a folder once.
fn stored() -> (TestEnv, PathBuf, Variables) {
    let (env, folder, store) = sample_with_store();
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 1"]);
    (env, folder, store)
}

/// The files of a store, each with what changes if it is written again.
fn objects(folder: &Path) -> Vec<(String, u64, i64)> {
    let all = files(folder).into_keys().filter(|name| name != ".lock");
    let stamped = all.map(|name| {
        let metadata = fs::metadata(folder.join(&name)).unwrap();
        (name, metadata.ino(), metadata.mtime_nsec())
    });
    stamped.collect()
}

/// The name of the snapshot that a pointer names.
fn object(pointer: &[u8]) -> String {
    let pointer: Value = serde_json::from_slice(pointer).unwrap();
    let statement: Value = serde_json::from_str(pointer["statement"].as_str().unwrap()).unwrap();
    statement["object"].as_str().unwrap().to_owned()
}

/// The only snapshot that is in a store.
fn snapshot_object(folder: &Path) -> PathBuf {
    let all = files(&folder.join("snapshots"));
    assert_eq!(all.len(), 1, "{:?}", all.keys());
    folder.join("snapshots").join(all.keys().next().unwrap())
}

#[test]
fn a_node_pulls_what_a_builder_has_published_and_answers_from_it() {
    let (env, folder, store) = stored();
    let there = files(&folder);
    for tarball in published(&env.snapshot()).unwrap() {
        let bytes = &there[&format!("dist/{}", tarball.path)];
        assert_eq!(sha256(bytes), tarball.sha256, "{}", tarball.path);
    }
    let node = Node::new(&store);
    node.pull(&[]).exits(0).says(&["Pulled number 1"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), fs::read(env.snapshot()).unwrap());
    assert_eq!(fs::metadata(node.snapshot()).unwrap().mode() & 0o777, 0o644, "Spin reads it");
    node.pull(&[]).exits(0).says(&["Nothing new: number 1"]);
    let site = node.serve();
    site.get(&format!("/info/{GREETING}")).is(200);
    site.get("/health").is(200);
    let is_listed_as_on_the_builder = || {
        for list in
            ["dist/extensions/index.html", "dist/extensions/SHA256SUMS", "dist/skins/SHA256SUMS"]
        {
            let expected = fs::read_to_string(env.data().join(list)).unwrap();
            let path = format!("/{}", list.trim_end_matches("index.html"));
            assert_eq!(site.get(&path).is(200).text(), expected, "{path}");
        }
    };
    is_listed_as_on_the_builder();

    let commit = change(&env, GREETING, "news");
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 2"]);
    node.pull(&[]).exits(0).says(&["Pulled number 2"]);
    site.catch_up();
    is_listed_as_on_the_builder();
    let info = site.get(&format!("/info/{GREETING}")).json();
    assert_eq!(info["branches"]["master"]["commit"], commit);
}

#[test]
fn a_cycle_without_news_writes_no_object_and_one_commit_only_what_it_needs() {
    let (env, folder, store) = stored();
    let before = objects(&folder);
    sync_to(&env, &store, &[]).exits(0).says(&["nothing new; 0 objects uploaded"]);
    assert_eq!(objects(&folder), before);
    assert_eq!(env.report()["store"]["is_new"], false);

    change(&env, GREETING, "news");
    sync_to(&env, &store, &[]).exits(0).says(&["2 objects uploaded"]);
    let after = objects(&folder);
    let mut new: Vec<&str> =
        after.iter().filter(|it| !before.contains(it)).map(|it| it.0.as_str()).collect();
    new.sort_unstable();
    let starts = [POINTER, "dist/extensions/SampleGreeting-master-", "snapshots/"];
    assert_eq!(new.len(), starts.len(), "{new:?}");
    assert!(new.iter().zip(starts).all(|(name, start)| name.starts_with(start)), "{new:?}");
    let gone = before.iter().filter(|it| !after.iter().any(|other| other.0 == it.0));
    assert_eq!(gone.count(), 0, "the grace period has only begun");
}

#[test]
fn old_objects_go_after_the_grace_period() {
    let (env, folder, store) = stored();
    let before = files(&folder);
    change(&env, GREETING, "news");
    sync_to(&env, &store, &["--grace", "0s"]).exits(0).says(&["2 removed"]);
    let after = files(&folder);
    let gone: Vec<&str> =
        before.keys().filter(|name| !after.contains_key(*name)).map(String::as_str).collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
    assert!(gone[0].starts_with("dist/extensions/SampleGreeting-master-"), "{gone:?}");
    assert!(gone[1].starts_with("snapshots/"), "{gone:?}");
    Node::new(&store).pull(&[]).exits(0);
}

#[test]
fn a_builder_that_has_lost_its_memory_learns_from_the_store_what_is_there() {
    let (env, folder, store) = stored();
    // What a cycle that was killed has left, and nobody wants.
    fs::write(folder.join("dist/skins/Stray-master-0123456.tar.gz"), "stray").unwrap();
    let tarballs = |folder: &Path| {
        let mut all = objects(folder);
        all.retain(|it| it.0.starts_with("dist/"));
        all
    };
    let before = tarballs(&folder);
    fs::remove_file(env.data().join("state.db")).unwrap();
    change(&env, GREETING, "news");
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 2", "2 objects uploaded"]);
    let after = tarballs(&folder);
    assert!(before.iter().all(|it| after.contains(it)), "no tarball is uploaded again");
    sync_to(&env, &store, &["--grace", "0s"]).exits(0);
    let names: Vec<String> = tarballs(&folder).into_iter().map(|it| it.0).collect();
    assert!(!names.iter().any(|name| name.contains("Stray")), "{names:?}");
    Node::new(&store).pull(&[]).exits(0);
}

#[test]
fn a_builder_with_a_new_disk_goes_on_from_the_snapshot_of_a_node() {
    let (env, folder, store) = stored();
    let node = Node::new(&store);
    node.pull(&[]).exits(0);
    let before = objects(&folder);
    let infos = |env: &TestEnv| env.serve(&[]).get("/info").json();
    let expected = infos(&env);
    for entry in fs::read_dir(env.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    fs::copy(node.snapshot(), env.snapshot()).unwrap();
    let pointer = fs::read(folder.join(POINTER)).unwrap();
    env.server.fault("git-upload-pack", Fault::status(404), None);
    sync_to(&env, &store, &[]).exits(1).says(&["would be lost", "--accept-loss"]);
    assert_eq!(fs::read(folder.join(POINTER)).unwrap(), pointer, "the store has all of it");
    env.server.clear_faults();
    env.server.fault(PAPER, Fault::Stall(Duration::from_secs(1)), None);
    sync_to(&env, &store, &["--grace", "0s", "--publish-every", "1ms"]).exits(0);
    // A publication before all are made again would have withdrawn the others.
    node.pull(&[]).exits(0).says(&["Pulled number 2"]);
    env.tardist(&["verify"]).exits(0);
    assert_eq!(infos(&env), expected, "published_at, too");
    let tarballs = |all: Vec<(String, u64, i64)>| {
        all.into_iter().filter(|it| it.0.starts_with("dist/")).collect::<Vec<_>>()
    };
    assert_eq!(tarballs(objects(&folder)), tarballs(before), "none is written again");
}

#[test]
fn a_builder_with_an_empty_disk_withdraws_nothing_that_the_store_has() {
    let (env, folder, store) = stored();
    let pointer = fs::read(folder.join(POINTER)).unwrap();
    fs::remove_dir_all(env.data()).unwrap();
    env.server.fault("extensions/Sample", Fault::status(404), None);
    env.server.fault(PAPER, Fault::Hold, None);
    let args = ["--publish-every", "1ms", "--timeout", "12s"];
    let sync = sync_to(&env, &store, &args);
    sync.exits(3).says(&["what this one does not have", "--accept-loss"]);
    assert_eq!(fs::read(folder.join(POINTER)).unwrap(), pointer);
    env.server.clear_faults();
    sync_to(&env, &store, &["--force"]).exits(0).says(&["published as number 2"]);
    let node = Node::new(&store);
    node.pull(&[]).exits(0);
    assert_eq!(published(&node.snapshot()).unwrap().len(), 32);
}

#[test]
fn a_store_that_was_away_gets_what_stands_while_the_upstream_is_down() {
    let (env, folder, store) = sample_with_store();
    fs::remove_dir(&folder).unwrap();
    sync_to(&env, &store, &[]).exits(3).says(&["there is no such folder"]);
    fs::create_dir(&folder).unwrap();
    env.server.fault("/projects/", Fault::status(500), None);
    sync_to(&env, &store, &[]).exits(5).says(&["500"]);
    Node::new(&store).pull(&[]).exits(0).says(&["Pulled number 1"]);
    assert_eq!(env.report()["store"]["serial"], 1);
}

#[test]
fn a_pointer_that_is_not_shown_for_a_moment_is_still_this_builders_own() {
    let (env, folder, store) = stored();
    let (pointer, aside) = (folder.join(POINTER), folder.join("aside"));
    fs::rename(&pointer, &aside).unwrap();
    let commit = change(&env, GREETING, "news");
    let obstacle = folder.join(format!("dist/{GREETING}-master-{}.tar.gz", &commit[..7]));
    fs::create_dir_all(obstacle.join("full")).unwrap();
    sync_to(&env, &store, &[]).exits(3);
    assert!(!pointer.exists());
    fs::rename(&aside, &pointer).unwrap();
    fs::remove_dir_all(&obstacle).unwrap();
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 2"]);
    Node::new(&store).pull(&[]).exits(0).says(&["Pulled number 2"]);
}

#[test]
fn what_could_not_be_removed_keeps_nothing_else_and_is_uploaded_if_it_is_wanted_again() {
    let (env, folder, store) = stored();
    let master = |id: &str| env.repository(id).tip("master").unwrap().unwrap();
    let object =
        |id: &str| folder.join(format!("dist/{id}-master-{}.tar.gz", &master(id).to_string()[..7]));
    let (kept, gone, tip) = (object(GREETING), object(PAPER), master(PAPER));
    for id in [GREETING, PAPER] {
        change(&env, id, "news");
    }
    sync_to(&env, &store, &[]).exits(0);
    // A folder with something in it cannot be removed.
    fs::remove_file(&kept).unwrap();
    fs::create_dir_all(kept.join("full")).unwrap();
    sync_to(&env, &store, &["--grace", "0s"]).exits(3).says(&["cannot remove"]);
    assert!(!gone.exists());
    env.repository(PAPER).branch("master", tip).unwrap();
    fs::remove_dir_all(&kept).unwrap();
    sync_to(&env, &store, &["--grace", "0s"]).exits(0);
    assert!(gone.is_file());
    Node::new(&store).pull(&[]).exits(0);
}

#[test]
fn gc_makes_no_builder_of_a_node() {
    let (env, _, store) = stored();
    let node = Node::new(&store);
    node.pull(&[]).exits(0);
    fs::write(node.data().join(".unfinished-1"), "half").unwrap();
    let run: tardist_tests::Run = node.command(&["gc"]).output().unwrap().into();
    run.exits(0);
    assert!(!node.data().join("state.db").exists());
    assert!(!node.data().join(".unfinished-1").exists());
    change(&env, GREETING, "news");
    sync_to(&env, &store, &[]).exits(0);
    node.pull(&[]).exits(0).says(&["Pulled number 2"]);
}

#[test]
fn a_number_that_no_builder_reaches_is_not_believed() {
    let (env, folder, store) = stored();
    let path = folder.join(POINTER);
    let pointer = fs::read(&path).unwrap();
    let high = restated(&pointer, |statement| statement["serial"] = i64::MAX.into());
    fs::write(&path, high).unwrap();
    Node::new(&store).pull(&[]).exits(1).says(&["which no builder reaches"]);
    sync_to(&env, &store, &["--take-over"]).exits(3).says(&["which no builder reaches"]);
    // A node would take it, but the next numbers would soon be too high.
    let high = restated(&pointer, |statement| statement["serial"] = ((1_u64 << 53) - 1).into());
    fs::write(&path, high).unwrap();
    let refused = sync_to(&env, &store, &["--take-over"]);
    refused.exits(3).says(&["which no builder reaches", "remove current.json from the store"]);
    fs::remove_file(&path).unwrap();
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 2"]);
    Node::new(&store).pull(&[]).exits(0);
}

#[test]
fn what_is_not_tardists_own_stays_in_the_store() {
    let (env, folder, store) = sample_with_store();
    let others = [
        "dist/app.js",
        "dist/skins/notes.txt",
        "dist/skins/odd\nname",
        "snapshots/monday/disk.img",
    ];
    for name in others {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    for name in ["one", "two"] {
        change(&env, GREETING, name);
        sync_to(&env, &store, &["--grace", "0s"]).exits(0);
    }
    for name in others {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), name);
    }
}

#[test]
fn a_tarball_that_was_damaged_here_is_not_uploaded_but_made_again() {
    let (env, folder, store) = sample_with_store();
    // A cycle compares tarballs with their digests up to some size: not the second of two large ones.
    for id in [GREETING, PAPER] {
        let noise: Vec<u8> = (0..12 << 20).map(|_| fastrand::u8(..)).collect();
        env.commit(id, "master", &[("noise.bin", File::text(noise))]);
    }
    env.sync(&[]).exits(0);
    let tarball = env.tarball(PAPER, "master");
    let good = fs::read(&tarball).unwrap();
    let modified = fs::metadata(&tarball).unwrap().modified().unwrap();
    let mut bad = good.clone();
    bad[1 << 20] ^= 1;
    fs::write(&tarball, &bad).unwrap();
    let file = fs::File::options().write(true).open(&tarball).unwrap();
    file.set_modified(modified).unwrap();
    let there = folder.join("dist/skins").join(tarball.file_name().unwrap());
    sync_to(&env, &store, &[]).exits(3).says(&["damaged", "the next cycle makes it again"]);
    assert!(!there.exists() && !folder.join(POINTER).exists());
    sync_to(&env, &store, &[]).exits(0);
    assert!(fs::read(there).unwrap() == good);
}

#[test]
fn a_builder_that_takes_over_a_store_of_a_backup_goes_on_from_its_own_number() {
    let (env, folder, store) = stored();
    let old = fs::read(folder.join(POINTER)).unwrap();
    for name in ["one", "two"] {
        change(&env, GREETING, name);
        sync_to(&env, &store, &[]).exits(0);
    }
    let node = Node::new(&store);
    node.pull(&[]).exits(0).says(&["Pulled number 3"]);
    fs::write(folder.join(POINTER), old).unwrap();
    change(&env, GREETING, "three");
    sync_to(&env, &store, &[]).exits(3).says(&["older pointer (number 1)", "--take-over"]);
    sync_to(&env, &store, &["--take-over"]).exits(0).says(&["published as number 4"]);
    node.pull(&[]).exits(0).says(&["Pulled number 4"]);
}

#[test]
fn of_two_builders_the_second_is_told_and_overwrites_nothing() {
    let (env, folder, store) = stored();
    let other = TestEnv::sample();
    // It comes to a store that was published to before, as a builder with a new disk does.
    sync_to(&other, &store, &[]).exits(0).says(&["published as number 2"]);
    let pointer = fs::read(folder.join(POINTER)).unwrap();
    change(&env, GREETING, "news");
    for _ in 0..2 {
        sync_to(&env, &store, &[]).exits(3).says(&[
            "published here, but the store was not published to",
            "another builder has published there (number 2; this one knows number 1)",
            "--take-over",
        ]);
        assert_eq!(fs::read(folder.join(POINTER)).unwrap(), pointer);
    }
    env.tardist(&["status"]).exits(3).says(&["another builder"]);
    let run = sync_to(&env, &store, &["--take-over"]);
    run.exits(0).says(&["published as number 3"]);
    change(&other, GREETING, "other news");
    sync_to(&other, &store, &[]).exits(3).says(&["this one knows number 2"]);
}

#[test]
fn what_cannot_be_used_leaves_the_node_its_last_good_snapshot() {
    let env = TestEnv::sample();
    unusable(&env, &Folder::new(env.folder().join("store")));
}

/// Puts into the store what a node cannot use, one thing after the other.
pub(crate) fn unusable(env: &TestEnv, store: &dyn Objects) {
    sync_to(env, store.variables(), &[]).exits(0);
    let node = Node::new(store.variables());
    node.pull(&[]).exits(0);
    let good = fs::read(node.snapshot()).unwrap();
    change(env, GREETING, "news");
    sync_to(env, store.variables(), &[]).exits(0);
    let pointer = store.get(POINTER);
    let object = object(&pointer);
    let packed = store.get(&object);

    let try_with = |what: &str, pointer: &[u8], packed: Option<&[u8]>, status, says: &[&str]| {
        store.put(POINTER, pointer);
        match packed {
            Some(bytes) => store.put(&object, bytes),
            None => store.remove(&object),
        }
        node.pull(&[]).exits(status).says(says);
        assert_eq!(fs::read(node.snapshot()).unwrap(), good, "{what}");
        let left = files(&node.data()).into_keys().filter(|name| name.contains("unfinished"));
        assert_eq!(left.count(), 0, "{what}");
    };
    let all = Some(packed.as_slice());
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    try_with("missing object", &pointer, None, 1, &[&object]);
    try_with("flipped bit", &pointer, Some(&flipped), 1, &["use snapshots/"]);
    try_with("cut object", &pointer, Some(&packed[..middle]), 1, &["it ends too early"]);
    try_with("no gzip", &pointer, Some(b"<html>no</html>"), 1, &["use snapshots/"]);
    try_with("no pointer", b"<html>", all, 1, &["is not a pointer of tardist"]);
    try_with("a newer form", br#"{"format": 2}"#, all, 1, &["a newer tardist wrote it"]);
    let newer = restated(&pointer, |it| it["schema"] = (it["schema"].as_i64().unwrap() + 1).into());
    try_with("a newer schema", &newer, all, 1, &["schema", "upgrade this node"]);
    let older = restated(&pointer, |it| it["schema"] = 4.into());
    try_with("an older schema", &older, all, 1, &["schema 4", "upgrade the builder"]);
    let small = restated(&pointer, |it| it["size"] = 1000.into());
    try_with("more than it says", &small, all, 1, &["more than the 1000 bytes"]);
    let small = restated(&pointer, |it| it["object_size"] = 100.into());
    try_with("a longer object", &small, all, 1, &["more than the 100 bytes"]);
    let large = restated(&pointer, |it| it["size"] = (1_u64 << 50).into());
    try_with("no room for it", &large, all, 6, &["bytes are needed", "are free"]);
    let elsewhere = restated(&pointer, |it| it["object"] = "../../etc/passwd".into());
    try_with("an object elsewhere", &elsewhere, all, 1, &["not the one of its SHA-256"]);

    store.put(POINTER, &pointer);
    store.put(&object, &packed);
    node.pull(&[]).exits(0).says(&["Pulled number 2"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), fs::read(env.snapshot()).unwrap());
}

#[test]
fn a_snapshot_that_is_not_what_its_hash_and_tables_say_is_not_taken() {
    let (_env, folder, store) = stored();
    let node = Node::new(&store);
    let object = snapshot_object(&folder);
    // A whole SQLite file that the pointer names by its hash, but not what a builder wrote.
    node.pull(&[]).exits(0);
    let good = fs::read(node.snapshot()).unwrap();
    let forged = node.data().join("forged.db");
    fs::copy(node.snapshot(), &forged).unwrap();
    let db = Connection::open(&forged).unwrap();
    db.execute("UPDATE repository SET license = 'forged'", ()).unwrap();
    drop(db);
    let bytes = fs::read(&forged).unwrap();
    let name = format!("snapshots/{}.db.gz", sha256(&bytes));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&bytes).unwrap();
    let packed = encoder.finish().unwrap();
    fs::write(folder.join(&name), &packed).unwrap();
    let pointer = restated(&fs::read(folder.join(POINTER)).unwrap(), |it| {
        it["serial"] = 2.into();
        it["sha256"] = sha256(&bytes).into();
        it["size"] = bytes.len().into();
        it["object"] = name.clone().into();
        it["object_size"] = packed.len().into();
    });
    fs::write(folder.join(POINTER), pointer).unwrap();
    node.pull(&[]).exits(1).says(&["does not have the digest that it says"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), good);
    assert!(object.exists());
}

#[test]
fn a_node_does_not_go_back_to_an_older_publication_unless_it_is_told_to() {
    let env = TestEnv::sample();
    goes_back(&env, &Folder::new(env.folder().join("store")));
}

/// Lets the store answer with what it had before, for a while.
pub(crate) fn goes_back(env: &TestEnv, store: &dyn Objects) {
    let variables = store.variables();
    sync_to(env, variables, &[]).exits(0);
    let node = Node::new(variables);
    let (old_pointer, old) = (store.get(POINTER), fs::read(env.snapshot()).unwrap());
    change(env, GREETING, "news");
    sync_to(env, variables, &[]).exits(0);
    node.pull(&[]).exits(0);
    let new = fs::read(node.snapshot()).unwrap();
    store.put(POINTER, &old_pointer);
    node.pull(&[]).exits(1).says(&["older (number 1)", "--allow-older"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), new);
    // The builder waits, too.
    sync_to(env, variables, &[]).exits(3).says(&["older pointer (number 1)", "number 2"]);
    assert_eq!(store.get(POINTER), old_pointer);
    node.pull(&["--allow-older"]).exits(0).says(&["Pulled number 1"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), old);
}

#[test]
fn a_snapshot_that_somebody_changed_on_the_node_is_pulled_again() {
    let (env, _folder, store) = stored();
    let node = Node::new(&store);
    node.pull(&[]).exits(0);
    let good = fs::read(env.snapshot()).unwrap();
    fs::write(node.snapshot(), "something else").unwrap();
    node.pull(&[]).exits(0).says(&["Pulled number 1"]);
    assert_eq!(fs::read(node.snapshot()).unwrap(), good);
    // A pull that was killed before it could note what it had done does not fetch again.
    fs::remove_file(node.data().join("pull.json")).unwrap();
    node.pull(&[]).exits(0).says(&["Nothing new: number 1"]);
}

#[test]
fn a_node_in_watch_follows_and_goes_on_after_a_store_that_was_gone() {
    let (env, folder, store) = stored();
    let node = Node::new(&store);
    let _watch = node.watch("100ms");
    let is_current = || {
        let both =
            [fs::read(node.snapshot()), fs::read(env.snapshot())].map(Result::unwrap_or_default);
        both[0] == both[1]
    };
    within("the first snapshot", is_current);
    change(&env, GREETING, "news");
    sync_to(&env, &store, &[]).exits(0);
    within("the second snapshot", is_current);
    let away = env.folder().join("away");
    fs::rename(&folder, &away).unwrap();
    thread::sleep(std::time::Duration::from_millis(300));
    fs::rename(&away, &folder).unwrap();
    change(&env, GREETING, "more news");
    sync_to(&env, &store, &[]).exits(0);
    within("the third snapshot", is_current);
}

#[test]
fn a_store_that_fails_costs_only_itself_and_the_next_cycle_does_the_rest() {
    let (env, folder, store) = sample_with_store();
    fs::remove_dir(&folder).unwrap();
    sync_to(&env, &store, &[])
        .exits(3)
        .says(&["published here, but the store was not published to", "there is no such folder"]);
    assert!(env.snapshot().exists(), "readers of this machine do not wait for a store");
    Node::new(&store).pull(&[]).exits(1).says(&["there is no such folder"]);
    fs::create_dir(&folder).unwrap();
    Node::new(&store).pull(&[]).exits(1).says(&["nothing was published there yet"]);
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 1"]);
    // All that was in it is gone.
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 2"]);
    Node::new(&store).pull(&[]).exits(0).says(&["Pulled number 2"]);
}

#[test]
fn a_file_that_cannot_be_read_keeps_the_pointer_from_naming_it() {
    let (env, folder, store) = sample_with_store();
    env.sync(&[]).exits(0);
    let tarball = env.tarball(GREETING, "master");
    let name = tarball.file_name().unwrap().to_str().unwrap().to_owned();
    let bytes = fs::read(&tarball).unwrap();
    // A cycle makes it again; without one, nobody does. So it is the store that cannot take it.
    fs::create_dir_all(folder.join("dist/extensions").join(&name)).unwrap();
    sync_to(&env, &store, &[]).exits(3).says(&["cannot write dist/extensions/SampleGreeting"]);
    assert!(!folder.join(POINTER).exists());
    fs::remove_dir(folder.join("dist/extensions").join(&name)).unwrap();
    sync_to(&env, &store, &[]).exits(0).says(&["published as number 1"]);
    assert_eq!(fs::read(folder.join("dist/extensions").join(&name)).unwrap(), bytes);
}

#[test]
fn wrong_settings_of_a_store_exit_2_before_anything_is_done() {
    let env = TestEnv::empty();
    let node = Node::new(&Variables::new());
    node.pull(&[]).exits(2).says(&["--store s3://BUCKET/PREFIX"]);
    let key = env.folder().join("key");
    fs::write(&key, "no key").unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let key = key.to_str().unwrap();
    for (args, says) in [
        (&["sync", "--store", "tardist"][..], "write --store s3://tardist"),
        (&["sync", "--store", "s3://tardist"], "there are no credentials for s3://tardist"),
        (
            &["sync", "--dry-run", "--store", "s3://tardist"],
            "there are no credentials for s3://tardist",
        ),
        (&["sync", "--store", "s3://tardist", "--store-credentials", key], "aws_access_key_id"),
        (
            &["sync", "--store", "file:///tmp", "--store-key", key],
            "a secret key of minisign without a password",
        ),
        (&["sync", "--store", "file:///tmp", "--store-key", "/none"], "cannot read"),
        (&["pull", "--store", "file:///tmp", "--public-key", "RWx"], "neither a public key"),
        (&["pull", "--store", "file:///tmp", "--watch", "0s"], "above zero"),
        (&["verify", "--signatures", "--store", "file:///tmp"], "--store-public-key KEY"),
    ] {
        env.tardist(args).exits(2).says(&[says]);
    }
    assert!(!env.snapshot().exists());
}

#[test]
fn the_data_directory_of_a_builder_is_not_pulled_into() {
    let (env, _folder, store) = stored();
    let before = fs::read(env.snapshot()).unwrap();
    let run: tardist_tests::Run = env.command(&["pull"]).envs(&store).output().unwrap().into();
    run.exits(2).says(&["the data directory of a builder"]);
    assert_eq!(fs::read(env.snapshot()).unwrap(), before);
}

#[test]
fn the_data_directory_of_a_node_is_no_builders() {
    let (env, _folder, store) = stored();
    let node = env.folder().join("node");
    let at_node = ["--data", node.to_str().unwrap()];
    let mut pull = env.command(&[&["pull"], at_node.as_slice()].concat());
    let pull: tardist_tests::Run = pull.envs(&store).output().unwrap().into();
    pull.exits(0);
    let before = files(&node);
    for args in [&["--dry-run"][..], &[]] {
        let args = [&at_node, args].concat();
        env.sync(&args).exits(2).says(&["the data directory of a node", "pull.json"]);
    }
    assert_eq!(files(&node), before);
    fs::remove_file(node.join("pull.json")).unwrap();
    env.sync(&at_node).exits(0);
}

/// A server that answers each connection with this, or never.
fn server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if let Some(answer) = answer {
                let _ = stream.read(&mut [0; 8192]);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                open.push(stream);
            }
        }
    });
    url
}

fn denied(code: &str) -> String {
    let body =
        format!("<Error><Code>{code}</Code><Message>The key hidden-key says no</Message></Error>");
    format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_server_that_is_down_slow_or_refuses_is_told_and_no_secret_is() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let unavailable = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let leak = |code: &str| server(Some(denied(code).leak()));
    for (endpoint, timeout, status, says) in [
        (format!("http://{NOBODY}"), "60s", 5, "cannot be reached"),
        (server(None), "1s", 5, "cannot be reached"),
        (server(Some(unavailable)), "60s", 5, "503"),
        (leak("SignatureDoesNotMatch"), "60s", 1, "store-credentials"),
        (leak("RequestTimeTooSkewed"), "60s", 1, "clock"),
    ] {
        let mut store: Variables = folder_store(Path::new("/"));
        for (name, value) in [
            ("TARDIST_STORE", "s3://tardist"),
            ("TARDIST_STORE_ENDPOINT", &endpoint),
            ("TARDIST_TIMEOUT", timeout),
            ("AWS_ACCESS_KEY_ID", "GK0"),
            ("AWS_SECRET_ACCESS_KEY", "hidden-key"),
        ] {
            store.insert(name.to_owned(), value.to_owned());
        }
        let node = Node::new(&store);
        let pulled = node.pull(&["-vv"]);
        pulled.exits(status).says(&[says]);
        let synced = sync_to(&env, &store, &["-vv", "--timeout", "10s"]);
        synced.exits(3).says(&[says, "published here, but the store was not published to"]);
        let report = fs::read_to_string(env.data().join("report.json")).unwrap();
        for text in [pulled.text(), synced.text(), report] {
            assert!(!text.contains("hidden-key"), "{text}");
        }
    }
}
