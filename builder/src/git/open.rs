//! Opens mirrors. Workers write to them, and one of them may have been taken over by the content that it works on.

use std::{
    io::{self, Read},
    path::Path,
};

use git2::{Error, ErrorClass, ErrorCode, Repository};

use crate::data_dir::files;

/// The longest configuration of a mirror, in bytes. That which libgit2 writes has below 100.
const MAX_CONFIG: u64 = 64 << 10;

/// What no configuration of a mirror has: another file to read, which may be a pipe that nobody writes to, and another
/// place to fetch from.
const REFUSED: [&str; 3] = ["include", "worktreeconfig", "insteadof"];

/// The file with which a repository names another one, whose configuration, refs and objects it has
/// (<https://git-scm.com/docs/gitrepository-layout>).
const COMMON_DIR: &str = "commondir";

/// Opens the mirror at `path`.
///
/// # Errors
/// Those of libgit2. Their class is [`ErrorClass::Config`] for a configuration that tardist did not write.
pub(super) fn bare(path: &Path) -> Result<Repository, Error> {
    // What cannot be read is for libgit2 to tell.
    if path.join(COMMON_DIR).symlink_metadata().is_ok()
        || is_foreign(&path.join("config")).unwrap_or(false)
    {
        let text = "its configuration is not one that tardist writes";
        return Err(Error::new(ErrorCode::GenericError, ErrorClass::Config, text));
    }
    Repository::open_bare(path)
}

fn is_foreign(config: &Path) -> io::Result<bool> {
    let file = match files::open_untrusted(config) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ELOOP) => return Ok(true),
        file => file?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MAX_CONFIG {
        return Ok(true);
    }
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    Ok(REFUSED.iter().any(|it| text.contains(it)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use nix::{sys::stat::Mode, unistd::mkfifo};

    use super::*;

    #[test]
    fn a_configuration_that_leads_elsewhere_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        Repository::init_bare(folder.path()).unwrap();
        let config = folder.path().join("config");
        let class = || bare(folder.path()).map(drop).map_err(|error| error.class());
        assert_eq!(class(), Ok(()));
        let own = fs::read_to_string(&config).unwrap();
        for added in [
            "[include]\n\tpath = /dev/stdin\n",
            "[extensions]\n\tworktreeConfig = true\n",
            "[url \"https://h/x\"]\ninsteadOf = y\n",
        ] {
            fs::write(&config, format!("{own}{added}")).unwrap();
            assert_eq!(class(), Err(ErrorClass::Config), "{added}");
        }
        fs::remove_file(&config).unwrap();
        std::os::unix::fs::symlink("/dev/stdin", &config).unwrap();
        assert_eq!(class(), Err(ErrorClass::Config), "a link");
        fs::remove_file(&config).unwrap();
        mkfifo(&config, Mode::S_IRWXU).unwrap();
        assert_eq!(class(), Err(ErrorClass::Config), "a pipe");
        fs::remove_file(&config).unwrap();
        fs::write(&config, own).unwrap();
        assert_eq!(class(), Ok(()));
        fs::write(folder.path().join(COMMON_DIR), "/elsewhere").unwrap();
        assert_eq!(class(), Err(ErrorClass::Config), "another repository");
        fs::remove_file(folder.path().join(COMMON_DIR)).unwrap();
        let none = bare(&folder.path().join("none")).map(drop).map_err(|error| error.code());
        assert_eq!(none, Err(ErrorCode::NotFound));
    }
}
