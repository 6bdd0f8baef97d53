//! A dry run: what a cycle would do, in the words of people. Reads only.

use std::{collections::BTreeMap, fmt};

use git2::Repository;
use tardist_contract::{BranchName, CommitId};

use crate::{
    cycle::{plan::Plan, report::Remark},
    data_dir::layout::Layout,
    repository_id::RepositoryId,
    snapshot::catalogue::{self, Catalogue},
};

/// What a cycle would do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Repositories that upstream lists.
    pub listed: usize,
    /// Branches whose tarball would be made.
    pub make: BTreeMap<RepositoryId, Vec<Branch>>,
    /// Branches that would no longer be published, and are not replaced by a newer commit.
    pub retire: BTreeMap<RepositoryId, Vec<BranchName>>,
    /// How many tarballs would stay as they are.
    pub kept: usize,
    /// What can be told already to go wrong.
    pub failures: Vec<Remark>,
}

/// A branch whose tarball would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Which.
    pub name: BranchName,
    /// Its commit upstream.
    pub commit: Option<CommitId>,
    /// True where the commit is not in the mirror yet.
    pub fetch: bool,
}

impl Preview {
    /// What follows from a plan, with what is published now and which mirrors are there.
    pub fn new(
        layout: &Layout,
        listed: usize,
        published: &Catalogue,
        plan: &Plan,
        failures: Vec<Remark>,
    ) -> Self {
        let mut preview = Self {
            listed,
            kept: catalogue::tarballs(&plan.kept).count(),
            failures,
            ..Self::default()
        };
        for job in &plan.jobs {
            let mirror = Repository::open_bare(layout.mirror(&job.project.id)).ok();
            let branches = job.branches.iter().map(|name| {
                let commit = job.project.tips.get(name);
                let here = mirror.as_ref().and_then(|it| it.refname_to_id(&name.ref_name()).ok());
                let fetch = here.map(|id| id.to_string()).as_deref() != commit.map(AsRef::as_ref);
                Branch { name: name.clone(), commit: commit.cloned(), fetch }
            });
            preview.make.insert(job.project.id.clone(), branches.collect());
        }
        for (id, branch, _, _) in catalogue::tarballs(published) {
            let made = |branches: &Vec<Branch>| branches.iter().any(|it| it.name == *branch);
            let stays = plan.kept.get(id).is_some_and(|kept| kept.branches.contains_key(branch));
            if !stays && !preview.make.get(id).is_some_and(made) {
                preview.retire.entry(id.clone()).or_default().push(branch.clone());
            }
        }
        preview
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_str())?;
        if let Some(commit) = &self.commit {
            write!(f, " {:.7}", commit.as_str())?;
        }
        f.write_str(if self.fetch { "" } else { "*" })
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let make: usize = self.make.values().map(Vec::len).sum();
        let retire: usize = self.retire.values().map(Vec::len).sum();
        let fetch = self.make.values().filter(|branches| branches.iter().any(|it| it.fetch));
        write!(
            f,
            "A dry run changes nothing. A cycle would, with {} repositories listed: fetch {}, make {} \
             tarballs of {} repositories, keep {}, retire {}.",
            self.listed,
            fetch.count(),
            make,
            self.make.len(),
            self.kept,
            retire
        )?;
        if make > 0 {
            write!(f, "\nTo be made (* from the mirror as it is, without a fetch):")?;
        }
        for (id, branches) in &self.make {
            let branches: Vec<String> = branches.iter().map(ToString::to_string).collect();
            write!(f, "\n  {id}: {}", branches.join(", "))?;
        }
        if retire > 0 {
            write!(f, "\nTo be retired:")?;
        }
        for (id, branches) in &self.retire {
            let names: Vec<&str> = branches.iter().map(BranchName::as_str).collect();
            write!(f, "\n  {id}: {}", names.join(", "))?;
        }
        for failure in &self.failures {
            write!(f, "\nIt would fail: {failure}")?;
        }
        Ok(())
    }
}
