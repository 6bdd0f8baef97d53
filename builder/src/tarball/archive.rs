//! The archive: tar headers and members, on their way through gzip.
//!
//! It owns the bytes of the headers. Each field is set by hand, and times are the commit's, so that one
//! commit gives one tarball on any machine at any time.

use std::{
    ffi::OsStr,
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{
    content::BlobId,
    tarball::{
        gzip::{Compressed, CompressedRange, Gzip},
        standalone::Method,
        version_files::Subject,
    },
};

/// The size of a tar block in bytes.
const BLOCK: u64 = 512;

/// What fills the last block of a file.
const FILL: [u8; BLOCK as usize] = [0; BLOCK as usize];

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
    tar: tar::Builder<Gzip<Measured<W>, BlobId>>,
    subject: &'a Subject<'a>,
}

impl<'a, W: Write> Archive<'a, W> {
    /// Begins a tarball.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn new(subject: &'a Subject<'a>, out: W) -> io::Result<Self> {
        let gzip = Gzip::new(Measured { inner: out, size: 0, sha256: Sha256::new() })?;
        Ok(Self { tar: tar::Builder::new(gzip), subject })
    }

    /// Adds a member.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn add(&mut self, entry: Entry<'_>) -> io::Result<()> {
        let Entry { path, payload, executable } = entry;
        let is_folder = matches!(payload, Payload::Folder);
        let mut full_path = self.subject.name.as_str().as_bytes().to_vec();
        if !path.is_empty() {
            full_path.push(b'/');
            full_path.extend_from_slice(path);
        }
        let mut header = tar::Header::new_gnu();
        header.set_mtime(mtime(self.subject.committed_at));
        header.set_uid(0);
        header.set_gid(0);
        if is_folder {
            full_path.push(b'/');
            header.set_entry_type(tar::EntryType::Directory);
        }
        header.set_mode(if is_folder || executable { 0o755 } else { 0o644 });
        let size = payload.size();
        header.set_size(size);
        let path = Path::new(OsStr::from_bytes(&full_path));
        let inline = if let Payload::Bytes(bytes) = &payload { bytes.as_slice() } else { &[] };
        // For the payloads that follow below, this writes only the header.
        self.tar.append_data(&mut header, path, inline)?;
        let gzip = self.tar.get_mut();
        match payload {
            Payload::Folder | Payload::Bytes(_) => return Ok(()),
            Payload::Standalone(bytes, method, id) => gzip.write_standalone(bytes, method, id)?,
            Payload::Compressed(compressed) => gzip.copy(compressed)?,
        }
        let fill = usize::try_from(size.next_multiple_of(BLOCK) - size).unwrap_or_default();
        gzip.write_all(&FILL[..fill])
    }

    /// Ends the tarball.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn finish(self) -> io::Result<Written> {
        let (mut out, large_files) = self.tar.into_inner()?.finish()?;
        out.inner.flush()?;
        Ok(Written { size: out.size, sha256: format!("{:x}", out.sha256.finalize()), large_files })
    }
}

/// Seconds as tar holds them; a commit from before 1970 gets the first second of 1970.
fn mtime(committed_at: i64) -> u64 {
    u64::try_from(committed_at).unwrap_or(0)
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
