//! Takes the results of a worker, and puts its tarballs in place.
//!
//! A worker may have been taken over by content. So it is believed only about the branches that it was given, once
//! about each of them, and a tarball is what its bytes are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use tardist_contract::{BranchName, CommitId, RepoName};

use crate::{
    Error,
    catalogue::{BranchRecord, Messages},
    content::{Missing, Remedy},
    data_dir::{files, set_aside, unfinished::UNFINISHED},
    error::IoContext,
    limits::{
        content::{MAX_MISSING, MAX_PUBLISHED_PROBLEM_BYTES, MAX_PUBLISHED_PROBLEMS, MAX_REASON},
        git::{MAX_HOST, MAX_SUBMODULE_NAME, MAX_SUBMODULES},
        job::JobLimits,
        metadata::{MAX_FIELD, MAX_TEXTS},
    },
    worker::{death, failure::Failure, job_result::JobResult, order::PublishedTarball},
};

/// How many revisions of a tarball are looked at for one that is free.
const MAX_REVISIONS: u32 = 1_000;

/// Takes the results of one worker. All errors of its methods are failures of a worker that said what no worker says.
pub(super) struct Intake {
    /// The branches that the worker was given and has not done yet.
    expected: BTreeSet<BranchName>,
    tarballs: Option<Tarballs>,
    keep_complete: bool,
    limits: JobLimits,
    placed: u64,
}

/// Where the tarballs of a job come and go.
pub(super) struct Tarballs {
    /// The folder in which the worker makes them.
    pub(super) staging: PathBuf,
    /// The folder that they are published in.
    pub(super) dist: PathBuf,
    /// The name of the repository.
    pub(super) name: RepoName,
    /// What is published of its branches.
    pub(super) published: BTreeMap<BranchName, PublishedTarball>,
}

impl Intake {
    /// For a worker that was given these branches. `tarballs` is `None` if it makes none. With `keep_complete`, an
    /// incomplete tarball does not replace a complete one.
    pub(super) fn new(
        expected: BTreeSet<BranchName>,
        tarballs: Option<Tarballs>,
        keep_complete: bool,
        limits: JobLimits,
    ) -> Self {
        Self { expected, tarballs, keep_complete, limits, placed: 0 }
    }

    /// How many bytes the tarballs have that are in place.
    pub(super) fn placed(&self) -> u64 {
        self.placed
    }

    /// The folder in which the worker makes tarballs.
    pub(super) fn staging(&self) -> Option<&PathBuf> {
        self.tarballs.as_ref().map(|tarballs| &tarballs.staging)
    }

    /// The server has another commit of a branch. It is said again of all branches if a damaged mirror is fetched again.
    pub(super) fn moved(&self, branch: BranchName, commit: CommitId, result: &mut JobResult) {
        if self.expected.contains(&branch) {
            result.moved.insert(branch, commit);
        }
    }

    /// The incomplete tarball of a branch stands.
    pub(super) fn unchanged(
        &mut self,
        branch: BranchName,
        missing: Vec<Missing>,
        result: &mut JobResult,
    ) -> Result<(), Failure> {
        self.done(&branch)?;
        let published = self.tarballs.as_ref().and_then(|it| it.published.get(&branch));
        if published.is_none_or(|it| !it.would_be_same(&it.commit, &missing)) {
            return Err(death::nonsense(&format!(
                "{branch} would come out again, which it cannot"
            )));
        }
        if let Some(what) = excess_of_missing(&missing) {
            return Err(death::nonsense(what));
        }
        result.unchanged.insert(branch, missing);
        Ok(())
    }

    /// A branch failed.
    pub(super) fn failed(
        &mut self,
        branch: BranchName,
        failure: Failure,
        result: &mut JobResult,
    ) -> Result<(), Failure> {
        self.done(&branch)?;
        result.failed.push((branch, failure.cut()));
        Ok(())
    }

    /// A tarball is made. It is put in place, unless it is incomplete and a complete one stands that must not be replaced.
    pub(super) fn built(
        &mut self,
        branch: BranchName,
        mut record: BranchRecord,
        result: &mut JobResult,
    ) -> Result<(), Failure> {
        self.done(&branch)?;
        if let Some(Err(what)) = record.messages.as_ref().map(Messages::check) {
            return Err(death::nonsense(&what));
        }
        // Without it, the next cycle would look for it in the tarball, and not in a worker.
        let Some(about) = &record.about else {
            return Err(death::nonsense("nothing of what a branch is called"));
        };
        if !about.is_valid() {
            return Err(death::nonsense("an extract of a manifest that is no object of JSON"));
        }
        if let Some(what) = excess_of(&record) {
            return Err(death::nonsense(what));
        }
        let Some(tarballs) = &self.tarballs else {
            return Err(death::nonsense("a tarball that nobody asked for"));
        };
        let published = tarballs.published.get(&branch);
        let is_kept =
            |it: &PublishedTarball| self.keep_complete && it.is_whole && it.missing.is_empty();
        if !record.is_complete() && published.is_some_and(is_kept) {
            result.failed.push((branch, Failure::incomplete(&record.missing)));
            return Ok(());
        }
        match tarballs.put_in_place(&branch, &mut record) {
            Ok(()) => {
                self.placed += record.size;
                result.built.insert(branch, record);
            }
            Err(error) => result.failed.push((branch, Failure::new(&error, &self.limits))),
        }
        Ok(())
    }

    /// Notes that a branch is done. It has to be one that the worker was given, and not done before.
    fn done(&mut self, branch: &BranchName) -> Result<(), Failure> {
        if self.expected.remove(branch) {
            return Ok(());
        }
        Err(death::nonsense(&format!("a result for {branch} that nobody asked for")))
    }
}

impl Tarballs {
    /// Moves the tarball of a branch from the staging folder to the others, under the name of its revision.
    ///
    /// The worker still runs. So it is looked at where the worker cannot put anything else in its place.
    fn put_in_place(&self, branch: &BranchName, record: &mut BranchRecord) -> Result<(), Error> {
        let staged = self.staging.join(record.tarball(&self.name, branch).as_str());
        // Shorter than the name of the staging folder, so that no file system refuses it.
        let held = self.dist.join(format!("{UNFINISHED}new-{}", self.name));
        fs::rename(&staged, &held).at("rename", &staged)?;
        let placed = self.put_held_in_place(&held, branch, record);
        if placed.is_err() {
            // What stays is removed by the next cycle.
            let _ = files::remove(&held);
        }
        placed
    }

    fn put_held_in_place(
        &self,
        held: &Path,
        branch: &BranchName,
        record: &mut BranchRecord,
    ) -> Result<(), Error> {
        if !is_file_of(held, record).at("read", held)? {
            return Err(Error::Bug(format!(
                "the worker's tarball {} is not what it says",
                record.tarball(&self.name, branch).as_str()
            )));
        }
        record.revision = self.revision(branch, record);
        let path = self.dist.join(record.tarball(&self.name, branch).as_str());
        set_aside::unless_file(&path)?;
        fs::rename(held, &path).at("rename a file to", &path)
    }

    /// The revision under whose name no other bytes were published.
    fn revision(&self, branch: &BranchName, record: &BranchRecord) -> u32 {
        match self.published.get(branch) {
            // The same bytes replace a file that may be damaged.
            Some(published) if published.has_bytes_of(record) => published.revision,
            published => {
                let first = published.map_or(0, |published| published.revision_of(record));
                self.free_revision(branch, record, first)
            }
        }
    }

    /// The first revision from this one on whose name no other bytes have. A tarball that was published long ago may
    /// still be there, for clients with a link to it.
    fn free_revision(&self, branch: &BranchName, record: &BranchRecord, first: u32) -> u32 {
        let path = |revision| {
            let record = BranchRecord { revision, ..record.clone() };
            self.dist.join(record.tarball(&self.name, branch).as_str())
        };
        let has_bytes = |path: &Path| files::sha256(path).is_ok_and(|it| it == record.sha256);
        let is_free = |revision: &u32| !path(*revision).is_file() || has_bytes(&path(*revision));
        // Where a tarball has a number, the name without one has had other bytes, which caches may still have.
        let is_plain_used = first == 0 && path(0).is_file();
        match (1..MAX_REVISIONS).rfind(|it| is_plain_used && path(*it).is_file()) {
            Some(last) => (1..=last).find(|it| has_bytes(&path(*it))).unwrap_or(last + 1),
            None => (first..first.saturating_add(MAX_REVISIONS)).find(is_free).unwrap_or(first),
        }
    }
}

/// The longest fields of a manifest that are taken, in bytes of JSON. Those of any worker have a quarter of that.
const MAX_METADATA: usize = 256 << 10;

/// The longest texts in all languages that are taken, in bytes of JSON: those of any worker, with each byte escaped, and
/// with the codes of languages.
const MAX_TEXTS_OF_JSON: usize = 8 * MAX_TEXTS;

/// What this record has more of than that of any worker. All of it is kept, and most is published.
fn excess_of(record: &BranchRecord) -> Option<&'static str> {
    let problems: usize = record.problems.iter().map(String::len).sum();
    // The last one counts the others.
    if record.problems.len() > MAX_PUBLISHED_PROBLEMS + 1
        || problems > MAX_PUBLISHED_PROBLEM_BYTES + 100
    {
        return Some("more problems than any branch has");
    }
    let fields = (&record.version, &record.requires, &record.metadata);
    if serde_json::to_vec(&fields).map_or(usize::MAX, |json| json.len()) > MAX_METADATA {
        return Some("longer fields than any manifest has");
    }
    let names = record.about.iter().flat_map(|it| [&it.manifest_name, &it.composer]);
    if names.flatten().any(|name| name.len() > MAX_FIELD) {
        return Some("longer names than any branch has");
    }
    let texts = record.messages.as_ref().and_then(Messages::texts);
    if texts.is_some_and(|it| it.titles.len() + it.descriptions.len() > MAX_TEXTS_OF_JSON) {
        return Some("more messages than any branch has");
    }
    let urls = &record.ingredients.submodules;
    let url = 2 * MAX_SUBMODULE_NAME + MAX_HOST;
    if urls.len() > MAX_SUBMODULES || urls.iter().any(|it| it.len() > url) {
        return Some("more submodules than any branch has");
    }
    excess_of_missing(&record.missing)
}

/// The same of what is missing.
fn excess_of_missing(missing: &[Missing]) -> Option<&'static str> {
    let is_long = |it: &Missing| {
        let remedy = match &it.remedy {
            Some(Remedy::SubmoduleHost(host)) => host.len(),
            Some(Remedy::Composer) | None => 0,
        };
        it.public.len().max(it.reason.len()) > 2 * MAX_REASON || remedy > MAX_HOST
    };
    (missing.len() > MAX_MISSING + 1 || missing.iter().any(is_long))
        .then_some("that more is missing than any branch has")
}

/// True for a file that has the size and the hash of the record. A worker that has kept the file open may still write to
/// it: `tardist verify` finds that.
fn is_file_of(path: &Path, record: &BranchRecord) -> io::Result<bool> {
    let file = files::open_untrusted(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != record.size {
        return Ok(false);
    }
    // A file that grows all the time has an end here.
    Ok(files::sha256_of(&mut file.take(record.size + 1))? == record.sha256)
}

#[cfg(test)]
mod tests {
    use nix::{sys::stat::Mode, unistd::mkfifo};
    use sha2::{Digest, Sha256};
    use tempfile::TempDir;

    use super::*;
    use crate::{
        content::Ingredients,
        metadata::{About, Texts},
        worker::failure::LIMITS,
    };

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    /// The intake of a worker that was given REL1_45 and master, and its folders.
    fn intake() -> (Intake, TempDir) {
        let folder = TempDir::new().unwrap();
        let [staging, dist] = ["staging", "dist"].map(|it| folder.path().join(it));
        fs::create_dir(&staging).unwrap();
        fs::create_dir(&dist).unwrap();
        let name = "Sample".parse().unwrap();
        let tarballs = Tarballs { staging, dist, name, published: BTreeMap::new() };
        let expected = ["REL1_45", "master"].map(branch).into();
        (Intake::new(expected, Some(tarballs), true, LIMITS), folder)
    }

    /// The record of a tarball with these bytes.
    fn record(bytes: &[u8]) -> BranchRecord {
        let sha256 = format!("{:x}", Sha256::digest(bytes));
        BranchRecord {
            size: bytes.len().try_into().unwrap(),
            sha256,
            about: Some(About::default().into()),
            ..BranchRecord::of_commit('a')
        }
    }

    /// The names in `dist`.
    fn names(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path().join("dist")).unwrap();
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
    }

    const STAGED: &str = "staging/Sample-master-aaaaaaa.tar.gz";

    #[test]
    fn a_tarball_that_is_what_the_worker_says_is_put_in_place() {
        let (mut intake, folder) = intake();
        fs::write(folder.path().join(STAGED), "bytes").unwrap();
        let mut result = JobResult::default();
        intake.built(branch("master"), record(b"bytes"), &mut result).unwrap();
        assert_eq!(result.failed, []);
        assert_eq!(
            (intake.placed(), names(&folder)),
            (5, vec!["Sample-master-aaaaaaa.tar.gz".to_owned()])
        );
    }

    #[test]
    fn an_extract_that_would_speak_for_others_is_not_believed() {
        let about = |extract: &str| About { extract: Some(extract.into()), ..About::default() };
        for (extract, is_taken) in [
            (r#"{"name":"Sample"}"#, true),
            (r#"{"name":"Sample"},"Cite":{}"#, false),
            (r#"{"name""#, false),
            ("[1]", false),
        ] {
            let (mut intake, folder) = intake();
            fs::write(folder.path().join(STAGED), "bytes").unwrap();
            let about = Some(about(extract).into());
            let record = BranchRecord { about, ..record(b"bytes") };
            let taken = intake.built(branch("master"), record, &mut JobResult::default());
            assert_eq!(taken.is_ok(), is_taken, "{extract}");
        }
    }

    #[test]
    fn what_no_worker_has_to_say_of_a_branch_is_refused() {
        let missing = |public: usize, reason: usize| Missing {
            public: "x".repeat(public),
            reason: "x".repeat(reason),
            remedy: None,
            may_pass: false,
        };
        let url = |length: usize| Ingredients {
            submodules: [format!("https://h/{}", "x".repeat(length))].into(),
            ..Ingredients::default()
        };
        let long = |length: usize| Some("1".repeat(length));
        let record = || record(b"bytes");
        let named = |length: usize| {
            let about = About { manifest_name: long(length), ..About::default() };
            BranchRecord { about: Some(about.into()), ..record() }
        };
        let with_texts = |length: usize| {
            let texts = Texts::from([("en".to_owned(), "x".repeat(length))]);
            BranchRecord { messages: Messages::new(&texts, &texts).unwrap(), ..record() }
        };
        for (is_taken, record) in [
            (true, BranchRecord { problems: vec!["x".repeat(150); 51], ..record() }),
            (false, BranchRecord { problems: vec![String::new(); 52], ..record() }),
            (false, BranchRecord { problems: vec!["x".repeat(9_000)], ..record() }),
            (true, BranchRecord { missing: vec![missing(300, 2_003); 51], ..record() }),
            (false, BranchRecord { missing: vec![missing(0, 0); 52], ..record() }),
            (false, BranchRecord { missing: vec![missing(1 << 20, 0)], ..record() }),
            (false, BranchRecord { missing: vec![missing(0, 1 << 20)], ..record() }),
            (true, BranchRecord { ingredients: url(4_096), ..record() }),
            (false, BranchRecord { ingredients: url(10_000), ..record() }),
            (true, BranchRecord { version: long(1_000), ..record() }),
            (false, BranchRecord { version: long(1 << 20), ..record() }),
            (false, BranchRecord { about: None, ..record() }),
            (true, named(1_000)),
            (false, named(1 << 20)),
            (true, with_texts(100_000)),
            (false, with_texts(2 << 20)),
        ] {
            let (mut intake, folder) = intake();
            intake.keep_complete = false;
            fs::write(folder.path().join(STAGED), "bytes").unwrap();
            let shown = format!("{record:?}").chars().take(2_000).collect::<String>();
            let taken = intake.built(branch("master"), record, &mut JobResult::default());
            assert_eq!(taken.is_ok(), is_taken, "{shown}");
        }
    }

    #[test]
    fn a_tarball_stands_only_if_the_same_is_missing_from_it() {
        let gap = |public: &str| Missing::new(public.to_owned(), "down".to_owned());
        let of = |missing: Vec<Missing>, is_current: bool| {
            let (mut intake, _folder) = intake();
            let record = BranchRecord { missing: vec![gap("lib")], ..record(b"bytes") };
            let published = PublishedTarball::new(&record, is_current);
            let tarballs = intake.tarballs.as_mut().unwrap();
            tarballs.published.insert(branch("master"), published);
            intake.unchanged(branch("master"), missing, &mut JobResult::default()).is_ok()
        };
        assert!(of(vec![gap("lib")], true));
        assert!(!of(vec![gap("lib")], false), "it was to be made again");
        assert!(!of(Vec::new(), true), "it would be taken for complete");
        assert!(!of(vec![gap("other")], true));
    }

    #[test]
    fn other_bytes_than_those_of_the_hash_fail_the_branch() {
        let other = |name: &str, prepare: &dyn Fn(&TempDir)| {
            let (mut intake, folder) = intake();
            prepare(&folder);
            let mut result = JobResult::default();
            intake.built(branch("master"), record(b"bytes"), &mut result).unwrap();
            let [(failed, failure)] = &result.failed[..] else { panic!("{name}: {result:?}") };
            assert_eq!((failed, names(&folder)), (&branch("master"), Vec::new()), "{name}");
            assert!(result.built.is_empty(), "{name}");
            failure.text.clone()
        };
        let staged = |text: &'static str| {
            move |folder: &TempDir| fs::write(folder.path().join(STAGED), text).unwrap()
        };
        for (name, text) in [("other bytes", "other"), ("longer", "bytes and more")] {
            let failure = other(name, &staged(text));
            assert!(failure.contains("is not what it says"), "{name}: {failure}");
        }
        let failure = other("a link to the right bytes", &|folder| {
            let file = folder.path().join("elsewhere");
            fs::write(&file, "bytes").unwrap();
            std::os::unix::fs::symlink(file, folder.path().join(STAGED)).unwrap();
        });
        assert!(failure.contains("symbolic link"), "{failure}");
        let failure = other("a pipe that nobody writes to", &|folder| {
            mkfifo(&folder.path().join(STAGED), Mode::S_IRWXU).unwrap();
        });
        assert!(failure.contains("is not what it says"), "{failure}");
        let failure = other("a folder", &|folder| {
            fs::create_dir(folder.path().join(STAGED)).unwrap();
        });
        assert!(failure.contains("is not what it says"), "{failure}");
        assert!(other("nothing", &|_| {}).contains("cannot rename"));
    }

    #[test]
    fn a_worker_is_believed_once_about_each_branch_that_it_was_given() {
        let (mut intake, folder) = intake();
        let mut result = JobResult::default();
        let (other, commit) = (branch("REL1_44"), BranchRecord::of_commit('b').commit);
        // It is no more than a hint.
        intake.moved(other.clone(), commit.clone(), &mut result);
        let refused = [
            intake.unchanged(other.clone(), Vec::new(), &mut result).unwrap_err(),
            intake
                .failed(other.clone(), Failure::for_now("x".to_owned()), &mut result)
                .unwrap_err(),
            intake.built(other, record(b"bytes"), &mut result).unwrap_err(),
        ];
        for failure in refused {
            assert!(failure.text.contains("REL1_44 that nobody asked for"), "{}", failure.text);
        }
        assert!(result.moved.is_empty() && result.unchanged.is_empty() && result.built.is_empty());
        assert_eq!(result.failed, []);

        let published = PublishedTarball::new(&BranchRecord::of_commit('a'), true);
        let tarballs = intake.tarballs.as_mut().unwrap();
        tarballs.published.insert(branch("master"), published);
        intake.moved(branch("master"), commit.clone(), &mut result);
        intake.unchanged(branch("master"), Vec::new(), &mut result).unwrap();
        fs::write(folder.path().join(STAGED), "bytes").unwrap();
        intake.built(branch("master"), record(b"bytes"), &mut result).unwrap_err();
        intake.moved(branch("master"), BranchRecord::of_commit('c').commit, &mut result);
        assert_eq!(result.moved, [(branch("master"), commit)].into());
        assert_eq!((result.built.len(), names(&folder)), (0, Vec::new()));
        let long = Failure::for_now("ä".repeat(1 << 20));
        intake.failed(branch("REL1_45"), long, &mut result).unwrap();
        assert!(result.failed[0].1.text.len() < 10_000);
    }

    #[test]
    fn messages_that_would_stop_publishing_are_refused() {
        let (mut intake, folder) = intake();
        fs::write(folder.path().join(STAGED), "bytes").unwrap();
        let messages = Some(Messages::stored("of a hash without texts".into()));
        let record = BranchRecord { messages, ..record(b"bytes") };
        let failure = intake.built(branch("master"), record, &mut JobResult::default());
        let text = failure.unwrap_err().text;
        assert!(text.contains("its messages have no texts"), "{text}");
        assert_eq!(names(&folder), Vec::<String>::new());
    }

    #[test]
    fn a_worker_that_packs_a_mirror_makes_no_tarball() {
        let mut intake = Intake::new([branch("master")].into(), None, true, LIMITS);
        let failure = intake.built(branch("master"), record(b"x"), &mut JobResult::default());
        assert!(failure.unwrap_err().text.contains("nobody asked for"));
    }

    #[test]
    fn a_link_that_somebody_has_gets_no_other_bytes() {
        let (mut intake, folder) = intake();
        fs::write(folder.path().join("dist/Sample-master-aaaaaaa.tar.gz"), "of long ago").unwrap();
        fs::write(folder.path().join(STAGED), "bytes").unwrap();
        let mut result = JobResult::default();
        intake.built(branch("master"), record(b"bytes"), &mut result).unwrap();
        assert_eq!(result.built[&branch("master")].revision, 1);
        assert_eq!(names(&folder).len(), 2);
    }

    /// The plain name leads to the newest bytes.
    #[test]
    fn a_commit_that_comes_back_does_not_get_the_plain_name_that_had_other_bytes() {
        for (files, expected) in [
            (&[("", "bytes"), ("-2", "bytes")][..], 1),
            (&[("", "newer"), ("-2", "bytes"), ("-3", "newer")], 1),
            (&[("", "other"), ("-2", "other")], 2),
            (&[("", "bytes")], 0),
            (&[], 0),
        ] {
            let (mut intake, folder) = intake();
            for (number, bytes) in files {
                let name = format!("dist/Sample-master-aaaaaaa{number}.tar.gz");
                fs::write(folder.path().join(name), bytes).unwrap();
            }
            fs::write(folder.path().join(STAGED), "bytes").unwrap();
            let mut result = JobResult::default();
            intake.built(branch("master"), record(b"bytes"), &mut result).unwrap();
            assert_eq!(result.built[&branch("master")].revision, expected, "{files:?}");
        }
    }
}
