//! Reads the branches of a bare repository on disk.

use std::{collections::BTreeSet, path::Path};

use git2::{ErrorCode, Repository};
use tardist_contract::BranchName;

use crate::{Error, error::GitContext, git::ls_refs::Tips};

/// The branches of the bare repository on disk at `path` that `wants` wants.
///
/// # Errors
/// [`Error::Git`] if the repository cannot be read.
pub fn branches(
    path: &Path,
    wants: impl Fn(&BranchName) -> bool,
) -> Result<BTreeSet<BranchName>, Error> {
    let action = || format!("list the branches of {}", path.display());
    let repository =
        Repository::open_bare(path).git(|| format!("open the repository {}", path.display()))?;
    let references = repository.references_glob("refs/heads/*").git(action)?;
    let mut branches = BTreeSet::new();
    for reference in references {
        let reference = reference.git(action)?;
        // Git takes names that are not UTF-8. No such branch can be wanted.
        let Ok(name) = str::from_utf8(reference.name_bytes()) else { continue };
        if let Some(branch) = name.strip_prefix("refs/heads/").and_then(|it| it.parse().ok())
            && wants(&branch)
        {
            branches.insert(branch);
        }
    }
    Ok(branches)
}

/// Reads the tips of `branches` from the bare repository on disk at `path`. Branches that do not exist are left
/// out.
///
/// # Errors
/// [`Error::Git`] if the repository cannot be read.
pub fn tips(path: &Path, branches: &BTreeSet<BranchName>) -> Result<Tips, Error> {
    let repository =
        Repository::open_bare(path).git(|| format!("open the repository {}", path.display()))?;
    let mut tips = Tips::new();
    for branch in branches {
        match repository.refname_to_id(&branch.ref_name()) {
            Ok(id) => {
                tips.insert(branch.clone(), id.to_string().parse()?);
            }
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => {
                return Err(error).git(|| format!("read branch {branch} of {}", path.display()));
            }
        }
    }
    Ok(tips)
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn wanted() -> BTreeSet<BranchName> {
        ["master", "REL1_4"].iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_branch_that_is_missing_on_disk_is_left_out_and_one_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        Repository::init_bare(folder.path()).unwrap();
        assert_eq!(tips(folder.path(), &wanted()).unwrap(), Tips::new());
        let master = folder.path().join("refs/heads/master");
        std::fs::write(&master, format!("{A}\n")).unwrap();
        let found = tips(folder.path(), &wanted()).unwrap();
        assert_eq!(found, Tips::from([("master".parse().unwrap(), A.parse().unwrap())]));
        let all = branches(folder.path(), |_| true).unwrap();
        assert_eq!(all, ["master".parse().unwrap()].into());
        assert_eq!(branches(folder.path(), |_| false).unwrap(), BTreeSet::new());
        let latin = folder.path().join("refs/heads").join(OsStr::from_bytes(b"caf\xe9"));
        std::fs::write(&latin, format!("{A}\n")).unwrap();
        assert_eq!(branches(folder.path(), |_| true).unwrap(), all, "it is left out");
        std::fs::write(&master, "no id\n").unwrap();
        let error = tips(folder.path(), &wanted()).unwrap_err().to_string();
        assert!(error.contains("read branch master"), "{error}");
    }
}
