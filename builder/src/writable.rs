//! What a thread, and the programs that it starts, may write to: only some folders, where the kernel has Landlock
//! (<https://docs.kernel.org/userspace-api/landlock.html>). It cannot be undone, so the thread is one of its own.
//!
//! A worker is confined as a whole (`worker/confine.rs`). This is for a foreign program that it starts, which needs less.

use std::path::Path;

/// Denies this thread, and what it starts from now on, to write to anything but these folders and `/dev/null`. Does nothing
/// where the kernel cannot.
///
/// # Errors
/// Why not, for people, if the kernel could.
#[cfg(target_os = "linux")]
pub(crate) fn restrict_to(folders: &[&Path]) -> Result<(), String> {
    use landlock::{ABI, AccessFs, RulesetAttr, RulesetCreatedAttr, path_beneath_rules};

    let abi = ABI::V5;
    let writes = AccessFs::from_write(abi);
    landlock::Ruleset::default()
        .handle_access(writes)
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(folders, writes)))
        .and_then(|ruleset| {
            ruleset.add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))
        })
        .and_then(|ruleset| ruleset.restrict_self())
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Does nothing: other systems have no Landlock.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(crate) fn restrict_to(_: &[&Path]) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    #[test]
    fn a_thread_writes_to_its_folders_only_and_others_as_before() {
        let [mine, other] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let (inside, outside) = (mine.path().join("a"), other.path().join("a"));
        let written = thread::scope(|scope| {
            let thread = scope.spawn(|| {
                restrict_to(&[mine.path()]).unwrap();
                [&inside, &outside].map(|path| fs::write(path, "x").is_ok())
            });
            thread.join().unwrap()
        });
        // Kernels without Landlock deny nothing.
        assert!(written == [true, false] || written == [true, true], "{written:?}");
        assert!(fs::write(&outside, "x").is_ok());
    }
}
