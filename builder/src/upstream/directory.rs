//! Bare repositories on disk: `DIR/extensions/NAME.git` and `DIR/skins/NAME.git`, or below
//! `DIR/mediawiki/`, as Gerrit lays them out.
//!
//! Nothing goes over a network and nothing is copied: the tips are read from the repositories, and
//! the mirrors borrow their objects ([`mirror`](crate::git::mirror)).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tardist_contract::Kind;

use super::{
    adapter::{Adapter, Key, Values},
    branches::Asked,
    listing::{Listing, Project, Upstream},
    remembered::Pages,
};
use crate::{
    Error,
    error::IoContext,
    git::{
        ls_refs::{self, Tips},
        on_disk,
    },
    limits::upstream::MAX_BRANCHES,
    net::Http,
};

/// A folder of bare repositories as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "directory",
    example: "DIR",
    keys: &[Key::path("path"), Key::url("git-url")],
    check: |_| Ok(()),
    open,
};

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let shown = values.text("path").unwrap_or_default().to_owned();
    let public_url = values.text("git-url").map(str::to_owned);
    Ok(Box::new(Directory { path: PathBuf::from(&shown), shown, public_url }))
}

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// The path as text.
    shown: String,
    /// The URL at which others find the same folder. Without it, the published URLs are paths below
    /// the folder, which say nothing about this machine's disk.
    public_url: Option<String>,
}

impl Directory {
    /// Adds the repositories of the folder `below` of `root`. Returns false where there is no such
    /// folder.
    fn add(
        &self,
        listing: &mut Listing,
        root: &Path,
        (below, kind): (&str, Kind),
        asked: &Asked,
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
            let Some(id) = listing.id(kind, name) else { continue };
            let public_url = match &self.public_url {
                Some(base) => format!("{base}/{below}/{file}"),
                None => format!("{below}/{file}"),
            };
            match tips(&path, asked) {
                Err(error) => listing.failed.push((id, error)),
                Ok(tips) => listing.projects.push(Project {
                    id,
                    upstream: String::new(),
                    url: path.display().to_string(),
                    // As extdist has it, so that the tarball is the same as from a Gerrit.
                    remote_url: public_url.trim_end_matches(".git").to_owned(),
                    source_url: public_url,
                    tips,
                }),
            }
        }
        Ok(true)
    }
}

/// The tips of the branches that are asked for, in the repository at `path`.
fn tips(path: &Path, asked: &Asked) -> Result<Tips, Error> {
    if let Some(branches) = asked.exact() {
        return on_disk::tips(path, branches);
    }
    let branches = on_disk::branches(path, |branch| asked.wants(branch))?;
    if branches.len() > MAX_BRANCHES {
        return Err(ls_refs::too_many(MAX_BRANCHES));
    }
    on_disk::tips(path, &branches)
}

impl Upstream for Directory {
    fn url(&self) -> &str {
        &self.shown
    }

    fn origins(&self) -> Vec<String> {
        Vec::new()
    }

    fn list(&self, _: &Http, asked: &Asked, _: &Pages) -> Result<Listing, Error> {
        let root = fs::canonicalize(&self.path).at("read", &self.path)?;
        let mut listing = Listing::default();
        let mut found = false;
        for kind in Kind::ALL {
            for below in [format!("{kind}"), format!("mediawiki/{kind}")] {
                found |= self.add(&mut listing, &root, (&below, kind), asked)?;
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
