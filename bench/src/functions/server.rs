//! Starts servers to compare with.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use xtask::process::Process;

/// An address with a free port. Should another program take it before the server, the server fails.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    listener.local_addr().context("no port is free")
}

/// Starts a server and waits until it listens.
pub(crate) fn start(command: &mut Command, address: SocketAddr) -> Result<Process> {
    let name = Path::new(command.get_program()).display().to_string();
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()))?;
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(process);
        }
        if let Some(status) = process.wait_for(Duration::from_millis(100))? {
            bail!("{name} ended by itself ({status})");
        }
    }
    bail!("{name} does not listen on {address}");
}
