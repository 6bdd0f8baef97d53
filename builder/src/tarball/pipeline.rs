//! The threads that make a tarball: two read members from Git in turns, one packs them.
//!
//! It owns their order, so that members come into the archive as [`Content::members`] lists them, and
//! the bounds on how far the readers may be ahead. It writes to any [`Write`].

use std::{
    io::{self, Write},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use crate::{
    Error,
    content::{Content, File, FileReader, Member},
    limits::tarball::MAX_CONTENT,
    tarball::{
        archive::{Archive, Entry, Payload, Written},
        large_files::LargeFiles,
        standalone,
        version_files::Subject,
    },
};

/// How many members a reader reads before it is the other reader's turn.
const TURN: usize = 8;

/// A batch ends with this many bytes, or with the turn. Most members are too small to be sent one by
/// one: each time would wake a thread.
const BATCH: u64 = 256 << 10;

/// How many batches each reader may be ahead of the packer. With 2 in place of 6, two cores are 1.8
/// times as fast as one, and not 1.9.
const AHEAD: usize = 6;

/// Members on their way from a reader to the packer.
struct Batch<'a> {
    entries: Vec<Entry<'a>>,
    /// The next batch is the other reader's.
    ends_turn: bool,
}

/// Writes the tarball of `members`, below the folder `subject.name`. Files that are in `large_files`
/// are copied from there; the bytes are the same without it.
///
/// # Errors
/// [`Error::TooLarge`] for more than 4 GiB of content, [`Error::Damaged`] where an object is missing or
/// broken. An error of `out` is the inner result: only the caller knows which file it is about.
pub fn write(
    content: &Content,
    members: &[Member<'_>],
    subject: &Subject<'_>,
    large_files: &LargeFiles,
    out: impl Write + Send,
) -> Result<io::Result<Written>, Error> {
    let turns = || members.chunks(TURN);
    let total = &AtomicU64::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        let (second, second_receiver) = mpsc::sync_channel(AHEAD);
        let receivers = [receiver, second_receiver];
        let packer = scope.spawn(move || pack(subject, &receivers, out));
        let reader = if members.len() > TURN {
            let reader = content.reader().reopened()?;
            let turns = turns().skip(1).step_by(2);
            Some(scope.spawn(move || read(&reader, turns, large_files, total, &second)))
        } else {
            // The packer would wait for this sender.
            drop(second);
            None
        };
        let read = read(content.reader(), turns().step_by(2), large_files, total, &sender);
        // The packer ends when there is no sender any more.
        drop(sender);
        let second = reader.map_or(Ok(Ok(())), |reader| reader.join());
        let packed = packer.join();
        let panicked = |_| Error::Bug("the packing of a tarball panicked".to_owned());
        read.and(second.map_err(panicked)?)?;
        packed.map_err(panicked)
    })
}

/// Reads members and sends them to the packer. `total` counts the bytes of both readers.
fn read<'a>(
    reader: &FileReader,
    turns: impl Iterator<Item = &'a [Member<'a>]>,
    large_files: &LargeFiles,
    total: &AtomicU64,
    sender: &SyncSender<Batch<'a>>,
) -> Result<(), Error> {
    for members in turns {
        let mut entries = Vec::with_capacity(members.len());
        let mut bytes = 0;
        for (at, member) in members.iter().enumerate() {
            let payload = payload(reader, member.file, large_files)?;
            let size = payload.size();
            if total.fetch_add(size, Ordering::Relaxed) + size > MAX_CONTENT {
                return Err(Error::TooLarge {
                    what: "its content".to_owned(),
                    limit: MAX_CONTENT,
                    unit: "bytes",
                });
            }
            let executable = member.file.is_some_and(|file| file.executable);
            entries.push(Entry { path: &member.path, payload, executable });
            bytes += size;
            let ends_turn = at + 1 == members.len();
            if bytes >= BATCH || ends_turn {
                let batch = Batch { entries: std::mem::take(&mut entries), ends_turn };
                if sender.send(batch).is_err() {
                    // The packer has ended early, and returns the reason itself.
                    return Ok(());
                }
                bytes = 0;
            }
        }
    }
    Ok(())
}

/// Reads what a member holds; a member without a file is a folder.
fn payload(
    reader: &FileReader,
    file: Option<&File>,
    large_files: &LargeFiles,
) -> Result<Payload, Error> {
    let Some(file) = file else { return Ok(Payload::Folder) };
    let blob = file.blob();
    if let Some(compressed) = blob.and_then(|blob| large_files.get(blob)) {
        return Ok(Payload::Compressed(compressed.clone()));
    }
    let bytes = reader.bytes(file)?;
    Ok(match standalone::method(&bytes) {
        Some(method) => Payload::Standalone(bytes, method, blob),
        None => Payload::Bytes(bytes),
    })
}

/// Packs the members, one turn of each reader after the other. There are two readers because reading
/// takes about as long as compressing: with one, two cores waited for it.
fn pack(
    subject: &Subject<'_>,
    readers: &[Receiver<Batch<'_>>; 2],
    out: impl Write,
) -> io::Result<Written> {
    let mut archive = Archive::new(subject, out)?;
    let [mut reader, mut other] = readers.each_ref();
    // The turns alternate: if it is the turn of a reader that has no more, the other has no more either.
    while let Ok(Batch { entries, ends_turn }) = reader.recv() {
        for entry in entries {
            archive.add(entry)?;
        }
        if ends_turn {
            std::mem::swap(&mut reader, &mut other);
        }
    }
    archive.finish()
}
