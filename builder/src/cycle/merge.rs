//! What became of the jobs: from their outcomes to the catalogue that is published and to the report.
//! Pure.

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

/// What is listed and cannot be worked on.
pub(super) fn refused(listing: &Listing) -> Vec<ReportEntry> {
    let unnameable = listing.refused.iter().map(|error| ReportEntry {
        repository: error.text.clone(),
        branch: None,
        text: error.to_string(),
    });
    let failed = listing.failed.iter().map(|(id, error)| remark(id, None, error.to_string()));
    unnameable.chain(failed).collect()
}

/// A repository that was asked for by name, and that no upstream has.
pub(super) fn unknown(id: &RepositoryId) -> ReportEntry {
    remark(id, None, "upstream does not have it".to_owned())
}

/// Adds what became of a job: new records, and for what failed the earlier ones.
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
            report.failures.push(remark(id, None, error.to_string()));
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
        report.failures.push(remark(id, Some(&branch), error.to_string()));
        if let Some(earlier) = earlier.and_then(|earlier| earlier.branches.get(&branch)) {
            record.branches.insert(branch, earlier.clone());
        }
    }
    for (branch, built) in result.built {
        report.built += 1;
        report.made.push(format!("{}/{}", id.kind, built.tarball(&id.name, &branch).as_str()));
        let problems = built.problems.iter().map(|text| remark(id, Some(&branch), text.clone()));
        report.problems.extend(problems);
        record.branches.insert(branch, built);
    }
    if !record.branches.is_empty() {
        catalogue.insert(id.clone(), record);
    }
}

fn remark(id: &RepositoryId, branch: Option<&BranchName>, text: String) -> ReportEntry {
    ReportEntry { repository: id.to_string(), branch: branch.map(ToString::to_string), text }
}
