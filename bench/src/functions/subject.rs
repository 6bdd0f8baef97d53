//! The components under load, with what they answer.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    functions::{load::Load, nginx::File},
    http::{self, Answer},
};

/// How many different repositories are asked for in turn.
const NAMES: usize = 200;

/// The components with some of their answers.
pub(crate) struct Subject {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
    /// The path of one repository, and its answer.
    pub(crate) one: String,
    pub(crate) one_answer: Answer,
    /// The names of [`NAMES`] repositories.
    pub(crate) names: Vec<String>,
    pub(crate) list: Answer,
    pub(crate) all: Answer,
    /// `/info/extensions` compressed, if it is served compressed.
    pub(crate) gzip: Option<Answer>,
    /// `/ExtensionJson.json`, if there is such an endpoint.
    pub(crate) manifests: Option<Answer>,
}

/// The header that asks for a compressed answer.
pub(crate) const GZIP: &str = "Accept-Encoding: gzip";

/// The path of the manifests of all extensions.
pub(crate) const MANIFESTS: &str = "/ExtensionJson.json";

impl Subject {
    pub(crate) fn new(address: SocketAddr, folder: &Path) -> Result<Self> {
        let get = |path: &str, headers: &[&str]| -> Result<Answer> {
            let answer = http::get_with(&address.to_string(), path, headers)?;
            if answer.status != 200 {
                bail!("{path} is answered with status {}", answer.status);
            }
            Ok(answer)
        };
        let list = get("/list/extensions", &[])?;
        let parsed: Value = serde_json::from_slice(&list.body).context("in /list/extensions")?;
        let all = parsed["extensions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let all: Vec<&str> = all.collect();
        let step = (all.len() / NAMES).max(1);
        let names: Vec<String> =
            all.iter().step_by(step).take(NAMES).map(|&name| name.to_owned()).collect();
        let hot = names.get(names.len() / 2).context("/list/extensions is empty")?;
        let one = format!("/info/extensions/{hot}");
        let gzip = get("/info/extensions", &[GZIP])?;
        let manifests = http::get(&address.to_string(), MANIFESTS)?;
        Ok(Self {
            address,
            folder: folder.to_owned(),
            one_answer: get(&one, &[])?,
            one,
            names,
            list,
            all: get("/info/extensions", &[])?,
            manifests: (manifests.status == 200).then_some(manifests),
            gzip: (gzip.header("content-encoding") == Some("gzip")).then_some(gzip),
        })
    }

    /// Whether a path is answered with 200, or leads to a tarball.
    pub(crate) fn has(&self, path: &str) -> Result<bool> {
        Ok(matches!(http::get(&self.address.to_string(), path)?.status, 200 | 302))
    }

    pub(crate) fn load(&self, path: &str) -> Load {
        Load::new(self.address, path)
    }

    /// The load, if the endpoint exists.
    pub(crate) fn load_if(&self, path: &str) -> Result<Result<Load, String>> {
        Ok(if self.has(path)? { Ok(self.load(path)) } else { Err("no such endpoint yet".into()) })
    }

    /// The answers that nginx serves as files.
    pub(crate) fn files(&self) -> Vec<File> {
        let file = |name, answer: &Answer| File { name, bytes: answer.body.clone() };
        let mut files = vec![
            file("one.json", &self.one_answer),
            file("list.json", &self.list),
            file("all.json", &self.all),
        ];
        files.extend(self.manifests.iter().map(|answer| file("manifests.json", answer)));
        files.extend(self.gzip.iter().map(|answer| file("all.json.gz", answer)));
        files
    }
}
