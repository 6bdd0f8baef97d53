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
//!
//! **Large files stand alone**: nothing in them looks back at what is before, and nothing after them
//! looks back at them, so that their compressed bytes are the same in every tarball, and the second
//! branch that has one copies it. Of 1,066 MB in five branches each of 22 real repositories, 46 % are
//! in files that an earlier branch has too, 26 % in such of 64 KiB and more. Where all files stand
//! alone tarballs are 3 % larger, where those of 32 KiB do 1.7 %, those of 64 KiB 0.7 %. What is packed
//! already (fonts, images, films: a tenth of these bytes) is stored as it is.

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

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// 40 % faster than 6, which extdist has, for 0.8 % more bytes.
const LEVEL: Compression = Compression::new(5);

/// The content of a piece. Larger ones make nothing smaller, and smaller tarballs slower.
const PIECE: usize = 256 << 10;

/// How far back deflate looks (RFC 1951).
const WINDOW: usize = 32 << 10;

/// From this size on a file is compressed on its own, so that it is the same bytes in every tarball
/// that has it.
const LARGE: usize = 64 << 10;

/// What is packed already gains nothing from what stands before it, so it stands alone from this
/// size on.
const LARGE_NOISE: usize = 8 << 10;

/// So much of a file says whether it is packed already, in as many parts.
const SAMPLE: usize = 16 << 10;
const SAMPLES: usize = 4;

/// The member's head: deflate, no name, no time, and 255 for "unknown system", so that it says
/// nothing of the machine.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The compressed bytes of a file that stands alone, in a tarball that is finished.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// The tarball.
    pub tarball: Arc<File>,
    /// Where they stand in it.
    pub place: Arc<Place>,
}

/// Where the compressed bytes of a file that stands alone are, and what of them the end of a gzip
/// member needs to know.
#[derive(Debug)]
pub struct Place {
    offset: u64,
    length: u64,
    /// Of the content, with its length.
    crc: Crc,
}

impl Place {
    /// How many bytes the content has; a file that is put on record has less than 4 GiB.
    pub fn content(&self) -> u64 {
        u64::from(self.crc.amount())
    }
}

/// Compresses what is written to it into `out`. `K` names files that stand alone.
pub struct Gzip<W: Write, K> {
    out: W,
    piece: Vec<u8>,
    window: Vec<u8>,
    crc: Crc,
    length: u64,
    /// What is on its way, in order.
    pending: VecDeque<Pending<K>>,
    places: Vec<(K, Place)>,
}

enum Pending<K> {
    /// A piece, and whose first or later one it is.
    Piece(Receiver<io::Result<Compressed>>, Option<Part<K>>),
    Stretch(Stretch),
}

/// A piece of a file that is put on record.
enum Part<K> {
    First(K),
    Later,
}

/// How a file is compressed that stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// As all others are.
    Deflated,
    /// Not at all: it is packed already.
    Stored,
}

struct Compressed {
    bytes: Vec<u8>,
    crc: Crc,
}

impl<W: Write, K> Gzip<W, K> {
    /// Begins a member.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&HEAD)?;
        Ok(Self {
            out,
            piece: Vec::with_capacity(PIECE),
            window: Vec::new(),
            crc: Crc::new(),
            length: HEAD.len() as u64,
            pending: VecDeque::new(),
            places: Vec::new(),
        })
    }

    /// Ends the member; returns where the files stand that stand alone and have a key.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<(W, Vec<(K, Place)>)> {
        self.submit(FlushCompress::Finish)?;
        while !self.pending.is_empty() {
            self.write_first()?;
        }
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())?;
        Ok((self.out, self.places))
    }

    /// Writes a file that [stands alone](stands_alone).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_alone(&mut self, bytes: Vec<u8>, how: Alone, key: Option<K>) -> io::Result<()> {
        self.end_piece()?;
        let bytes = Arc::new(bytes);
        let mut part = key.map(Part::First);
        for start in (0..bytes.len()).step_by(PIECE) {
            let end = bytes.len().min(start + PIECE);
            let bytes = Arc::clone(&bytes);
            let next = part.as_ref().map(|_| Part::Later);
            self.spawn(std::mem::replace(&mut part, next), move || {
                let (level, window) = match how {
                    Alone::Deflated => (LEVEL, &bytes[start.saturating_sub(WINDOW)..start]),
                    Alone::Stored => (Compression::none(), &[][..]),
                };
                compress(&bytes[start..end], level, window, FlushCompress::Sync)
            })?;
        }
        Ok(())
    }

    /// Writes a file that stands alone out of another tarball.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn copy(&mut self, stretch: Stretch) -> io::Result<()> {
        self.end_piece()?;
        self.pending.push_back(Pending::Stretch(stretch));
        self.write_some()
    }

    /// Ends the piece before a file that stands alone. Nothing after it looks back at what is
    /// before, since it would have to read a file again that it only copies.
    fn end_piece(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            self.submit(FlushCompress::Sync)?;
        }
        self.window.clear();
        Ok(())
    }

    /// Hands the piece over to be compressed.
    fn submit(&mut self, flush: FlushCompress) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let end = piece[piece.len().saturating_sub(WINDOW)..].to_vec();
        let window = std::mem::replace(&mut self.window, end);
        self.spawn(None, move || compress(&piece, LEVEL, &window, flush))
    }

    fn spawn(
        &mut self,
        part: Option<Part<K>>,
        compress: impl FnOnce() -> io::Result<Compressed> + Send + 'static,
    ) -> io::Result<()> {
        let (sender, receiver) = mpsc::sync_channel(1);
        rayon::spawn(move || {
            // Nobody waits for the pieces of a tarball that was given up.
            let _ = sender.send(compress());
        });
        self.pending.push_back(Pending::Piece(receiver, part));
        self.write_some()
    }

    /// Waits where too many are on their way: what is in memory is bounded whatever the size of the
    /// whole.
    fn write_some(&mut self) -> io::Result<()> {
        while self.pending.len() > 2 * rayon::current_num_threads() {
            self.write_first()?;
        }
        Ok(())
    }

    fn write_first(&mut self) -> io::Result<()> {
        match self.pending.pop_front() {
            None => Ok(()),
            Some(Pending::Piece(receiver, part)) => {
                let Compressed { bytes, crc } = receiver.recv().map_err(io::Error::other)??;
                let is_on_record = part.is_some();
                if let Some(Part::First(key)) = part {
                    let place = Place { offset: self.length, length: 0, crc: Crc::new() };
                    self.places.push((key, place));
                }
                if is_on_record && let Some((_, place)) = self.places.last_mut() {
                    place.length += bytes.len() as u64;
                    place.crc.combine(&crc);
                }
                self.put(&bytes, &crc)
            }
            Some(Pending::Stretch(Stretch { tarball, place })) => {
                let mut bytes = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
                tarball.read_exact_at(&mut bytes, place.offset)?;
                self.put(&bytes, &place.crc)
            }
        }
    }

    fn put(&mut self, bytes: &[u8], crc: &Crc) -> io::Result<()> {
        self.crc.combine(crc);
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

    /// Does nothing: a piece that ends early would make other bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a file is large enough to be compressed on its own, and how.
pub fn stands_alone(bytes: &[u8]) -> Option<Alone> {
    if bytes.len() >= LARGE_NOISE && is_noise(bytes) {
        Some(Alone::Stored)
    } else {
        (bytes.len() >= LARGE).then_some(Alone::Deflated)
    }
}

/// Whether all 256 bytes are about equally frequent, as in images, fonts and films, which are packed
/// already: the sum of the squares of their numbers is least where they are all the same. With
/// integers, since all machines have to agree.
fn is_noise(bytes: &[u8]) -> bool {
    let step = bytes.len() / SAMPLES;
    let mut counts = [0_u64; 256];
    for part in bytes.chunks_exact(step.max(1)).take(SAMPLES) {
        for byte in part.iter().take(SAMPLE / SAMPLES) {
            counts[usize::from(*byte)] += 1;
        }
    }
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    let length: u64 = counts.iter().sum();
    // Chance alone makes it 256 / length more than the least.
    squares * 256 * 100 <= length * length * 105 + length * 256 * 100
}

/// The deflate blocks of one piece.
fn compress(
    piece: &[u8],
    level: Compression,
    window: &[u8],
    flush: FlushCompress,
) -> io::Result<Compressed> {
    let mut crc = Crc::new();
    crc.update(piece);
    // A new one each time: after a reset, zlib-rs still finds matches by what it saw before, and so
    // makes other bytes.
    let mut deflate = Compress::new(level, false);
    if !window.is_empty() {
        deflate.set_dictionary(window)?;
    }
    let expected = if level == LEVEL { piece.len() / 3 } else { piece.len() };
    let mut out = Vec::with_capacity(expected + 1024);
    let mut rest = piece;
    loop {
        let before = deflate.total_in();
        let status = deflate.compress_vec(rest, &mut out, flush)?;
        let taken = usize::try_from(deflate.total_in() - before).map_err(io::Error::other)?;
        rest = &rest[taken..];
        // A flush is complete when there is room left behind it (zlib's manual, `deflate`).
        let flushed = rest.is_empty() && out.len() < out.capacity();
        match flush {
            FlushCompress::Finish if status == Status::StreamEnd => break,
            FlushCompress::Sync if flushed => break,
            _ => out.reserve(PIECE / 4),
        }
    }
    Ok(Compressed { bytes: out, crc })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn gzip(content: &[u8], step: usize) -> Vec<u8> {
        let mut gzip = Gzip::<_, ()>::new(Vec::new()).unwrap();
        for bytes in content.chunks(step) {
            gzip.write_all(bytes).unwrap();
        }
        gzip.finish().unwrap().0
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

    /// A xorshift's output, which has no pattern that deflate finds.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        std::iter::repeat_with(next).take(length / 8).flatten().collect()
    }

    #[test]
    fn what_stands_alone_is_the_same_bytes_copied_or_compressed() {
        for large in [content(LARGE), content(3 * PIECE + 5), noise(LARGE_NOISE), noise(2 * PIECE)]
        {
            let how = stands_alone(&large).unwrap();
            let mut first = Gzip::new(Vec::new()).unwrap();
            first.write_all(b"before it").unwrap();
            first.write_alone(large.clone(), how, Some("large")).unwrap();
            let (compressed, places) = first.finish().unwrap();
            let Ok([(key, place)]) = <[_; 1]>::try_from(places) else { panic!("one place") };
            assert_eq!((key, place.content()), ("large", large.len() as u64));

            let mut tarball = tempfile::tempfile().unwrap();
            tarball.write_all(&compressed).unwrap();
            let known = Stretch { tarball: Arc::new(tarball), place: Arc::new(place) };
            let other = |known: Option<Stretch>| {
                let mut gzip = Gzip::new(Vec::new()).unwrap();
                gzip.write_all(b"something else before it").unwrap();
                match known {
                    Some(known) => gzip.copy(known).unwrap(),
                    None => gzip.write_alone(large.clone(), how, Some("large")).unwrap(),
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
    fn only_what_is_packed_already_is_stored() {
        for length in [LARGE_NOISE, LARGE_NOISE + 3, 3 * PIECE + 1] {
            assert_eq!(stands_alone(&noise(length)), Some(Alone::Stored), "{length}");
        }
        assert_eq!(stands_alone(&noise(LARGE_NOISE - 1)), None);
        assert_eq!(stands_alone(&content(LARGE)), Some(Alone::Deflated));
        assert_eq!(stands_alone(&content(LARGE - 1)), None);
        // A picture behind a page of text, or before it.
        let (text, picture) = (content(PIECE), noise(PIECE));
        for mixed in [[&text[..], &picture].concat(), [&picture[..], &text].concat()] {
            assert_eq!(stands_alone(&mixed), Some(Alone::Deflated));
        }
        assert_eq!(stands_alone(b""), None);
    }

    #[test]
    fn what_can_not_be_compressed_grows_little() {
        let noise = noise(4 * PIECE);
        assert!(gzip(&noise, PIECE).len() < noise.len() + noise.len() / 1000);
    }
}
