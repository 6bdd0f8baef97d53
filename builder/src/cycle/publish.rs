//! Publishing: writes the snapshot and the checksums, then removes the tarballs whose grace period is over.

use std::collections::BTreeSet;

use tardist_contract::Kind;

use crate::{
    Error,
    catalogue::{self, Catalogue},
    cycle::{
        checksums,
        report::{Outcome, Report},
        sweep,
    },
    data_dir::{
        atomic,
        layout::{Layout, Tarballs},
    },
    settings::config::Config,
    snapshot::{
        self, Retired, Snapshot,
        render::{self, Rendered},
    },
};

/// What publishing needs to know besides the catalogue.
pub(super) struct Publishing<'a> {
    pub(super) config: &'a Config,
    pub(super) layout: &'a Layout,
    /// The time of the cycle: Unix seconds.
    pub(super) now: i64,
}

impl Publishing<'_> {
    /// Writes a snapshot of `catalogue` if it differs from the previous one, or if that one is older than the
    /// setting `refresh`. Then writes the checksums, and removes the tarballs that the snapshot does not name and whose grace period is
    /// over. Notes both in the report.
    ///
    /// # Errors
    /// [`Error::Snapshot`] or [`Error::Io`] if a file cannot be written or removed. [`Error::Config`] if there is
    /// nothing to publish and no previous snapshot.
    pub(super) fn publish(
        &self,
        catalogue: &Catalogue,
        previous: Option<&Snapshot>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let on_disk = self.layout.tarballs()?;
        let retired = self.retired(&on_disk, catalogue, previous);
        let before = previous.map(|p| &p.retired);
        report.retired = retired
            .keys()
            .filter(|key| before.is_none_or(|before| !before.contains_key(key)))
            .count();
        let age = previous.map_or(i64::MAX, |p| self.now.saturating_sub(p.generated_at));
        let refresh = i64::try_from(self.config.refresh.as_secs()).unwrap_or(i64::MAX);
        let fingerprint = render::fingerprint(&self.config.public_url)?;
        let changed = previous.is_none_or(|previous| previous.differs(catalogue, &fingerprint));
        if !changed && age < refresh {
            report.outcome = Outcome::Unchanged;
        } else if catalogue.is_empty() && previous.is_none() {
            return Err(Error::Config(
                "there is nothing to publish: no tarball could be made".to_owned(),
            ));
        } else {
            let rendered = render::render(catalogue, &self.config.public_url)?;
            self.replace(catalogue, &rendered, &retired, previous)?;
            report.outcome = Outcome::Published;
        }
        checksums::write(self.layout, catalogue)?;
        report.removed = sweep::sweep(self.layout, &retired, self.config.grace, self.now)?;
        Ok(())
    }

    /// The tarballs that are no longer named, with the time since when.
    fn retired(
        &self,
        on_disk: &Tarballs,
        catalogue: &Catalogue,
        previous: Option<&Snapshot>,
    ) -> Retired {
        let named: BTreeSet<(Kind, String)> = previous
            .into_iter()
            .flat_map(|p| catalogue::tarballs(&p.catalogue))
            .map(|(id, _, file, _)| (id.kind, file.into()))
            .collect();
        let before = previous.map(|p| p.retired.clone()).unwrap_or_default();
        let named_before = |kind: Kind, file: &str| named.contains(&(kind, file.to_owned()));
        sweep::retired(on_disk, catalogue, named_before, &before, self.now)
    }

    /// Writes the snapshot, after the tarballs that it names have been forced to disk.
    fn replace(
        &self,
        catalogue: &Catalogue,
        rendered: &Rendered,
        retired: &Retired,
        previous: Option<&Snapshot>,
    ) -> Result<(), Error> {
        for kind in Kind::ALL {
            atomic::sync_folder(&self.layout.dist(kind))?;
        }
        atomic::put_file(&self.layout.snapshot(), |path| {
            snapshot::write(path, catalogue, rendered, retired, previous, self.now)
        })?;
        atomic::sync_folder(self.layout.root())
    }
}
