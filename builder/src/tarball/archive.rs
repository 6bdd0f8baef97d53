//! The archive: members with their headers and the end of the tarball, on their way through gzip.
//!
//! Times are the commit's, and no field depends on the machine, so that one commit gives one tarball on any
//! machine at any time.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::{
    content::BlobId,
    tarball::{
        gzip::{Compressed, CompressedRange, Gzip},
        header::{self, BLOCK, Kind},
        standalone::Method,
        version_files::Subject,
    },
};

/// What fills the last block of a file.
const FILL: [u8; BLOCK] = [0; BLOCK];

/// The end of a tarball: two empty blocks.
const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// A tarball that is written.
#[derive(Debug)]
pub struct Written {
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256: 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// Where its large files are.
    pub(crate) large_files: Vec<(BlobId, CompressedRange)>,
}

/// A member on its way from Git to the archive.
pub(crate) struct Entry<'a> {
    /// The path below the top folder; empty for the top folder itself.
    pub(crate) path: &'a [u8],
    pub(crate) payload: Payload,
    pub(crate) executable: bool,
    /// The byte of the tarball, before compression, at which the next member begins.
    pub(crate) end: u64,
}

/// What a member holds.
pub(crate) enum Payload {
    Folder,
    /// The bytes of a small file.
    Bytes(Vec<u8>),
    /// A file that is compressed on its own. If it has an id, another branch may have it too.
    Standalone(Vec<u8>, Method, Option<BlobId>),
    /// Such a file that another tarball has already.
    Compressed(Compressed),
}

impl Payload {
    /// The size of the content in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Folder => 0,
            Self::Bytes(bytes) | Self::Standalone(bytes, ..) => bytes.len() as u64,
            Self::Compressed(compressed) => compressed.range.content_size(),
        }
    }
}

/// A tarball that is being written to `W`.
pub(crate) struct Archive<'a, W: Write> {
    gzip: Gzip<Measured<W>, BlobId>,
    subject: &'a Subject<'a>,
}

impl<'a, W: Write> Archive<'a, W> {
    /// Begins a tarball.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn new(subject: &'a Subject<'a>, out: W) -> io::Result<Self> {
        let gzip = Gzip::new(Measured { inner: out, size: 0, sha256: Sha256::new() })?;
        Ok(Self { gzip, subject })
    }

    /// Adds a member.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn add(&mut self, entry: Entry<'_>) -> io::Result<()> {
        let Entry { path, payload, executable, .. } = entry;
        let kind = match payload {
            Payload::Folder => Kind::Folder,
            _ => Kind::File { executable },
        };
        let size = payload.size();
        let Subject { name, committed_at, .. } = self.subject;
        let gzip = &mut self.gzip;
        gzip.write_all(&header::blocks(name.as_str(), path, kind, size, *committed_at))?;
        match payload {
            Payload::Folder => {}
            Payload::Bytes(bytes) => gzip.write_all(&bytes)?,
            Payload::Standalone(bytes, method, id) => gzip.write_standalone(bytes, method, id)?,
            Payload::Compressed(compressed) => gzip.copy(compressed)?,
        }
        let fill = header::filled(size) - size;
        gzip.write_all(&FILL[..usize::try_from(fill).unwrap_or_default()])
    }

    /// Ends the tarball.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn finish(mut self) -> io::Result<Written> {
        self.gzip.write_all(&END)?;
        let (mut out, large_files) = self.gzip.finish()?;
        out.inner.flush()?;
        Ok(Written { size: out.size, sha256: format!("{:x}", out.sha256.finalize()), large_files })
    }
}

/// Counts and hashes bytes on their way to the output.
struct Measured<W> {
    inner: W,
    size: u64,
    sha256: Sha256,
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
