//! Tarballs that are known from a snapshot only, because the builder's state was lost or is new. Nothing says by
//! which version of tardist they were made, but their bytes do.

use std::fs::File;

use crate::{catalogue::Catalogue, data_dir::layout::Layout, tarball};

/// Takes the recipe from those that have another format than tarballs have now. So they are made again, and no
/// others.
pub(super) fn compare_formats(catalogue: &mut Catalogue, layout: &Layout) {
    for (id, repository) in catalogue.iter_mut() {
        for (branch, record) in &mut repository.branches {
            let path = layout.dist(id.kind).join(record.tarball(&id.name, branch).as_str());
            let is_current = File::open(&path).and_then(|file| tarball::is_current_format(&file));
            if !is_current.unwrap_or(false) {
                record.recipe = String::new();
            }
        }
    }
}
