//! Merges the results of jobs into the catalogue and the report. Pure: no I/O.

use tardist_contract::BranchName;

use crate::{
    Error,
    cycle::{
        plan::Job,
        report::{Report, ReportEntry},
        repository::JobResult,
    },
    repository_id::RepositoryId,
    snapshot::catalogue::{Catalogue, RepositoryRecord},
    upstream::Listing,
};

/// The failures in a listing: names that are not allowed, and repositories whose branches cannot be listed.
pub(super) fn refused(listing: &Listing) -> Vec<ReportEntry> {
    let not_allowed = listing.refused.iter().map(|error| ReportEntry {
        repository: error.text.clone(),
        branch: None,
        text: error.to_string(),
    });
    let failed = listing.failed.iter().map(|(id, error)| entry(id, None, error.to_string()));
    not_allowed.chain(failed).collect()
}

/// The failure of a repository that `--only` names and no upstream lists.
pub(super) fn unknown(id: &RepositoryId) -> ReportEntry {
    entry(id, None, "no upstream lists it; check the name".to_owned())
}

/// Adds the result of a job to the catalogue: the new record of each built branch, and the earlier record of each
/// failed one. Failures, problems and new tarballs go to the report.
pub(super) fn merge(
    catalogue: &mut Catalogue,
    job: &Job,
    result: Result<JobResult, Error>,
    intact: &Catalogue,
    report: &mut Report,
) {
    let id = &job.project.id;
    let earlier = intact.get(id);
    let result = match result {
        Ok(result) => result,
        Err(error) => {
            report.failures.push(entry(id, None, error.to_string()));
            if let Some(earlier) = earlier {
                catalogue.insert(id.clone(), earlier.clone());
            }
            return;
        }
    };
    let mut record = catalogue.remove(id).unwrap_or_else(|| RepositoryRecord {
        source_url: job.project.source_url.clone(),
        branches: Default::default(),
    });
    for (branch, error) in result.failed {
        report.failures.push(entry(id, Some(&branch), error.to_string()));
        if let Some(earlier) = earlier.and_then(|earlier| earlier.branches.get(&branch)) {
            record.branches.insert(branch, earlier.clone());
        }
    }
    for (branch, built) in result.built {
        report.built += 1;
        report.made.push(format!("{}/{}", id.kind, built.tarball(&id.name, &branch).as_str()));
        let problems = built.problems.iter().map(|text| entry(id, Some(&branch), text.clone()));
        report.problems.extend(problems);
        record.branches.insert(branch, built);
    }
    if !record.branches.is_empty() {
        catalogue.insert(id.clone(), record);
    }
}

fn entry(id: &RepositoryId, branch: Option<&BranchName>, text: String) -> ReportEntry {
    ReportEntry { repository: id.to_string(), branch: branch.map(ToString::to_string), text }
}
