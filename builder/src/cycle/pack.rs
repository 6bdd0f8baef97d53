//! Packing the mirrors of submodules. They are shared, so it is done when no worker reads them any more.

use crate::{
    Error,
    data_dir::{files, layout::Layout, mirrors},
    git::repack,
    pool,
    worker::{Again, Failure, Supervisor},
};

/// Packs the mirrors of submodules that have too many packs, `jobs` at a time. What cannot be packed is only logged: the
/// tarballs are there, and the next cycle tries again.
pub(super) fn submodules(layout: &Layout, supervisor: &Supervisor<'_>, jobs: usize) {
    let mut mirrors = match mirrors::of_submodules(layout) {
        Ok(mirrors) => mirrors,
        Err(error) => return tracing::warn!("cannot pack the mirrors of submodules: {error}"),
    };
    mirrors.retain(|path| repack::is_due(path));
    let failed = |error: Error| Err(Failure::for_now(error.to_string()));
    pool::run(
        jobs,
        mirrors,
        |path| supervisor.repack(path),
        |path, done| {
            let Err(failure) = done.unwrap_or_else(failed) else { return };
            tracing::warn!("cannot pack the mirror {}: {}", path.display(), failure.text);
            // It would exceed the same limit in each cycle. What is in it can be fetched again.
            if failure.again == Again::OnChange
                && let Err(error) = files::empty_folder(&path)
            {
                tracing::warn!("{error}");
            }
        },
    );
}
