//! Pretends that very many repositories have been mirrored, for `cargo xtask bench many`:
//! `many TEMPLATE.db DATA URL REPOSITORIES BRANCHES` fills the data directory DATA with what a
//! builder leaves that has nothing to do when the sample upstream at URL lists that many.
//!
//! What the branches say of themselves is taken from the snapshot TEMPLATE.db, in turns, so that it
//! is as much as real ones say. The tarballs have sizes but no content, and take no room.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use git2::{ObjectType, Oid};
use jiff::Timestamp;
use tardist::{
    RepositoryId,
    catalogue::{self, Catalogue, RepositoryRecord},
    layout::Layout,
    publish,
    render::render,
    snapshot::{self, Retired, Snapshot},
};
use tardist_catalog::Kind;

/// As the sample upstream has them.
const BRANCHES: [&str; 8] =
    ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43", "REL1_42", "REL1_41", "REL1_40"];

/// What a tarball takes on average: 204 MB in 115 of them.
const SIZE: u64 = 1_800_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [template, data, url, repositories, branches] = arguments.as_slice() else {
        anyhow::bail!("usage: many TEMPLATE.db DATA URL REPOSITORIES BRANCHES");
    };
    let template = Snapshot::load(Path::new(template)).context("TEMPLATE.db is no snapshot")?;
    let catalogue = catalogue(&template.catalogue, url, repositories.parse()?, branches.parse()?)?;
    let layout = Layout::new(Path::new(data));
    layout.prepare()?;
    for kind in Kind::ALL {
        let folder = layout.dist(kind);
        for (_, _, file, record) in catalogue::tarballs(&catalogue).filter(|it| it.0.kind == kind) {
            let path = folder.join(file.as_str());
            if fs::metadata(&path).map_or(0, |metadata| metadata.len()) != record.size {
                File::create(path)?.set_len(record.size)?;
            }
        }
    }
    let rendered = render(&catalogue, "")?;
    let now = Timestamp::now().as_second();
    publish::put_file(&layout.snapshot(), |path| {
        snapshot::write(path, &catalogue, &rendered, &Retired::new(), Some(&template), now)
    })?;
    let bytes = fs::metadata(layout.snapshot())?.len();
    let tarballs = catalogue::tarballs(&catalogue).count();
    println!(r#"{{"snapshot_bytes":{bytes},"tarballs":{tarballs}}}"#);
    Ok(())
}

/// What would be published.
fn catalogue(
    template: &Catalogue,
    url: &str,
    repositories: usize,
    branches: usize,
) -> Result<Catalogue> {
    let templates: Vec<&RepositoryRecord> = template.values().collect();
    ensure!(!templates.is_empty(), "TEMPLATE.db names no repository");
    let mut catalogue = Catalogue::new();
    for number in 0..repositories {
        let kind = if number % 10 == 9 { Kind::Skins } else { Kind::Extensions };
        let id = RepositoryId { kind, name: format!("Many{number:05}").parse()? };
        let template = templates[number % templates.len()];
        let project = format!("mediawiki/{id}");
        let mut records = BTreeMap::new();
        for (branch, record) in
            BRANCHES.iter().take(branches).zip(template.branches.values().cycle())
        {
            let text = format!("{project} {branch}");
            let commit = Oid::hash_object(ObjectType::Blob, text.as_bytes())?;
            let mut record = record.clone();
            record.commit = commit.to_string().parse()?;
            record.size = SIZE;
            records.insert(branch.parse()?, record);
        }
        let source_url = format!("{url}/{project}.git");
        catalogue.insert(id, RepositoryRecord { source_url, branches: records });
    }
    Ok(catalogue)
}
