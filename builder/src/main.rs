//! The `tardist` command: parse, set up logging, dispatch, and turn the outcome into an exit status.

use std::{env, io, io::Write, path::Path, process::ExitCode};

use jiff::Timestamp;
use tardist::{
    Error,
    cli::{self, Command, Parsed},
    commands::{gc, man, status, verify},
    cycle::{self, dry_run},
    data_dir::layout::Layout,
    progress::Progress,
    settings::{Settings, config::Config, file, sample},
};
use tracing_subscriber::EnvFilter;

/// Up to how many problems with content a cycle tells.
const TOLD_PROBLEMS: usize = 20;

fn main() -> ExitCode {
    let parsed = match cli::parse(env::args_os(), |name| env::var_os(name)) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    let progress = Progress::new(parsed.cli.quiet);
    set_up_logging(&parsed, &progress);
    match run(parsed, &progress) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("tardist: {error}");
            ExitCode::from(if matches!(error, Error::Config(_)) { 2 } else { 1 })
        }
    }
}

fn run(mut parsed: Parsed, progress: &Progress) -> Result<u8, Error> {
    let (settings, config) = match parsed.cli.command {
        // These two need no settings, and so none that are right.
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::command(), "tardist", &mut script);
            print(&script);
            return Ok(0);
        }
        Command::Man => {
            let mut page = Vec::new();
            man::write(cli::command(), &mut page).map_err(|error| Error::Bug(error.to_string()))?;
            print(&page);
            return Ok(0);
        }
        _ => settings(&mut parsed)?,
    };
    let layout = Layout::new(&config.data);
    let (text, code) = match &parsed.cli.command {
        Command::Sync(options) => sync(&config, options, parsed.cli.quiet, progress)?,
        Command::Status { json } => {
            let status = status::read(&layout, Timestamp::now());
            let text = if *json {
                serde_json::to_string_pretty(&status).map_err(|e| Error::Bug(e.to_string()))?
            } else {
                status.to_string()
            };
            (text, status.exit_code())
        }
        Command::Verify => verify(&layout, progress),
        Command::Gc => {
            let outcome = gc::run(&config, Timestamp::now(), progress)?;
            (outcome.to_string(), outcome.exit_code())
        }
        Command::Config(_) | Command::Completions { .. } | Command::Man => {
            (sample::sample(&settings), 0)
        }
    };
    let text = text.trim_end();
    if !text.is_empty() {
        print(format!("{text}\n").as_bytes());
    }
    Ok(code)
}

/// What the command line, the environment and the file set together; all that is wrong with them
/// is told at once.
fn settings(parsed: &mut Parsed) -> Result<(Settings, Config), Error> {
    let default = Path::new("tardist.toml");
    let path = match &parsed.cli.config {
        Some(path) => Some(path.as_path()),
        None => default.exists().then_some(default),
    };
    let file = path.map(file::read).unwrap_or_default();
    let settings = std::mem::take(&mut parsed.cli.settings).or(file.settings);
    let mut wrong = file.wrong;
    wrong.append(&mut parsed.wrong);
    let config = Config::new(settings.clone());
    match config {
        Ok(config) if wrong.is_empty() => return Ok((settings, config)),
        Ok(_) => {}
        Err(error) => wrong.extend(error.to_string().lines().map(str::to_owned)),
    }
    Err(Error::Config(match &wrong[..] {
        [only] => only.clone(),
        all => format!("{} things are wrong:\n  {}", all.len(), all.join("\n  ")),
    }))
}

fn sync(
    config: &Config,
    options: &cli::Sync,
    quiet: bool,
    progress: &Progress,
) -> Result<(String, u8), Error> {
    let cycle = cycle::Options { force: options.force };
    if options.dry_run {
        return Ok((dry_run::preview(config, cycle, progress)?.to_string(), 0));
    }
    let report = cycle::run(config, cycle, Timestamp::now(), progress)?;
    for problem in report.problems.iter().take(TOLD_PROBLEMS) {
        tracing::warn!("{problem}");
    }
    if let Some(more @ 1..) = report.problems.len().checked_sub(TOLD_PROBLEMS) {
        tracing::warn!("{more} more problems with content; `tardist status` tells all");
    }
    if let Some(error) = &report.error {
        eprintln!("tardist: {error}");
    }
    let code = report.exit_code();
    let text = if quiet && code == 0 { String::new() } else { report.to_string() };
    Ok((text, code))
}

fn verify(layout: &Layout, progress: &Progress) -> (String, u8) {
    match verify::verify(layout, progress) {
        None => (format!("There is no snapshot in {}.", layout.root().display()), 1),
        Some(verified) if verified.bad.is_empty() => {
            (format!("All {} tarballs are as published.", verified.good), 0)
        }
        Some(verified) => {
            let bad: String = verified.bad.iter().map(|bad| format!("\n  {bad}")).collect();
            let text = format!(
                "{} tarballs are as published, {} are not; `tardist sync` makes missing and cut ones \
                 again, `tardist sync --force --only KIND/NAME` all of a repository:{bad}",
                verified.good,
                verified.bad.len()
            );
            (text, 1)
        }
    }
}

/// Writes to standard output. A reader that went away (`tardist status | head -1`) is no failure.
fn print(bytes: &[u8]) {
    let mut out = io::stdout();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
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
