//! Measures how long it takes to make one tarball, for the benchmarks: `tarball MIRROR.git COMMIT`.
//!
//! Prints one line of JSON with the size of the content in bytes, the size of the tarball in bytes, and the time
//! in seconds. Nothing is fetched, and submodules stay empty.

use std::{env, io, time::Instant};

use anyhow::{Context, Result};
use git2::{Oid, Repository};
use tardist::{
    content::Content,
    tarball::{self, LargeFiles},
};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: tarball MIRROR.git COMMIT";
    let mirror = arguments.next().context(usage)?;
    let commit = arguments.next().context(usage)?;
    // The same setting as in the builder.
    git2::opts::strict_hash_verification(false);
    let start = Instant::now();
    let content =
        Content::read(Repository::open_bare(mirror)?, Oid::from_str(&commit)?, |_, _| {
            Ok(Err("submodules are not measured".to_owned().into()))
        })?;
    let (members, _) = content.members()?;
    let subject = tarball::Subject {
        name: &"Bench".parse()?,
        branch: &"master".parse()?,
        commit: &commit.parse()?,
        committed_at: 0,
        url: "",
    };
    let written =
        tarball::write(&content, &members, &subject, &LargeFiles::default(), io::sink())??;
    let seconds = start.elapsed().as_secs_f64();
    let mut content_bytes = 0;
    for file in members.iter().filter_map(|member| member.file) {
        content_bytes += content.size(file)?;
    }
    let size = written.size;
    println!(
        r#"{{"content_bytes":{content_bytes},"tarball_bytes":{size},"seconds":{seconds:.4}}}"#
    );
    Ok(())
}
