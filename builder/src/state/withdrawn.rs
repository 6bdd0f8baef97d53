//! When tarballs were first published that are not named any more. A repository that is not listed for a cycle, or a branch
//! that is set back to an earlier commit, gets the time again that its tarball had.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use tardist_contract::TarballName;

use crate::{
    catalogue::{self, BranchRecord, Catalogue},
    rows::{all, parsed},
    state::tables::{Retired, Tarball},
};

/// The Unix seconds at which tarballs were first published that are not named any more, and are still on disk.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Withdrawn(BTreeMap<Tarball, i64>);

impl Withdrawn {
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Self> {
        let rows = all(db, "SELECT kind, file, published_at FROM withdrawn", |row| {
            Ok(((parsed(row, 0)?, row.get(1)?), row.get(2)?))
        })?;
        Ok(Self(rows))
    }

    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        db.execute("DELETE FROM withdrawn", ())?;
        let mut insert = db.prepare("INSERT INTO withdrawn VALUES (?, ?, ?)")?;
        for ((kind, file), published_at) in &self.0 {
            insert.execute(params![kind.as_str(), file, published_at])?;
        }
        Ok(())
    }

    /// When this tarball was first published, if it is not named any more.
    pub fn published_at(&self, tarball: &Tarball) -> Option<i64> {
        self.0.get(tarball).copied()
    }

    /// The same after `new` has taken the place of the catalogue `old`.
    pub(super) fn after(&self, old: &Catalogue, new: &Catalogue) -> Self {
        let mut all = self.0.clone();
        all.extend(only_in(old, new).map(|(tarball, record)| (tarball, record.published_at)));
        for (tarball, _) in only_in(new, old) {
            all.remove(&tarball);
        }
        Self(all)
    }

    /// The same without those that are not on disk any more: all others are `retired`.
    pub(super) fn on_disk(&self, retired: &Retired) -> Self {
        let all = self.0.iter().filter(|(tarball, _)| retired.contains_key(*tarball));
        Self(all.map(|(tarball, time)| (tarball.clone(), *time)).collect())
    }
}

/// The tarballs that one catalogue names, and another does not. Names are made for these alone.
fn only_in<'a>(
    one: &'a Catalogue,
    other: &'a Catalogue,
) -> impl Iterator<Item = (Tarball, &'a BranchRecord)> {
    let is_in_other = |it: &(_, _, &BranchRecord)| {
        let (id, branch, record) = it;
        let same = other.get(*id).and_then(|repository| repository.branches.get(*branch));
        same.is_some_and(|it| (&it.commit, it.revision) == (&record.commit, record.revision))
    };
    catalogue::records(one).filter(move |it| !is_in_other(it)).flat_map(|(id, branch, record)| {
        let own = record.tarball(&id.name, branch);
        // The plain name leads to the same bytes: whoever makes them again meets it first.
        let plain = TarballName::new(&id.name, branch, &record.commit);
        let names = [Some(own), Some(plain).filter(|_| record.revision > 0)];
        names.into_iter().flatten().map(move |name| ((id.kind, name.into()), record))
    })
}

#[cfg(test)]
mod tests {
    use tardist_contract::Kind;

    use super::*;
    use crate::catalogue::RepositoryRecord;

    #[test]
    fn a_tarball_with_a_revision_is_remembered_by_its_plain_name_too() {
        let mut old = catalogue('a', 5);
        let record = old.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        record.revision = 1;
        let withdrawn = Withdrawn::default().after(&old, &Catalogue::new());
        assert_eq!(withdrawn.published_at(&tarball("a")), Some(5));
        assert_eq!(withdrawn.0.len(), 2);
        assert_eq!(withdrawn.after(&Catalogue::new(), &old), Withdrawn::default());
    }

    /// A catalogue of one repository whose `master` is at a commit of this digit.
    fn catalogue(digit: char, published_at: i64) -> Catalogue {
        let record = BranchRecord { published_at, ..BranchRecord::of_commit(digit) };
        let repository = RepositoryRecord::of_branches("", [("master", record)]);
        [("skins/S".parse().unwrap(), repository)].into()
    }

    fn tarball(digit: &str) -> Tarball {
        (Kind::Skins, format!("S-master-{}.tar.gz", digit.repeat(7)))
    }

    #[test]
    fn a_tarball_that_is_not_named_any_more_is_remembered_until_it_is_named_again_or_gone() {
        let (a, b) = (catalogue('a', 5), catalogue('b', 7));
        let first = Withdrawn::default().after(&a, &b);
        assert_eq!(first.published_at(&tarball("a")), Some(5));
        assert_eq!(first.published_at(&tarball("b")), None);
        let back = first.after(&b, &a);
        assert_eq!(back.published_at(&tarball("a")), None, "its record has the time");
        assert_eq!(back.published_at(&tarball("b")), Some(7));
        assert_eq!(back.after(&a, &a), back);
        let gone = back.after(&a, &Catalogue::new());
        assert_eq!(gone.published_at(&tarball("a")), Some(5));
        let swept = gone.on_disk(&[(tarball("a"), 1)].into());
        assert_eq!((swept.0.len(), swept.published_at(&tarball("a"))), (1, Some(5)));
    }
}
