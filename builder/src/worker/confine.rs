//! What the operating system enforces on a worker: limits of resources, and which files it may open.
//!
//! A process can only lower its own limits, and Landlock (<https://docs.kernel.org/userspace-api/landlock.html>)
//! cannot be undone. So a worker confines itself before it reads anything that is hostile, and whatever it
//! starts (Composer) is confined, too.

use std::path::PathBuf;

use crate::{Error, limits::job::JobLimits};

/// Which files a worker may open. Folders stand for everything below them.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Where it may write, and read: folders and plain files alone. Others read these, and would wait for a pipe, or follow a
    /// link.
    pub(super) write: Vec<PathBuf>,
    /// Where it may also make symbolic links.
    pub(super) link: Vec<PathBuf>,
    /// What it may read, besides the system.
    pub(super) read: Vec<PathBuf>,
}

#[cfg(target_os = "linux")]
pub(super) use linux::{be_killed_first, confine_files, die_with_supervisor, limit_resources};

#[cfg(not(target_os = "linux"))]
pub(super) use other::{be_killed_first, confine_files, die_with_supervisor, limit_resources};

/// How an action of this module failed.
fn failed(action: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Config(format!("a worker cannot {action}: {reason}"))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        env, fs,
        path::{Path, PathBuf},
    };

    use landlock::{
        ABI, Access,
        AccessFs::{self, MakeBlock, MakeChar, MakeFifo, MakeSock, MakeSym},
        RulesetAttr, RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
    };
    use nix::{
        sys::{
            prctl,
            resource::{Resource, getrlimit, setrlimit},
            signal::Signal,
        },
        unistd::setsid,
    };

    use super::{Files, JobLimits, failed};
    use crate::Error;

    /// What programs read of a Linux system: libraries, certificates, the configuration of names and networks,
    /// PHP for Composer. A part that does not exist is left out.
    const SYSTEM: [&str; 11] = [
        "/bin", "/dev", "/lib", "/lib64", "/nix", "/opt", "/proc", "/run", "/sbin", "/sys", "/usr",
    ];

    /// The system's configuration, of which workers may read all but one folder: that with tardist's own, and with its keys.
    const CONFIGURATION: (&str, &str) = ("/etc", "tardist");

    /// What may be a link to somewhere else, such as `/mnt/wsl/resolv.conf`.
    const LINKS: [&str; 4] =
        ["/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/ssl/certs"];

    /// The devices that a program may write to.
    const DEVICES: [&str; 2] = ["/dev/null", "/dev/tty"];

    /// Where the variables of OpenSSL say that certificates are.
    const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

    /// Puts the worker into a session of its own, so that it can be found with all that it starts, and makes
    /// it end if its supervisor does.
    pub(crate) fn die_with_supervisor() {
        // It fails if the process leads a group already: somebody has started it by hand.
        let _ = setsid();
        // If this fails, the worker ends at its next message: nobody reads it.
        let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    }

    /// Asks the system to kill this process, if it has to kill one for want of memory: that costs one repository. The
    /// supervisor would take all of them along.
    pub(crate) fn be_killed_first() {
        // Where that is not possible, the system chooses by size, which is the worker as well in most cases.
        let _ = fs::write("/proc/self/oom_score_adj", "1000");
    }

    /// Sets the limits that the system holds: the system kills the process at the limits of processor time and
    /// of the size of a file, and refuses memory.
    pub(crate) fn limit_resources(limits: &JobLimits) -> Result<(), Error> {
        let seconds = limits.cpu.as_secs().max(1);
        for (resource, soft, hard) in [
            // Memory that is private and can be written. The address space would count each mapped pack.
            (Resource::RLIMIT_DATA, limits.memory, limits.memory),
            // At the hard limit the system kills without saying why.
            (Resource::RLIMIT_CPU, seconds, seconds.saturating_add(5)),
            (Resource::RLIMIT_FSIZE, limits.disk, limits.disk),
            (Resource::RLIMIT_CORE, 0, 0),
        ] {
            let action = || format!("limit its resources ({resource:?})");
            let (_, most) = getrlimit(resource).map_err(|error| failed(&action(), &error))?;
            let (soft, hard) = (soft.min(most), hard.min(most));
            setrlimit(resource, soft, hard).map_err(|error| failed(&action(), &error))?;
        }
        Ok(())
    }

    /// Everything in a folder but one name. What is replaced while the worker runs, such as `resolv.conf`, it cannot
    /// read any more; the next worker can.
    fn all_but(folder: &Path, name: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name() != name).map(|entry| entry.path()).collect()
    }

    /// Denies all files but these, as far as the kernel can. Returns false if it cannot at all.
    pub(crate) fn confine_files(files: &Files) -> Result<bool, Error> {
        let abi = ABI::V5;
        let (folder, secret) = CONFIGURATION;
        let system = SYSTEM.iter().map(PathBuf::from).chain(all_but(folder.as_ref(), secret));
        let certificates = CERTIFICATES.iter().filter_map(env::var_os).map(PathBuf::from);
        let targets = LINKS.iter().filter_map(|link| fs::canonicalize(link).ok());
        let read = system.chain(targets).chain(certificates).chain(files.read.iter().cloned());
        let devices = AccessFs::from_file(abi);
        let links = AccessFs::from_all(abi) & !(MakeChar | MakeBlock | MakeFifo | MakeSock);
        let confined = landlock::Ruleset::default()
            .handle_access(AccessFs::from_all(abi))
            .and_then(|ruleset| ruleset.create())
            .and_then(|ruleset| {
                ruleset.add_rules(path_beneath_rules(read, AccessFs::from_read(abi)))
            })
            .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(DEVICES, devices)))
            .and_then(|ruleset| {
                ruleset.add_rules(path_beneath_rules(&files.write, links & !MakeSym))
            })
            .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(&files.link, links)))
            .and_then(|ruleset| ruleset.restrict_self());
        match confined {
            Ok(status) => Ok(status.ruleset != RulesetStatus::NotEnforced),
            Err(error) => Err(failed("confine itself to its own files", &error)),
        }
    }

    #[cfg(test)]
    mod tests {
        use std::{os::unix::fs::symlink, thread};

        use nix::{sys::stat::Mode, unistd::mkfifo};

        use super::*;

        /// Other workers, and the cycle itself, read these folders.
        #[test]
        fn no_pipe_and_no_link_can_be_put_where_others_read() {
            let [mirror, staging] = [(), ()].map(|()| tempfile::tempdir().unwrap());
            let path = |folder: &tempfile::TempDir, name: &str| folder.path().join(name);
            let made = thread::scope(|scope| {
                let confined = scope.spawn(|| {
                    let files = Files {
                        write: vec![mirror.path().to_owned()],
                        link: vec![staging.path().to_owned()],
                        ..Files::default()
                    };
                    let is_confined = confine_files(&files).unwrap();
                    let made = [&mirror, &staging].map(|folder| {
                        [
                            fs::write(path(folder, "file"), "x").is_ok(),
                            symlink("file", path(folder, "link")).is_ok(),
                            mkfifo(&path(folder, "pipe"), Mode::S_IRWXU).is_ok(),
                        ]
                    });
                    // Kernels without Landlock deny nothing.
                    if is_confined { made } else { [[true, false, false], [true, true, false]] }
                });
                confined.join().unwrap()
            });
            assert_eq!(made, [[true, false, false], [true, true, false]]);
        }

        #[test]
        fn all_of_a_folder_is_listed_but_one_name() {
            let folder = tempfile::tempdir().unwrap();
            for name in ["hosts", "tardist", "ssl"] {
                fs::create_dir(folder.path().join(name)).unwrap();
            }
            let mut left = all_but(folder.path(), "tardist");
            left.sort();
            assert_eq!(left, ["hosts", "ssl"].map(|name| folder.path().join(name)));
            assert_eq!(all_but(&folder.path().join("none"), "x"), [""; 0].map(PathBuf::from));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{Files, JobLimits};
    use crate::Error;

    /// Nothing: only Linux can do this.
    pub(crate) fn die_with_supervisor() {}

    /// Nothing: only Linux can do this.
    pub(crate) fn be_killed_first() {}

    /// Nothing: the supervisor holds the limits that it can see.
    pub(crate) fn limit_resources(_: &JobLimits) -> Result<(), Error> {
        Ok(())
    }

    /// Nothing; false.
    pub(crate) fn confine_files(_: &Files) -> Result<bool, Error> {
        Ok(false)
    }
}
