//! Serves an application: under Spin where it is installed, else under the component host.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{manifest::Application, process::Process, project};

/// The address, with a free port in place of port 0.
///
/// # Errors
///
/// The address is taken, or is none of this machine.
pub fn check_free(address: SocketAddr) -> Result<SocketAddr> {
    TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .with_context(|| format!("can't listen on {address}; choose another with --listen"))
}

/// Starts Spin, or where it isn't installed the component host, and waits until it answers.
///
/// # Errors
///
/// The server cannot be started, or ends before it answers.
pub fn start_server(application: &Application, listen: SocketAddr) -> Result<Process> {
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
///
/// # Errors
///
/// As [`start_server`], or `log` cannot be written.
pub fn start_host(application: &Application, log: &Path) -> Result<(Process, SocketAddr)> {
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
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}
