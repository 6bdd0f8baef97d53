//! The supervisor of a cycle's workers, as the settings want it.

use std::time::Instant;

use tracing::level_filters::LevelFilter;

use crate::{
    Error,
    data_dir::{disk, layout::Layout},
    net::HttpOptions,
    settings::{self, Incomplete, config::Config},
    worker::{Instructions, Supervisor},
};

/// A supervisor for the work that began at `start`. Its workers make requests as `http` says.
///
/// # Errors
/// [`Error::Io`] if the free space of the disk cannot be found out.
pub fn supervisor<'a>(
    config: &Config,
    layout: &'a Layout,
    http: HttpOptions,
    start: Instant,
) -> Result<Supervisor<'a>, Error> {
    let instructions = Instructions {
        data: config.data.clone(),
        http,
        url_map: config.url_map.clone(),
        submodule_depth: config.submodule_depth,
        composer: config.composer.clone(),
        keep_complete: config.incomplete == Incomplete::Avoid,
        limits: config.limits,
        log: LevelFilter::current().to_string(),
    };
    let keep_free = keep_free(config, layout)?;
    Ok(Supervisor::new(instructions, layout, start + config.deadline, keep_free))
}

/// How many bytes of the disk stay free. On a small disk, the default could be more than all of it.
///
/// # Errors
/// [`Error::Io`] if the size of the disk cannot be found out.
pub(super) fn keep_free(config: &Config, layout: &Layout) -> Result<u64, Error> {
    if config.keep_free != settings::KEEP_FREE.as_u64() {
        return Ok(config.keep_free);
    }
    Ok(config.keep_free.min(disk::space(layout.root())?.total / 20))
}
