//! Publishes the state: saves it as the next generation, then writes the snapshot of that generation.

use std::fs;

use crate::{
    Error,
    catalogue::Catalogue,
    data_dir::{atomic, files::modified, layout::Layout, set_aside},
    error::IoContext,
    snapshot::{
        self, Snapshot,
        render::{self, Basis},
        stamps,
    },
    state::{
        store::{Changes, State},
        tables::Published,
    },
};

impl State {
    /// Saves `catalogue` as the next generation, and replaces the snapshot by one of it, at the time `now` in Unix
    /// seconds. `previous` is the undamaged snapshot that is replaced. The tarballs are in place and on disk.
    /// [`State::finish`] has to follow.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Snapshot`] or [`Error::Io`] if a file cannot be written.
    pub fn publish(
        &mut self,
        layout: &Layout,
        catalogue: Catalogue,
        public_url: &str,
        previous: Option<&Snapshot>,
        now: i64,
    ) -> Result<Published, Error> {
        let unreleased = self.branches.unreleased(&catalogue);
        let basis = Basis { public_url, unreleased: &unreleased };
        let rendered = render::render(&catalogue, basis)?;
        let stamps = stamps::renewed(&rendered, &self.stamps, now);
        self.save(Changes { catalogue, stamps })?;
        let path = layout.snapshot();
        let source = snapshot::Source {
            catalogue: &self.catalogue,
            rendered: &rendered,
            basis,
            texts: self,
            stamps: &self.stamps,
            generation: self.generation,
            generated_at: now,
        };
        atomic::put_file(&path, |unfinished| {
            snapshot::write(unfinished, &source, previous)?;
            // A journal that lies there is of an earlier file. SQLite would apply it to this one.
            set_aside::remove_journals(&path)
        })?;
        atomic::sync_folder(layout.root())?;
        let metadata = fs::metadata(&path).at("read", &path)?;
        Ok(Published {
            generation: self.generation,
            generated_at: now,
            fingerprint: rendered.fingerprint,
            size: metadata.len(),
            modified: modified(&metadata),
        })
    }
}
