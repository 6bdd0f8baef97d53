//! Merges the results of jobs into the catalogue and the report. Pure: no I/O.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
};

use tardist_contract::BranchName;

use crate::{
    catalogue::{self, BranchRecord, Catalogue, RepositoryRecord, Shared},
    content::{Ingredients, Missing, Remedy},
    cycle::{
        quarantine::HeldBack,
        report::{Report, ReportEntry},
    },
    repository_id::RepositoryId,
    state::Withdrawn,
    upstream::{LeftOut, Listing},
    worker::{Job, JobResult},
};

/// How many names that are not allowed are reported one by one. A list may have very many.
const MAX_REFUSED: usize = 100;

/// How many things that others want of a setting are in the line that each of them is told to write.
const MAX_REMEDIES: usize = 20;

/// The failures in a listing: names that are not allowed, repositories whose branches cannot be listed, and
/// upstreams that cannot be listed at all.
pub(super) fn refused(listing: &Listing) -> Vec<ReportEntry> {
    let (named, others) = listing.refused.split_at(listing.refused.len().min(MAX_REFUSED));
    let not_allowed =
        named.iter().map(|error| ReportEntry::new(error.text.as_str(), None, &error.to_string()));
    let others = (!others.is_empty()).then(|| {
        let text = format!("{} more names are not allowed either", others.len());
        ReportEntry::new("other names", None, &text)
    });
    let failed = listing.failed.iter().map(|(id, error)| entry(id, None, &error.to_string()));
    let unavailable = listing.unavailable.iter().map(|(url, error)| {
        let text = format!("cannot be listed, so its repositories stay as they are: {error}");
        ReportEntry::new(url.as_str(), None, &text)
    });
    not_allowed.chain(others).chain(failed).chain(unavailable).collect()
}

/// The failure of a repository that `--only` names and that cannot be distributed: no upstream lists it, or one says why.
pub(super) fn unknown((id, left_out): &(RepositoryId, Option<LeftOut>)) -> ReportEntry {
    let not_listed = || "no upstream lists it; check the name".to_owned();
    entry(id, None, &left_out.as_ref().map_or_else(not_listed, ToString::to_string))
}

/// The failures of branches in quarantine.
pub(super) fn held_back(held: &[HeldBack]) -> impl Iterator<Item = ReportEntry> {
    held.iter().map(|(id, branch, text)| entry(id, Some(branch), text))
}

/// What a merge needs to know besides the result.
pub(super) struct Merging<'a> {
    /// What was published before.
    pub(super) published: &'a Catalogue,
    /// What of it is on disk and whole.
    pub(super) intact: &'a Catalogue,
    /// What was published earlier.
    pub(super) withdrawn: &'a Withdrawn,
    /// The recipe of a branch, from its remote URL and its ingredients.
    pub(super) recipe: &'a dyn Fn(&str, &Ingredients) -> String,
    /// The time of the cycle: Unix seconds.
    pub(super) now: i64,
}

impl Merging<'_> {
    /// Adds the result of a job to the catalogue: the new record of each built branch, and the earlier record of
    /// each other one. Failures, problems and new tarballs go to the report.
    pub(super) fn merge(
        &self,
        catalogue: &mut Catalogue,
        job: &Job,
        result: JobResult,
        report: &mut Report,
    ) {
        let id = &job.project.id;
        let earlier = self.intact.get(id);
        let mut record = catalogue.remove(id).unwrap_or_else(|| {
            let stays = earlier.filter(|_| result.built.is_empty());
            let source_url = stays.map_or(&job.project.source_url, |earlier| &earlier.source_url);
            RepositoryRecord {
                upstream: job.project.upstream.clone(),
                source_url: source_url.clone(),
                branches: Default::default(),
            }
        });
        for branch in job.branches.iter().filter(|branch| !result.built.contains_key(branch)) {
            // The plan may know more of it.
            let planned = record.branches.get(branch);
            if let Some(earlier) =
                planned.or_else(|| earlier.and_then(|earlier| earlier.branches.get(branch)))
            {
                let missing = result.unchanged.get(branch).unwrap_or(&earlier.missing).clone();
                let mut earlier = earlier.clone();
                if earlier.missing != missing {
                    earlier.missing = missing;
                }
                record.branches.insert(branch.clone(), earlier);
            }
        }
        let failed =
            result.failed.into_iter().map(|(branch, it)| entry(id, Some(&branch), &it.text));
        report.failures.extend(failed);
        report.failures.extend(result.failure.map(|failure| entry(id, None, &failure.text)));
        for (branch, built) in result.built {
            report.built += 1;
            report.made.push(format!("{}/{}", id.kind, built.tarball(&id.name, &branch).as_str()));
            // The operator also learns why something is missing.
            let problems = built.problems.iter().map(|text| {
                let missing = built.missing.iter().find(|missing| missing.public == *text);
                missing.map_or_else(|| text.clone(), Missing::sentence)
            });
            report.problems.extend(problems.map(|text| entry(id, Some(&branch), &text)));
            let built = self.finished(job, &branch, built);
            record.branches.insert(branch, built.into());
        }
        if !record.branches.is_empty() {
            catalogue.insert(id.clone(), record);
        }
    }

    /// A built record with what the worker does not know.
    fn finished(&self, job: &Job, branch: &BranchName, built: BranchRecord) -> BranchRecord {
        let before = self.published.get(&job.project.id);
        let before = before.and_then(|record| record.branches.get(branch));
        let is_same =
            |it: &&Shared<BranchRecord>| it.commit == built.commit && it.sha256 == built.sha256;
        let known = before.filter(is_same).map(|it| it.published_at);
        // No other bytes ever get the name of a tarball that was published.
        let earlier = || {
            let id = &job.project.id;
            self.withdrawn.published_at(&(id.kind, built.tarball(&id.name, branch).into()))
        };
        let published_at = known.or_else(earlier).unwrap_or(self.now);
        let recipe = (self.recipe)(&job.project.remote_url, &built.ingredients);
        BranchRecord { recipe, published_at, ..built }
    }
}

/// The failures that stand as long as a tarball lacks something that a setting would bring: what is missing, why, and
/// the line to write. `lines` makes it from what is wanted of one setting: what this entry wants, and what others want,
/// so that one line is enough. Content names the servers, and so may name very many: only some of the others are in it.
pub(super) fn to_be_mended(
    catalogue: &Catalogue,
    lines: impl Fn(&BTreeSet<&Remedy>) -> Vec<String>,
) -> Vec<ReportEntry> {
    let all = catalogue::records(catalogue)
        .flat_map(|(id, branch, record)| record.missing.iter().map(move |it| (id, branch, it)))
        .filter_map(|(id, branch, it)| Some((id, branch, it, it.remedy.as_ref()?)))
        .collect::<Vec<_>>();
    let remedies: BTreeSet<&Remedy> = all.iter().map(|(.., remedy)| *remedy).collect();
    let others_like = |wanted: &Remedy| {
        let kind = mem::discriminant(wanted);
        let same = remedies.iter().copied().filter(move |it| mem::discriminant(*it) == kind);
        same.take(MAX_REMEDIES).collect::<BTreeSet<_>>()
    };
    let mut common = HashMap::new();
    let entries = all.into_iter().map(|(id, branch, missing, remedy)| {
        let common: &BTreeSet<&Remedy> =
            common.entry(mem::discriminant(remedy)).or_insert_with(|| others_like(remedy));
        let mut wanted = common.clone();
        wanted.insert(remedy);
        let line = lines(&wanted).join(", ");
        entry(id, Some(branch), &format!("incomplete: {}; write {line}", missing.sentence()))
    });
    entries.collect()
}

/// What was published before and is no longer.
pub(super) fn withdrawn(before: &Catalogue, after: &Catalogue) -> Vec<ReportEntry> {
    let mut entries = Vec::new();
    for (id, record) in before {
        let Some(stays) = after.get(id) else {
            entries.push(entry(id, None, "no longer published"));
            continue;
        };
        for branch in record.branches.keys().filter(|it| !stays.branches.contains_key(it)) {
            entries.push(entry(id, Some(branch), "no longer published"));
        }
    }
    entries
}

/// Takes `now` for the time of whatever was first published later than that, by a clock that was ahead: else it would be
/// the newest of all until that time has come. `last` is the time of the last snapshot: if that is later, too, it may be
/// the clock of today that is wrong.
pub(super) fn correct_times(catalogue: &mut Catalogue, last: Option<i64>, now: i64) {
    if last.is_some_and(|last| last > now) {
        return;
    }
    for record in catalogue.values_mut().flat_map(|it| it.branches.values_mut()) {
        if record.published_at > now {
            record.published_at = now;
        }
    }
}

fn entry(id: &RepositoryId, branch: Option<&BranchName>, text: &str) -> ReportEntry {
    ReportEntry::new(id.to_string(), branch.map(ToString::to_string), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Error,
        catalogue::BranchRecord,
        upstream::{Absence, Project},
        worker::{Again, Failure},
    };

    const ID: &str = "skins/Vector";

    fn id() -> RepositoryId {
        ID.parse().unwrap()
    }

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    fn job() -> Job {
        let project = Project::new(id(), "https://g/skins/Vector.git");
        Job::new(project, vec![branch("master"), branch("REL1_45")])
    }

    /// A catalogue with one repository, which has one branch at the commit `a`.
    fn with(name: &str) -> Catalogue {
        let branches = [(name, BranchRecord::of_commit('a'))];
        [(id(), RepositoryRecord::of_branches("https://earlier", branches))].into()
    }

    fn failure() -> Failure {
        Failure { text: "no".to_owned(), again: Again::NextCycle }
    }

    /// The catalogue and the report after this result, where `kept` stays and `intact` was published.
    fn merged(result: JobResult, kept: Catalogue, intact: &Catalogue) -> (Catalogue, Report) {
        let (mut catalogue, mut report) = (kept, Report::default());
        let recipe = |_: &str, _: &Ingredients| "r".to_owned();
        let withdrawn = &Withdrawn::default();
        let merging = Merging { published: intact, intact, withdrawn, recipe: &recipe, now: 7 };
        merging.merge(&mut catalogue, &job(), result, &mut report);
        (catalogue, report)
    }

    #[test]
    fn a_built_branch_is_added_to_those_that_stay() {
        let mut built = BranchRecord::of_commit('b');
        built.problems.push("odd".to_owned());
        let result =
            JobResult { built: [(branch("master"), built.clone())].into(), ..JobResult::default() };
        let (catalogue, report) = merged(result, with("REL1_45"), &with("REL1_45"));
        let branches = &catalogue[&id()].branches;
        let expected = BranchRecord { recipe: "r".to_owned(), published_at: 7, ..built };
        assert_eq!(*branches[&branch("master")], expected);
        assert_eq!(*branches[&branch("REL1_45")], BranchRecord::of_commit('a'));
        assert_eq!((report.built, report.failures.len()), (1, 0));
        assert_eq!(report.made, ["skins/Vector-master-bbbbbbb.tar.gz"]);
        assert_eq!(report.problems[0].to_string(), "skins/Vector master: odd");
    }

    #[test]
    fn a_branch_that_is_held_back_is_a_failure_that_says_why() {
        let held = [(id(), branch("master"), "it is not tried again".to_owned())];
        let failures: Vec<String> = held_back(&held).map(|entry| entry.to_string()).collect();
        assert_eq!(failures, ["skins/Vector master: it is not tried again"]);
    }

    #[test]
    fn a_failed_branch_keeps_its_earlier_tarball() {
        let failed =
            || JobResult { failed: vec![(branch("master"), failure())], ..JobResult::default() };
        let (catalogue, report) = merged(failed(), Catalogue::new(), &with("master"));
        assert_eq!(catalogue[&id()].branches, with("master")[&id()].branches);
        assert_eq!(report.failures[0].branch.as_deref(), Some("master"));
        let (catalogue, _) = merged(failed(), Catalogue::new(), &with("REL1_45"));
        assert_eq!(
            catalogue[&id()].branches,
            with("REL1_45")[&id()].branches,
            "nothing was said of it"
        );
        let (catalogue, _) = merged(failed(), Catalogue::new(), &with("REL1_44"));
        assert_eq!(catalogue, Catalogue::new(), "no branch, no repository");
    }

    #[test]
    fn a_failed_repository_stays_as_it_was() {
        let failed = || JobResult { failure: Some(failure()), ..JobResult::default() };
        let (catalogue, report) = merged(failed(), Catalogue::new(), &with("master"));
        assert_eq!(catalogue, with("master"));
        assert_eq!((report.failures[0].repository.as_str(), report.built), (ID, 0));
        let (catalogue, _) = merged(failed(), Catalogue::new(), &Catalogue::new());
        assert_eq!(catalogue, Catalogue::new(), "it was never published");
    }

    #[test]
    fn what_an_upstream_cannot_list_is_a_failure() {
        let bad = "skins/../x".parse::<RepositoryId>().unwrap_err();
        let listing = Listing {
            refused: vec![bad],
            failed: vec![(id(), Error::Bug("no".to_owned()))],
            ..Listing::default()
        };
        let names: Vec<String> = refused(&listing).into_iter().map(|e| e.repository).collect();
        assert_eq!(names, ["../x", ID]);
        assert_eq!(unknown(&(id(), None)).text, "no upstream lists it; check the name");
        let left_out = LeftOut { why: Absence::Gone, told: "https://h/x answered 404".to_owned() };
        let text = unknown(&(id(), Some(left_out))).text;
        assert!(text.contains("not distributed: https://h/x answered 404"), "{text}");
    }

    #[test]
    fn what_a_setting_would_bring_is_a_failure_with_one_line_for_all_of_a_setting() {
        let missing = |public: &str, remedy| Missing {
            public: public.to_owned(),
            reason: "not allowed".to_owned(),
            remedy,
            may_pass: false,
        };
        let host = |url: &str| Some(Remedy::SubmoduleHost(url.to_owned()));
        let mut catalogue = with("master");
        let record = catalogue.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        record.missing = vec![
            missing("lib/a is missing", host("https://a")),
            missing("lib/b is missing", host("https://b")),
            missing("packages are missing", Some(Remedy::Composer)),
            missing("a picture is missing", None),
        ];
        let lines = |wanted: &BTreeSet<&Remedy>| vec![format!("{} of a kind", wanted.len())];
        let told: Vec<String> =
            to_be_mended(&catalogue, lines).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "skins/Vector master: incomplete: lib/a is missing: not allowed; write 2 of a kind",
                "skins/Vector master: incomplete: lib/b is missing: not allowed; write 2 of a kind",
                "skins/Vector master: incomplete: packages are missing: not allowed; write 1 of a kind",
            ]
        );
    }

    #[test]
    fn each_of_very_many_servers_is_in_a_line_of_its_own_that_is_short() {
        let mut catalogue = with("master");
        let record = catalogue.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        let missing = |number: usize| Missing {
            public: format!("lib/{number} is missing"),
            reason: "not allowed".to_owned(),
            remedy: Some(Remedy::SubmoduleHost(format!("https://h{number:03}"))),
            may_pass: false,
        };
        record.missing = (0..300).map(missing).collect();
        let lines = |wanted: &BTreeSet<&Remedy>| vec![format!("{wanted:?}")];
        for (number, entry) in to_be_mended(&catalogue, lines).iter().enumerate() {
            let (text, own) = (&entry.text, format!("https://h{number:03}"));
            assert!(text.contains(&own) && text.contains("https://h000"), "{text}");
            assert!(text.matches("https://").count() <= MAX_REMEDIES + 1, "{text}");
        }
    }

    #[test]
    fn names_that_are_not_allowed_are_counted_after_a_hundred_and_shown_without_control_characters()
    {
        let refused_name = |number: usize| format!("{number}\u{1b}/{}", "x".repeat(1_000));
        let names = (0..1_000).map(|it| refused_name(it).parse::<tardist_contract::RepoName>());
        let listing =
            Listing { refused: names.filter_map(Result::err).collect(), ..Listing::default() };
        let entries = refused(&listing);
        assert_eq!(entries.len(), MAX_REFUSED + 1);
        assert_eq!(entries[MAX_REFUSED].text, "900 more names are not allowed either");
        for ReportEntry { repository, text, .. } in &entries {
            assert!(repository.len() < 310 && text.len() < 4_010, "{repository}: {text}");
            assert!(!repository.contains(char::is_control) && !text.contains(char::is_control));
        }
    }

    #[test]
    fn what_is_no_longer_published_is_named() {
        let mut before = with("master");
        before.extend([("skins/Gone".parse().unwrap(), with("master")[&id()].clone())]);
        before
            .get_mut(&id())
            .unwrap()
            .branches
            .insert(branch("REL1_45"), BranchRecord::of_commit('b').into());
        let names = |after: &Catalogue| -> Vec<String> {
            let name = |it: &ReportEntry| format!("{} {:?}", it.repository, it.branch);
            withdrawn(&before, after).iter().map(name).collect()
        };
        assert_eq!(names(&before), [""; 0]);
        assert_eq!(names(&with("master")), ["skins/Gone None", "skins/Vector Some(\"REL1_45\")"]);
    }

    #[test]
    fn an_unchanged_branch_keeps_its_tarball_and_gets_the_reasons_of_today() {
        let missing = |reason: &str| Missing::new("lib is missing".to_owned(), reason.to_owned());
        let mut before = with("master");
        let record = before.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        record.missing = vec![missing("it was down")];
        let unchanged = [(branch("master"), vec![missing("it is gone")])].into();
        let result = JobResult { unchanged, ..JobResult::default() };
        let (catalogue, report) = merged(result, Catalogue::new(), &before);
        let record = &catalogue[&id()].branches[&branch("master")];
        assert_eq!((record.missing[0].reason.as_str(), report.failures.len()), ("it is gone", 0));
    }

    #[test]
    fn what_a_clock_that_was_ahead_has_published_is_of_now() {
        let of = |published_at| BranchRecord { published_at, ..BranchRecord::of_commit('a') };
        let branches = [("master", of(5)), ("REL1_45", of(500))];
        let record = RepositoryRecord::of_branches("u", branches);
        let mut catalogue = Catalogue::from([("skins/A".parse().unwrap(), record)]);
        let sum = |catalogue: &Catalogue| -> i64 {
            catalogue::records(catalogue).map(|(.., record)| record.published_at).sum()
        };
        correct_times(&mut catalogue, Some(101), 100);
        assert_eq!(sum(&catalogue), 505, "the clock is behind");
        correct_times(&mut catalogue, Some(99), 100);
        assert_eq!(sum(&catalogue), 105);
    }
}
