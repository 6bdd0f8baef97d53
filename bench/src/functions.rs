//! The components under load, beside what is known to be quick or was proposed instead:
//!
//! - **E**, a component that answers 200 with a short body on the same host;
//! - **N**, nginx serving the same bytes as a file;
//! - **F**, a Flask application with sqlite3 under gunicorn with two workers.
//!
//! The catalogue is a made-up one of 1,500 repositories. Each run beside another follows at once
//! after it, in turns before and behind, and a ratio is the median of those of all rounds: what else
//! happens on the machine meets both.

mod case;
mod cases;
mod catalogue;
mod flask;
mod growth;
mod instance;
mod load;
mod nginx;
mod report;
mod server;
mod subject;

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path, thread, time::Duration};

use anyhow::{Context, Result};
use xtask::{components, manifest::Application, project, serve};

pub(crate) use case::Effort;
use cases::cases;
use catalogue::{BRANCHES, REPOSITORIES, catalogue};
use flask::Flask;
use growth::Growth;
use load::Load;
use nginx::Nginx;
use report::Functions;
use subject::Subject;

/// Makes the catalogue, starts everybody, and measures.
pub(crate) fn measure(folder: &Path, effort: Effort) -> Result<Functions> {
    let folder = folder.join("functions");
    let data = folder.join("data");
    catalogue(&data, REPOSITORIES, BRANCHES)?;
    let application = Application::derive(&folder, &data, true)?;
    let log = folder.join("host.log");
    let (server, address) = serve::start_host(&application, &log)?;
    let subject = Subject::new(address, &folder)?;
    let nginx = Nginx::start(&folder.join("nginx"), &subject.files(), address);
    let nginx = nginx.map_err(|error| format!("{error:#}"));
    fs::write(folder.join("all.json"), &subject.all.body).context("can't write all.json")?;
    let flask = Flask::start(&folder, &folder.join("all.json"));
    let flask = flask.map_err(|error| format!("{error:#}"));
    let cases = cases(&subject, nginx.as_ref(), flask.as_ref())?;
    let cases = case::run(cases, effort)?;
    let starts = ["/bare", &subject.one].map(|path| path.to_owned());
    let starts = instance::starts(address, &starts.each_ref().map(String::as_str))?;
    let memory = memory(address, &log, effort)?;
    let has_search = subject.has("/search?q=page")?;
    drop(server);
    let growth = if has_search {
        growth::measure(&folder, effort.rounds, effort.seconds)?
    } else {
        Growth::not_measured("there is no /search")
    };
    Ok(Functions {
        cases,
        starts: ["a component that does nothing", "/info/extensions/NAME"]
            .into_iter()
            .zip(starts)
            .collect(),
        memory,
        wasm: wasm()?,
        growth,
        all_bytes: subject.all.body.len(),
    })
}

/// The memory of instances once many clients have asked for all repositories at once.
fn memory(address: SocketAddr, log: &Path, effort: Effort) -> Result<BTreeMap<String, f64>> {
    println!("Asking for all repositories on 32 connections, for the memory of an instance");
    Load::new(address, "/info/extensions").run(effort.seconds.max(3.0))?;
    // An instance is reported when it ends.
    thread::sleep(Duration::from_secs(2));
    instance::memory(log)
}

/// The sizes of the components.
fn wasm() -> Result<BTreeMap<String, f64>> {
    let mut sizes = BTreeMap::new();
    for package in components::packages()? {
        let name = format!("{}.wasm", package.replace('-', "_"));
        let path = project::target("wasm32-wasip2/component").join(&name);
        let metadata =
            fs::metadata(&path).with_context(|| format!("can't read {}", path.display()))?;
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        sizes.insert(name, metadata.len() as f64);
    }
    Ok(sizes)
}
