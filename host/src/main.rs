//! The command line of the component host.

use std::{
    collections::BTreeMap,
    env,
    io::Write,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use component_host::{Error, Host, Options, Reuse};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the HTTP components of a spin.toml where no Spin is installed.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The application to run.
    #[arg(long, value_name = "FILE", default_value = "spin.toml")]
    manifest: PathBuf,

    /// Where its databases are and what its variables say, as for `spin up`.
    #[arg(long, value_name = "FILE", env = "RUNTIME_CONFIG_FILE")]
    runtime_config_file: Option<PathBuf>,

    /// IP address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", env = "SPIN_HTTP_LISTEN_ADDR",
          default_value = "127.0.0.1:3000", value_parser = parse_address)]
    listen: SocketAddr,

    /// Sets a variable of the application; can be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    variable: Vec<(String, String)>,

    /// Keeps compiled components in this folder, so that the next start is quick; it may be deleted.
    #[arg(long, value_name = "DIR")]
    compiled: Option<PathBuf>,

    /// Writes to standard error how much memory an instance had, whenever that is more than all earlier
    /// instances of its component had.
    #[arg(long)]
    report_memory: bool,

    /// How many requests an instance serves in its life, as for `spin up`.
    #[arg(long, value_name = "NUMBER", default_value_t = Reuse::default().requests, value_parser = parse_count)]
    max_instance_reuse_count: usize,

    /// How many requests an instance serves at the same time, as for `spin up`.
    #[arg(long, value_name = "NUMBER", default_value_t = Reuse::default().concurrent, value_parser = parse_count)]
    max_instance_concurrent_reuse_count: usize,

    /// Sets TCP_NODELAY on connections, which `spin up` does not do.
    #[arg(long)]
    tcp_nodelay: bool,
}

fn main() -> ExitCode {
    let options = Options::from(Cli::parse());
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("component-host: {error:#}");
            ExitCode::from(error.downcast_ref().map_or(1, Error::exit_code))
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let served = runtime.block_on(async {
        // Before the announcement: whoever reads it may send a signal at once.
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        let host = Host::start(options).await?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{}", host.announcement())
            .and_then(|()| stdout.flush())
            .context("cannot write to standard output")?;
        host.serve(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await;
        Ok(())
    });
    // The process ends here. Ending running statements and idle instances in order would only take
    // time, and idle instances would report that they failed.
    std::mem::forget(runtime);
    served
}

impl From<Cli> for Options {
    fn from(cli: Cli) -> Self {
        Self {
            manifest: cli.manifest,
            runtime_config: cli.runtime_config_file,
            listen: cli.listen,
            variables: cli.variable.into_iter().collect(),
            environment: environment(),
            compiled: cli.compiled,
            report_memory: cli.report_memory,
            reuse: Reuse {
                requests: cli.max_instance_reuse_count,
                concurrent: cli.max_instance_concurrent_reuse_count,
            },
            tcp_nodelay: cli.tcp_nodelay,
        }
    }
}

/// The environment variables that are UTF-8.
fn environment() -> BTreeMap<String, String> {
    env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// If a name has several addresses, 127.0.0.1 is preferred, as in Spin.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let addresses: Vec<_> = text.to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let local = addresses.iter().find(|address| address.ip() == std::net::Ipv4Addr::LOCALHOST);
    local.or(addresses.first()).copied().ok_or_else(|| "the name has no address".to_owned())
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "write a number above 0".to_owned())
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_are_checked() {
        assert_eq!(parse_variable("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(parse_variable("a").is_err());
        assert_eq!(parse_count("1"), Ok(1));
        assert!(parse_count("0").is_err() && parse_count("-1").is_err());
        assert_eq!(parse_address("localhost:0").unwrap().to_string(), "127.0.0.1:0");
        assert!(parse_address("nowhere").is_err());
    }
}
