//! The made-up catalogue that the components answer from, and what is asked of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use xtask::{process, project};

/// How many repositories the catalogue of the loads has.
pub(crate) const REPOSITORIES: u32 = 1_500;

/// Branches of each of them.
pub(crate) const BRANCHES: u32 = 5;

/// Makes a catalogue, unless there is one that is newer than its generator.
pub(crate) fn catalogue(data: &Path, repositories: u32, branches: u32) -> Result<()> {
    let generator = project::binary("examples/many");
    let time = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    if time(&data.join("snapshot.db")) > time(&generator) {
        return Ok(());
    }
    println!("Making a catalogue of {repositories} repositories with {branches} branches each");
    fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    let mut many = Command::new(generator);
    many.arg(data).args(["--repositories", &repositories.to_string()]);
    process::output(many.args(["--branches", &branches.to_string()])).map(drop)
}

/// Writes a file of paths for wrk.
pub(crate) fn paths_file(folder: &Path, name: &str, paths: &[String]) -> Result<PathBuf> {
    let file = folder.join(name);
    let text: String = paths.iter().map(|path| format!("{path}\n")).collect();
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Searches as people and programs make them: words, beginnings of words, several words, other
/// languages, and a word that is nowhere.
pub(crate) fn searches() -> Vec<String> {
    let words = [
        "edit",
        "cat",
        "feed",
        "search",
        "map",
        "message",
        "par",
        "kategorien",
        "gallery+image",
        "special+page",
        "wiki+templates",
        "s",
        "nothinglikeit",
        "GPL",
        "Garc%C3%ADa",
        "log",
        "%D7%97%D7%99%D7%A4%D7%95%D7%A9",
        "%D0%BF%D0%BE%D0%B8%D1%81%D0%BA",
        "mobile",
        "draft+check",
    ];
    words.map(|word| format!("/search?q={word}")).into()
}
