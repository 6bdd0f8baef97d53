//! The whole system on one machine, from a bare checkout to answers.

use std::{
    env,
    fs::File,
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    components,
    manifest::Application,
    process::{self, Process},
    project,
    sample::Sample,
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
    let listen = check_free(options.listen)?;
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

/// The address, with a free port in place of port 0.
fn check_free(address: SocketAddr) -> Result<SocketAddr> {
    TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .with_context(|| format!("can't listen on {address}; choose another with --listen"))
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
    let mut server = start_server(application, listen)?;
    println!("\nTry: curl http://{listen}/list");
    let status = server.wait()?;
    if process::interrupted() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the server ended by itself ({status})");
}

/// Starts Spin, or where it isn't installed the component host, and waits until it answers.
pub(crate) fn start_server(application: &Application, listen: SocketAddr) -> Result<Process> {
    let mut command = match project::find_program("spin") {
        Some(spin) => {
            let mut command = Command::new(spin);
            // Tarballs are served from where they are, not from a copy.
            command.args(["up", "--direct-mounts", "-f"]);
            command
        }
        None => host_command(),
    };
    start(command.arg(&application.manifest), application, listen)
}

/// The component host, ready for the path of a manifest.
fn host_command() -> Command {
    let mut command = Command::new(project::binary("component-host"));
    command.arg("--manifest");
    command
}

/// Starts the component host, even where Spin is installed; it reports the memory of its instances.
/// What it says goes into a file.
pub(crate) fn start_host(application: &Application, log: &Path) -> Result<(Process, SocketAddr)> {
    let listen = check_free(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let file = File::create(log).with_context(|| format!("can't write {}", log.display()))?;
    let mut command = host_command();
    command.arg(&application.manifest).arg("--report-memory").stderr(file);
    let server = start(&mut command, application, listen)
        .with_context(|| format!("the reason is in {}", log.display()))?;
    Ok((server, listen))
}

fn start(command: &mut Command, application: &Application, listen: SocketAddr) -> Result<Process> {
    command.current_dir(project::root());
    command.arg("--runtime-config-file").arg(&application.runtime_config);
    command.arg("--listen").arg(listen.to_string());
    let mut server = Process::start(command)?;
    loop {
        if TcpStream::connect(reachable(listen)).is_ok() {
            return Ok(server);
        }
        if let Some(status) = server.wait_for(Duration::from_millis(100))? {
            bail!(
                "{} could not be served ({status}), see above",
                Path::new(&application.manifest).display()
            );
        }
    }
}

/// Where a server that listens on `address` is reached from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    address
}
