//! The names of a tarball that cannot be unpacked on every system, for people.

use crate::{
    content::{
        names,
        paths::{self, shown},
        problems::note,
        tree::Folder,
    },
    limits::content::MAX_ODD_NAMES,
};

/// The first such names, a sentence each, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct OddNames {
    first: Vec<String>,
    number: usize,
}

impl OddNames {
    /// Looks at the path of a member.
    pub(crate) fn name(&mut self, path: &[u8]) {
        if let Some(reason) = names::not_on_windows(paths::split(path).1) {
            self.add(|| format!("{} cannot be unpacked on Windows: {reason}", shown(path)));
        }
    }

    /// Looks at the names in a folder, and for others that differ only in case.
    pub(crate) fn folder(&mut self, path: &[u8], folder: &Folder) {
        for (name, twin) in names::twins(folder) {
            self.add(|| {
                format!(
                    "{} and {} differ only in case: Windows and macOS keep one of them",
                    shown(&paths::join(path, twin)),
                    shown(name)
                )
            });
        }
    }

    fn add(&mut self, sentence: impl FnOnce() -> String) {
        self.number += 1;
        if self.first.len() < MAX_ODD_NAMES {
            self.first.push(sentence());
        }
    }

    /// Adds the sentences to the problems, and how many more there are.
    pub(crate) fn tell(self, problems: &mut Vec<String>) {
        let more = self.number - self.first.len();
        for sentence in self.first {
            note(problems, || sentence);
        }
        if more > 0 {
            note(problems, || format!("{more} more names cannot be unpacked on Windows or macOS"));
        }
    }
}
