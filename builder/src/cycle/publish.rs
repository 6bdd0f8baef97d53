//! Publishing: the snapshot comes into place, then tarballs leave whose grace period is over.

use std::collections::BTreeSet;

use tardist_contract::Kind;

use crate::{
    Error,
    cycle::{
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
        catalogue::{self, Catalogue},
        render::{self, Rendered},
    },
};

/// The publishing of one cycle.
pub(super) struct Publishing<'a> {
    pub(super) config: &'a Config,
    pub(super) layout: &'a Layout,
    /// The time of the cycle: Unix seconds.
    pub(super) now: i64,
}

impl Publishing<'_> {
    /// Puts a snapshot of `catalogue` in place where it says anything new, or where the earlier one is
    /// old. Then removes the tarballs that it does not name and whose grace period is over.
    ///
    /// # Errors
    /// [`Error::Snapshot`] and [`Error::Io`] where something cannot be written, and [`Error::Config`]
    /// where there is nothing to publish and never was.
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
                "there is nothing to publish: no repository could be built".to_owned(),
            ));
        } else {
            let rendered = render::render(catalogue, &self.config.public_url)?;
            self.replace(catalogue, &rendered, &retired, previous)?;
            report.outcome = Outcome::Published;
        }
        report.removed = sweep::sweep(self.layout, &retired, self.config.grace, self.now)?;
        Ok(())
    }

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
