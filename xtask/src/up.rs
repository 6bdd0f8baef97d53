//! The whole system on one machine, from a bare checkout to answers.

use std::{
    env,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    path::PathBuf,
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Result, bail};
use clap::Args;
use xtask::{
    components,
    manifest::Application,
    process, project,
    sample::Sample,
    serve,
    sync::{self, What},
};

/// Where `tardist` syncs from when it isn't told.
const WIKIMEDIA: &str = "gerrit.wikimedia.org";

/// How long that host may take to answer before it counts as out of reach.
const REACH_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    what: What,

    /// Where to serve
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// The data directory [default: data, or target/up/sample-data for the samples]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Builds, syncs and serves until a signal.
pub(crate) fn run(mut options: Options) -> Result<ExitCode> {
    // Before minutes of building.
    let listen = serve::check_free(options.listen)?;
    let with_sample = options.what.upstream.is_none() && !can_reach_wikimedia();
    if with_sample {
        println!("Can't reach {WIKIMEDIA}; starting the sample upstream instead.");
    }
    build(with_sample)?;
    let default_data =
        if with_sample { project::target("up/sample-data") } else { project::root().join("data") };
    let data = match &options.data {
        Some(data) => std::path::absolute(data)?,
        None => default_data,
    };
    let sample = with_sample.then(|| Sample::start(&project::target("up/sample"))).transpose()?;
    if let Some(sample) = &sample {
        options.what.upstream = Some(sample.url.clone());
    } else if options.what.upstream.is_none() && options.what.only.is_empty() {
        println!(
            "Syncing all of {WIKIMEDIA}, some 1,400 repositories: the first time this takes a while. \
             For fewer, use --only extensions/NAME."
        );
    }
    // Nobody can follow a link to 0.0.0.0; without a public URL, links are relative.
    let public_url = (!listen.ip().is_unspecified()).then(|| format!("http://{listen}"));
    if let Err(code) = sync::run(&options.what, &data, public_url.as_deref())? {
        return Ok(code);
    }
    drop(sample);
    let application = if data == project::root().join("data") {
        Application::committed()
    } else {
        Application::derive(&project::target("up"), &data, false)?
    };
    serve(&application, listen)
}

fn can_reach_wikimedia() -> bool {
    // Behind a proxy, a connection of our own says nothing.
    if ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|it| env::var_os(it).is_some())
    {
        return true;
    }
    let (sender, receiver) = mpsc::channel();
    // The resolver has time limits of its own, longer than ours.
    thread::spawn(move || {
        let addresses = (WIKIMEDIA, 443).to_socket_addrs();
        let reached = addresses.is_ok_and(|mut addresses| {
            addresses.any(|address| TcpStream::connect_timeout(&address, REACH_LIMIT).is_ok())
        });
        // Nobody waits any more when it was too late.
        let _ = sender.send(reached);
    });
    receiver.recv_timeout(REACH_LIMIT).unwrap_or(false)
}

fn build(with_sample: bool) -> Result<()> {
    components::build(&[])?;
    let mut cargo = project::cargo();
    cargo.args(["build", "--release"]);
    if project::find_program("spin").is_none() {
        return process::run(cargo.args(components::all_others()?));
    }
    // Without the component host there is no wasmtime to compile.
    cargo.args(["-p", "tardist"]);
    if with_sample {
        cargo.args(["-p", "sample-upstream"]);
    }
    process::run(&mut cargo)
}

fn serve(application: &Application, listen: SocketAddr) -> Result<ExitCode> {
    let mut server = serve::start_server(application, listen)?;
    println!("\nTry: curl http://{listen}/list");
    let status = server.wait()?;
    if process::interrupted() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the server ended by itself ({status})");
}
