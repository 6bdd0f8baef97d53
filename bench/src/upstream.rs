//! The server that the builder is measured against.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask::{sample::Sample, sync::What};

use crate::{builder::run::Setup, options::Options};

/// The folder of the made-up repositories. The number changes when the way to make them does.
const CORPUS: &str = "corpus-4";

/// What the builder is measured against.
pub(crate) struct Upstream {
    /// Dropping it ends the server; `None` if somebody else runs it.
    _server: Option<Sample>,
    pub(crate) url: String,
    /// The folder of its repositories, if known.
    pub(crate) root: Option<PathBuf>,
}

impl Upstream {
    /// Takes the server that the options name, or starts one for real or made-up repositories.
    pub(crate) fn start(options: &Options, folder: &Path) -> Result<Self> {
        let given = options.repositories.as_ref().map(std::path::absolute).transpose()?;
        if let Some(url) = &options.what.upstream {
            let url = url.trim_end_matches('/').to_owned();
            return Ok(Self { _server: None, url, root: given });
        }
        let (root, content) = match given {
            Some(root) => (root, "any"),
            None => {
                println!("Starting the upstream; its repositories are made the first time.");
                (folder.join(CORPUS), "corpus")
            }
        };
        let releases = options.what.branch.iter().flat_map(|it| ["--release", it]);
        let arguments: Vec<&str> = ["--content", content].into_iter().chain(releases).collect();
        let server = Sample::start(&root, &arguments)?;
        Ok(Self { url: server.url.clone(), root: Some(root), _server: Some(server) })
    }

    pub(crate) fn setup(&self, options: &Options, folder: &Path) -> Setup {
        let What { only, branch, .. } = &options.what;
        let only = only.iter().flat_map(|it| ["--only", it]);
        let choice = only.chain(branch.iter().flat_map(|it| ["--branch", it]));
        let map = |map: &String| match map.split_once('=') {
            Some((from, to)) => (from.to_owned(), to.to_owned()),
            None => (map.clone(), format!("{}/", self.url)),
        };
        Setup {
            url: self.url.clone(),
            url_maps: options.url_map.iter().map(map).collect(),
            choice: choice.map(str::to_owned).collect(),
            root: self.root.clone(),
            touch: (options.touch.clone(), options.touch_branch.clone()),
            extdist: options.extdist.clone().map(|script| (script, options.python.clone())),
            folder: folder.to_owned(),
        }
    }
}
