//! Pretends that very many repositories have been mirrored: fills a data directory as a builder
//! leaves it. The one generator of catalogues of any size, for benchmarks and tests.
//!
//!     many DATA --repositories 1500 --branches 5
//!     many DATA --repositories 10000 --branches 6 --upstream URL --template SNAPSHOT.db
//!
//! Repositories have names and texts that are made up, the same ones each time, and about as long as
//! those of real ones: 1,500 with five branches make an `/info/extensions` of 5 MB. There are no
//! tarballs, only what the snapshot says of them.
//!
//! With `--upstream` the repositories are those that the sample upstream lists with `--many`, and
//! the tarballs are there too, of their size but without content and taking no room: a cycle finds
//! nothing to do. With `--template`, what branches say of themselves comes from that snapshot.

mod made_up;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use git2::{ObjectType, Oid};
use jiff::Timestamp;
use tardist::{
    RepositoryId,
    data_dir::atomic,
    data_dir::layout::Layout,
    snapshot::{
        self, Retired, Snapshot,
        catalogue::{self, BranchRecord, Catalogue, RepositoryRecord},
        render::render,
    },
};
use tardist_contract::{Kind, RepoName};

use made_up::MadeUp;

/// As the sample upstream has them.
const BRANCHES: [&str; 8] =
    ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43", "REL1_42", "REL1_41", "REL1_40"];

/// What a tarball takes on average: 204 MB in 115 of them.
const SIZE: u64 = 1_800_000;

/// Fills a data directory with very many repositories that nobody has
#[derive(Debug, Parser)]
struct Options {
    /// The data directory
    data: PathBuf,

    /// How many repositories; one in ten is a skin
    #[arg(long, default_value_t = 1_500)]
    repositories: usize,

    /// How many branches each has: master, and the newest releases
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=8))]
    branches: u8,

    /// Be what a builder leaves that mirrored the sample upstream at this URL
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,

    /// A snapshot whose branches' metadata to use
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
    let rendered = render(&catalogue, "")?;
    let now = Timestamp::now().as_second();
    atomic::put_file(&layout.snapshot(), |path| {
        // The texts of the template's messages are only in its file.
        snapshot::write(path, &catalogue, &rendered, &Retired::new(), template.as_ref(), now)
    })?;
    let bytes = fs::metadata(layout.snapshot())?.len();
    let tarballs = catalogue::tarballs(&catalogue).count();
    println!(r#"{{"snapshot_bytes":{bytes},"tarballs":{tarballs}}}"#);
    Ok(())
}

/// Makes a file for each tarball.
fn make_tarballs(catalogue: &Catalogue, layout: &Layout) -> Result<()> {
    for kind in Kind::ALL {
        let folder = layout.dist(kind);
        for (_, _, file, record) in catalogue::tarballs(catalogue).filter(|it| it.0.kind == kind) {
            let path = folder.join(file.as_str());
            if fs::metadata(&path).map_or(0, |metadata| metadata.len()) != record.size {
                File::create(path)?.set_len(record.size)?;
            }
        }
    }
    Ok(())
}

/// What would be published.
fn catalogue(options: &Options, template: Option<&Snapshot>) -> Result<Catalogue> {
    let templates: Vec<&RepositoryRecord> =
        template.into_iter().flat_map(|snapshot| snapshot.catalogue.values()).collect();
    let mut catalogue = Catalogue::new();
    for number in 0..options.repositories {
        let kind = if number % 10 == 9 { Kind::Skins } else { Kind::Extensions };
        let made_up = MadeUp::new(number);
        let name: RepoName = match &options.upstream {
            Some(_) => format!("Many{number:05}").parse()?,
            None => made_up.name(kind).parse()?,
        };
        let id = RepositoryId { kind, name };
        let url = options.upstream.as_deref().unwrap_or("https://gerrit.wikimedia.org/r");
        let project = format!("mediawiki/{id}");
        let mut branches = BTreeMap::new();
        for (index, branch) in BRANCHES.iter().take(options.branches.into()).enumerate() {
            let mut record = match templates.get(number % templates.len().max(1)) {
                Some(template) => taken(template, index)?,
                None => made_up.branch(&id, branch)?,
            };
            let text = format!("{project} {branch}");
            let commit = Oid::hash_object(ObjectType::Blob, text.as_bytes())?;
            record.commit = commit.to_string().parse()?;
            record.size = SIZE;
            branches.insert(branch.parse()?, record);
        }
        let source_url = format!("{url}/{project}.git");
        let earlier = catalogue.insert(id, RepositoryRecord { source_url, branches });
        ensure!(earlier.is_none(), "a name was made up twice");
    }
    Ok(catalogue)
}

fn read(template: &Path) -> Result<Snapshot> {
    let snapshot = Snapshot::load(template);
    snapshot.with_context(|| format!("{} is no snapshot", template.display()))
}

/// The branches of a repository, in turns.
fn taken(template: &RepositoryRecord, index: usize) -> Result<BranchRecord> {
    let branches: Vec<&BranchRecord> = template.branches.values().collect();
    ensure!(!branches.is_empty(), "the template has a repository without branches");
    Ok(branches[index % branches.len()].clone())
}
