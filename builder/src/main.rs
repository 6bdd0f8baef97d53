//! The program `tardist`: parses the command line, sets up logging, runs the command, prints its output, and
//! exits with its status.

use std::{
    env, io,
    io::Write,
    process::{self, ExitCode},
    sync::{Arc, atomic::AtomicBool},
};

use jiff::Timestamp;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tardist::{
    Error,
    cli::{self, Command, Parsed},
    commands::{Output, completions, gc, man, status, sync, verify},
    data_dir::{layout::Layout, readable},
    progress::Progress,
    secrets,
    settings::{self, sample},
    worker,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    readable::set_umask();
    end_at_signals_as_process_1();
    let parsed = match cli::parse(env::args_os(), |name| env::var_os(name)) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    if matches!(parsed.cli.command, Command::Worker) {
        return worker::run();
    }
    let progress = Progress::new(parsed.cli.quiet);
    set_up_logging(&parsed, &progress);
    match run(parsed, &progress) {
        Ok(output) => {
            print(&output.text);
            ExitCode::from(output.exit_status)
        }
        Err(error) => {
            eprintln!("tardist: {}", secrets::struck(&error.to_string()));
            ExitCode::from(error.exit_status())
        }
    }
}

/// Lets SIGTERM and SIGINT end this process if it is process 1, as in a container. Linux gives process 1 only the
/// signals that it has handlers for. The status is the one that a shell gives for the signal. The workers end with it.
fn end_at_signals_as_process_1() {
    if process::id() != 1 {
        return;
    }
    for signal in [SIGINT, SIGTERM] {
        let always = Arc::new(AtomicBool::new(true));
        if let Err(error) = flag::register_conditional_shutdown(signal, 128 + signal, always) {
            eprintln!("tardist: signal {signal} will not end this process: {error}");
        }
    }
}

fn run(parsed: Parsed, progress: &Progress) -> Result<Output, Error> {
    let Parsed { cli, wrong } = parsed;
    // These two need no settings, so they work even if the settings are wrong.
    match cli.command {
        Command::Completions { shell } => return Ok(completions::run(cli::command(), shell)),
        Command::Man => return man::run(cli::command()),
        _ => {}
    }
    let (settings, config) = settings::load(cli.settings, cli.config.as_deref(), wrong)?;
    let (layout, now) = (Layout::new(&config.data), Timestamp::now());
    match cli.command {
        Command::Sync(cli::Sync { force, accept_loss, dry_run, .. }) => {
            let options = sync::Options { force, accept_loss, dry_run, quiet: cli.quiet };
            sync::run(&config, options, now, progress)
        }
        Command::Status { json } => status::run(&layout, json, now),
        Command::Verify => Ok(verify::run(&layout, progress)),
        Command::Gc => gc::run(&config, now, progress),
        Command::Config(_) | Command::Completions { .. } | Command::Man | Command::Worker => {
            Ok(Output { text: sample::sample(&settings), exit_status: 0 })
        }
    }
}

/// Writes a text to standard output, with one newline at the end. It is no failure if the reader has closed
/// its end (`tardist status | head -1`).
fn print(text: &str) {
    let text = secrets::struck(text.trim_end());
    if !text.is_empty() {
        let mut out = io::stdout();
        let _ = out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush());
    }
}

fn set_up_logging(parsed: &Parsed, progress: &Progress) {
    let default = match (parsed.cli.quiet, parsed.cli.verbose) {
        (true, _) => "tardist=error",
        (false, 0) => "tardist=info",
        (false, 1) => "tardist=debug",
        (false, _) => "debug",
    };
    let filter = EnvFilter::builder()
        .with_env_var("TARDIST_LOG")
        .try_from_env()
        .unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(progress.is_drawn())
        .with_writer(progress.clone())
        .init();
}
