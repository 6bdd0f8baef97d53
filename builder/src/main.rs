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
    commands::{Output, completions, gc, man, pull, status, sync, verify},
    cycle,
    data_dir::{layout::Layout, readable},
    log::Log,
    progress::Progress,
    secrets,
    settings::{self, LogFormat, sample},
    worker,
};

fn main() -> ExitCode {
    readable::set_umask();
    end_at_signals_as_process_1();
    let parsed = match cli::parse(env::args_os(), |name| env::var_os(name)) {
        Ok(parsed) => parsed,
        Err(error) => return answer(&error),
    };
    if matches!(parsed.cli.command, Command::Worker) {
        return worker::run();
    }
    let says_how_it_went = parsed.cli.command.says_how_it_went();
    // What the configuration file says of it is not known yet.
    let mut log = Log::new(parsed.cli.settings.log_format.unwrap_or_default());
    match run(parsed, &mut log) {
        Ok(output) => {
            let mut status = output.exit_status;
            if let Err(error) = print(&output.text) {
                log.error(&error.to_string());
                // Of other commands, the status says how they went, whoever reads their text.
                if !says_how_it_went {
                    status = error.exit_status();
                }
            }
            ExitCode::from(status)
        }
        Err(error) => {
            log.error(&error.to_string());
            ExitCode::from(error.exit_status())
        }
    }
}

/// Answers a command line that asks for help, or that is wrong.
fn answer(error: &clap::Error) -> ExitCode {
    let log = Log::new(LogFormat::Text);
    if error.use_stderr() && log.is_for_programs() {
        log.error(error.render().to_string().trim_end());
        return ExitCode::from(Error::Config(String::new()).exit_status());
    }
    error.exit()
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

/// Runs the command. `log` becomes the one of the configuration.
fn run(parsed: Parsed, log: &mut Log) -> Result<Output, Error> {
    let Parsed { cli, wrong } = parsed;
    // These two need no settings, so they work even if the settings are wrong.
    match cli.command {
        Command::Completions { shell } => return Ok(completions::run(cli::command(), shell)),
        Command::Man => return man::run(cli::command()),
        _ => {}
    }
    let is_silent = cli.quiet && cli.command.says_how_it_went();
    let (settings, config) = settings::load(cli.settings, cli.config.as_deref(), wrong)?;
    *log = Log::new(config.log_format);
    let progress = Progress::new(cli.quiet || log.is_json());
    log.set_up(level(cli.quiet, cli.verbose), &progress);
    let (layout, now) = (Layout::new(&config.data), Timestamp::now());
    let output = match cli.command {
        Command::Sync(cli::Sync { force, accept_loss, take_over, dry_run, .. }) => {
            let cycle = cycle::Options { force, accept_loss, take_over };
            let options = sync::Options { cycle, dry_run };
            sync::run(&config, options, now, &progress, *log)
        }
        Command::Status { json, max_age } => {
            let options = status::Options { json, verbose: cli.verbose > 0, max_age };
            status::run(&layout, options, now)
        }
        Command::Verify { signatures: false } => verify::run(&layout, &progress),
        Command::Verify { signatures: true } => pull::verify(&config, &layout),
        Command::Pull(cli::Pull { watch, allow_older }) => {
            pull::run(&config, &layout, pull::Options { watch, allow_older })
        }
        Command::Gc => gc::run(&config, now, &progress),
        Command::Config(_) | Command::Completions { .. } | Command::Man | Command::Worker => {
            Ok(Output { text: sample::sample(&settings), exit_status: 0 })
        }
    }?;
    let is_silent = is_silent && output.exit_status == 0;
    Ok(if is_silent { Output { text: String::new(), ..output } } else { output })
}

/// Writes a text to standard output, with one newline at the end. It is no failure if the reader has closed
/// its end (`tardist status | head -1`).
fn print(text: &str) -> Result<(), Error> {
    let text = secrets::struck(text.trim_end());
    if text.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout();
    match out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Io { action: "write to", path: "standard output".into(), source })
        }
        _ => Ok(()),
    }
}

/// What is logged without the variable `TARDIST_LOG`.
fn level(quiet: bool, verbose: u8) -> &'static str {
    match (quiet, verbose) {
        (true, _) => "tardist=error",
        (false, 0) => "tardist=info",
        (false, 1) => "tardist=debug",
        (false, _) => "debug",
    }
}
