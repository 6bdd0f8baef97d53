//! The speed of tarballs, beside `git archive` of the same commit.

use std::{
    fmt::{self, Write as _},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    process::{self, Process},
    project,
};

const REPEATS: usize = 3;

/// The made-up repository is about as big as the biggest extensions: 3,000 files, 40 MB.
const FILES: u64 = 3000;
const FILE_BYTES: u64 = 13_500;

/// Both programs on the same commit.
pub(super) struct Table {
    content_bytes: f64,
    tardist: Measured,
    git: Measured,
}

/// The median of the repeats.
struct Measured {
    tarball_bytes: f64,
    seconds: f64,
}

/// Makes the tarballs, in turns.
pub(super) fn measure(mirror: &Path, commit: &str) -> Result<Table> {
    println!("Making tarballs of {commit} in {}", mirror.display());
    let mut content_bytes = 0.0;
    let (mut tardist, mut git) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let mut example = Command::new(project::binary("examples/tarball"));
        let line = process::output(example.arg(mirror).arg(commit))?;
        let field = |name| number(&line, name).with_context(|| format!("no {name} in {line}"));
        content_bytes = field("content_bytes")?;
        tardist
            .push(Measured { tarball_bytes: field("tarball_bytes")?, seconds: field("seconds")? });
        git.push(git_archive(mirror, commit)?);
    }
    Ok(Table { content_bytes, tardist: median(tardist)?, git: median(git)? })
}

/// The number of a field in a line of flat JSON.
fn number(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

fn median(mut all: Vec<Measured>) -> Result<Measured> {
    all.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let middle = all.len() / 2;
    all.into_iter().nth(middle).context("nothing was measured")
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn git_archive(mirror: &Path, commit: &str) -> Result<Measured> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(mirror).args(["archive", "--format=tar.gz", commit]);
    let start = Instant::now();
    let mut process = Process::start(command.stdout(Stdio::piped()))?;
    let mut stdout = process.child().stdout.take().context("git has no output")?;
    let bytes = io::copy(&mut stdout, &mut io::sink())?;
    let status = process.wait()?;
    if !status.success() {
        bail!("`git archive` failed ({status})");
    }
    Ok(Measured { tarball_bytes: bytes as f64, seconds: start.elapsed().as_secs_f64() })
}

/// A bare repository with one commit of text as in extensions, the same each time.
pub(super) fn made_up(path: &Path) -> Result<(PathBuf, String)> {
    if !path.exists() {
        let partial = path.with_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        process::output(Command::new("git").args(["init", "--quiet", "--bare"]).arg(&partial))?;
        import(&partial)?;
        fs::rename(&partial, path).with_context(|| format!("can't create {}", path.display()))?;
    }
    let mut command = Command::new("git");
    let commit = process::output(command.arg("--git-dir").arg(path).args(["rev-parse", "master"]))?;
    Ok((path.to_owned(), commit.trim().to_owned()))
}

fn import(repository: &Path) -> Result<()> {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(repository).args(["fast-import", "--quiet"]);
    let mut process = Process::start(command.stdin(Stdio::piped()))?;
    let stdin = process.child().stdin.take().context("git has no input")?;
    write_commit(io::BufWriter::new(stdin)).context("can't write to git fast-import")?;
    let status = process.wait()?;
    if !status.success() {
        bail!("`git fast-import` failed ({status})");
    }
    Ok(())
}

fn write_commit(mut out: impl Write) -> io::Result<()> {
    out.write_all(
        b"commit refs/heads/master\ncommitter Bench <bench@example.org> 0 +0000\ndata 0\n",
    )?;
    let mut words = Words(1);
    for number in 0..FILES {
        let (path, text) = if number % 4 == 0 {
            (format!("i18n/{}/{number}.json", number % 50), words.json())
        } else {
            (format!("includes/{}/File{number}.php", number % 90), words.php())
        };
        writeln!(out, "M 100644 inline {path}\ndata {}\n{text}", text.len())?;
    }
    out.flush()
}

/// Words in an order that looks like chance, the same each time.
struct Words(u64);

impl Words {
    fn next(&mut self) -> String {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        const SYLLABLES: [&str; 16] = [
            "get", "set", "page", "title", "user", "text", "wiki", "Html", "Store", "Api", "Query",
            "link", "rev", "Cache", "Name", "Id",
        ];
        let syllable = |shift: u32| SYLLABLES[usize::from((self.0 >> shift) as u8 & 15)];
        // Few of the names are long, and names come again, as in code.
        match (self.0 >> 60) & 3 {
            0 => syllable(44).to_owned(),
            1 | 2 => format!("{}{}", syllable(44), syllable(50)),
            _ => format!("{}{}{}", syllable(44), syllable(50), syllable(55)),
        }
    }

    fn php(&mut self) -> String {
        let mut text = "<?php\n\nnamespace MediaWiki\\Extension\\Bench;\n\n".to_owned();
        while (text.len() as u64) < FILE_BYTES {
            let (name, value, call) = (self.next(), self.next(), self.next());
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "\tpublic function {name}( ${value} ) {{\n\t\treturn $this->{call}( ${value}, '{}' );\n\t}}\n",
                self.next()
            );
        }
        text
    }

    fn json(&mut self) -> String {
        let mut text = "{\n".to_owned();
        while (text.len() as u64) < FILE_BYTES {
            let _ = writeln!(
                text,
                "\t\"bench-{}\": \"{} {} {}\",",
                self.next(),
                self.next(),
                self.next(),
                self.next()
            );
        }
        text.push_str("\t\"bench\": \"\"\n}\n");
        text
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:12}  {:>9}  {:>10}  {:>8}", "tarball by", "content/s", "size", "of git")?;
        for (name, it) in [("tardist", &self.tardist), ("git archive", &self.git)] {
            let speed = self.content_bytes / it.seconds / 1e6;
            let (size, ratio) = (it.tarball_bytes / 1e6, self.git.seconds / it.seconds);
            writeln!(f, "{name:12}  {speed:>4.0} MB/s  {size:>7.2} MB  {ratio:>8.2}")?;
        }
        write!(f, "({:.1} MB of content, median of {REPEATS})", self.content_bytes / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_json() {
        let line = r#"{"content_bytes":12,"tarball_bytes":3,"seconds":0.25}"#;
        assert_eq!(number(line, "content_bytes"), Some(12.0));
        assert_eq!(number(line, "seconds"), Some(0.25));
        assert_eq!(number(line, "other"), None);
    }

    #[test]
    fn the_made_up_text_is_always_the_same() {
        assert_eq!(Words(1).php(), Words(1).php());
        assert_ne!(Words(1).json(), Words(2).json());
    }
}
