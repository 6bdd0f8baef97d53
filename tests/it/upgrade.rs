//! An upgrade from a tardist that had no `state.db`, and whose snapshot has schema version 3: nothing is lost, and no
//! tarball is made anew that would have the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File as DiskFile};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rusqlite::{Connection, params};
use tardist_tests::{Fault, File, TestEnv, Value, json, sha256};

/// The old snapshot. Its head says how it was made.
const OLD_SNAPSHOT: &str = include_str!("recorded/snapshot-3.sql");

/// The upstream of the old snapshot.
const OLD_UPSTREAM: &str = "http://127.0.0.1:8971/r";

/// The tarball that was retired in the old snapshot.
const RETIRED: &str = "extensions/SampleNotes-master-d63fec8.tar.gz";

/// The tarball that has format 1 here.
const FORMAT_1: &str = "extensions/SampleNotes-REL1_45-49721cf.tar.gz";

/// Half of the repositories.
const DOWN: [&str; 4] = [
    "extensions/SampleGreeting",
    "extensions/SampleCalendar",
    "extensions/SampleLinks",
    "skins/SamplePaper",
];

/// The repository of the submodule that is missing from the old tarballs.
const LIBRARY: &str = "sample/Library";

const HOUR: i64 = 60 * 60;

/// A system as the old version left it, three hours after it retired a tarball. The tarballs are made by the
/// new version, which makes the same bytes of the same upstream; but the URL of the upstream is in them, and is
/// another one in each test. So the snapshot gets their sizes and digests.
fn old() -> TestEnv {
    old_after(|_| ())
}

/// The same, where the upstream was changed before the old version saw it.
fn old_after(change: impl FnOnce(&TestEnv)) -> TestEnv {
    let env = TestEnv::sample();
    change(&env);
    env.server.fault(LIBRARY, Fault::status(404), None);
    // The old version did not mind.
    env.sync(&["--incomplete", "accept"]).exits(0);
    env.server.clear_faults();
    for file in ["snapshot.db", "state.db", "report.json", "quarantine.json"] {
        let _ = fs::remove_file(env.data().join(file));
    }
    let dist = env.data().join("dist");
    fs::write(dist.join(RETIRED), b"retired").unwrap();
    to_format_1(&dist.join(FORMAT_1));
    for path in tarballs(&env).keys() {
        // The old version left the time of writing.
        let file = DiskFile::options().write(true).open(dist.join(path)).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    }
    write_snapshot(&env);
    env
}

fn write_snapshot(env: &TestEnv) {
    let db = Connection::open(env.snapshot()).unwrap();
    db.execute_batch(&OLD_SNAPSHOT.replace(OLD_UPSTREAM, &env.server.url())).unwrap();
    let mut select = db.prepare("SELECT kind, name, document FROM repository").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let rows: Vec<(String, String, String)> = rows.map(Result::unwrap).collect();
    for (kind, name, document) in rows {
        let mut document: Value = parsed(&document);
        let repository = env.repository(&format!("{kind}/{name}"));
        for (branch, it) in document["branches"].as_object_mut().unwrap() {
            let tip = repository.tip(branch).unwrap().unwrap().to_string();
            let file = format!("{name}-{branch}-{}.tar.gz", &tip[..7]);
            let bytes = fs::read(env.data().join("dist").join(&kind).join(&file)).unwrap();
            it["commit"] = json!(tip);
            let tarball = &mut it["tarball"];
            tarball["file"] = json!(file);
            tarball["size"] = json!(bytes.len());
            tarball["sha256"] = json!(sha256(&bytes));
        }
        let sql = "UPDATE repository SET document = ? WHERE kind = ? AND name = ?";
        db.execute(sql, params![document.to_string(), kind, name]).unwrap();
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let retired_at = i64::try_from(now).unwrap() - 3 * HOUR;
    assert_eq!(db.execute("UPDATE retired SET retired_at = ?", [retired_at]).unwrap(), 1);
}

fn parsed(text: &str) -> Value {
    text.parse().unwrap()
}

/// Rewrites a tarball as format 1 had it: the type byte of files is NUL.
fn to_format_1(path: &Path) {
    let mut tar = Vec::new();
    GzDecoder::new(DiskFile::open(path).unwrap()).read_to_end(&mut tar).unwrap();
    let mut at = 0;
    while tar[at] != 0 {
        let header = &mut tar[at..at + 512];
        let size = std::str::from_utf8(&header[124..135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        if header[156] == b'0' {
            header[156] = 0;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        at += 512 + size.next_multiple_of(512);
    }
    let mut gzip = GzEncoder::new(DiskFile::create(path).unwrap(), Compression::default());
    gzip.write_all(&tar).unwrap();
    gzip.finish().unwrap();
}

/// The tarballs on disk, by path below `dist/`, with what tells a file from another one: its number and its bytes.
fn tarballs(env: &TestEnv) -> BTreeMap<String, (u64, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for kind in ["extensions", "skins"] {
        for entry in fs::read_dir(env.data().join("dist").join(kind)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".tar.gz") {
                let inode = entry.metadata().unwrap().ino();
                all.insert(format!("{kind}/{name}"), (inode, fs::read(entry.path()).unwrap()));
            }
        }
    }
    all
}

/// Those of `before` that are gone or other files now.
fn changed(before: &BTreeMap<String, (u64, Vec<u8>)>, env: &TestEnv) -> BTreeSet<String> {
    let now = tarballs(env);
    before.iter().filter(|(path, it)| now.get(*path) != Some(it)).map(|it| it.0.clone()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn half_is_down(env: &TestEnv) {
    for id in DOWN {
        env.server.fault(&format!("{id}/"), Fault::status(503), None);
        env.server.fault(&format!("{id}.git/"), Fault::status(503), None);
    }
}

/// The names of the tarballs that the last cycle made.
fn made(env: &TestEnv) -> BTreeSet<String> {
    let report = env.report();
    assert_eq!(report["withdrawn"], json!([]));
    report["made"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// The branches in the document of a repository.
fn branches(env: &TestEnv, name: &str) -> Value {
    let db = Connection::open(env.snapshot()).unwrap();
    let sql = "SELECT document FROM repository WHERE name = ?";
    let document: String = db.query_row(sql, [name], |row| row.get(0)).unwrap();
    parsed(&document)["branches"].take()
}

/// What is made again of the old tarballs: that of format 1, and those in which the submodule is missing.
const MADE_AGAIN: [&str; 5] = [
    "extensions/SampleChart-REL1_44-eceaa95-2.tar.gz",
    "extensions/SampleChart-REL1_45-88e4ba5-2.tar.gz",
    "extensions/SampleChart-REL1_46-bf63852-2.tar.gz",
    "extensions/SampleChart-master-6bfeba9-2.tar.gz",
    "extensions/SampleNotes-REL1_45-49721cf-2.tar.gz",
];

/// The names without a revision, which lead to the new ones now.
fn plain() -> BTreeSet<String> {
    MADE_AGAIN.iter().map(|name| name.replace("-2.tar", ".tar")).collect()
}

#[test]
fn an_upgrade_loses_nothing_while_half_of_the_upstream_is_down() {
    let env = old();
    let (before, tips) = (tarballs(&env), env.tips());
    assert_eq!(tips.len(), 32);
    let news = env.commit(DOWN[0], "master", &[("news", File::text("news"))]).to_string();
    half_is_down(&env);
    env.sync(&["--grace", "4h"]).exits(3).says(&[DOWN[0], "503"]);
    assert_eq!(env.tips(), tips);
    assert_eq!(changed(&before, &env), plain());
    assert_eq!(made(&env), names(&MADE_AGAIN));
    env.tardist(&["verify"]).exits(0);

    env.server.clear_faults();
    env.sync(&["--grace", "2h"]).exits(0);
    assert_eq!(env.tips()[&format!("{} master", DOWN[0])], news);
    assert_eq!(made(&env).len(), 1);
    let gone: BTreeSet<String> = plain().into_iter().chain([RETIRED.to_owned()]).collect();
    assert_eq!(changed(&before, &env), gone, "it was retired three hours ago");
    env.tardist(&["verify"]).exits(0);
    env.sync(&[]).exits(0).says(&["nothing new"]);
}

#[test]
fn an_upgrade_removes_only_what_was_retired_before_even_without_a_grace_period() {
    let env = old();
    let before = tarballs(&env);
    half_is_down(&env);
    env.sync(&["--grace", "0s"]).exits(0);
    let gone: BTreeSet<String> = plain().into_iter().chain([RETIRED.to_owned()]).collect();
    assert_eq!(changed(&before, &env), gone);
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn an_upgrade_loses_nothing_while_branches_cannot_be_listed() {
    let env = old();
    let (before, tips) = (tarballs(&env), env.tips());
    half_is_down(&env);
    let list: String = tips
        .keys()
        .filter_map(|tip| tip.split_once(' '))
        .map(|(id, _)| format!("{id} {}/mediawiki/{id}.git\n", env.server.url()))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    fs::write(env.folder().join("repositories.txt"), list).unwrap();
    let config = "[[upstream]]\ntype = \"list\"\npath = \"repositories.txt\"\n";
    env.sync_with(config, &["--grace", "4h"]).exits(3).says(&DOWN);
    assert_eq!(env.tips(), tips);
    assert!(changed(&before, &env).is_subset(&plain()));
    env.tardist(&["verify"]).exits(0);
    env.server.clear_faults();
    env.sync_with(config, &["--grace", "4h"]).exits(0);
    assert_eq!(env.tips(), tips);
}

#[test]
fn an_upgrade_with_an_unreadable_snapshot_removes_no_tarball_before_its_grace_period() {
    let env = old();
    let before = tarballs(&env);
    let bytes = fs::read(env.snapshot()).unwrap();
    fs::write(env.snapshot(), &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_dir_all(env.data().join("mirror")).unwrap();
    half_is_down(&env);
    env.sync(&[]).exits(3).says(&DOWN);
    let now = tarballs(&env);
    assert!(before.keys().all(|path| now.contains_key(path)));
    env.tardist(&["verify"]).exits(0);
    env.server.clear_faults();
    env.sync(&[]).exits(0);
    assert_eq!(env.tips().len(), 32);
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn what_the_old_version_left_empty_is_incomplete_after_the_upgrade() {
    let env = old();
    let before = tarballs(&env);
    env.server.fault(LIBRARY, Fault::status(404), None);
    env.sync(&[]).exits(0);
    assert_eq!(
        made(&env),
        names(&[FORMAT_1]).iter().map(|it| it.replace(".tar", "-2.tar")).collect()
    );
    assert_eq!(changed(&before, &env), names(&[FORMAT_1]));
    let branches = &branches(&env, "SampleChart");
    let missing = json!(["the submodule lib/plot is not in the tarball"]);
    for (branch, is_complete) in [("REL1_43", true), ("REL1_44", false), ("master", false)] {
        let problems = if is_complete { json!([]) } else { missing.clone() };
        assert_eq!(branches[branch]["complete"], is_complete, "{branch}");
        assert_eq!(branches[branch]["problems"], problems, "{branch}");
    }
}

#[test]
fn a_tarball_that_lacks_its_packages_is_incomplete_after_the_upgrade_and_keeps_no_newer_one_out() {
    let (id, name) = ("extensions/SampleOld", "SampleOld");
    let env = old_after(|env| {
        let manifest = r#"{"name": "SampleOld", "load_composer_autoloader": true}"#;
        let composer = r#"{"require": {"example/library": "^1.0"}}"#;
        let files =
            [("extension.json", File::text(manifest)), ("composer.json", File::text(composer))];
        env.commit(id, "master", &files);
    });
    let before = tarballs(&env);
    env.sync(&[]).exits(3).says(&["write composer ="]);
    assert!(!made(&env).iter().any(|it| it.contains(name)));
    assert!(changed(&before, &env).is_subset(&plain()));
    assert_eq!(branches(&env, name)["master"]["complete"], false);
    assert_eq!(branches(&env, name)["REL1_43"]["complete"], true);
    let newer = env.commit(id, "master", &[("newer", File::text("newer"))]).to_string();
    env.sync(&[]).exits(3).says(&["write composer ="]);
    assert_eq!(env.tips()[&format!("{id} master")], newer);
}

#[test]
fn components_say_why_they_do_not_answer_from_an_old_snapshot() {
    let env = old();
    let site = env.serve(&[]);
    for path in ["/health", "/list", "/info/extensions/SampleNotes", "/", "/search?q=sample"] {
        let answer = site.get(path);
        assert_eq!(answer.status, 503, "{path}");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains("schema version 3"), "{path}: {text}");
        assert!(answer.headers.contains_key("retry-after"), "{path}");
    }
    env.sync(&[]).exits(0);
    site.catch_up();
    assert_eq!(site.get("/health").status, 200);
    assert_eq!(site.get("/list").status, 200);
}
