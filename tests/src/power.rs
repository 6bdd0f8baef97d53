//! A disk that loses its power: what was not forced to it is gone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::mount::{Mount, mount};
use crate::process::Run;

/// The size of the disk in bytes. It takes only what is written to it.
const SIZE: u64 = 512 << 20;

/// As ext4 is by default, but for one thing: it does not guess which files programs have forgotten to force to the disk.
const OPTIONS: &str = "loop,noauto_da_alloc";

/// A file system of its own that is mounted at a folder until this is dropped. Only root can have it.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    image: PathBuf,
    _mounted: Mount,
}

impl Disk {
    /// Makes it in the file `image`, and mounts it at `folder`, which is made. `Err` if this user may not, or if a program
    /// is missing.
    pub(crate) fn new(folder: &Path, image: &Path) -> Result<Self, String> {
        File::create(image).and_then(|file| file.set_len(SIZE)).map_err(|e| e.to_string())?;
        fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        run("mkfs.ext4", &["-q", "-F", path(image)])?;
        let mounted = Mount::new(folder, &arguments(image))?;
        let disk = Self { folder: folder.to_owned(), image: image.to_owned(), _mounted: mounted };
        // It says at once if it cannot.
        disk.power_off()?;
        disk.power_on()?;
        Ok(disk)
    }

    /// From now on, nothing gets to the disk, and what was not forced to it is lost.
    pub(crate) fn power_off(&self) -> Result<(), String> {
        run("xfs_io", &["-x", "-c", "shutdown", path(&self.folder)])
    }

    /// The folder has what is on the disk. All programs that had files open there have to be about to end.
    pub(crate) fn power_on(&self) -> Result<(), String> {
        let start = Instant::now();
        while let Err(error) = run("umount", &[path(&self.folder)]) {
            if start.elapsed() > Duration::from_secs(30) {
                return Err(error);
            }
            sleep(Duration::from_millis(5));
        }
        mount(&self.folder, &arguments(&self.image))
    }
}

/// The arguments that mount the image.
fn arguments(image: &Path) -> [&str; 5] {
    ["-t", "ext4", "-o", OPTIONS, path(image)]
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let run: Run = output.map_err(|error| format!("{program}: {error}"))?.into();
    if run.code == 0 { Ok(()) } else { Err(format!("{program} {arguments:?}: {}", run.text())) }
}
