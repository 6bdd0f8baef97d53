//! Files that are damaged: flipped bytes, cut, empty, gone, or something else in their place.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::harm::Harm;
use crate::disk::paths;
use crate::env::TestEnv;

/// How many cycles it takes at most until a tarball is looked at whose size and time are right: a cycle
/// looks at a part of them.
const ALL_ARE_READ: usize = 10;

/// A mirror that is damaged may fail its repository once. Then it is fetched anew.
const FETCHED_ANEW: usize = 2;

const fn harm(name: &'static str, act: fn(&TestEnv) -> Result<Vec<String>, String>) -> Harm {
    Harm { name, act, cycles: 1, quiet: true }
}

const fn mirror(name: &'static str, act: fn(&TestEnv) -> Result<Vec<String>, String>) -> Harm {
    Harm { name, act, cycles: FETCHED_ANEW, quiet: true }
}

pub(super) const HARMS: &[Harm] = &[
    harm("snapshot_flipped", |env| on(&env.snapshot(), flip)),
    harm("snapshot_with_a_wrong_digit", |env| on(&env.snapshot(), wrong_digit)),
    harm("snapshot_cut", |env| on(&env.snapshot(), cut)),
    harm("snapshot_empty", |env| on(&env.snapshot(), empty)),
    harm("snapshot_gone", |env| on(&env.snapshot(), remove)),
    harm("snapshot_a_folder", |env| on(&env.snapshot(), folder)),
    harm("snapshot_with_a_journal", |env| on(&env.snapshot(), |path| beside(path, "-journal"))),
    harm("snapshot_with_a_log", |env| on(&env.snapshot(), |path| beside(path, "-wal"))),
    harm("state_flipped", |env| on(&state(env), flip)),
    Harm { cycles: 2, ..harm("state_with_a_damaged_page_of_texts", damaged_texts) },
    harm("state_cut", |env| on(&state(env), cut)),
    harm("state_empty", |env| on(&state(env), empty)),
    harm("state_gone", |env| on(&state(env), remove)),
    harm("state_a_folder", |env| on(&state(env), folder)),
    harm("state_with_a_journal", |env| on(&state(env), |path| beside(path, "-journal"))),
    harm("state_with_a_log", |env| on(&state(env), |path| beside(path, "-wal"))),
    harm("state_older_than_the_snapshot", older_state),
    harm("state_of_a_killed_cycle_with_a_tarball_gone", |env| {
        remove(&tarball(env));
        killed(env, "UPDATE cycle SET checked = ''")
    }),
    harm("state_of_a_killed_cycle_with_wrong_texts", |env| {
        killed(env, "UPDATE messages SET descriptions = replace(descriptions, 'a', 'b')")
    }),
    harm("snapshot_older_than_the_state", older_snapshot),
    harm("report_garbage", |env| on(&env.data().join("report.json"), garbage)),
    harm("report_a_folder", |env| on(&env.data().join("report.json"), folder)),
    harm("quarantine_garbage", |env| on(&env.data().join("quarantine.json"), garbage)),
    harm("quarantine_a_folder", |env| on(&env.data().join("quarantine.json"), folder)),
    Harm {
        name: "tarball_flipped",
        act: |env| on(&tarball(env), flip_quietly),
        cycles: ALL_ARE_READ,
        quiet: true,
    },
    harm("tarball_cut", |env| on(&tarball(env), cut)),
    harm("tarball_gone", |env| on(&tarball(env), remove)),
    harm("tarball_a_folder", |env| on(&tarball(env), folder)),
    harm("checksums_garbage", |env| on(&sums(env), garbage)),
    harm("checksums_a_folder", |env| on(&sums(env), folder)),
    harm("index_page_garbage", |env| on(&index_page(env), garbage)),
    harm("index_page_a_folder", |env| on(&index_page(env), folder)),
    harm("folder_of_skins_gone", |env| on(&env.data().join("dist/skins"), remove)),
    harm("folder_of_tarballs_gone", |env| on(&env.data().join("dist"), remove)),
    harm("folder_of_skins_a_file", |env| on(&env.data().join("dist/skins"), a_file)),
    harm("folder_of_tarballs_a_file", |env| on(&env.data().join("dist"), a_file)),
    harm("folder_of_mirrors_gone", |env| on(&env.data().join("mirror"), remove)),
    mirror("mirror_with_flipped_packs", |env| in_mirrors(env, ".pack", flip)),
    mirror("mirror_with_cut_packs", |env| in_mirrors(env, ".pack", cut)),
    mirror("mirror_without_packs", |env| in_mirrors(env, ".pack", remove)),
    mirror("mirror_with_cut_indexes", |env| in_mirrors(env, ".idx", cut)),
    mirror("mirror_without_indexes", |env| in_mirrors(env, ".idx", remove)),
    mirror("mirror_with_garbage_as_head", |env| in_mirrors(env, "/HEAD", garbage)),
    mirror("mirror_without_head", |env| in_mirrors(env, "/HEAD", remove)),
    mirror("mirror_with_garbage_as_config", |env| in_mirrors(env, "/config", garbage)),
    mirror("mirror_with_garbage_as_shallow", |env| in_mirrors(env, "/shallow", garbage)),
    mirror("mirror_without_objects", |env| in_mirrors(env, "/objects", remove)),
    mirror("mirror_without_refs", |env| in_mirrors(env, "/refs", remove)),
    mirror("mirror_with_empty_refs", empty_refs),
    mirror("mirror_with_empty_refs_without_packs", |env| {
        empty_refs(env)?;
        in_mirrors(env, ".pack", remove)
    }),
    mirror("mirror_a_file", |env| in_mirrors(env, "SampleGreeting.git", a_file)),
    harm("folder_of_mirrors_a_file", |env| on(&env.data().join("mirror"), a_file)),
];

/// Does something to one path.
fn on(path: &Path, act: impl Fn(&Path)) -> Result<Vec<String>, String> {
    act(path);
    Ok(Vec::new())
}

/// Empties the files of all refs, as a machine leaves them that goes down before they are on disk.
fn empty_refs(env: &TestEnv) -> Result<Vec<String>, String> {
    let is_ref =
        |path: &Path| path.is_file() && path.components().any(|it| it.as_os_str() == "refs");
    paths(&env.data().join("mirror"))
        .iter()
        .filter(|path| is_ref(path))
        .for_each(|path| empty(path));
    Ok(Vec::new())
}

/// Does something to all paths below the mirrors that end so.
fn in_mirrors(env: &TestEnv, end: &str, act: impl Fn(&Path)) -> Result<Vec<String>, String> {
    for path in paths(&env.data().join("mirror")) {
        if path.to_str().unwrap().ends_with(end) {
            act(&path);
        }
    }
    Ok(Vec::new())
}

fn state(env: &TestEnv) -> PathBuf {
    env.data().join("state.db")
}

fn sums(env: &TestEnv) -> PathBuf {
    env.data().join("dist/extensions/SHA256SUMS")
}

fn index_page(env: &TestEnv) -> PathBuf {
    env.data().join("dist/extensions/index.html")
}

/// A tarball whose branch did not change.
fn tarball(env: &TestEnv) -> PathBuf {
    env.tarball("extensions/SampleGreeting", "REL1_43")
}

/// Changes a byte in each 4 KiB.
fn flip(path: &Path) {
    change(path, |bytes| {
        for page in bytes.chunks_mut(4096) {
            let middle = page.len() / 2;
            page[middle] ^= 0x55;
        }
    });
}

/// Changes a byte, and keeps the time of the file: a fault of a disk does not change it.
fn flip_quietly(path: &Path) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    flip(path);
    fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Changes a digit of a digest in a document, which SQLite cannot notice.
fn wrong_digit(path: &Path) {
    const BEFORE: &[u8] = b"\"sha256\":\"";
    change(path, |bytes| {
        let place = bytes.windows(BEFORE.len()).position(|part| part == BEFORE).unwrap();
        let digit = &mut bytes[place + BEFORE.len()];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    });
}

fn cut(path: &Path) {
    change(path, |bytes| bytes.truncate(bytes.len() / 2));
}

fn empty(path: &Path) {
    change(path, Vec::clear);
}

/// Changes the bytes of a file, if there is one.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let Ok(mut bytes) = fs::read(path) else { return };
    change(&mut bytes);
    // Git makes its packs read-only.
    let mode = fs::metadata(path).unwrap().permissions();
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, mode).unwrap();
}

fn remove(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else if path.exists() {
        fs::remove_file(path).unwrap();
    }
}

fn garbage(path: &Path) {
    remove(path);
    fs::write(path, b"\0\xffThis is nothing that anybody wrote.\n".repeat(100)).unwrap();
}

fn a_file(path: &Path) {
    garbage(path);
}

/// A folder with a file in it.
fn folder(path: &Path) {
    remove(path);
    fs::create_dir(path).unwrap();
    fs::write(path.join("file"), b"content").unwrap();
}

/// A file that SQLite takes for part of the database.
fn beside(path: &Path, end: &str) {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    // The beginning of a journal (https://sqlite.org/fileformat.html#rollback_journal), and nonsense.
    let magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    fs::write(name, [&magic[..], &[0xff; 4], &[0x01; 4096]].concat()).unwrap();
}

/// Damages a page of the state that is only met when it is written.
fn damaged_texts(env: &TestEnv) -> Result<Vec<String>, String> {
    let path = state(env);
    let db = Connection::open(&path).unwrap();
    let number = |sql| db.query_row(sql, [], |row| row.get::<_, usize>(0)).unwrap();
    let page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'");
    let start = (page - 1) * number("PRAGMA page_size");
    drop(db);
    on(&path, |path| change(path, |bytes| bytes[start] = 0xff))
}

/// The state as a cycle leaves it that is killed before its snapshot is in place, and changed.
fn killed(env: &TestEnv, change: &str) -> Result<Vec<String>, String> {
    let db = Connection::open(state(env)).unwrap();
    assert_eq!(db.execute("UPDATE cycle SET published = published - 1", []), Ok(1));
    assert!(db.execute(change, []).unwrap() > 0, "{change}");
    Ok(Vec::new())
}

fn older_state(env: &TestEnv) -> Result<Vec<String>, String> {
    older(env, &state(env))
}

fn older_snapshot(env: &TestEnv) -> Result<Vec<String>, String> {
    older(env, &env.snapshot())
}

/// Puts the earlier form of a file back after a cycle, as a backup that was restored.
fn older(env: &TestEnv, path: &Path) -> Result<Vec<String>, String> {
    let Ok(earlier) = fs::read(path) else { return Ok(Vec::new()) };
    env.sync(&["--grace", "0s"]).exits(0);
    fs::write(path, earlier).unwrap();
    Ok(Vec::new())
}
