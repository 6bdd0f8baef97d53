//! From the configured upstreams to those that can be listed.

use super::{listing::Upstream, spec::Spec, wikimedia};
use crate::{
    Error,
    net::{HttpOptions, same_origin},
};

/// Opens the upstreams: reads list files, and the files with tokens and with credentials for Git.
///
/// # Errors
/// [`Error::Config`] with everything that is wrong, a line each.
pub fn open(specs: &[Spec]) -> Result<Vec<Box<dyn Upstream>>, Error> {
    let mut wrong = Vec::new();
    let mut upstreams = Vec::new();
    for spec in specs {
        match spec.open() {
            Ok(upstream) => upstreams.push(upstream),
            Err(text) => wrong.push(text),
        }
    }
    if wrong.is_empty() { Ok(upstreams) } else { Err(Error::Config(wrong.join("\n"))) }
}

/// The same `options`, with the hosts of these upstreams among those that may be asked, and with the credentials for their
/// Git servers. A well-known upstream brings the hosts of its submodules.
pub fn allow(mut options: HttpOptions, upstreams: &[Box<dyn Upstream>]) -> HttpOptions {
    let origins: Vec<String> = upstreams.iter().flat_map(|upstream| upstream.origins()).collect();
    if origins.iter().any(|url| same_origin(url, wikimedia::GERRIT)) {
        options.allowed.extend(wikimedia::SUBMODULE_HOSTS.map(str::to_owned));
    }
    options.allowed.extend(origins);
    options.credentials.extend(upstreams.iter().filter_map(|it| it.credentials().cloned()));
    options
}
