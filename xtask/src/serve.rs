//! Starts a server for an application: Spin if it is installed, else the component host.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{manifest::Application, process::Process, project};

/// Makes sure that the address is free. Port 0 becomes a free port.
///
/// # Errors
///
/// The address is taken, or is none of this machine.
pub fn check_free(address: SocketAddr) -> Result<SocketAddr> {
    TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .with_context(|| format!("cannot listen on {address}; choose another with --listen"))
}

/// Starts Spin, or the component host if Spin is not installed, and waits until it answers.
///
/// # Errors
///
/// The server cannot be started, or ends before it answers.
pub fn start_server(application: &Application, listen: SocketAddr) -> Result<Process> {
    let mut command = match project::find_program("spin") {
        Some(spin) => {
            let mut command = Command::new(spin);
            // Without this, Spin copies all tarballs first.
            command.args(["up", "--direct-mounts", "-f"]);
            command
        }
        None => host_command(&project::binary("component-host")),
    };
    start(command.arg(&application.manifest), application, listen)
}

/// The command of a component host, up to the path of the manifest.
fn host_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--compiled").arg(project::target("compiled-components")).arg("--manifest");
    command
}

/// Starts the component host at the path `program`, even if Spin is installed. It reports the memory of its instances; its
/// standard error goes to the file `log`.
///
/// # Errors
///
/// As [`start_server`], or `log` cannot be written.
pub fn start_host(
    program: &Path,
    application: &Application,
    log: &Path,
) -> Result<(Process, SocketAddr)> {
    let listen = check_free(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = host_command(program);
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

/// The address to connect to, for a server that listens on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}
