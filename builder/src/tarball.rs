//! Tarballs: from a branch's content to a reproducible `.tar.gz`.

pub mod gzip;
pub mod pipeline;
