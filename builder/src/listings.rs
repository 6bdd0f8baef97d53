//! The files of `dist/KIND/` that list the tarballs of the kind: `SHA256SUMS` and `index.html`. A cycle writes them on the
//! builder, and `tardist pull` on a node.

mod checksums;
mod index_page;
mod listed;
mod write;

pub use {listed::Listed, write::write};
