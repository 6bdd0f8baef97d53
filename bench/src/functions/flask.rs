//! A small Flask application that opens SQLite in each request, under gunicorn with two workers.

use std::{
    ffi::OsStr,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use xtask::{
    process::{self, Process},
    project,
};

use crate::functions::server::{free_address, start};

/// A running Flask application.
pub(crate) struct Flask {
    _process: Process,
    pub(crate) address: SocketAddr,
}

impl Flask {
    /// Installs Flask, fills the database from an answer of `/info/extensions`, and starts gunicorn
    /// with two workers.
    pub(crate) fn start(folder: &Path, answer: &Path) -> Result<Self> {
        let python = virtual_environment()?;
        let sources = project::root().join("bench/flask");
        let database = folder.join("flask.db");
        if database.exists() {
            fs::remove_file(&database)
                .with_context(|| format!("cannot remove {}", database.display()))?;
        }
        let mut fill = Command::new(&python);
        process::run(fill.arg(sources.join("fill.py")).arg(answer).arg(&database))?;
        let address = free_address()?;
        let mut command = Command::new(&python);
        command.args(["-m", "gunicorn", "--workers", "2", "--log-level", "error", "--bind"]);
        command.arg(address.to_string()).arg("--chdir").arg(&sources).arg("app:app");
        command.env("BENCH_DATABASE", &database).env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(Self { _process: start(&mut command, address)?, address })
    }
}

/// The Python of a virtual environment with Flask and gunicorn. The first call makes it.
fn virtual_environment() -> Result<PathBuf> {
    let folder = project::target("bench/flask-venv");
    let python = folder.join("bin/python");
    let wanted = project::root().join("bench/flask/requirements.txt");
    let read = |path: &Path| fs::read(path).ok();
    // Written last: if it is there, so is everything else.
    let stamp = folder.join("requirements.txt");
    if read(&stamp).is_some() && read(&stamp) == read(&wanted) {
        return Ok(python);
    }
    println!("Installing Flask and gunicorn into {}", folder.display());
    run_quietly("python3", &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()])?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let mut arguments: Vec<&OsStr> = pip.iter().map(OsStr::new).collect();
    arguments.push(wanted.as_os_str());
    run_quietly(&python, &arguments)?;
    fs::copy(&wanted, &stamp).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

fn run_quietly(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<()> {
    process::output(Command::new(program).args(arguments)).map(drop)
}
