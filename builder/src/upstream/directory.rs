//! Bare repositories on disk: `DIR/extensions/NAME.git` and `DIR/skins/NAME.git`, or below
//! `DIR/mediawiki/`, as Gerrit lays them out.
//!
//! Nothing goes over a network and nothing is copied: the branches are read from the repositories,
//! and mirrors borrow their objects ([`mirror`](crate::git::mirror)).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use git2::{ErrorCode, Repository};
use tardist_contract::{BranchName, CommitId, Kind, RepoName};

use super::{Listing, Project, Upstream};
use crate::{
    Error,
    error::{GitContext, IoContext},
    net::http::Http,
    repository_id::RepositoryId,
};

/// A folder of bare repositories.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    shown: String,
    public_url: Option<String>,
}

impl Directory {
    /// The repositories below `path`. With `public_url`, what is published says that they are there,
    /// at the same paths; without it, it says these paths below the folder, and nothing of this
    /// machine's disk.
    pub fn new(path: &Path, public_url: Option<String>) -> Self {
        Self { path: path.to_owned(), shown: path.display().to_string(), public_url }
    }

    /// Adds the repositories of one folder; false where there is no such folder.
    fn add(
        &self,
        listing: &mut Listing,
        root: &Path,
        (below, kind): (&str, Kind),
        branches: &BTreeSet<BranchName>,
    ) -> Result<bool, Error> {
        let folder = root.join(below);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entries => entries.at("read", &folder)?,
        };
        for entry in entries {
            let file = entry.at("read", &folder)?.file_name();
            let file = file.to_string_lossy();
            let path = folder.join(&*file);
            let Some(name) = file.strip_suffix(".git").filter(|_| path.is_dir()) else { continue };
            let id = match name.parse::<RepoName>() {
                Ok(name) => RepositoryId { kind, name },
                Err(error) => {
                    listing.refused.push(error);
                    continue;
                }
            };
            let public_url = match &self.public_url {
                Some(base) => format!("{base}/{below}/{file}"),
                None => format!("{below}/{file}"),
            };
            match tips(&path, branches) {
                Err(error) => listing.failed.push((id, error)),
                Ok(tips) => listing.projects.push(Project {
                    id,
                    url: path.display().to_string(),
                    // As extdist's, and so that the tarball is the one that a Gerrit's would be.
                    remote_url: public_url.trim_end_matches(".git").to_owned(),
                    source_url: public_url,
                    tips,
                }),
            }
        }
        Ok(true)
    }
}

/// The wanted branches of a repository.
fn tips(
    path: &Path,
    branches: &BTreeSet<BranchName>,
) -> Result<BTreeMap<BranchName, CommitId>, Error> {
    let repository =
        Repository::open_bare(path).git(|| format!("open the repository {}", path.display()))?;
    let mut tips = BTreeMap::new();
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

impl Upstream for Directory {
    fn url(&self) -> &str {
        &self.shown
    }

    fn origins(&self) -> Vec<String> {
        Vec::new()
    }

    fn list(&self, _: &Http, branches: &BTreeSet<BranchName>) -> Result<Listing, Error> {
        let root = fs::canonicalize(&self.path).at("read", &self.path)?;
        let mut listing = Listing::default();
        let mut found = false;
        for kind in Kind::ALL {
            for below in [format!("{kind}"), format!("mediawiki/{kind}")] {
                found |= self.add(&mut listing, &root, (&below, kind), branches)?;
            }
        }
        if found {
            return Ok(listing);
        }
        Err(Error::ListForm {
            what: "repositories".to_owned(),
            reason: "it has neither extensions/ nor skins/, nor one of them below mediawiki/"
                .to_owned(),
            url: self.shown.clone(),
        })
    }
}
