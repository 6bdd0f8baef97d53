//! Gzip (RFC 1952), compressed in pieces on all cores.
//!
//! It owns the bytes of the compressed stream. They are one member, as everything that unpacks
//! tarballs expects; many programs read only the first of several. Each piece is compressed on its
//! own with the 32 KiB before it as its dictionary and ends on a byte (a sync flush, as pigz does),
//! so that the size is that of one run to 0.1 % and the bytes don't depend on how many cores there
//! are.
//!
//! Measured on 25 tarballs of five extensions, 154 MB, one core: zlib-rs at level 6 79 MB/s and
//! 30.11 MB, at level 5 112 MB/s and 30.32 MB, at level 4 122 MB/s and 31.23 MB, while gzip -6, which
//! extdist uses, makes 30.08 MB. libdeflate would be faster still (level 6: 120 MB/s, 30.08 MB), but
//! compresses only what is in memory as a whole, and its streams can't be joined into one.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::mpsc::{self, Receiver},
};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// 40 % faster than 6, which extdist has, for 0.8 % more bytes.
const LEVEL: Compression = Compression::new(5);

/// The content of a piece. Larger ones make nothing smaller, and smaller tarballs slower.
const PIECE: usize = 256 << 10;

/// How far back deflate looks (RFC 1951).
const WINDOW: usize = 32 << 10;

/// The member's head: deflate, no name, no time, and 255 for "unknown system", so that it says
/// nothing of the machine.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Compresses what is written to it into `out`.
pub struct Gzip<W: Write> {
    out: W,
    piece: Vec<u8>,
    window: Vec<u8>,
    crc: Crc,
    /// The pieces that are on their way, in order.
    pending: VecDeque<Receiver<io::Result<Vec<u8>>>>,
}

impl<W: Write> Gzip<W> {
    /// Begins a member.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&HEAD)?;
        let piece = Vec::with_capacity(PIECE);
        Ok(Self { out, piece, window: Vec::new(), crc: Crc::new(), pending: VecDeque::new() })
    }

    /// Ends the member.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.submit(FlushCompress::Finish)?;
        while !self.pending.is_empty() {
            self.write_first()?;
        }
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())?;
        Ok(self.out)
    }

    /// Hands the piece over to be compressed, and waits where too many are on their way: what is
    /// in memory is bounded whatever the size of the whole.
    fn submit(&mut self, flush: FlushCompress) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.crc.update(&piece);
        let end = piece[piece.len().saturating_sub(WINDOW)..].to_vec();
        let window = std::mem::replace(&mut self.window, end);
        let (sender, receiver) = mpsc::sync_channel(1);
        rayon::spawn(move || {
            // Nobody waits for the pieces of a tarball that was given up.
            let _ = sender.send(compress(&piece, &window, flush));
        });
        self.pending.push_back(receiver);
        while self.pending.len() > 2 * rayon::current_num_threads() {
            self.write_first()?;
        }
        Ok(())
    }

    fn write_first(&mut self) -> io::Result<()> {
        let Some(first) = self.pending.pop_front() else { return Ok(()) };
        let compressed = first.recv().map_err(io::Error::other)??;
        self.out.write_all(&compressed)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.submit(FlushCompress::Sync)?;
        }
        Ok(taken)
    }

    /// Does nothing: a piece that ends early would make other bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The deflate blocks of one piece.
fn compress(piece: &[u8], window: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
    // A new one each time: after a reset, zlib-rs still finds matches by what it saw before, and so
    // makes other bytes.
    let mut deflate = Compress::new(LEVEL, false);
    if !window.is_empty() {
        deflate.set_dictionary(window)?;
    }
    let mut out = Vec::with_capacity(piece.len() / 3 + 1024);
    let mut rest = piece;
    loop {
        let before = deflate.total_in();
        let status = deflate.compress_vec(rest, &mut out, flush)?;
        let taken = usize::try_from(deflate.total_in() - before).map_err(io::Error::other)?;
        rest = &rest[taken..];
        // A flush is complete when there is room left behind it (zlib's manual, `deflate`).
        let flushed = rest.is_empty() && out.len() < out.capacity();
        match flush {
            FlushCompress::Finish if status == Status::StreamEnd => return Ok(out),
            FlushCompress::Sync if flushed => return Ok(out),
            _ => out.reserve(PIECE / 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn gzip(content: &[u8], step: usize) -> Vec<u8> {
        let mut gzip = Gzip::new(Vec::new()).unwrap();
        for bytes in content.chunks(step) {
            gzip.write_all(bytes).unwrap();
        }
        gzip.finish().unwrap()
    }

    /// Bytes that compress a little, the same each time.
    fn content(length: usize) -> Vec<u8> {
        (0..length as u64).map(|i| (i.wrapping_mul(i) >> 7) as u8 & 0x3f).collect()
    }

    #[test]
    fn one_member_holds_everything_at_any_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 20 * PIECE + 17] {
            let content = content(length);
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
        let (one, other) = (content(5 * PIECE + 99), content(9 * PIECE)[PIECE / 2..].to_vec());
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
    fn what_can_not_be_compressed_grows_little() {
        // A xorshift's output has no pattern that deflate finds.
        let mut state = 88_172_645_463_325_252_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(PIECE / 2)
        .flatten()
        .collect();
        assert!(gzip(&noise, PIECE).len() < noise.len() + noise.len() / 1000);
    }
}
