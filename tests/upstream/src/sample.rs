//! The sample content: made-up extensions and skins that have what real ones have, unusual things
//! included.
//!
//! Their files are in the folder `sample/` of this crate. This module makes commits of them. For
//! each release of MediaWiki there is a commit on `master` and one on the release branch, as in
//! real repositories. Ids and dates are the same on every machine.
//!
//! | project | branches | what it is a sample of |
//! |---|---|---|
//! | `mediawiki/extensions/SampleGreeting` | all five | localized description with markup, a list of message folders, several authors |
//! | `mediawiki/extensions/SampleCalendar` | without `REL1_43` | localized name, one message folder, one author, requirements of all kinds |
//! | `mediawiki/extensions/SampleChart` | all five | from `REL1_44` on, a submodule with a relative URL, at a commit that is no tip |
//! | `mediawiki/extensions/SampleLinks` | all five | symbolic links: to a file, to a folder, to nothing, out of the tree; an executable file |
//! | `mediawiki/extensions/SampleNotes` | `master`, `REL1_46`, `REL1_45` | a manifest with almost nothing in it |
//! | `mediawiki/extensions/SampleOld` | `master`, `REL1_43` | no manifest |
//! | `mediawiki/extensions/SampleRetired` | all five | a read-only project, which is not mirrored |
//! | `mediawiki/extensions/SampleGreeting/vendor` | `master` | a project below another one, which is not mirrored |
//! | `mediawiki/skins/SamplePaper` | all five | localized name and description |
//! | `mediawiki/skins/SampleDusk` | `master`, `REL1_46`, `REL1_45` | a skin that requires another skin |
//! | `sample/Library` | `master` | the repository of the submodule; its tip is two commits after the pinned one |

use std::fs;
use std::path::Path;

use crate::repository::file_error;
use crate::{Error, File, Repository, State, Time, Upstream};

/// The project that is a submodule of SampleChart, by `sample/SampleChart/.gitmodules`.
const LIBRARY: &str = "sample/Library";

/// A release of MediaWiki, and what the repositories of the sample have for it.
struct Release {
    branch: &'static str,
    /// The version of MediaWiki, for `requires`.
    mediawiki: &'static str,
    /// The version of the extensions and skins.
    version: &'static str,
    /// When the branch was made, in Unix seconds.
    seconds: i64,
}

/// Oldest first; `master` is the next release.
const RELEASES: [Release; 5] = [
    release("REL1_43", "1.43.0", "1.0.0", 1_729_000_000),
    release("REL1_44", "1.44.0", "1.1.0", 1_745_000_000),
    release("REL1_45", "1.45.0", "1.2.0", 1_760_000_000),
    release("REL1_46", "1.46.0", "1.3.0", 1_776_000_000),
    release("master", "1.47.0", "1.4.0", 1_786_000_000),
];

const fn release(
    branch: &'static str,
    mediawiki: &'static str,
    version: &'static str,
    seconds: i64,
) -> Release {
    Release { branch, mediawiki, version, seconds }
}

/// Files in a folder of `sample/`: their paths below that folder, and their texts.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../sample/", $folder, "/", $path)))),+]
    };
}

type Files = &'static [(&'static str, &'static str)];

const GREETING: Files = files!("SampleGreeting":
    "extension.json", "i18n/api/en.json", "i18n/de.json", "i18n/en.json", "i18n/he.json",
    "i18n/qqq.json", "i18n/zh-hant.json", "includes/Hooks.php");
const CALENDAR: Files = files!("SampleCalendar":
    "extension.json", "i18n/de.json", "i18n/en.json", "i18n/qqq.json",
    "src/SpecialSampleCalendar.php");
const CHART: Files = files!("SampleChart": "extension.json", "resources/chart.js");
const CHART_MODULES: Files = files!("SampleChart": ".gitmodules");
const LINKS: Files = files!("SampleLinks":
    "extension.json", "docs/README.md", "resources/v2/links.css");
const LINKS_SCRIPT: &str = include_str!("../sample/SampleLinks/bin/check.sh");
const NOTES: Files = files!("SampleNotes": "extension.json", "COPYING");
const OLD: Files = files!("SampleOld": "SampleOld.php");
const RETIRED: Files = files!("SampleRetired": "extension.json");
const PAPER: Files = files!("SamplePaper":
    "skin.json", "i18n/en.json", "i18n/he.json", "resources/paper.css");
const DUSK: Files = files!("SampleDusk": "skin.json", "i18n/en.json", "i18n/zh-hant.json");

const ALL: &[&str] = &["REL1_43", "REL1_44", "REL1_45", "REL1_46", "master"];
const SINCE_44: &[&str] = &["REL1_44", "REL1_45", "REL1_46", "master"];
const SINCE_45: &[&str] = &["REL1_45", "REL1_46", "master"];
const FIRST_AND_LAST: &[&str] = &["REL1_43", "master"];

/// What an extension or skin has for a release besides its files in `sample/`.
type Extras = fn(&Upstream, &Release) -> Result<Vec<(&'static str, File)>, Error>;

/// A project of the sample.
struct Sample {
    project: &'static str,
    branches: &'static [&'static str],
    files: Files,
    extras: Extras,
}

const SAMPLES: [Sample; 9] = [
    extension("mediawiki/extensions/SampleGreeting", ALL, GREETING),
    extension("mediawiki/extensions/SampleCalendar", SINCE_44, CALENDAR),
    Sample { extras: submodule, ..extension("mediawiki/extensions/SampleChart", ALL, CHART) },
    Sample { extras: links, ..extension("mediawiki/extensions/SampleLinks", ALL, LINKS) },
    extension("mediawiki/extensions/SampleNotes", SINCE_45, NOTES),
    extension("mediawiki/extensions/SampleOld", FIRST_AND_LAST, OLD),
    extension("mediawiki/extensions/SampleRetired", ALL, RETIRED),
    extension("mediawiki/skins/SamplePaper", ALL, PAPER),
    extension("mediawiki/skins/SampleDusk", SINCE_45, DUSK),
];

const fn extension(
    project: &'static str,
    branches: &'static [&'static str],
    files: Files,
) -> Sample {
    Sample { project, branches, files, extras: |_, _| Ok(Vec::new()) }
}

/// Makes the sample content in a folder, which need not exist. Returns the upstream in that folder,
/// to which more can be added.
///
/// A project that is already there stays as it is. A new project appears whole or not at all, so
/// that the next run completes one that was interrupted.
///
/// # Errors
/// The folder cannot be read or written.
pub fn create(root: &Path) -> Result<Upstream, Error> {
    fs::create_dir_all(root).map_err(file_error("create", root))?;
    let upstream = Upstream::new(root);
    make(&upstream, LIBRARY, |repository, _| library(repository))?;
    for sample in &SAMPLES {
        make(&upstream, sample.project, |repository, upstream| {
            releases(sample, repository, upstream)?;
            if sample.project.ends_with("/SampleRetired") {
                repository.set_state(State::ReadOnly)?;
            }
            Ok(())
        })?;
    }
    make(&upstream, "mediawiki/extensions/SampleGreeting/vendor", |repository, _| {
        let files = [("README", File::text("What SampleGreeting needs from elsewhere.\n"))];
        repository.commit("master", &files, "Begin", Time::utc(RELEASES[0].seconds))?;
        Ok(())
    })?;
    Ok(upstream)
}

/// Adds a project if it is not there yet. `fill` gets its empty repository, and the upstream with
/// the projects that were made before.
fn make(
    upstream: &Upstream,
    project: &str,
    fill: impl FnOnce(&Repository, &Upstream) -> Result<(), Error>,
) -> Result<(), Error> {
    upstream.add(&project.parse()?, |draft| fill(&draft.repository(project)?, upstream))?;
    Ok(())
}

/// Gives a repository its branches: for each release a commit on `master`, and after it one on the
/// release branch.
fn releases(sample: &Sample, repository: &Repository, upstream: &Upstream) -> Result<(), Error> {
    for release in RELEASES.iter().filter(|release| sample.branches.contains(&release.branch)) {
        let mut files: Vec<_> = sample.files.iter().map(|file| filled_in(file, release)).collect();
        files.extend((sample.extras)(upstream, release)?);
        files.push((".gitreview", git_review(sample.project, "master")));
        let message = format!("Version {}", release.version);
        let tip = repository.commit("master", &files, &message, Time::utc(release.seconds))?;
        if release.branch != "master" {
            repository.branch(release.branch, tip)?;
            let files = [(".gitreview", git_review(sample.project, release.branch))];
            let time = Time::utc(release.seconds + 3_600);
            repository.commit(release.branch, &files, "Begin the release branch", time)?;
        }
    }
    Ok(())
}

fn filled_in(
    (path, text): &(&'static str, &'static str),
    release: &Release,
) -> (&'static str, File) {
    let text = text.replace("@VERSION@", release.version);
    (path, File::text(text.replace("@MEDIAWIKI@", release.mediawiki)))
}

fn git_review(project: &str, branch: &str) -> File {
    File::text(format!(
        "[gerrit]\nhost=gerrit.example.org\nport=29418\nproject={project}.git\n\
         defaultbranch={branch}\n"
    ))
}

/// Three commits. SampleChart pins the first, which no branch or tag points to.
fn library(repository: &Repository) -> Result<(), Error> {
    for (number, release) in ["1.0", "1.1", "1.2"].iter().zip(&RELEASES) {
        let script = format!("mw.samplePlot = ( node ) => node.append( 'Plot {number}' );\n");
        let files = [
            ("plot.js", File::text(script)),
            ("LICENSE", File::text("MIT, as far as a sample needs one.\n")),
        ];
        let time = Time::utc(release.seconds - 86_400);
        repository.commit("master", &files, &format!("Plot {number}"), time)?;
    }
    Ok(())
}

fn submodule(upstream: &Upstream, release: &Release) -> Result<Vec<(&'static str, File)>, Error> {
    if release.branch == "REL1_43" {
        return Ok(Vec::new());
    }
    let pinned = upstream.repository(LIBRARY)?.first_commit("master")?;
    let modules = CHART_MODULES.iter().map(|file| filled_in(file, release));
    Ok(modules.chain([("lib/plot", File::gitlink(pinned))]).collect())
}

fn links(_: &Upstream, _: &Release) -> Result<Vec<(&'static str, File)>, Error> {
    Ok(vec![
        ("bin/check.sh", File::executable(LINKS_SCRIPT)),
        ("README.md", File::symlink("docs/README.md")),
        ("resources/current", File::symlink("v2")),
        ("resources/next", File::symlink("v3")),
        ("docs/neighbour", File::symlink("../../SampleGreeting/extension.json")),
        ("docs/hosts", File::symlink("/etc/hosts")),
    ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// All refs of all projects.
    fn refs(upstream: &Upstream) -> BTreeMap<String, BTreeMap<String, String>> {
        let names = upstream.projects().expect("names").into_iter();
        names
            .map(|name| {
                let repository = upstream.open(&name).expect("a folder").expect("a repository");
                (name.to_string(), repository.project(None).expect("a project").refs)
            })
            .collect()
    }

    #[test]
    fn the_sample_has_the_same_ids_everywhere() {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let [one, other] = folders.each_ref().map(|it| create(it.path()).expect("a sample"));
        assert_eq!(refs(&one), refs(&other));
        assert_eq!(refs(&one).len(), SAMPLES.len() + 2);
        assert_eq!(
            refs(&one)["mediawiki/extensions/SampleGreeting"]["refs/heads/master"],
            "46039630b75fbbd1c7ddc44e9051c23a6ef2cadd"
        );
    }

    #[test]
    fn a_project_that_is_there_stays_and_one_that_is_missing_is_made() {
        let root = tempfile::tempdir().expect("a folder");
        let upstream = create(root.path()).expect("a sample");
        let greeting = upstream.repository("mediawiki/extensions/SampleGreeting").expect("it");
        let tip = greeting.commit("master", &[], "More", Time::default()).expect("a commit");
        fs::remove_dir_all(root.path().join("mediawiki/skins/SampleDusk.git")).expect("removal");
        create(root.path()).expect("a sample again");
        assert_eq!(greeting.tip("master").expect("a tip"), Some(tip));
        assert!(refs(&upstream).contains_key("mediawiki/skins/SampleDusk"), "it is made again");
        let left: Vec<_> = fs::read_dir(root.path()).expect("entries").flatten().collect();
        assert_eq!(left.len(), 2, "no draft is left: {left:?}");
    }

    #[test]
    fn no_placeholder_is_left() {
        for sample in &SAMPLES {
            for file in sample.files {
                let (path, File::Content { bytes, .. }) = filled_in(file, &RELEASES[0]) else {
                    panic!("every file has content");
                };
                let text = String::from_utf8(bytes).expect("UTF-8");
                assert!(!text.contains("@VERSION") && !text.contains("@MEDIAWIKI"), "{path}");
                let is_json = Path::new(path).extension().is_some_and(|it| it == "json");
                if is_json {
                    serde_json::from_str::<serde_json::Value>(&text).expect(path);
                }
            }
        }
    }
}
