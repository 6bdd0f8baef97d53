//! Puts new commits on a branch of a served repository, and removes them at the end.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use xtask::process::{self, Process};

/// The beginning of the messages of these commits. By it, commits of a killed benchmark are found.
const MESSAGE: &str = "bench: touch ";

/// A branch that gets new commits. Dropping it removes them.
pub(crate) struct Touch {
    repository: PathBuf,
    /// `extensions/NAME`
    pub(crate) id: String,
    pub(crate) branch: String,
    original: String,
    count: usize,
}

/// A new commit.
pub(crate) struct Touched {
    pub(crate) commit: String,
    /// The number of its objects that the repository did not have: what has to be transferred.
    pub(crate) objects: f64,
}

impl Touch {
    /// A branch of `extensions/NAME` in a folder of repositories; `None` if there is none.
    pub(crate) fn find(root: &Path, id: &str, branch: &str) -> Result<Option<Self>> {
        let repository = root.join(format!("mediawiki/{id}.git"));
        let (id, branch) = (id.to_owned(), branch.to_owned());
        let mut touch = Self { repository, id, branch, original: String::new(), count: 0 };
        if !touch.repository.is_dir() || touch.tip().is_err() {
            return Ok(None);
        }
        while touch.git(&["log", "-1", "--format=%s", &touch.name()])?.starts_with(MESSAGE) {
            touch.git(&["update-ref", &touch.name(), &format!("{}^", touch.name())])?;
        }
        touch.original = touch.tip()?;
        Ok(Some(touch))
    }

    /// Adds a commit.
    pub(crate) fn touch(&mut self) -> Result<Touched> {
        let before = self.tip()?;
        self.count += 1;
        let (name, count) = (self.name(), self.count);
        let mut command = self.command(&["fast-import", "--quiet"]);
        let mut process = Process::start(command.stdin(Stdio::piped()))?;
        let mut stdin = process.child().stdin.take().context("git has no input")?;
        let message = format!("{MESSAGE}{count}\n");
        let text = format!("This is new file number {count}.\n");
        // Later than all commits of the corpus.
        let date = 1_780_000_000 + count;
        write!(
            stdin,
            "commit {name}\ncommitter Bench <bench@example.org> {date} +0000\ndata {}\n{message}\
             from {name}^0\nM 100644 inline bench/touch-{count}.txt\ndata {}\n{text}\n",
            message.len(),
            text.len()
        )?;
        drop(stdin);
        let status = process.wait()?;
        if !status.success() {
            bail!("`git fast-import` failed ({status})");
        }
        let commit = self.tip()?;
        let new = self.git(&["rev-list", "--objects", &format!("{before}..{commit}")])?;
        #[expect(clippy::cast_precision_loss, reason = "there are four of them")]
        Ok(Touched { commit, objects: new.lines().count() as f64 })
    }

    fn name(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    fn tip(&self) -> Result<String> {
        self.git(&["rev-parse", "--verify", "--quiet", &self.name()])
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // Real repositories may belong to somebody else.
        command.args(["-c", "safe.directory=*", "--git-dir"]).arg(&self.repository);
        command.args(arguments);
        command
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        Ok(process::output(&mut self.command(arguments))?.trim().to_owned())
    }
}

impl Drop for Touch {
    fn drop(&mut self) {
        if self.count > 0 {
            // If this fails, the next benchmark finds the commits by their messages.
            let _ = self.command(&["update-ref", &self.name(), &self.original]).status();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn commits_come_and_go() {
        let root = std::env::temp_dir().join(format!("xtask-touch-{}", std::process::id()));
        let repository = root.join("mediawiki/extensions/A.git");
        fs::create_dir_all(&repository).unwrap();
        let mut init = Command::new("git");
        process::output(init.args(["init", "--quiet", "--bare"]).arg(&repository)).unwrap();
        assert!(Touch::find(&root, "extensions/A", "master").unwrap().is_none());
        let git = Touch {
            repository: repository.clone(),
            id: String::new(),
            branch: "master".to_owned(),
            original: String::new(),
            count: 0,
        };
        let tree = git.git(&["hash-object", "-t", "tree", "-w", "--stdin"]).unwrap();
        let identity = ["-c", "user.name=x", "-c", "user.email=x"];
        let commit = git.git(&[&identity[..], &["commit-tree", "-m", "Begin", &tree]].concat());
        git.git(&["update-ref", "refs/heads/master", &commit.unwrap()]).unwrap();
        let first = git.tip().unwrap();

        let mut touch = Touch::find(&root, "extensions/A", "master").unwrap().unwrap();
        let one = touch.touch().unwrap();
        assert_eq!(one.objects, 4.0, "commit, two trees, file");
        assert_eq!(git.tip().unwrap(), one.commit);
        let two = touch.touch().unwrap();
        assert_ne!(one.commit, two.commit);
        // As if it had been killed: the next one finds the way back.
        std::mem::forget(touch);
        let mut touch = Touch::find(&root, "extensions/A", "master").unwrap().unwrap();
        assert_eq!(git.tip().unwrap(), first);
        touch.touch().unwrap();
        drop(touch);
        assert_eq!(git.tip().unwrap(), first);
        assert!(Touch::find(&root, "extensions/B", "master").unwrap().is_none());
        fs::remove_dir_all(&root).unwrap();
    }
}
