//! What the builder remembers of the branches that upstreams have. It counts where these cannot be asked.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use tardist_contract::BranchName;

use crate::{
    catalogue::Catalogue,
    rows::{all, parsed},
};

/// The branches that are known from the last cycle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownBranches {
    /// The branches that upstreams had, as far as they may be wanted, each with whether it is released: see
    /// [`Found`](crate::upstream::Found).
    pub found: BTreeMap<BranchName, bool>,
    /// The release branches that are not distributed any more because there are newer ones, with the time since when:
    /// [`State::elapsed`](super::State::elapsed), in milliseconds.
    pub over: BTreeMap<BranchName, i64>,
}

impl KnownBranches {
    /// The release branches of which MediaWiki has no release yet: as far as is known, and those of `catalogue` that are
    /// newer than all that were found. A repository may have such a branch of its own (`REL1_99`), which a pattern
    /// distributes.
    pub fn unreleased(&self, catalogue: &Catalogue) -> BTreeSet<BranchName> {
        let known = self.found.iter().filter(|(_, is_released)| !**is_released);
        let newest = self.found.keys().filter_map(BranchName::release).max();
        let all = catalogue.values().flat_map(|repository| repository.branches.keys());
        let beyond = all.filter(|branch| newest.is_some() && branch.release() > newest);
        known.map(|(branch, _)| branch).chain(beyond).cloned().collect()
    }

    /// Notes which of the branches that were distributed are over at the time `now`, and forgets those whose `grace`
    /// period is over, or that are back. Times are in milliseconds.
    pub fn note_over(
        &mut self,
        withdrawn: impl IntoIterator<Item = BranchName>,
        is_over: impl Fn(&BranchName) -> bool,
        now: i64,
        grace: i64,
    ) {
        self.over.retain(|branch, since| is_over(branch) && now.saturating_sub(*since) < grace);
        for branch in withdrawn {
            if is_over(&branch) {
                self.over.insert(branch, now);
            }
        }
    }

    /// Reads them.
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            found: all(db, "SELECT branch, is_released FROM found_branch", |row| {
                Ok((parsed(row, 0)?, row.get(1)?))
            })?,
            over: all(db, "SELECT branch, since FROM over_branch", |row| {
                Ok((parsed(row, 0)?, row.get(1)?))
            })?,
        })
    }

    /// Replaces them.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        db.execute_batch("DELETE FROM found_branch; DELETE FROM over_branch;")?;
        let mut insert = db.prepare("INSERT INTO found_branch VALUES (?, ?)")?;
        for (branch, is_released) in &self.found {
            insert.execute(params![branch.as_str(), is_released])?;
        }
        let mut insert = db.prepare("INSERT INTO over_branch VALUES (?, ?)")?;
        for (branch, since) in &self.over {
            insert.execute(params![branch.as_str(), since])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{BranchRecord, RepositoryRecord};

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    #[test]
    fn a_branch_that_is_over_is_remembered_for_its_grace_period() {
        let mut known = KnownBranches::default();
        let is_old = |it: &BranchName| *it != branch("REL1_47");
        known.note_over(["REL1_43", "REL1_47"].map(branch), is_old, 100, 50);
        assert_eq!(known.over, [(branch("REL1_43"), 100)].into());
        known.note_over([], is_old, 149, 50);
        assert_eq!(known.over.len(), 1);
        let mut back = known.clone();
        back.note_over([], |_| false, 120, 50);
        assert_eq!(back.over.len(), 0, "it is distributed again");
        known.note_over([], is_old, 150, 50);
        assert_eq!(known.over.len(), 0);
    }

    #[test]
    fn what_has_no_release_yet_is_known() {
        let found = [("REL1_47", false), ("REL1_46", true), ("wmf/1", true)];
        let found = found.map(|(name, is_released)| (branch(name), is_released)).into();
        let known = KnownBranches { found, ..KnownBranches::default() };
        assert_eq!(known.unreleased(&Catalogue::new()), [branch("REL1_47")].into());
        let branches = ["master", "REL1_30", "REL1_46", "REL1_99"];
        let branches = branches.map(|name| (name, BranchRecord::of_commit('a')));
        let id = "skins/A".parse().unwrap();
        let catalogue = Catalogue::from([(id, RepositoryRecord::of_branches("", branches))]);
        let unreleased = ["REL1_47", "REL1_99"].map(branch);
        assert_eq!(known.unreleased(&catalogue), unreleased.into());
        assert_eq!(KnownBranches::default().unreleased(&catalogue), [].into(), "nothing is known");
    }
}
