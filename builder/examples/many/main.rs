//! Fills a data directory with any number of made-up repositories, as if a builder had published them. For
//! benchmarks and tests.
//!
//!     many DATA --repositories 1500 --branches 5
//!     many DATA --repositories 10000 --branches 6 --upstream URL --template SNAPSHOT.db
//!
//! Names and texts are made up, the same ones each time. They are about as long as real ones: 1,500 repositories
//! with five branches make an `/info/extensions` of 5 MB. Only the state and the snapshot are written, no tarballs.
//!
//! With `--upstream`, the repositories are those that the sample upstream lists with `--many`. The tarballs are
//! created too, as sparse files of the right size without content. So a cycle finds nothing to do. With
//! `--template`, the metadata of branches comes from that snapshot.

mod made_up;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use git2::{ObjectType, Oid};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tardist::{
    RepositoryId,
    catalogue::{self, ADOPTED, BranchRecord, Catalogue, RepositoryRecord},
    data_dir::layout::Layout,
    snapshot::Snapshot,
    state::{Retired, State, catalogue_of, clock::Reading},
    tarball::file_time,
};
use tardist_contract::{Kind, RepoName};

use made_up::MadeUp;

/// The branches of the sample upstream.
const BRANCHES: [&str; 8] =
    ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43", "REL1_42", "REL1_41", "REL1_40"];

/// The size of a tarball in bytes: the average of 115 real ones, which have 204 MB together.
const SIZE: &str = "1800000";

/// Fills a data directory with made-up repositories
#[derive(Debug, Parser)]
struct Options {
    /// The data directory
    data: PathBuf,

    /// How many repositories; one in ten is a skin
    #[arg(long, default_value_t = 1_500)]
    repositories: usize,

    /// How many branches each repository has: master, and the newest releases
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=8))]
    branches: u8,

    /// Write what a builder would have written that mirrors the sample upstream at this URL
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,

    /// The size of each tarball, in bytes
    #[arg(long, value_name = "BYTES", default_value = SIZE)]
    size: u64,

    /// Take the metadata of branches from this snapshot
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let template = options.template.as_deref().map(read).transpose()?;
    let catalogue = catalogue(&options, template.as_ref())?;
    let layout = Layout::new(&options.data);
    layout.prepare()?;
    if options.upstream.is_some() {
        make_tarballs(&catalogue, &layout)?;
    }
    let now = Timestamp::now();
    let mut state = State::open(&layout, Reading::take(now), Duration::ZERO)?;
    let published = state.publish(&layout, catalogue, "", None, now.as_second())?;
    let (bytes, tarballs) = (published.size, catalogue::tarballs(&state.catalogue).count());
    state.finish(Some(published), Retired::new())?;
    println!(r#"{{"snapshot_bytes":{bytes},"tarballs":{tarballs}}}"#);
    Ok(())
}

/// Creates a sparse file of the right size for each tarball.
fn make_tarballs(catalogue: &Catalogue, layout: &Layout) -> Result<()> {
    for kind in Kind::ALL {
        let folder = layout.dist(kind);
        for (_, _, file, record) in catalogue::tarballs(catalogue).filter(|it| it.0.kind == kind) {
            let path = folder.join(file.as_str());
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            if file.metadata()?.len() != record.size {
                file.set_len(0)?;
                file.set_len(record.size)?;
            }
            // Another template has other times, and a builder compares the bytes of each file that has a wrong one.
            file.set_modified(file_time(record.committed_at))?;
        }
    }
    Ok(())
}

/// The made-up catalogue. Metadata comes from the branches of `template`, if there is one.
fn catalogue(options: &Options, template: Option<&Catalogue>) -> Result<Catalogue> {
    let templates: Vec<&RepositoryRecord> =
        template.into_iter().flat_map(BTreeMap::values).collect();
    let sha256 = sha256_of_zeros(options.size)?;
    let mut catalogue = Catalogue::new();
    for number in 0..options.repositories {
        let kind = if number % 10 == 9 { Kind::Skins } else { Kind::Extensions };
        let made_up = MadeUp::new(number);
        let name: RepoName = match &options.upstream {
            Some(_) => format!("Many{number:05}").parse()?,
            None => made_up.name(kind).parse()?,
        };
        let id = RepositoryId { kind, name: name.clone() };
        let url = options.upstream.as_deref().unwrap_or("https://gerrit.wikimedia.org/r");
        let project = format!("mediawiki/{id}");
        let mut branches = BTreeMap::new();
        for (index, branch) in BRANCHES.iter().take(options.branches.into()).enumerate() {
            let mut record = match templates.get(number % templates.len().max(1)) {
                Some(template) => template_branch(template, index)?,
                None => made_up.branch(&id, branch)?,
            };
            let text = format!("{project} {branch}");
            let commit = Oid::hash_object(ObjectType::Blob, text.as_bytes())?;
            record.commit = commit.to_string().parse()?;
            record.size = options.size;
            record.sha256.clone_from(&sha256);
            record.recipe = ADOPTED.to_owned();
            // A snapshot does not say it. Without it the builder would look for it in the tarballs, cycle after cycle.
            let about = || made_up::about(name.as_str(), branch).into();
            record.about.get_or_insert_with(about);
            branches.insert(branch.parse()?, record.into());
        }
        let source_url = format!("{url}/{project}.git");
        let earlier = catalogue
            .insert(id, RepositoryRecord { upstream: String::new(), source_url, branches });
        ensure!(earlier.is_none(), "a name was made up twice");
    }
    Ok(catalogue)
}

fn read(template: &Path) -> Result<Catalogue> {
    let snapshot = Snapshot::open(template)
        .with_context(|| format!("{} is not a snapshot", template.display()))?;
    Ok(catalogue_of(&snapshot)?)
}

/// The SHA-256 of each sparse tarball.
fn sha256_of_zeros(size: u64) -> Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut io::repeat(0).take(size), &mut digest)?;
    Ok(format!("{:x}", digest.finalize()))
}

/// A branch of the template. If it has fewer branches than are needed, they are used several times.
fn template_branch(template: &RepositoryRecord, index: usize) -> Result<BranchRecord> {
    let branches: Vec<&BranchRecord> = template.branches.values().map(|it| &**it).collect();
    ensure!(!branches.is_empty(), "the template has a repository without branches");
    Ok(branches[index % branches.len()].clone())
}
