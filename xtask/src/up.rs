//! `cargo xtask up`: builds everything that serving needs, syncs once, and serves.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs},
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

/// The host that `tardist` syncs from by default.
const WIKIMEDIA: &str = "gerrit.wikimedia.org";

/// How long the first build of the components takes.
const COMPONENTS_TIME: &str = "1 minute";

/// How long the first build takes with the component host, which brings a WebAssembly compiler.
const HOST_TIME: &str = "5 minutes";

/// Where the samples are served, if the address is free. Tarballs name the URL of their repository: with another one
/// each time, all would be made again.
const SAMPLE_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3998);

/// How long to wait for that host before it counts as out of reach.
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
    // Checked first, before minutes of building.
    let listen = serve::check_free(options.listen)?;
    // `tardist sync` takes these, and an --upstream would win over them.
    let is_configured = options.what.upstream.is_some()
        || env::var_os("TARDIST_CONFIG").is_some()
        || project::root().join("tardist.toml").exists();
    let with_sample = !is_configured && !can_reach_wikimedia();
    if with_sample {
        println!("Cannot reach {WIKIMEDIA}; starting the sample upstream instead.");
    }
    build(with_sample)?;
    let default_data =
        if with_sample { project::target("up/sample-data") } else { project::root().join("data") };
    let data = match &options.data {
        Some(data) => std::path::absolute(data)?,
        None => default_data,
    };
    let sample = with_sample.then(start_sample).transpose()?;
    if let Some(sample) = &sample {
        options.what.upstream = Some(sample.url.clone());
    } else if !is_configured && options.what.only.is_empty() {
        println!(
            "Syncing all of {WIKIMEDIA}, some 1,400 repositories: the first time this takes a while. \
             For fewer, use --only extensions/NAME."
        );
    }
    // A link to 0.0.0.0 leads nowhere. Without a public URL, links are relative.
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

fn start_sample() -> Result<Sample> {
    let root = project::target("up/sample");
    match serve::check_free(SAMPLE_ADDRESS) {
        Ok(address) => Sample::start(&root, &["--listen", &address.to_string()]),
        Err(_) => Sample::start(&root, &[]),
    }
}

fn can_reach_wikimedia() -> bool {
    // Behind a proxy, a direct connection proves nothing.
    if ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .any(|it| env::var_os(it).is_some())
    {
        return true;
    }
    let (sender, receiver) = mpsc::channel();
    // In a thread, because the resolver may take longer than the limit.
    thread::spawn(move || {
        let addresses = (WIKIMEDIA, 443).to_socket_addrs();
        let reached = addresses.is_ok_and(|mut addresses| {
            addresses.any(|address| TcpStream::connect_timeout(&address, REACH_LIMIT).is_ok())
        });
        // An error means that the limit is over and nobody waits.
        let _ = sender.send(reached);
    });
    receiver.recv_timeout(REACH_LIMIT).unwrap_or(false)
}

/// Builds what will run, and nothing else: a newcomer waits for it.
fn build(with_sample: bool) -> Result<()> {
    announce("1 of 2: the components, in WebAssembly", &components::files()?, COMPONENTS_TIME);
    components::build(&[])?;
    let mut packages = vec!["tardist"];
    let mut time = "1 minute";
    if with_sample {
        packages.push("sample-upstream");
    }
    if project::find_program("spin").is_none() {
        packages.push("component-host");
        time = HOST_TIME;
    }
    let programs: Vec<PathBuf> = packages.iter().map(|name| project::binary(name)).collect();
    announce(&format!("2 of 2: {}", packages.join(", ")), &programs, time);
    let mut cargo = project::cargo();
    cargo.args(["build", "--release"]).args(packages.iter().flat_map(|name| ["-p", name]));
    process::run(&mut cargo)
}

/// Says what is built and how long it takes, where it was never built.
fn announce(what: &str, files: &[PathBuf], time: &str) {
    if files.iter().any(|file| !file.exists()) {
        println!("Building {what}. This takes about {time} on two cores, once.");
    }
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
