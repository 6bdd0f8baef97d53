//! The threads that make a tarball: two read members from Git in turns, one packs them.
//!
//! It owns their order, so that members come into the archive as [`Content::members`] lists them, and
//! the bounds on how far the readers may be ahead. It writes to any [`Write`].

use std::{
    io::{self, Write},
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
};

use crate::{
    Error,
    content::{Content, FileReader, Member},
    tarball::{
        archive::{Archive, Entry, Payload, Written},
        large_files::LargeFiles,
        plan::{self, Planned},
        standalone,
        version_files::Subject,
        window::Window,
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

/// How many bytes of the tarball the readers may be ahead of the packer. The batches of small files are below
/// that: it bounds the memory of large ones.
const WINDOW: u64 = 16 << 20;

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
/// [`Error::TooLarge`] for a file or a tarball above its limit, before anything is written; [`Error::Damaged`]
/// where an object is missing or broken. An error of `out` is the inner result: only the caller knows which
/// file it is about.
pub fn write(
    content: &Content,
    members: &[Member<'_>],
    subject: &Subject<'_>,
    large_files: &LargeFiles,
    out: impl Write + Send,
) -> Result<io::Result<Written>, Error> {
    write_within(WINDOW, content, members, subject, large_files, out)
}

/// [`write()`] with readers that are at most `window` bytes ahead.
fn write_within(
    window: u64,
    content: &Content,
    members: &[Member<'_>],
    subject: &Subject<'_>,
    large_files: &LargeFiles,
    out: impl Write + Send,
) -> Result<io::Result<Written>, Error> {
    let planned = plan::plan(content, members, subject.name.as_str())?;
    let turns = || planned.chunks(TURN);
    let window = &Window::new(window);
    let readers = Readers { large_files, window };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        let (second, second_receiver) = mpsc::sync_channel(AHEAD);
        let receivers = [receiver, second_receiver];
        let packer = scope.spawn(move || pack(subject, &receivers, window, out));
        let reader = if planned.len() > TURN {
            let reader = content.reader().reopened()?;
            let turns = turns().skip(1).step_by(2);
            Some(scope.spawn(move || readers.read(&reader, turns, &second)))
        } else {
            // The packer would wait for this sender.
            drop(second);
            None
        };
        let read = readers.read(content.reader(), turns().step_by(2), &sender);
        // The packer ends when there is no sender any more.
        drop(sender);
        let second = reader.map_or(Ok(Ok(())), |reader| reader.join());
        let packed = packer.join();
        read.and(second.map_err(|_| panicked("reading the files"))?)?;
        packed.map_err(|_| panicked("packing"))
    })
}

/// A thread of a tarball has panicked while it was `doing` its part.
fn panicked(doing: &str) -> Error {
    Error::Bug(format!("{doing} of a tarball panicked"))
}

/// What both readers share.
#[derive(Clone, Copy)]
struct Readers<'a> {
    large_files: &'a LargeFiles,
    window: &'a Window,
}

impl Readers<'_> {
    /// Reads members and sends them to the packer.
    fn read<'a>(
        self,
        reader: &FileReader,
        turns: impl Iterator<Item = &'a [Planned<'a>]>,
        sender: &SyncSender<Batch<'a>>,
    ) -> Result<(), Error> {
        for members in turns {
            let mut entries = Vec::with_capacity(members.len());
            let mut bytes = 0;
            for (at, planned) in members.iter().enumerate() {
                let Planned { member, start, end } = *planned;
                if !self.window.has_room(start, end) {
                    let batch = Batch { entries: std::mem::take(&mut entries), ends_turn: false };
                    if sender.send(batch).is_err() {
                        return Ok(());
                    }
                    bytes = 0;
                    self.window.wait(start, end);
                }
                let payload = self.payload(reader, member)?;
                let executable = member.file.is_some_and(|file| file.executable);
                bytes += payload.size();
                entries.push(Entry { path: &member.path, payload, executable, end });
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
    fn payload(self, reader: &FileReader, member: &Member<'_>) -> Result<Payload, Error> {
        let Some(file) = member.file else { return Ok(Payload::Folder) };
        let blob = file.blob();
        if let Some(compressed) = blob.and_then(|blob| self.large_files.get(blob)) {
            return Ok(Payload::Compressed(compressed.clone()));
        }
        let bytes = reader.bytes(file)?;
        Ok(match standalone::method(&bytes) {
            Some(method) => Payload::Standalone(bytes, method, blob),
            None => Payload::Bytes(bytes),
        })
    }
}

/// Packs the members, one turn of each reader after the other. There are two readers because reading
/// takes about as long as compressing: with one, two cores waited for it.
fn pack(
    subject: &Subject<'_>,
    readers: &[Receiver<Batch<'_>>; 2],
    window: &Window,
    out: impl Write,
) -> io::Result<Written> {
    let _close = CloseAtEnd(window);
    let mut archive = Archive::new(subject, out)?;
    let [mut reader, mut other] = readers.each_ref();
    // The turns alternate: if it is the turn of a reader that has no more, the other has no more either.
    while let Ok(Batch { entries, ends_turn }) = reader.recv() {
        for entry in entries {
            let end = entry.end;
            archive.add(entry)?;
            window.advance(end);
        }
        if ends_turn {
            std::mem::swap(&mut reader, &mut other);
        }
    }
    archive.finish()
}

/// Closes the window when the packer ends, with an error or a panic too: readers may be waiting.
struct CloseAtEnd<'a>(&'a Window);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use git2::{Repository, Signature, Time};

    use super::*;
    use crate::tarball::sample_bytes::{compressible, noise};

    /// Fails after this many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes a tarball of files of many sizes.
    fn tarball(window: u64, out: impl Write + Send) -> io::Result<Written> {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let tree = {
            let mut tree = repository.treebuilder(None).unwrap();
            for number in 0..60 {
                let size = [0, 1, 700, 10_000, 70_000, 300_000][number % 6] + number;
                let bytes = if number % 4 == 0 { noise(size) } else { compressible(size) };
                let blob = repository.blob(&bytes).unwrap();
                tree.insert(format!("file{number:02}"), blob, 0o100_644).unwrap();
            }
            repository.find_tree(tree.write().unwrap()).unwrap()
        };
        let who = Signature::new("a", "a@example.org", &Time::new(0, 0)).unwrap();
        let commit = repository.commit(None, &who, &who, "a commit", &tree, &[]).unwrap();
        drop(tree);
        let content =
            Content::read(repository, commit, |_, _| Ok(Err(Default::default()))).unwrap();
        let (members, _) = content.members().unwrap();
        let subject = Subject {
            name: &"Top".parse().unwrap(),
            branch: &"master".parse().unwrap(),
            commit: &commit.to_string().parse().unwrap(),
            committed_at: 0,
            url: "",
        };
        write_within(window, &content, &members, &subject, &LargeFiles::default(), out).unwrap()
    }

    #[test]
    fn the_bytes_are_the_same_however_far_the_readers_may_be_ahead() {
        let whole = tarball(u64::MAX, io::sink()).unwrap();
        for window in [0, 1, 5_000, 400_000] {
            assert_eq!(tarball(window, io::sink()).unwrap().sha256, whole.sha256, "{window}");
        }
    }

    #[test]
    fn readers_that_wait_end_when_the_packer_fails() {
        for window in [0, 400_000] {
            let error = tarball(window, Full(100_000)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{window}");
        }
    }
}
