//! The report of a cycle as text, for people: what `tardist sync` prints at its end, and `tardist status` after it.

use std::{collections::BTreeMap, fmt};

use super::{Outcome, Report, ReportEntry, StoreReport, Times};
use crate::progress;

/// How many of the slowest repositories are printed, and how many milliseconds they took at least.
const SHOWN_SLOW: (usize, u64) = (3, 2000);

/// How many failures are printed. A host that is down can fail all repositories.
const SHOWN_FAILURES: usize = 100;

/// How many of one repository.
const SHOWN_OF_EACH: usize = 3;

/// How many new tarballs are printed by name. The report in JSON has all of them.
const SHOWN_MADE: usize = 10;

/// How many branches are printed by name. Patterns can match many.
const SHOWN_BRANCHES: usize = 25;

impl StoreReport {
    /// What went wrong, in one sentence. `None` if nothing did.
    pub fn failure(&self) -> Option<String> {
        let (serial, error) = (self.serial, self.error.as_ref()?);
        Some(if self.is_new {
            format!("the store was published to as number {serial}, and then this failed: {error}")
        } else {
            format!("the store was not published to: {error}")
        })
    }
}

impl fmt::Display for StoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.url)?;
        match (&self.error, self.is_new) {
            (Some(_), true) => write!(f, "published as number {}, and then failed", self.serial),
            (Some(_), false) => f.write_str("not published; what was there stays"),
            (None, true) => write!(f, "published as number {}", self.serial),
            (None, false) => f.write_str("nothing new"),
        }?;
        write!(
            f,
            "; {} objects uploaded ({}), {} removed, {} requests, {}",
            self.uploaded,
            progress::bytes(self.uploaded_bytes),
            self.removed,
            self.requests,
            seconds(self.duration_ms)
        )?;
        self.error.as_ref().map_or(Ok(()), |error| write!(f, "\n  {error}"))
    }
}

impl fmt::Display for ReportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.branch {
            Some(branch) => write!(f, "{} {branch}: {}", self.repository, self.text),
            None => write!(f, "{}: {}", self.repository, self.text),
        }
    }
}

impl Report {
    /// What came out, in a line.
    pub fn headline(&self) -> String {
        let outcome = match (self.outcome, &self.snapshot) {
            (Outcome::Failed, Some(_)) if self.publications > 0 => {
                "the cycle did not end; what was ready before is published"
            }
            (Outcome::Failed, Some(_)) => "nothing was published; the earlier snapshot stays",
            (Outcome::Failed, None) => "nothing was published, and no snapshot can be read",
            (Outcome::Unchanged, _) => "nothing new",
            (Outcome::Published, _) => "published",
        };
        format!(
            "{outcome}: {} repositories listed, {} tarballs made, {} kept, {} retired, {} removed; \
             {} requests, {} received, {}",
            self.listed,
            self.built,
            self.kept,
            self.retired,
            self.removed,
            self.requests,
            progress::bytes(self.received),
            seconds(self.duration_ms)
        )
    }
}

/// The first of some entries, at most `most`, and of each repository at most `of_each`: one that fails in very many ways
/// must not hide the others. `repository` says which one an entry is of.
pub fn first_of_each<T>(
    entries: &[T],
    repository: impl Fn(&T) -> &str,
    of_each: usize,
    most: usize,
) -> Vec<&T> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for entry in entries {
        let count = counts.entry(repository(entry)).or_default();
        *count += 1;
        if *count <= of_each && shown.len() < most {
            shown.push(entry);
        }
    }
    shown
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.without_failures())?;
        if !self.failures.is_empty() {
            write!(f, "\n{}", heading(self.failures.len(), self.snapshot.is_some()))?;
            let shown = self.shown_failures();
            for failure in &shown {
                write!(f, "\n  {failure}")?;
            }
            if let Some(more @ 1..) = self.failures.len().checked_sub(shown.len()) {
                write!(f, "\n  and {more} more; report.json has all of them")?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// The failures that are shown, the first few of each repository; `failures` has all of them.
    pub fn shown_failures(&self) -> Vec<&ReportEntry> {
        first_of_each(&self.failures, |it| &it.repository, SHOWN_OF_EACH, SHOWN_FAILURES)
    }

    /// The text of the report without its failures, for whoever shows these another way.
    pub fn without_failures(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            f.write_str(&self.headline())?;
            self.details(f)?;
            self.write_branches(f)?;
            self.losses(f)?;
            if let Some(store) = &self.store {
                write!(f, "\nstore {store}")?;
            }
            Ok(())
        })
    }

    /// Which branches are distributed.
    fn write_branches(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.branches.is_empty() {
            let name = |branch: &String| match self.unreleased.contains(branch) {
                true => format!("{branch} (not released yet)"),
                false => branch.clone(),
            };
            let names: Vec<String> = self.branches.iter().take(SHOWN_BRANCHES).map(name).collect();
            write!(f, "\nbranches: {}", names.join(", "))?;
            if self.branches.len() > SHOWN_BRANCHES {
                write!(f, " and {} more", self.branches.len() - SHOWN_BRANCHES)?;
            }
        }
        for note in &self.notes {
            write!(f, "\n{note}")?;
        }
        Ok(())
    }

    /// What is no longer published, and what waits.
    fn losses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.waiting > 0 {
            write!(
                f,
                "\n{} tarballs are made again in the next cycles, because settings changed",
                self.waiting
            )?;
        }
        if self.withdrawn.is_empty() {
            return Ok(());
        }
        let name = |entry: &ReportEntry| match &entry.branch {
            Some(branch) => format!("{} {branch}", entry.repository),
            None => entry.repository.clone(),
        };
        let names: Vec<String> = self.withdrawn.iter().take(SHOWN_MADE).map(name).collect();
        write!(f, "\n{} no longer published: {}", self.withdrawn.len(), names.join(", "))?;
        if self.withdrawn.len() > SHOWN_MADE {
            write!(f, " and {} more", self.withdrawn.len() - SHOWN_MADE)?;
        }
        Ok(())
    }

    /// Which tarballs were made, the time and memory used for that, and the slowest repositories.
    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.made.is_empty() {
            write!(f, "\nmade: {}", self.made[..self.made.len().min(SHOWN_MADE)].join(", "))?;
            if self.made.len() > SHOWN_MADE {
                write!(f, " and {} more", self.made.len() - SHOWN_MADE)?;
            }
            let Times { listing_ms, working_ms, fetching_ms, building_ms, publishing_ms } =
                self.times;
            write!(
                f,
                "\ntime: listing {}, fetching and building {} (on all threads {} and {}), publishing {}",
                seconds(listing_ms),
                seconds(working_ms),
                seconds(fetching_ms),
                seconds(building_ms),
                seconds(publishing_ms)
            )?;
            if let Some(peak) = self.peak_memory {
                write!(f, "; memory at most {}", progress::bytes(peak))?;
            }
        }
        let (count, least) = SHOWN_SLOW;
        let slow = self.slowest.iter().take(count).filter(|slow| slow.duration_ms >= least);
        let slow = slow.map(|slow| format!("{} {}", slow.repository, seconds(slow.duration_ms)));
        let slow: Vec<String> = slow.collect();
        if !slow.is_empty() {
            write!(f, "\nslowest: {}", slow.join(", "))?;
        }
        Ok(())
    }
}

/// What stands above a list of so many failures.
pub fn heading(failures: usize, is_published: bool) -> String {
    let stays = if is_published { "; earlier tarballs that are whole stay published" } else { "" };
    format!("{failures} failures{stays}:")
}

/// "12.3 s"
fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_new_tarballs_slow_repositories_and_failures() {
        let mut report = Report {
            outcome: Outcome::Published,
            duration_ms: 12_345,
            received: 35_200_000,
            built: 12,
            peak_memory: Some(99_000_000),
            made: (0..12).map(|number| format!("skins/S{number}-master-0123456.tar.gz")).collect(),
            ..Report::default()
        };
        for (id, time) in [("skins/A", 100), ("skins/B", 3000), ("skins/C", 9000)] {
            report.took(id.to_owned(), time);
        }
        let branch = Some("REL1_45".to_owned());
        let text = "no".to_owned();
        report.failures.push(ReportEntry { repository: "skins/X".to_owned(), branch, text });
        report.branches = ["master", "REL1_47", "REL1_46"].map(str::to_owned).into();
        report.unreleased = vec!["REL1_47".to_owned()];
        report.notes = vec!["REL1_45 is over".to_owned()];
        let told = report.to_string();
        for says in [
            "published: ",
            "35.2 MB received, 12.3 s",
            "made: skins/S0-master-0123456.tar.gz, ",
            "skins/S9-master-0123456.tar.gz and 2 more",
            "memory at most 99.0 MB",
            "slowest: skins/C 9.0 s, skins/B 3.0 s\n",
            "\nbranches: master, REL1_47 (not released yet), REL1_46\nREL1_45 is over\n",
            "skins/X REL1_45: no",
        ] {
            assert!(told.contains(says), "{says} is not in:\n{told}");
        }
    }

    #[test]
    fn of_very_many_failures_the_first_are_shown_and_of_each_repository_a_few() {
        let mut report = Report::default();
        let failure = |number: usize| ReportEntry {
            repository: format!("skins/S{number}"),
            branch: None,
            text: "down".to_owned(),
        };
        report.failures = (0..SHOWN_FAILURES + 7).map(failure).collect();
        let told = report.to_string();
        assert!(told.contains("107 failures") && told.contains("skins/S99: down"), "{told}");
        assert!(told.ends_with("skins/S99: down\n  and 7 more; report.json has all of them"));
        let many = |repository: &str, count| {
            let entry = |number| ReportEntry::new(repository, None, &format!("no {number}"));
            (0..count).map(entry).collect::<Vec<_>>()
        };
        report.failures = [many("skins/A", 250), many("skins/B", 2)].concat();
        let told = report.to_string();
        assert!(told.contains("skins/A: no 2\n  skins/B: no 0\n  skins/B: no 1\n"), "{told}");
        assert!(
            told.contains("252 failures")
                && told.ends_with("and 247 more; report.json has all of them")
        );
    }
}
