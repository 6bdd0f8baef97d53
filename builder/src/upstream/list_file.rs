//! A text file of names and URLs: `extensions/NAME URL` a line, `#` begins a comment.
//!
//! The file is part of the configuration. So its hosts may be asked, and everything that is wrong
//! with it is told at once, before anything is done.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
};

use super::{
    adapter::{Adapter, Key, Values},
    branches::Asked,
    git_credentials,
    listing::{Listing, Project, Upstream},
    remembered::Pages,
};
use crate::{
    Error, RepositoryId,
    limits::upstream::MAX_LIST_FILE,
    net::{Credentials, Http, Origin},
};

/// A list file as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "list",
    example: "FILE",
    keys: &[Key::path("path"), git_credentials::KEY],
    check: |_| Ok(()),
    open,
};

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let mut list = ListFile::read(values.text("path").unwrap_or_default())?;
    if values.text(git_credentials::KEY.name).is_some() {
        let origins = list.origins();
        let [origin] = &origins[..] else {
            return Err(format!(
                "the list {} has URLs on {} hosts, and credentials are for one of them: write a list for each host",
                list.path,
                origins.len()
            ));
        };
        git_credentials::check(values, origin)?;
        list.credentials = git_credentials::open(values, origin)?;
    }
    Ok(Box::new(list))
}

/// A list file that has been read.
#[derive(Debug)]
struct ListFile {
    path: String,
    projects: Vec<(RepositoryId, String)>,
    credentials: Option<Credentials>,
}

/// What to write, for messages about a wrong line.
const FORM: &str = "write `extensions/NAME URL` or `skins/NAME URL` with an http or https URL";

impl ListFile {
    /// Reads the file. The error has everything that is wrong, a line each, with file and line
    /// number.
    fn read(path: &str) -> Result<Self, String> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(MAX_LIST_FILE + 1).read_to_string(&mut text))
            .map_err(|e| format!("cannot read the list {path}: {e}"))?;
        if text.len() as u64 > MAX_LIST_FILE {
            return Err(format!("the list {path} has more than {} MiB", MAX_LIST_FILE >> 20));
        }
        let projects = parse(&text).map_err(|wrong| {
            let lines = wrong.iter().map(|(line, text)| match line {
                0 => format!("{path}: {text}"),
                line => format!("{path}, line {line}: {text}"),
            });
            lines.collect::<Vec<_>>().join("\n")
        })?;
        Ok(Self { path: path.to_owned(), projects, credentials: None })
    }
}

/// What is wrong, with the number of the line; 0 for the file as a whole.
type Wrong = Vec<(usize, String)>;

/// The lines of a list, or what is wrong with them.
fn parse(text: &str) -> Result<Vec<(RepositoryId, String)>, Wrong> {
    let mut wrong = Wrong::new();
    let mut projects = Vec::new();
    let mut lines: BTreeMap<RepositoryId, usize> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        match read_line(line) {
            Ok(None) => {}
            Err(reason) => wrong.push((number, reason)),
            Ok(Some((id, url))) => match lines.insert(id.clone(), number) {
                Some(earlier) => wrong.push((number, format!("{id} is on line {earlier} already"))),
                None => projects.push((id, url)),
            },
        }
    }
    if wrong.is_empty() && projects.is_empty() {
        wrong.push((0, format!("it names no repository; {FORM}, a line each")));
    }
    if wrong.is_empty() { Ok(projects) } else { Err(wrong) }
}

/// The id and URL on a line; none on an empty line or a comment.
fn read_line(line: &str) -> Result<Option<(RepositoryId, String)>, String> {
    // A comment begins at the start of a line or after a space: a URL may have a `#`.
    let end = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
    let line = line[..end].trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(name), Some(url), None) = (words.next(), words.next(), words.next()) else {
        return Err(format!("it is not a name and a URL; {FORM}"));
    };
    let id = name.parse().map_err(|error| format!("{error}"))?;
    if Origin::of(url).is_none() {
        return Err(format!("{url:?} is not an http or https URL without a user part; {FORM}"));
    }
    Ok(Some((id, url.trim_end_matches('/').to_owned())))
}

impl Upstream for ListFile {
    fn url(&self) -> &str {
        &self.path
    }

    fn origins(&self) -> Vec<String> {
        let urls = self.projects.iter().filter_map(|(_, url)| Origin::of(url));
        let origins: BTreeSet<Origin> = urls.collect();
        origins.iter().map(ToString::to_string).collect()
    }

    fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    fn list(&self, _: &Http, _: &Asked, _: &Pages) -> Result<Listing, Error> {
        let projects = self.projects.iter().map(|(id, url)| Project::new(id.clone(), url));
        Ok(Listing { without_tips: projects.collect(), ..Listing::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_a_url() {
        let text = "# ours\n\nextensions/Foo https://h.example/Foo.git # why\n\
                    skins/Bar\thttp://h.example/a#b/\n";
        let lines = parse(text).unwrap();
        assert_eq!(
            lines[0],
            ("extensions/Foo".parse().unwrap(), "https://h.example/Foo.git".into())
        );
        assert_eq!(lines[1], ("skins/Bar".parse().unwrap(), "http://h.example/a#b".into()));
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_line() {
        let text = "extensions/A https://h.example/A\nextensions/B\nB https://h.example/B\n\
                    skins/../x https://h.example/x\nskins/C git@h.example:C\n\
                    skins/D /srv/D.git\nskins/E https://u:p@h.example/E\n\
                    extensions/A https://h.example/A2\nskins/F https://h.example/F more\n";
        let wrong = parse(text).unwrap_err();
        let lines: Vec<usize> = wrong.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(wrong[6].1.contains("line 1"), "{wrong:?}");
        assert_eq!(parse("# nothing\n").unwrap_err()[0].0, 0);
    }
}
