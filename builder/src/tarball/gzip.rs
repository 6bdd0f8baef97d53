//! Gzip (RFC 1952), compressed in pieces on all cores.
//!
//! It owns the bytes of the compressed stream. They are one gzip member: many programs read only the
//! first member of several. Each piece is compressed on its own, with the 32 KiB before it as its
//! dictionary, and ends on a whole byte (a sync flush, as pigz does). So the size is within 0.1 % of a
//! single run, and the bytes do not depend on how many cores there are.
//!
//! Files that [stand alone](crate::tarball::standalone) can be copied from a tarball that has them.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
};

use flate2::{Crc, FlushCompress};

use crate::tarball::{
    deflate::{PIECE, Piece, WINDOW, deflate},
    standalone::Method,
};

/// The header of the gzip member: deflate, no name, no time, and 255 for "unknown system", so that it
/// does not depend on the machine.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// After a file of this size in bytes, everything is written before more is taken: its pieces share its bytes,
/// which are in memory until the last of them is compressed.
const WAITED_FOR: usize = 4 << 20;

/// How many bytes are copied at once.
const COPIED: usize = 64 << 10;

/// The compressed bytes of a file that stands alone, in a tarball that is complete.
#[derive(Debug, Clone)]
pub(crate) struct Compressed {
    /// The tarball.
    pub(crate) tarball: Arc<File>,
    /// Which of its bytes.
    pub(crate) range: Arc<CompressedRange>,
}

/// Where the compressed bytes of a file that stands alone are in its tarball, and the CRC of its
/// content, which becomes part of the CRC of the stream.
#[derive(Debug)]
pub(crate) struct CompressedRange {
    offset: u64,
    length: u64,
    /// With the length of the content.
    crc: Crc,
}

impl CompressedRange {
    /// The size of the content in bytes. A CRC counts up to 4 GiB, and no file has more
    /// (`limits/tarball.rs`).
    pub(crate) fn content_size(&self) -> u64 {
        u64::from(self.crc.amount())
    }
}

/// Compresses what is written to it into `out`. `K` is the key of a file that stands alone.
pub(crate) struct Gzip<W: Write, K> {
    out: W,
    /// The content of the piece that is being filled.
    piece: Vec<u8>,
    /// The content before it, to which it may refer.
    before: Vec<u8>,
    /// The CRC of all content so far, with its length.
    crc: Crc,
    /// How many bytes `out` has got.
    length: u64,
    /// What comes next in `out`, in order.
    pending: VecDeque<Pending<K>>,
    standalone: Vec<(K, CompressedRange)>,
}

enum Pending<K> {
    /// A piece that another thread compresses, and the part that it is of a file with a key.
    Piece(Receiver<io::Result<Piece>>, Option<Part<K>>),
    /// A file that is copied.
    Copy(Compressed),
}

/// The first or a later piece of a file with a key.
enum Part<K> {
    First(K),
    Later,
}

impl<W: Write, K> Gzip<W, K> {
    /// Begins the stream.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&HEADER)?;
        Ok(Self {
            out,
            piece: Vec::with_capacity(PIECE),
            before: Vec::new(),
            crc: Crc::new(),
            length: HEADER.len() as u64,
            pending: VecDeque::new(),
            standalone: Vec::new(),
        })
    }

    /// Ends the stream. Returns where the files are that stand alone and have a key.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn finish(mut self) -> io::Result<(W, Vec<(K, CompressedRange)>)> {
        self.submit(FlushCompress::Finish)?;
        self.write_all_pending()?;
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())?;
        Ok((self.out, self.standalone))
    }

    /// Writes a file that stands alone. With a key, [`finish`](Self::finish) returns where it is.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write_standalone(
        &mut self,
        bytes: Vec<u8>,
        method: Method,
        key: Option<K>,
    ) -> io::Result<()> {
        self.end_piece()?;
        let bytes = Arc::new(bytes);
        let mut part = key.map(Part::First);
        for start in (0..bytes.len()).step_by(PIECE) {
            let end = bytes.len().min(start + PIECE);
            let bytes = Arc::clone(&bytes);
            let next = part.as_ref().map(|_| Part::Later);
            self.spawn(std::mem::replace(&mut part, next), move || {
                let before = match method {
                    Method::Deflated => &bytes[start.saturating_sub(WINDOW)..start],
                    Method::Stored => &[],
                };
                deflate(&bytes[start..end], method, before, FlushCompress::Sync)
            })?;
        }
        if bytes.len() >= WAITED_FOR {
            self.write_all_pending()?;
        }
        Ok(())
    }

    /// Copies a file that stands alone from another tarball.
    ///
    /// # Errors
    /// Those of `out` and of reading the other tarball.
    pub(crate) fn copy(&mut self, compressed: Compressed) -> io::Result<()> {
        self.end_piece()?;
        self.pending.push_back(Pending::Copy(compressed));
        self.write_some()
    }

    /// Ends the piece before a file that stands alone. Nothing after the file refers to what is before:
    /// a file that is only copied is not read, so it cannot be a dictionary.
    fn end_piece(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            self.submit(FlushCompress::Sync)?;
        }
        self.before.clear();
        Ok(())
    }

    /// Hands the piece over to be compressed.
    fn submit(&mut self, flush: FlushCompress) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let end = piece[piece.len().saturating_sub(WINDOW)..].to_vec();
        let before = std::mem::replace(&mut self.before, end);
        self.spawn(None, move || deflate(&piece, Method::Deflated, &before, flush))
    }

    fn spawn(
        &mut self,
        part: Option<Part<K>>,
        compress: impl FnOnce() -> io::Result<Piece> + Send + 'static,
    ) -> io::Result<()> {
        let (sender, receiver) = mpsc::sync_channel(1);
        rayon::spawn(move || {
            // If the tarball failed meanwhile, nobody receives it.
            let _ = sender.send(compress());
        });
        self.pending.push_back(Pending::Piece(receiver, part));
        self.write_some()
    }

    /// Writes what comes next while there are many pieces on their way: this bounds the memory that a
    /// tarball takes.
    fn write_some(&mut self) -> io::Result<()> {
        while self.pending.len() > 2 * rayon::current_num_threads() {
            self.write_first()?;
        }
        Ok(())
    }

    fn write_all_pending(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            self.write_first()?;
        }
        Ok(())
    }

    fn write_first(&mut self) -> io::Result<()> {
        match self.pending.pop_front() {
            None => Ok(()),
            Some(Pending::Piece(receiver, part)) => {
                let Piece { bytes, crc } = receiver.recv().map_err(io::Error::other)??;
                self.record(part, &bytes, &crc);
                self.crc.combine(&crc);
                self.put(&bytes)
            }
            Some(Pending::Copy(Compressed { tarball, range })) => {
                self.crc.combine(&range.crc);
                let mut bytes = [0; COPIED];
                let (mut offset, mut rest) = (range.offset, range.length);
                while rest > 0 {
                    let length = usize::try_from(rest).unwrap_or(COPIED).min(COPIED);
                    tarball.read_exact_at(&mut bytes[..length], offset)?;
                    self.put(&bytes[..length])?;
                    offset += length as u64;
                    rest -= length as u64;
                }
                Ok(())
            }
        }
    }

    /// Keeps where the next piece of a file with a key is.
    fn record(&mut self, part: Option<Part<K>>, bytes: &[u8], crc: &Crc) {
        let Some(part) = part else { return };
        if let Part::First(key) = part {
            let range = CompressedRange { offset: self.length, length: 0, crc: Crc::new() };
            self.standalone.push((key, range));
        }
        if let Some((_, range)) = self.standalone.last_mut() {
            range.length += bytes.len() as u64;
            range.crc.combine(crc);
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

impl<W: Write, K> Write for Gzip<W, K> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.submit(FlushCompress::Sync)?;
        }
        Ok(taken)
    }

    /// Does nothing: a piece that ends early would change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::tarball::{
        sample_bytes::{compressible, noise},
        standalone,
    };

    fn gzip(content: &[u8], step: usize) -> Vec<u8> {
        let mut gzip = Gzip::<_, ()>::new(Vec::new()).unwrap();
        for bytes in content.chunks(step) {
            gzip.write_all(bytes).unwrap();
        }
        gzip.finish().unwrap().0
    }

    #[test]
    fn one_member_holds_everything_at_any_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 20 * PIECE + 17] {
            let content = compressible(length);
            let compressed = gzip(&content, 60_000);
            let mut back = Vec::new();
            let mut decoder = GzDecoder::new(compressed.as_slice());
            decoder.read_to_end(&mut back).unwrap();
            assert!(back == content, "{length}");
            assert!(decoder.into_inner().is_empty(), "one member, {length}");
        }
    }

    #[test]
    fn the_bytes_depend_on_the_content_alone() {
        let (one, other) =
            (compressible(5 * PIECE + 99), compressible(9 * PIECE)[PIECE / 2..].to_vec());
        let first = gzip(&one, 1 << 20);
        for step in [511, PIECE / 3, 1 << 20] {
            let beside = std::thread::spawn({
                let other = other.clone();
                move || gzip(&other, step)
            });
            assert!(gzip(&one, step) == first, "{step}");
            beside.join().unwrap();
        }
    }

    #[test]
    fn a_file_that_stands_alone_has_the_same_bytes_copied_or_compressed() {
        for large in
            [compressible(64 << 10), compressible(3 * PIECE + 5), noise(8 << 10), noise(2 * PIECE)]
        {
            let method = standalone::method(&large).unwrap();
            let mut first = Gzip::new(Vec::new()).unwrap();
            first.write_all(b"before it").unwrap();
            first.write_standalone(large.clone(), method, Some("large")).unwrap();
            let (compressed, files) = first.finish().unwrap();
            let Ok([(key, range)]) = <[_; 1]>::try_from(files) else { panic!("one file") };
            assert_eq!((key, range.content_size()), ("large", large.len() as u64));

            let mut tarball = tempfile::tempfile().unwrap();
            tarball.write_all(&compressed).unwrap();
            let known = Compressed { tarball: Arc::new(tarball), range: Arc::new(range) };
            let other = |known: Option<Compressed>| {
                let mut gzip = Gzip::new(Vec::new()).unwrap();
                gzip.write_all(b"something else before it").unwrap();
                match known {
                    Some(known) => gzip.copy(known).unwrap(),
                    None => gzip.write_standalone(large.clone(), method, Some("large")).unwrap(),
                }
                gzip.write_all(b"before it, and what comes after it").unwrap();
                gzip.finish().unwrap().0
            };
            let copied = other(Some(known));
            assert!(copied == other(None), "{}", large.len());
            let mut back = Vec::new();
            GzDecoder::new(copied.as_slice()).read_to_end(&mut back).unwrap();
            let (before, after) =
                (&b"something else before it"[..], &b"before it, and what comes after it"[..]);
            assert!(back == [before, &large, after].concat(), "{}", large.len());
        }
    }

    #[test]
    fn noise_grows_only_a_little() {
        let noise = noise(4 * PIECE);
        assert!(gzip(&noise, PIECE).len() < noise.len() + noise.len() / 1000);
    }
}
