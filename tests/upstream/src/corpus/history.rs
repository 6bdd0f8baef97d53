//! The commits of one repository, as a stream for `git fast-import`.
//!
//! In the stream, all versions of a file follow each other. `git fast-import` stores a blob as a
//! delta from the blob before it. So the pack becomes about as small as `git repack` would make it,
//! in a fraction of the time.

use std::io::{self, Write};

use super::shape::{LANGUAGES, RELEASES, Shape};
use super::text::{Chance, Form, Topic, Words, file, line};

/// The date of the first commit, in Unix seconds. The others follow every [`STEP`] seconds.
const BEGIN: usize = 1_700_000_000;
const STEP: usize = 5 * 3600;

/// One of this many commits brings translations, rebuilds a bundle, sets a new version, changes a
/// recording, or replaces a picture.
const TRANSLATIONS: usize = 8;
const REBUILDS: usize = 9;
const VERSIONS: usize = 120;
const RECORDINGS: usize = 100;
const PICTURES: usize = 100;

/// The number of commits on a release branch.
const BACKPORTS: usize = 8;

/// How the content of a file is made.
enum Content {
    Manifest,
    Lines(Form, Topic),
    /// Bytes that do not compress, as in images and fonts.
    Picture,
}

struct Path {
    path: String,
    content: Content,
}

/// The files that a commit changes, as indexes in the list of files.
type Changes = Vec<usize>;

/// The files that a commit writes: indexes in the list of files, with the marks of their blobs.
type Blobs = Vec<(usize, usize)>;

/// A branch, with `T` for each of its commits.
struct Branch<T> {
    name: &'static str,
    /// The commit of `master` that it begins at, by number; `None` for `master` itself.
    fork: Option<usize>,
    commits: Vec<T>,
}

/// Writes the whole stream.
pub(super) fn write(shape: &Shape, out: &mut impl Write) -> io::Result<()> {
    let files = files(shape);
    let branches = plan(shape, &files);
    let mut blobs: Vec<Branch<Blobs>> = branches
        .iter()
        .map(|branch| Branch {
            name: branch.name,
            fork: branch.fork,
            commits: branch.commits.iter().map(|_| Blobs::new()).collect(),
        })
        .collect();
    let mut mark = 0;
    for (place, file) in files.iter().enumerate() {
        write_versions(shape, file, place, &branches, &mut blobs, &mut mark, out)?;
    }
    write_commits(&files, &blobs, mark, out)
}

fn files(shape: &Shape) -> Vec<Path> {
    let manifest = if shape.path.starts_with("skins/") { "skin.json" } else { "extension.json" };
    let mut files = vec![Path { path: manifest.to_owned(), content: Content::Manifest }];
    let latin = Words::latin(shape.path);
    let mut add = |path: String, form, words: &Words| {
        let topic = Topic::new(words, &path);
        files.push(Path { path, content: Content::Lines(form, topic) });
    };
    let languages: Vec<_> =
        LANGUAGES.iter().enumerate().map(|(number, name)| Words::language(number, name)).collect();
    for folder in message_folders(shape) {
        for (language, words) in LANGUAGES.iter().zip(&languages) {
            add(format!("{folder}/{language}.json"), Form::Messages, words);
        }
    }
    for number in 0..shape.php {
        let path = format!("includes/Part{}/Class{number}.php", number % (1 + shape.php / 20));
        add(path, Form::Php, &latin);
    }
    for number in 0..shape.js {
        let path = format!("resources/part{}/module{number}.js", number % (1 + shape.js / 20));
        add(path, Form::Js, &latin);
    }
    for number in 0..shape.bundles {
        let path = format!("resources/dist/bundle{number}.js");
        add(path, Form::Bundle, &latin);
    }
    for number in 0..shape.records {
        add(format!("tests/fixtures/record{number}.json"), Form::Record, &latin);
    }
    files.extend((0..shape.pictures).map(|number| Path {
        path: format!("resources/images/picture{number}.png"),
        content: Content::Picture,
    }));
    files
}

fn message_folders(shape: &Shape) -> Vec<String> {
    let more = (1..shape.message_folders).map(|number| format!("i18n/part{number}"));
    std::iter::once("i18n".to_owned()).chain(more).collect()
}

/// Decides which commit changes which files.
fn plan(shape: &Shape, files: &[Path]) -> Vec<Branch<Changes>> {
    let mut chance = Chance::new(&["plan", shape.path]);
    let translated = 1..1 + shape.message_folders * LANGUAGES.len();
    let pictures = files.len() - shape.pictures;
    let records = pictures - shape.records;
    let bundles = records - shape.bundles;
    let code = translated.end..bundles;
    let edit = |chance: &mut Chance| -> Changes {
        let mut changes: Changes = if code.is_empty() {
            vec![translated.start]
        } else {
            (0..1 + chance.skewed(10)).map(|_| code.start + chance.skewed(code.len())).collect()
        };
        if chance.below(4) == 0 {
            // The English messages and their documentation (`qqq`).
            changes.extend([translated.start, translated.start + 1]);
        }
        changes
    };
    let mut master = vec![(0..files.len()).collect::<Changes>()];
    for number in 1..shape.commits {
        let mut changes = if number % TRANSLATIONS == 0 {
            (0..20).map(|_| translated.start + chance.skewed(translated.len())).collect()
        } else {
            edit(&mut chance)
        };
        let mut one_of = |start, count, every| {
            if number % every == 0 && count > 0 {
                changes.push(start + chance.below(count));
            }
        };
        one_of(bundles, shape.bundles, REBUILDS);
        one_of(records, shape.records, RECORDINGS);
        one_of(pictures, shape.pictures, PICTURES);
        if number % VERSIONS == 0 {
            changes.push(0);
        }
        master.push(changes);
    }
    let mut branches = vec![Branch { name: "master", fork: None, commits: master }];
    branches.extend(RELEASES.map(|(name, percent)| Branch {
        name,
        fork: Some(shape.commits * percent / 100),
        commits: (0..BACKPORTS).map(|_| edit(&mut chance)).collect(),
    }));
    for changes in branches.iter_mut().flat_map(|branch| &mut branch.commits) {
        changes.sort_unstable();
        changes.dedup();
    }
    branches
}

/// Writes the blobs of one file. Those of a release branch follow the commit that it begins at.
fn write_versions(
    shape: &Shape,
    file: &Path,
    place: usize,
    branches: &[Branch<Changes>],
    blobs: &mut [Branch<Blobs>],
    mark: &mut usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut chance = Chance::new(&[shape.path, &file.path]);
    let mut master = Draft::new(shape, file, &mut chance);
    let mut releases: Vec<usize> = (1..branches.len()).collect();
    let [trunk, ..] = branches else { return Ok(()) };
    for (number, changes) in trunk.commits.iter().enumerate() {
        if changes.binary_search(&place).is_ok() {
            if number > 0 {
                master.edit(number, &mut chance);
            }
            blobs[0].commits[number].push((place, master.write(mark, out)?));
        }
        while let Some(&release) = releases.first()
            && branches[release].fork == Some(number)
        {
            releases.remove(0);
            let mut draft = master.clone();
            for (backport, changes) in branches[release].commits.iter().enumerate() {
                if changes.binary_search(&place).is_ok() {
                    draft.edit(number + backport, &mut chance);
                    blobs[release].commits[backport].push((place, draft.write(mark, out)?));
                }
            }
        }
    }
    Ok(())
}

/// A file while its versions are made.
#[derive(Clone)]
struct Draft<'a> {
    shape: &'a Shape,
    path: &'a str,
    content: &'a Content,
    lines: Vec<String>,
    version: usize,
}

impl<'a> Draft<'a> {
    fn new(shape: &'a Shape, file: &'a Path, chance: &mut Chance) -> Self {
        let lines = match &file.content {
            Content::Manifest | Content::Picture => Vec::new(),
            Content::Lines(form, topic) => {
                let count = match form {
                    Form::Messages => shape.messages,
                    Form::Bundle => 6000,
                    Form::Record => 2500 + chance.skewed(12_000),
                    // Half of all files are very small.
                    Form::Php | Form::Js if chance.below(2) == 0 => 5 + chance.below(40),
                    Form::Php | Form::Js => 20 + chance.skewed(1600),
                };
                (0..count).fold(Vec::with_capacity(count), |mut lines, number| {
                    lines.push(line(*form, number, &lines, topic, chance));
                    lines
                })
            }
        };
        Self { shape, path: &file.path, content: &file.content, lines, version: 0 }
    }

    /// Makes the next version, as a commit would.
    fn edit(&mut self, version: usize, chance: &mut Chance) {
        self.version = version;
        let Content::Lines(form, topic) = self.content else { return };
        let new = |number, before: &[String], chance: &mut Chance| {
            line(*form, number, before, topic, chance)
        };
        match form {
            Form::Messages => {
                for _ in 0..1 + chance.skewed(4) {
                    let number = chance.below(self.lines.len());
                    self.lines[number] = new(number, &[], chance);
                }
            }
            // A bundler gives new names to everything.
            Form::Bundle => {
                for number in 0..self.lines.len() {
                    self.lines[number] = new(number, &self.lines[..number], chance);
                }
            }
            Form::Php | Form::Js | Form::Record => {
                for _ in 0..1 + chance.skewed(5) {
                    let at = chance.below(self.lines.len());
                    let end = (at + chance.skewed(20)).min(self.lines.len());
                    let before = &self.lines[..at];
                    let put: Vec<_> =
                        (0..1 + chance.skewed(24)).map(|_| new(at, before, chance)).collect();
                    self.lines.splice(at..end, put);
                }
            }
        }
    }

    fn write(&self, mark: &mut usize, out: &mut impl Write) -> io::Result<usize> {
        *mark += 1;
        let bytes = match self.content {
            Content::Manifest => manifest(self.shape, self.version).into_bytes(),
            Content::Lines(form, _) => file(*form, &self.lines).into_bytes(),
            Content::Picture => picture(self.shape, self.path, self.version),
        };
        write!(out, "blob\nmark :{mark}\ndata {}\n", bytes.len())?;
        out.write_all(&bytes)?;
        writeln!(out)?;
        Ok(*mark)
    }
}

/// A picture of 8 to 168 KiB. No version has anything in common with another.
fn picture(shape: &Shape, path: &str, version: usize) -> Vec<u8> {
    let mut chance = Chance::new(&[shape.path, path, &version.to_string()]);
    let length = (8 << 10) + chance.skewed(160 << 10);
    chance.noise(length)
}

fn manifest(shape: &Shape, version: usize) -> String {
    let (kind, name) = shape.path.split_once('/').unwrap_or_default();
    let sort = if kind == "skins" { "Skin" } else { "Extension" };
    let folders: Vec<String> =
        message_folders(shape).iter().map(|folder| format!("\"{folder}\"")).collect();
    format!(
        "{{\n\t\"name\": \"{name}\",\n\t\"version\": \"1.{version}.0\",\n\
         \t\"author\": [ \"Bench\", \"Another Bench\" ],\n\
         \t\"url\": \"https://www.mediawiki.org/wiki/{sort}:{name}\",\n\
         \t\"descriptionmsg\": \"bench-0\",\n\t\"license-name\": \"GPL-2.0-or-later\",\n\
         \t\"type\": \"other\",\n\t\"requires\": {{ \"MediaWiki\": \">= 1.43.0\" }},\n\
         \t\"MessagesDirs\": {{ \"{name}\": [ {} ] }},\n\t\"manifest_version\": 2\n}}\n",
        folders.join(", ")
    )
}

/// Writes the commits. Those of `master` come first, since the other branches begin at them.
fn write_commits(
    files: &[Path],
    branches: &[Branch<Blobs>],
    blob_marks: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    for branch in branches {
        for (number, blobs) in branch.commits.iter().enumerate() {
            let date = BEGIN + (branch.fork.unwrap_or(0) + number) * STEP;
            writeln!(out, "commit refs/heads/{}", branch.name)?;
            if branch.fork.is_none() {
                writeln!(out, "mark :{}", blob_marks + 1 + number)?;
            }
            let message = format!("Change {} of {}\n", number + 1, branch.name);
            writeln!(out, "committer Bench <bench@example.org> {date} +0000")?;
            write!(out, "data {}\n{message}", message.len())?;
            if let (Some(fork), 0) = (branch.fork, number) {
                writeln!(out, "from :{}", blob_marks + 1 + fork)?;
            }
            for (place, mark) in blobs {
                writeln!(out, "M 100644 :{mark} {}", files[*place].path)?;
            }
        }
    }
    writeln!(out, "done")
}
