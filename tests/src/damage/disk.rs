//! A disk that is full or read-only. Most of it needs root, for a file system of its own.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harm::Harm;
use crate::changes::Changes;
use crate::env::TestEnv;
use crate::mount::{Mount, mount};
use crate::published::broken;

const fn harm(name: &'static str, act: fn(&TestEnv) -> Result<Vec<String>, String>) -> Harm {
    Harm { name, act, cycles: 1, quiet: false }
}

pub(super) const HARMS: &[Harm] = &[
    harm("disk_full", full_disk),
    harm("disk_full_of_old_tarballs", old_tarballs),
    harm("disk_below_keep_free", less_than_keep_free),
    harm("disk_without_inodes", few_files),
    harm("data_read_only", |env| read_only(env, "")),
    harm("mirrors_read_only", |env| read_only(env, "mirror")),
    harm("tarballs_read_only", |env| read_only(env, "dist")),
    harm("skins_read_only", |env| read_only(env, "dist/skins")),
];

/// The size of the disk in kibibytes. The sample takes about 1 MiB.
const DISK_KIB: u64 = 24 << 10;

/// How many files and folders the disk may have.
const DISK_FILES: usize = 8_000;

/// How much of the disk is free while a cycle runs, in kibibytes: from nothing to enough for all that a
/// cycle writes, so that it fails in each of its phases.
const FREE_KIB: [u64; 14] = [0, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024, 2048];

/// A small disk for a system's data directory, with what is in it.
fn small_disk(env: &TestEnv) -> Result<Mount, String> {
    let (data, aside) = (env.data(), env.folder().join("aside"));
    fs::rename(&data, &aside).unwrap();
    fs::create_dir(&data).unwrap();
    let size = format!("size={DISK_KIB}k,nr_inodes={DISK_FILES}");
    let mounted = Mount::new(&data, &["-t", "tmpfs", "-o", &size, "tmpfs"]);
    if mounted.is_ok() {
        copy(&aside, &data);
    }
    mounted
}

/// Copies a folder with all that is in it, and its times.
fn copy(from: &Path, to: &Path) {
    let run = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(run.unwrap().success());
}

/// For each amount of free space: a cycle with changes on a disk that is full but for that. Nothing that
/// is published may break, no good mirror may go, and the next cycle with space has to do the rest.
fn full_disk(env: &TestEnv) -> Result<Vec<String>, String> {
    let mount = small_disk(env)?;
    let filler = env.data().join("filler");
    let mut changes = Changes::new(2);
    let mut complaints = Vec::new();
    for free in FREE_KIB {
        changes.each(env);
        fill(&filler, &env.data(), free);
        let before = mirrored(env);
        let run = env.sync(&["--keep-free", "0", "--grace", "0s"]);
        let mut complain = |text: String| complaints.push(format!("{free} KiB free: {text}"));
        if ![0, 6].contains(&run.code) {
            complain(format!("exits with {}: {}", run.code, run.text()));
        }
        if run.code != 0 && !run.text().contains("space") {
            complain(format!("does not say that the disk is full: {}", run.text()));
        }
        if !run.text().contains("tarballs made") {
            complain(format!("does not say what it did: {}", run.text()));
        }
        lost(env, &before).into_iter().for_each(&mut complain);
        broken(&env.data()).into_iter().for_each(&mut complain);
        fs::remove_file(&filler).unwrap();
        let next = env.sync(&[]);
        if next.code != 0 {
            complain(format!("with space it exits with {}: {}", next.code, next.text()));
        }
    }
    take_back(env, mount);
    Ok(complaints)
}

/// A disk that is full of tarballs whose grace period is over, so that there is space for a tarball but
/// not for a snapshot, which takes 0.3 MB: they have to go first, without a hand.
fn old_tarballs(env: &TestEnv) -> Result<Vec<String>, String> {
    let mount = small_disk(env)?;
    let mut changes = Changes::new(2);
    for _ in 0..6 {
        changes.each(env);
        env.sync(&["--grace", "1h", "--keep-free", "0"]).exits(0);
    }
    changes.commit_of(env, "extensions/SampleGreeting", "master", 1_000);
    let filler = env.data().join("filler");
    fill(&filler, &env.data(), 128);
    let args = ["--grace", "0s", "--keep-free", "0"];
    // The first may fail, if it has said what is missing.
    let _first = env.sync(&args);
    let second = env.sync(&args);
    let mut complaints = broken(&env.data());
    if second.code != 0 {
        complaints.push(format!("exits with {}: {}", second.code, second.text()));
    }
    fs::remove_file(&filler).unwrap();
    take_back(env, mount);
    Ok(complaints)
}

/// Less space than the setting `keep-free` says, which is a twentieth of a small disk: the cycle removes mirrors that
/// nothing needs, and says so; what is published stays.
fn less_than_keep_free(env: &TestEnv) -> Result<Vec<String>, String> {
    let mount = small_disk(env)?;
    Changes::new(2).each(env);
    let before = env.published();
    let unused = unused_mirror(env);
    let filler = env.data().join("filler");
    fill(&filler, &env.data(), DISK_KIB / 40);
    let run = env.sync(&[]);
    let mut complaints = broken(&env.data());
    if unused.exists() {
        complaints.push("a mirror that nothing needs is still there".to_owned());
    }
    if run.code != 6 || !run.text().contains("keep-free") {
        complaints.push(format!("exits with {}: {}", run.code, run.text()));
    }
    // A first cycle, of which nothing is published, for the same reason.
    let first = env.data().join("first");
    let run = env.sync(&["--data", first.to_str().unwrap()]);
    if run.code != 6 || !run.text().contains("keep-free") || !run.text().contains("tardist gc") {
        complaints.push(format!("a first cycle exits with {}: {}", run.code, run.text()));
    }
    fs::remove_dir_all(&first).unwrap();
    let after = env.published();
    let tarballs = before.iter().filter(|(path, _)| path.ends_with(".tar.gz"));
    if tarballs.into_iter().any(|(path, bytes)| after.get(path) != Some(bytes)) {
        complaints.push("tarballs have changed".to_owned());
    }
    fs::remove_file(&filler).unwrap();
    take_back(env, mount);
    Ok(complaints)
}

/// Enough space, and few files that can still be made: the cycle removes mirrors that nothing needs, and begins no work.
fn few_files(env: &TestEnv) -> Result<Vec<String>, String> {
    let mount = small_disk(env)?;
    let unused = unused_mirror(env);
    let filler = env.data().join("filler");
    fs::create_dir(&filler).unwrap();
    let all = (0..DISK_FILES).take_while(|n| fs::write(filler.join(n.to_string()), "").is_ok());
    let made = all.count();
    (0..DISK_FILES / 50).for_each(|n| fs::remove_file(filler.join(n.to_string())).unwrap());
    let run = env.sync(&[]);
    let mut complaints = broken(&env.data());
    if made < DISK_FILES / 2 || unused.exists() {
        complaints.push(format!("{made} files; a mirror that nothing needs has to go"));
    }
    if run.code != 6 || !run.text().contains("df -i") {
        complaints.push(format!("exits with {}: {}", run.code, run.text()));
    }
    fs::remove_dir_all(&filler).unwrap();
    take_back(env, mount);
    Ok(complaints)
}

/// A mirror of a submodule that no branch has any more.
fn unused_mirror(env: &TestEnv) -> PathBuf {
    let unused = env.data().join("mirror/submodules/example.org/Unused.git");
    let made =
        Command::new("git").args(["init", "-q", "--bare", "--template="]).arg(&unused).status();
    assert!(made.unwrap().success());
    unused
}

/// Writes zeros until only so much is free.
fn fill(filler: &Path, data: &Path, free_kib: u64) {
    fs::write(filler, b"").unwrap();
    let all = nix::sys::statvfs::statvfs(data).unwrap();
    let available = all.blocks_available() * all.fragment_size();
    let size = available.saturating_sub(free_kib << 10);
    // A sparse file would take no space.
    let zeros = vec![0; usize::try_from(size).unwrap()];
    let _ = fs::write(filler, zeros);
}

/// The published branches whose commit is in the mirror. A mirror that was made anew has only what was
/// needed since.
fn mirrored(env: &TestEnv) -> BTreeMap<String, String> {
    let mut tips = env.tips();
    tips.retain(|branch, commit| has(env, branch, commit));
    tips
}

/// The branches that their mirrors have lost: neither the commit that was there nor the new one is.
fn lost(env: &TestEnv, before: &BTreeMap<String, String>) -> Vec<String> {
    let mut lost = Vec::new();
    for (branch, earlier) in before {
        let (id, name) = branch.split_once(' ').unwrap();
        let new = env.repository(id).tip(name).unwrap().map(|tip| tip.to_string());
        if !has(env, branch, earlier) && !new.is_some_and(|new| has(env, branch, &new)) {
            lost.push(format!("the mirror has lost {branch}"));
        }
    }
    lost
}

/// Whether a commit of a branch is in its mirror.
fn has(env: &TestEnv, branch: &str, commit: &str) -> bool {
    let (id, _) = branch.split_once(' ').unwrap();
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(env.data().join("mirror").join(format!("{id}.git")));
    git.args(["cat-file", "-e", commit]).output().unwrap().status.success()
}

/// Moves what is on the small disk back.
fn take_back(env: &TestEnv, mount: Mount) {
    let aside = env.folder().join("aside");
    fs::remove_dir_all(&aside).unwrap();
    fs::create_dir(&aside).unwrap();
    copy(&env.data(), &aside);
    drop(mount);
    fs::remove_dir(env.data()).unwrap();
    fs::rename(aside, env.data()).unwrap();
}

/// A cycle with a part of the data directory read-only: it says so, and what is published stays.
fn read_only(env: &TestEnv, part: &str) -> Result<Vec<String>, String> {
    let path = env.data().join(part);
    let before = env.published();
    let mounted = Mount::new(&path, &["--bind", path.to_str().unwrap()]);
    match &mounted {
        Ok(_) => mount(&path, &["-o", "remount,bind,ro"])?,
        Err(_) => fs::set_permissions(&path, Permissions::from_mode(0o555)).unwrap(),
    }
    // Root may write whatever the mode says.
    let is_writable = fs::write(path.join("probe"), b"").is_ok();
    let run = env.sync(&["--grace", "0s"]);
    match mounted {
        Ok(mount) => drop(mount),
        Err(_) => fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap(),
    }
    if is_writable {
        fs::remove_file(path.join("probe")).unwrap();
        return Err("the folder cannot be made read-only: root, and no mount".to_owned());
    }
    let mut complaints = broken(&env.data());
    if ![1, 3].contains(&run.code) {
        complaints.push(format!("exits with {}: {}", run.code, run.text()));
    }
    let says = ["Read-only", "read-only", "Permission denied", "denied"];
    if !says.iter().any(|text| run.text().contains(text)) {
        complaints.push(format!("does not say why: {}", run.text()));
    }
    if part.is_empty() && env.published() != before {
        complaints.push("something was published".to_owned());
    }
    Ok(complaints)
}
