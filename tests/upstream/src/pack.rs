//! Packs made by hand (<https://git-scm.com/docs/gitformat-pack>), so that a server may send what Git itself
//! would not put into one: chains of a thousand deltas, deltas in a circle, sizes that are not true.
//!
//! Nothing is checked. Only the checksum at the end is always right.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use git2::{ObjectType, Oid};
use sha1::{Digest, Sha1};

/// The types of an entry that is a delta.
const OFFSET_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// The header: `PACK`, the version, and the number of entries.
const HEADER: usize = 12;

/// The most bytes that one instruction of a delta copies, and that one inserts.
const MAX_COPY: u64 = 0x00ff_ffff;
const MAX_INSERT: usize = 127;

/// A pack, entry after entry.
#[derive(Debug)]
pub struct Pack {
    bytes: Vec<u8>,
    entries: u32,
}

impl Default for Pack {
    fn default() -> Self {
        Self { bytes: vec![0; HEADER], entries: 0 }
    }
}

impl Pack {
    /// Adds a whole object.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn object(&mut self, kind: ObjectType, bytes: &[u8]) -> io::Result<Oid> {
        self.object_of(bytes.len() as u64, kind, bytes)
    }

    /// Adds a whole object whose header says that it has `size` bytes. Its id is that of an object which has this
    /// header.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn object_of(&mut self, size: u64, kind: ObjectType, bytes: &[u8]) -> io::Result<Oid> {
        let number = match kind {
            ObjectType::Commit => 1,
            ObjectType::Tree => 2,
            ObjectType::Blob => 3,
            ObjectType::Tag => 4,
            // Reserved.
            ObjectType::Any => 5,
        };
        self.entry(number, size, &[], bytes)?;
        let hash = Sha1::new().chain_update(format!("{kind} {size}\0")).chain_update(bytes);
        Oid::from_bytes(&hash.finalize()).map_err(io::Error::other)
    }

    /// Where the next entry begins: what [`delta_from`](Self::delta_from) takes.
    #[must_use]
    pub fn next(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a delta whose base is the entry that begins at `base`.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn delta_from(&mut self, base: usize, delta: &Delta) -> io::Result<()> {
        let mut distance = self.next().wrapping_sub(base);
        let mut reversed = vec![low_bits(distance)];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            reversed.push(0x80 | low_bits(distance));
        }
        reversed.reverse();
        self.entry(OFFSET_DELTA, delta.0.len() as u64, &reversed, &delta.0)
    }

    /// Adds a delta whose base is the object with this id.
    ///
    /// # Errors
    /// It cannot be compressed.
    pub fn delta_of(&mut self, base: Oid, delta: &Delta) -> io::Result<()> {
        self.entry(REF_DELTA, delta.0.len() as u64, base.as_bytes(), &delta.0)
    }

    /// The pack.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let entries = self.entries;
        self.finish_with(entries)
    }

    /// The pack, with a header that says that it has this many entries.
    #[must_use]
    pub fn finish_with(mut self, entries: u32) -> Vec<u8> {
        self.bytes[..4].copy_from_slice(b"PACK");
        self.bytes[4..8].copy_from_slice(&2_u32.to_be_bytes());
        self.bytes[8..HEADER].copy_from_slice(&entries.to_be_bytes());
        let checksum = Sha1::digest(&self.bytes);
        self.bytes.extend_from_slice(&checksum);
        self.bytes
    }

    fn entry(&mut self, kind: u8, size: u64, base: &[u8], bytes: &[u8]) -> io::Result<()> {
        let first = (kind << 4) | (size & 0x0f) as u8;
        let rest = size >> 4;
        if rest == 0 {
            self.bytes.push(first);
        } else {
            self.bytes.push(0x80 | first);
            self.bytes.extend(number(rest));
        }
        self.bytes.extend_from_slice(base);
        let mut encoder = ZlibEncoder::new(&mut self.bytes, Compression::fast());
        encoder.write_all(bytes)?;
        encoder.finish()?;
        self.entries += 1;
        Ok(())
    }
}

/// How an object is put together from another, its base: the sizes of both, and instructions.
#[derive(Debug, Clone)]
pub struct Delta(Vec<u8>);

impl Delta {
    /// A delta that says that its base and its result have these sizes, and has no instruction yet.
    #[must_use]
    pub fn new(base: u64, result: u64) -> Self {
        Self([number(base), number(result)].concat())
    }

    /// Copies bytes of the base.
    #[must_use]
    pub fn copy(mut self, mut start: u32, mut length: u64) -> Self {
        while length > 0 {
            let part = length.min(MAX_COPY);
            // A bit for each byte of the start and of the length that follows: all of them.
            self.0.push(0xff);
            self.0.extend_from_slice(&start.to_le_bytes());
            self.0.extend_from_slice(&part.to_le_bytes()[..3]);
            length -= part;
            start = start.wrapping_add(part as u32);
        }
        self
    }

    /// Inserts these bytes.
    #[must_use]
    pub fn insert(mut self, bytes: &[u8]) -> Self {
        for part in bytes.chunks(MAX_INSERT) {
            self.0.push(low_bits(part.len()));
            self.0.extend_from_slice(part);
        }
        self
    }
}

/// Seven bits for each byte, the lowest first; all but the last have the highest bit set.
fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn low_bits(number: usize) -> u8 {
    (number & 0x7f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Upstream;

    #[test]
    fn git_reads_what_is_packed() {
        let root = tempfile::tempdir().expect("a folder");
        let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
        let mut pack = Pack::default();
        let start = pack.next();
        let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = pack.object(ObjectType::Blob, &text).expect("an object");
        let size = text.len() as u64;
        let first = Delta::new(size, size + 200).copy(0, size).insert(&[7; 200]);
        pack.delta_from(start, &first).expect("a delta");
        let other = pack.object(ObjectType::Tree, b"").expect("an object");
        let second = Delta::new(size, 20_000_006).insert(b"start ");
        let second = (0..125).fold(second, |delta, _| delta.copy(0, size));
        pack.delta_of(whole, &second).expect("a delta");
        // Far from its base, so that the distance takes more than one byte.
        let far = Delta::new(size, 3).copy(300, 3);
        pack.delta_from(start, &far).expect("a delta");

        let odb = repository.git().odb().expect("objects");
        let mut writer = odb.packwriter().expect("a writer");
        writer.write_all(&pack.finish()).expect("a pack");
        writer.commit().expect("the objects");
        for bytes in [
            text.clone(),
            [&text[..], &[7; 200]].concat(),
            [b"start ".as_slice(), &text.repeat(125)].concat(),
            text[300..303].to_vec(),
        ] {
            let id = Oid::hash_object(ObjectType::Blob, &bytes).expect("an id");
            assert_eq!(odb.read(id).expect("the object").data(), bytes);
        }
        assert!(odb.exists(other));
    }
}
