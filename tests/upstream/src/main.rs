//! `sample-upstream`: makes the sample content in a folder and serves it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use sample_upstream::{Server, corpus, sample};
use tokio::signal::unix::{SignalKind, signal};

/// Serves a few made-up MediaWiki extensions and skins as Gerrit would, so that a mirror can be
/// tried out without Wikimedia's Gerrit.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The folder of the repositories. Those of the content that are missing are made.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// The content to make in it.
    #[arg(long, value_enum, default_value_t)]
    content: Content,
    /// List this many made-up projects instead of the repositories. Git cannot fetch them.
    #[arg(long, value_name = "PROJECTS")]
    many: Option<usize>,
    /// The number of branches of each made-up project.
    #[arg(long, value_name = "BRANCHES", default_value_t = 6, requires = "many")]
    branches: usize,
    /// A branch that the wiki's API offers; may be given several times [default: master and four
    /// releases].
    #[arg(long, value_name = "BRANCH")]
    release: Vec<String>,
    /// The address to serve at, on this machine; port 0 means any free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,
    /// List at most this many projects in one answer.
    #[arg(long, value_name = "PROJECTS")]
    page_limit: Option<usize>,
}

/// The content of the folder.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Content {
    /// A few small projects, to try things out.
    #[default]
    Sample,
    /// 24 projects with history, to measure; about 420 MB, made in about five minutes.
    Corpus,
    /// The repositories that are already there.
    Any,
}

impl Content {
    fn create(self, root: &std::path::Path) -> anyhow::Result<()> {
        match self {
            Self::Sample => sample::create(root).map(drop),
            Self::Corpus => corpus::create(root, |name| eprintln!("Made {name}")).map(drop),
            Self::Any => Ok(()),
        }
        .with_context(|| format!("the content of {} could not be made", root.display()))
    }
}

/// Refuses addresses that other machines can reach. It does so while the command line is parsed, so
/// that this is a usage error.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "write it as 127.0.0.1:PORT".to_owned())?;
    if address.ip() == Ipv4Addr::LOCALHOST {
        Ok(address)
    } else {
        Err("only 127.0.0.1 can be served".to_owned())
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    arguments.content.create(&arguments.root)?;
    let server = Server::start(&arguments.root, arguments.listen)?;
    server.set_page_limit(arguments.page_limit);
    if let Some(projects) = arguments.many {
        server.list_made_up(projects, arguments.branches)?;
    }
    if !arguments.release.is_empty() {
        server.set_release_branches(arguments.release);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        // Before the line is printed, since a reader of the line may send a signal at once.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "Serving {}", server.url()).and_then(|()| stdout.flush())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_takes_loopback_only() {
        Arguments::command().debug_assert();
        assert!(loopback("127.0.0.1:0").is_ok());
        assert!(loopback("0.0.0.0:80").is_err() && loopback("localhost").is_err());
    }
}
