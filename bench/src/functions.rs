//! The components under load, each compared with something that is known to be fast or that was
//! proposed instead:
//!
//! - **E**, a component that answers 200 with a short body on the same host;
//! - **N**, nginx serving the same bytes as a file;
//! - **F**, a Flask application with sqlite3 under gunicorn with two workers.
//!
//! They answer from a made-up catalogue of 1,500 repositories. `case` says how two runs are compared.

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
mod updates;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use xtask::{components, manifest::Application, process, project, serve};

pub(crate) use case::Effort;
use cases::cases;
use catalogue::{BRANCHES, REPOSITORIES, catalogue};
use flask::Flask;
use growth::Growth;
use load::Load;
use nginx::Nginx;
use report::Functions;
use subject::Subject;

/// Builds the component host with the optimization that other programs have, and returns its path. What
/// `cargo xtask up` and the tests use is compiled in less time, and slower.
fn host() -> Result<PathBuf> {
    let mut cargo = project::cargo();
    process::run(cargo.args(["build", "--profile", "measured", "-p", "component-host"]))?;
    Ok(project::target("measured/component-host"))
}

/// Makes the catalogue, starts all servers, and measures.
pub(crate) fn measure(folder: &Path, effort: Effort) -> Result<Functions> {
    let folder = folder.join("functions");
    let data = folder.join("data");
    catalogue(&data, REPOSITORIES, BRANCHES)?;
    let application = Application::derive(&folder, &data, true)?;
    let log = folder.join("host.log");
    let host = host()?;
    let (mut server, address) = serve::start_host(&host, &application, &log)?;
    let subject = Subject::new(address, &folder)?;
    let nginx = Nginx::start(&folder.join("nginx"), &subject.files(), address);
    let nginx = nginx.map_err(|error| format!("{error:#}"));
    fs::write(folder.join("all.json"), &subject.all.body).context("cannot write all.json")?;
    let flask = Flask::start(&folder, &folder.join("all.json"));
    let flask = flask.map_err(|error| format!("{error:#}"));
    let cases = cases(&subject, nginx.as_ref(), flask.as_ref())?;
    let cases = case::run(cases, effort)?;
    let starts = ["/bare", &subject.one].map(|path| path.to_owned());
    let starts = instance::starts(address, &starts.each_ref().map(String::as_str))?;
    let memory = memory(address, &log, effort)?;
    let check = updates::measure(server.child().id(), address, &subject.names)?;
    let has_search = subject.has("/search?q=page")?;
    drop(server);
    let growth = if has_search {
        growth::measure(&host, &folder, effort.rounds, effort.seconds)?
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
        check,
        all_bytes: subject.all.body.len(),
    })
}

/// The memory of instances after many clients have asked for all repositories at the same time.
fn memory(address: SocketAddr, log: &Path, effort: Effort) -> Result<BTreeMap<String, f64>> {
    println!("Asking for all repositories on 32 connections, for the memory of an instance");
    Load::new(address, "/info/extensions").run(effort.seconds.max(3.0))?;
    // The host reports an instance when it ends.
    thread::sleep(Duration::from_secs(2));
    instance::memory(log)
}

/// The sizes of the components.
fn wasm() -> Result<BTreeMap<String, f64>> {
    let mut sizes = BTreeMap::new();
    for path in components::files()? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let metadata =
            fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        #[expect(clippy::cast_precision_loss, reason = "for people to read")]
        sizes.insert(name, metadata.len() as f64);
    }
    Ok(sizes)
}
