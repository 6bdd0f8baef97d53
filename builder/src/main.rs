//! The `tardist` command: parse, set up logging, dispatch, and turn the outcome into an exit status.

use std::{io::Write, path::Path, process::ExitCode};

use clap::Parser;
use jiff::Timestamp;
use tardist::{
    Error,
    cli::{Cli, Command},
    config::Config,
    cycle,
    layout::Layout,
    progress::Progress,
    settings::Settings,
    status, verify,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let progress = Progress::new();
    set_up_logging(cli.verbose, &progress);
    match run(cli, &progress) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tardist: {error}");
            ExitCode::from(if matches!(error, Error::Config(_)) { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli, progress: &Progress) -> Result<ExitCode, Error> {
    let file = match &cli.config {
        Some(path) => Settings::read(path)?,
        None if Path::new("tardist.toml").exists() => Settings::read(Path::new("tardist.toml"))?,
        None => Settings::default(),
    };
    let config = Config::new(cli.settings.or(file))?;
    let layout = Layout::new(&config.data);
    let (text, code) = match cli.command {
        Command::Sync => sync(&config, progress)?,
        Command::Status { json } => {
            let status = status::read(&layout);
            let text = if json {
                serde_json::to_string_pretty(&status).map_err(|e| Error::Bug(e.to_string()))?
            } else {
                status.to_string()
            };
            (text, status.exit_code())
        }
        Command::Verify => verify(&layout),
    };
    // A reader that went away (`tardist status | head -1`) is no failure.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(ExitCode::from(code))
}

fn sync(config: &Config, progress: &Progress) -> Result<(String, u8), Error> {
    let report = cycle::run(config, Timestamp::now(), progress)?;
    for problem in &report.problems {
        tracing::warn!("{problem}");
    }
    if let Some(error) = &report.error {
        eprintln!("tardist: {error}");
    }
    Ok((report.to_string(), report.exit_code()))
}

fn verify(layout: &Layout) -> (String, u8) {
    match verify::verify(layout) {
        None => (format!("There is no snapshot in {}.", layout.root().display()), 1),
        Some(verified) if verified.bad.is_empty() => {
            (format!("All {} tarballs are as published.", verified.good), 0)
        }
        Some(verified) => {
            let bad: String = verified.bad.iter().map(|bad| format!("\n  {bad}")).collect();
            let text = format!(
                "{} tarballs are as published, {} are not; `tardist sync` makes missing and cut ones \
                 again, remove the others first:{bad}",
                verified.good,
                verified.bad.len()
            );
            (text, 1)
        }
    }
}

fn set_up_logging(verbose: u8, progress: &Progress) {
    let default = match verbose {
        0 => "tardist=info",
        1 => "tardist=debug",
        _ => "debug",
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
