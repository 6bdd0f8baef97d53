//! Tarballs: from a branch's content to a reproducible `.tar.gz`.
//!
//! `version_files` adds `version` and `gitinfo.json` to the content. `plan` knows the sizes of all members, and
//! whether they are too large. `pipeline` has the threads, and `window` bounds the memory between them:
//! they read the members, and one of them packs these into an `archive`. `header` decides what stands
//! before each member, and all bytes go through `gzip`. `standalone` decides which files are compressed on their own, `deflate` compresses one
//! piece, and `large_files` remembers what is compressed already. `look` reads a
//! tarball that is on disk.

mod archive;
mod deflate;
mod format;
mod gzip;
mod header;
mod large_files;
mod look;
mod pipeline;
mod plan;
#[cfg(test)]
mod sample_bytes;
mod standalone;
mod version_files;
mod window;

pub use archive::Written;
pub use format::FORMAT;
pub use header::file_time;
pub use large_files::LargeFiles;
pub use look::{is_current_format, visit};
pub use pipeline::write;
pub use version_files::{Subject, add_version_files};
