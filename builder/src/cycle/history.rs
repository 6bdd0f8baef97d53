//! What the report of a cycle takes over from earlier ones: how the last full cycle ended, which was the last that
//! succeeded, and since when each repository fails. So a later cycle of a few repositories hides no failure.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cycle::{
        began::Began,
        report::{Ended, Failing, Outcome, Report, ReportEntry},
    },
    error::PARTLY_FAILED,
    repository_id::RepositoryId,
};

/// Fills in what `report` takes over from the report `before` it. `killed` is a cycle between the two that never
/// reported.
pub(super) fn take_over(report: &mut Report, before: Option<&Report>, killed: Option<&Began>) {
    let nothing = Report::default();
    let before = before.unwrap_or(&nothing);
    report.failing = failing(report, &before.failing);
    let this = report.is_full().then(|| ended(report));
    let is_success =
        |it: &Ended| it.exit_status.is_some_and(|status| [0, PARTLY_FAILED].contains(&status));
    report.last_success = this.clone().filter(is_success).or_else(|| before.last_success.clone());
    let killed = killed
        .filter(|it| it.full)
        .map(|it| Ended { started_at: it.started_at.clone(), ..Ended::default() });
    report.last_full = this.or(killed).or_else(|| before.last_full.clone());
}

fn ended(report: &Report) -> Ended {
    Ended {
        started_at: report.started_at.clone(),
        duration_ms: Some(report.duration_ms),
        outcome: report.outcome,
        exit_status: Some(report.exit_status),
        error: report.error.clone(),
    }
}

/// All that fails now. What a cycle did not try fails as before. That is: with `--only`, all other repositories. After an
/// error, all that did not fail earlier in the same cycle. If a repository failed as a whole, its branches. If an upstream
/// could not be asked, its repositories.
fn failing(report: &Report, before: &[Failing]) -> Vec<Failing> {
    // A host that is down can fail all repositories.
    type Key<'a> = (&'a str, Option<&'a str>);
    fn key(it: &ReportEntry) -> Key<'_> {
        (&it.repository, it.branch.as_deref())
    }
    let earlier: BTreeMap<Key<'_>, &str> =
        before.iter().rev().map(|it| (key(&it.entry), it.since.as_str())).collect();
    let now: BTreeSet<Key<'_>> = report.failures.iter().map(key).collect();
    let since = |entry: &ReportEntry| {
        // What failed as a whole fails since then, where its branches are named now.
        let whole = (&*entry.repository, None);
        let since = earlier.get(&key(entry)).or_else(|| earlier.get(&whole));
        since.map_or(report.started_at.clone(), |since| (*since).to_owned())
    };
    let mut failing: Vec<Failing> = (report.failures.iter())
        .map(|entry| Failing { entry: entry.clone(), since: since(entry) })
        .collect();
    let was_tried = |entry: &ReportEntry| {
        let is_again = now.contains(&key(entry));
        let is_chosen = report.is_full() || report.only.contains(&entry.repository);
        // An upstream that fails is named by its URL.
        let is_upstream = entry.repository.parse::<RepositoryId>().is_err();
        let is_seen =
            is_upstream || report.seen.as_ref().is_none_or(|seen| seen.contains(&entry.repository));
        let has_failed = now.contains(&(&*entry.repository, None));
        let is_done = is_seen && !has_failed && report.outcome != Outcome::Failed;
        is_again || (is_chosen && is_done)
    };
    failing.extend(before.iter().filter(|it| !was_tried(&it.entry)).cloned());
    failing.sort();
    failing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(repository: &str, text: &str) -> ReportEntry {
        ReportEntry { repository: repository.to_owned(), branch: None, text: text.to_owned() }
    }

    /// The report of a cycle that began at that time, was limited to `only`, and in which these failed.
    fn report(time: &str, only: &[&str], failures: &[&str]) -> Report {
        Report {
            version: 1,
            started_at: time.to_owned(),
            outcome: Outcome::Published,
            exit_status: if failures.is_empty() { 0 } else { PARTLY_FAILED },
            only: only.iter().map(|&it| it.to_owned()).collect(),
            failures: failures.iter().map(|it| entry(it, time)).collect(),
            ..Report::default()
        }
    }

    fn then(before: &Report, mut report: Report) -> Report {
        take_over(&mut report, Some(before), None);
        report
    }

    fn broken_off(time: &str, only: &[&str]) -> Report {
        let report = report(time, only, &[]);
        let error = Some("down".to_owned());
        Report { outcome: Outcome::Failed, exit_status: 5, error, ..report }
    }

    /// Who fails, since when, and when that was seen last.
    fn failing(report: &Report) -> Vec<(&str, &str, &str)> {
        let all = report.failing.iter();
        all.map(|Failing { entry: ReportEntry { repository, text, .. }, since }| {
            (repository.as_str(), since.as_str(), text.as_str())
        })
        .collect()
    }

    fn at(time: &str) -> Option<String> {
        Some(time.to_owned())
    }

    fn times(report: &Report) -> (Option<String>, Option<String>) {
        let time = |it: &'_ Option<Ended>| it.as_ref().map(|it| it.started_at.clone());
        (time(&report.last_full), time(&report.last_success))
    }

    #[test]
    fn a_failure_is_told_since_its_first_cycle_until_a_cycle_in_which_it_does_not_fail() {
        let first = then(&Report::default(), report("1", &[], &["skins/A", "skins/B"]));
        let second = then(&first, report("2", &[], &["skins/B", "skins/C"]));
        assert_eq!(failing(&second), [("skins/B", "1", "2"), ("skins/C", "2", "2")]);
        let third = then(&second, report("3", &[], &["skins/A"]));
        assert_eq!(failing(&third), [("skins/A", "3", "3")]);
    }

    #[test]
    fn a_cycle_of_a_few_repositories_hides_no_failure_of_others() {
        let full = then(&Report::default(), report("1", &[], &["skins/A", "skins/B"]));
        let only = then(&full, report("2", &["skins/B", "skins/C"], &["skins/C"]));
        assert_eq!(failing(&only), [("skins/A", "1", "1"), ("skins/C", "2", "2")]);
        assert_eq!(times(&only), (at("1"), at("1")));
        let broken = then(&only, broken_off("3", &[]));
        let only = then(&broken, report("4", &["skins/A"], &[]));
        assert_eq!(failing(&only), [("skins/C", "2", "2")]);
        assert_eq!(times(&only), (at("3"), at("1")));
        assert_eq!(only.last_full.unwrap().exit_status, Some(5));
    }

    #[test]
    fn a_branch_fails_since_its_first_cycle_though_its_repository_could_not_be_fetched_meanwhile() {
        let branch = |report: Report| {
            let failures = report.failures.into_iter();
            let of_master = |it| ReportEntry { branch: Some("master".to_owned()), ..it };
            Report { failures: failures.map(of_master).collect(), ..report }
        };
        let first = then(&Report::default(), branch(report("1", &[], &["skins/A"])));
        let down = then(&first, report("2", &[], &["skins/A"]));
        assert_eq!(failing(&down), [("skins/A", "2", "2"), ("skins/A", "1", "1")]);
        let again = then(&down, branch(report("3", &[], &["skins/A"])));
        assert_eq!(failing(&again), [("skins/A", "1", "3")]);
    }

    #[test]
    fn what_an_upstream_has_that_could_not_be_asked_fails_as_before() {
        let first = then(&Report::default(), report("1", &[], &["skins/A", "skins/B"]));
        let seen = Some(BTreeSet::from(["skins/A".to_owned()]));
        let down = then(&first, report("2", &[], &["https://a.example", "skins/A", "skins/B"]));
        let half = then(&down, Report { seen, ..report("3", &[], &[]) });
        assert_eq!(failing(&half), [("skins/B", "1", "2")]);
        assert_eq!(failing(&then(&half, report("4", &[], &[]))), []);
    }

    #[test]
    fn a_cycle_that_an_error_ended_has_tried_nothing_else() {
        let first = then(&Report::default(), report("1", &[], &["skins/A"]));
        let broken = then(&first, broken_off("2", &[]));
        assert_eq!(failing(&broken), [("skins/A", "1", "1")]);
        assert_eq!(times(&broken), (at("2"), at("1")));
        let good = then(&broken, report("3", &[], &[]));
        assert_eq!((failing(&good), times(&good)), (vec![], (at("3"), at("3"))));
    }

    #[test]
    fn a_full_cycle_that_was_killed_is_the_last_full_one() {
        let before = then(&Report::default(), report("1", &[], &[]));
        let killed = |full| Began { started_at: "2".to_owned(), full, running: false };
        let mut only = report("3", &["skins/A"], &[]);
        take_over(&mut only, Some(&before), Some(&killed(true)));
        assert_eq!(times(&only), (at("2"), at("1")));
        assert_eq!(only.last_full.unwrap().exit_status, None);
        let mut only = report("3", &["skins/A"], &[]);
        take_over(&mut only, Some(&before), Some(&killed(false)));
        assert_eq!(times(&only), (at("1"), at("1")));
    }
}
