//! `sample-upstream`: makes the sample content in a folder and serves it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use sample_upstream::{Server, corpus, sample};
use tokio::signal::unix::{SignalKind, signal};

/// Serves a few made-up MediaWiki extensions and skins as Gerrit would: for trying a mirror out
/// without Wikimedia's.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The folder of the repositories; those of the content that it lacks are made.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// What to make in it.
    #[arg(long, value_enum, default_value_t)]
    content: Content,
    /// List so many made-up projects, with nothing behind them, instead of the repositories.
    #[arg(long, value_name = "PROJECTS")]
    many: Option<usize>,
    /// How many branches each of those has.
    #[arg(long, value_name = "BRANCHES", default_value_t = 6, requires = "many")]
    branches: usize,
    /// A branch that the wiki's API says is on offer; give it once for each [default: master and
    /// four releases].
    #[arg(long, value_name = "BRANCH")]
    release: Vec<String>,
    /// The address to serve at, on this machine; port 0 is any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,
    /// List no more than this many projects in one answer.
    #[arg(long, value_name = "PROJECTS")]
    page_limit: Option<usize>,
}

/// What the folder is to hold.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Content {
    /// A few small projects, to try things out with.
    #[default]
    Sample,
    /// 24 projects with history, to measure with; made in five minutes or so, some 420 MB.
    Corpus,
    /// What is there already.
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

/// Refuses other machines' addresses while the command line is read, so that it is a usage error.
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
        // Before the line is printed: whoever has read it may send a signal at once.
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
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert!(loopback("127.0.0.1:0").is_ok());
        assert!(loopback("0.0.0.0:80").is_err() && loopback("localhost").is_err());
    }
}
