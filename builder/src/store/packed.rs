//! Snapshots as they are in a store: compressed by gzip, and known by the hash of the file itself.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use flate2::{
    Compression,
    write::{GzDecoder, GzEncoder},
};
use sha2::{Digest, Sha256};

/// Compresses the file at `path` into `out`. Returns the SHA-256 of the file, in hexadecimal, and its size in bytes.
///
/// # Errors
/// The file cannot be read, or `out` cannot be written.
pub fn pack(path: &Path, out: &File) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut encoder = GzEncoder::new(BufWriter::new(out), Compression::default());
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        digest.update(bytes);
        encoder.write_all(bytes)?;
        size += count as u64;
    }
    encoder.finish()?.flush()?;
    Ok((format!("{:x}", digest.finalize()), size))
}

/// A writer that takes the compressed bytes, and writes those of the file.
pub(super) struct Unpacker<W: Write>(GzDecoder<Counted<W>>);

impl<W: Write> Unpacker<W> {
    /// Writes the file to `out`. It may have `limit` bytes.
    pub(super) fn new(out: W, limit: u64) -> Self {
        Self(GzDecoder::new(Counted { out, digest: Sha256::new(), left: limit, limit }))
    }

    /// The SHA-256 of the file, in hexadecimal, and its size in bytes.
    ///
    /// # Errors
    /// The compressed bytes are not all there, or the last ones cannot be written.
    pub(super) fn finish(self) -> io::Result<(String, u64)> {
        let mut counted = self.0.finish()?;
        counted.out.flush()?;
        Ok((format!("{:x}", counted.digest.finalize()), counted.limit - counted.left))
    }
}

impl<W: Write> Write for Unpacker<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Counts and hashes what is written.
struct Counted<W> {
    out: W,
    digest: Sha256,
    left: u64,
    limit: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            let text = format!("it has more than the {} bytes that its pointer names", self.limit);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        };
        self.out.write_all(bytes)?;
        self.digest.update(bytes);
        self.left = left;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn packed(content: &[u8]) -> (Vec<u8>, String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("file"), folder.path().join("packed"));
        fs::write(&path, content).unwrap();
        let (sha256, size) = pack(&path, &File::create(&out).unwrap()).unwrap();
        (fs::read(out).unwrap(), sha256, size)
    }

    fn unpacked(bytes: &[u8], limit: u64) -> io::Result<(Vec<u8>, String, u64)> {
        let mut content = Vec::new();
        let mut unpacker = Unpacker::new(&mut content, limit);
        for chunk in bytes.chunks(1000) {
            unpacker.write_all(chunk)?;
        }
        let (sha256, size) = unpacker.finish()?;
        Ok((content, sha256, size))
    }

    #[test]
    fn what_is_packed_is_unpacked_with_the_same_hash_and_size() {
        let content: Vec<u8> = (0..300_000_u32).map(|it| (it % 251) as u8).collect();
        let (bytes, sha256, size) = packed(&content);
        assert!(bytes.len() < content.len() && size == 300_000);
        assert_eq!(unpacked(&bytes, size).unwrap(), (content, sha256, size));
    }

    #[test]
    fn more_than_was_said_and_half_of_it_are_errors() {
        let (bytes, _, size) = packed(&[7; 100_000]);
        let error = unpacked(&bytes, size - 1).unwrap_err();
        assert!(error.to_string().contains("more than the 99999 bytes"), "{error}");
        assert!(unpacked(&bytes[..bytes.len() / 2], size).is_err());
        assert!(unpacked(b"<html>an error page, and no gzip</html>", size).is_err());
    }
}
