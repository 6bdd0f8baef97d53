//! Tarballs: a branch's content as a reproducible `.tar.gz`.
//!
//! It owns the bytes: each header field is set by hand, times are the commit's, and members come in
//! the order of [`Content::members`], so that one commit gives one tarball on any machine at any
//! time. It writes to anything that can be written to; where the file goes is `publish`'s.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::File,
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use tardist_contract::{BranchName, CommitId, RepoName};

use crate::{
    Error,
    content::{self, BlobId, Content, FileReader, Member},
    tarball::gzip::{self, Alone, Gzip, Place, Stretch},
};

/// How many bytes of content a tarball may have. The largest of Wikimedia's has 180 MB.
const MAX_BYTES: u64 = 4 << 30;

/// What a tarball is made of, besides its content.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The repository's name, and that of the top folder.
    pub name: &'a RepoName,
    /// The branch.
    pub branch: &'a BranchName,
    /// The commit.
    pub commit: &'a CommitId,
    /// When it was committed: Unix seconds.
    pub committed_at: i64,
    /// Where it comes from, as `gitinfo.json` has it: without `.git`.
    pub url: &'a str,
}

/// What came out.
#[derive(Debug)]
pub struct Written {
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256: 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// Where large files stand in it.
    places: Vec<(BlobId, Place)>,
}

/// The large files of the tarballs that were made of a repository in this cycle. Its branches share
/// most of them, and what one has compressed the next one copies: it need not even read them.
#[derive(Debug, Default)]
pub struct Large(HashMap<BlobId, Stretch>);

impl Large {
    /// Takes note of those in a tarball that is in place.
    pub fn add(&mut self, tarball: File, written: Written) {
        let tarball = Arc::new(tarball);
        for (blob, place) in written.places {
            let stretch = Stretch { tarball: Arc::clone(&tarball), place: Arc::new(place) };
            self.0.entry(blob).or_insert(stretch);
        }
    }
}

/// Puts `version` and `gitinfo.json` into the content, in the form that extdist's `nightly.py`
/// writes them, but with the commit's time instead of the clock's. MediaWiki's Special:Version
/// reads `gitinfo.json` (<https://www.mediawiki.org/wiki/Manual:Gitinfo.json>).
pub fn add_version_files(content: &mut Content, subject: &Subject<'_>) {
    let Subject { name, branch, commit, committed_at, url } = subject;
    let time = Timestamp::from_second(*committed_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = time.strftime("%Y-%m-%dT%H:%M:%S");
    let version = format!("{name}: {branch}\n{time}\n\n{}\n", commit.short());
    content.put("version", version.into_bytes());
    // Python's json.dump: a space after each colon and comma, keys in this order.
    let text = |value: String| json!(value).to_string();
    let id = text(format!("{commit}\n"));
    let gitinfo = format!(
        r#"{{"head": {id}, "headSHA1": {id}, "headCommitDate": "{committed_at}", "branch": {id}, "remoteURL": {}}}"#,
        text((*url).to_owned())
    );
    content.put("gitinfo.json", gitinfo.into_bytes());
}

/// Writes the tarball of `members`, below the folder `subject.name`. What is in `large` is copied
/// from there; the bytes are the same as without it.
///
/// # Errors
/// [`Error::TooLarge`] beyond 4 GiB of content, [`Error::Git`] where an object is missing. An error of
/// `out` is the inner result: only the caller knows what file it is about.
pub fn write(
    content: &Content,
    members: &[Member<'_>],
    subject: &Subject<'_>,
    large: &Large,
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
            Some(scope.spawn(move || read(&reader, turns, large, total, &second)))
        } else {
            // The packer waits for it otherwise.
            drop(second);
            None
        };
        let read = read(content.reader(), turns().step_by(2), large, total, &sender);
        // Whoever waits for more from here ends by that.
        drop(sender);
        let second = reader.map_or(Ok(Ok(())), |reader| reader.join());
        let packed = packer.join();
        let panicked = |_| Error::Bug("the packing of a tarball panicked".to_owned());
        read.and(second.map_err(panicked)?)?;
        packed.map_err(panicked)
    })
}

/// Two threads read, in turns of so many members.
const TURN: usize = 8;

/// They hand them over in batches of so many bytes or a turn, what is less: one by one most are too
/// small, each at the price of waking a thread.
const BATCH: u64 = 256 << 10;

/// How many batches each of them may be ahead of the packing. With 2 in place of 6, two cores make
/// 1.8 times what one does, and not 1.9.
const AHEAD: usize = 6;

/// Members on their way from Git to the archive.
struct Batch<'a> {
    entries: Vec<Entry<'a>>,
    /// The next one is the other reader's.
    ends_turn: bool,
}

/// One of them.
struct Entry<'a> {
    path: &'a [u8],
    body: Body,
    executable: bool,
}

/// What a member holds.
enum Body {
    Folder,
    Bytes(Vec<u8>),
    /// A file that is compressed on its own; a blob may come again in another branch.
    Alone(Vec<u8>, Alone, Option<BlobId>),
    /// One that has been.
    Known(Stretch),
}

impl Body {
    fn read(
        reader: &FileReader,
        file: Option<&content::File>,
        large: &Large,
    ) -> Result<Self, Error> {
        let Some(file) = file else { return Ok(Self::Folder) };
        let blob = file.blob();
        if let Some(stretch) = blob.and_then(|blob| large.0.get(&blob)) {
            return Ok(Self::Known(stretch.clone()));
        }
        let bytes = reader.bytes(file)?;
        Ok(match gzip::stands_alone(&bytes) {
            Some(how) => Self::Alone(bytes, how, blob),
            None => Self::Bytes(bytes),
        })
    }

    fn size(&self) -> u64 {
        match self {
            Self::Folder => 0,
            Self::Bytes(bytes) | Self::Alone(bytes, ..) => bytes.len() as u64,
            Self::Known(stretch) => stretch.place.content(),
        }
    }
}

/// Reads members and hands them over.
fn read<'a>(
    reader: &FileReader,
    turns: impl Iterator<Item = &'a [Member<'a>]>,
    large: &Large,
    total: &AtomicU64,
    sender: &SyncSender<Batch<'a>>,
) -> Result<(), Error> {
    for members in turns {
        let mut entries = Vec::with_capacity(members.len());
        let mut bytes = 0;
        for (at, member) in members.iter().enumerate() {
            let body = Body::read(reader, member.file, large)?;
            let size = body.size();
            if total.fetch_add(size, Ordering::Relaxed) + size > MAX_BYTES {
                return Err(Error::TooLarge { limit: MAX_BYTES, unit: "bytes" });
            }
            let executable = member.file.is_some_and(|file| file.executable);
            entries.push(Entry { path: &member.path, body, executable });
            bytes += size;
            let ends_turn = at + 1 == members.len();
            if bytes >= BATCH || ends_turn {
                let batch = Batch { entries: std::mem::take(&mut entries), ends_turn };
                if sender.send(batch).is_err() {
                    // A packer that ended early says itself why.
                    return Ok(());
                }
                bytes = 0;
            }
        }
    }
    Ok(())
}

/// Packs members as they come, the turns of one reader after those of the other. Reading them takes
/// about as long as compressing, and on one thread it was what two cores waited for.
fn pack(
    subject: &Subject<'_>,
    readers: &[Receiver<Batch<'_>>; 2],
    out: impl Write,
) -> io::Result<Written> {
    let gzip = Gzip::new(Measured::new(out))?;
    let mut archive = Archive { tar: tar::Builder::new(gzip), mtime: mtime(subject.committed_at) };
    let [mut reader, mut other] = readers.each_ref();
    // The first one that has no more had the last batch before its turn.
    while let Ok(Batch { entries, ends_turn }) = reader.recv() {
        for entry in entries {
            archive.add(subject.name, entry)?;
        }
        if ends_turn {
            std::mem::swap(&mut reader, &mut other);
        }
    }
    archive.finish()
}

/// Seconds as tar holds them; a commit from before 1970 gets its first second.
fn mtime(committed_at: i64) -> u64 {
    u64::try_from(committed_at).unwrap_or(0)
}

struct Archive<W: Write> {
    tar: tar::Builder<Gzip<Measured<W>, BlobId>>,
    mtime: u64,
}

/// What tar fills up the last block of a file with.
const BLOCK: [u8; 512] = [0; 512];

impl<W: Write> Archive<W> {
    /// Adds a file or a folder.
    fn add(
        &mut self,
        top: &RepoName,
        Entry { path, body, executable }: Entry<'_>,
    ) -> io::Result<()> {
        let is_folder = matches!(body, Body::Folder);
        let mut full = top.as_str().as_bytes().to_vec();
        if !path.is_empty() {
            full.push(b'/');
            full.extend_from_slice(path);
        }
        let mut header = tar::Header::new_gnu();
        header.set_mtime(self.mtime);
        header.set_uid(0);
        header.set_gid(0);
        if is_folder {
            full.push(b'/');
            header.set_entry_type(tar::EntryType::Directory);
        }
        header.set_mode(if is_folder || executable { 0o755 } else { 0o644 });
        header.set_size(body.size());
        let fill = (512 - body.size() % 512) % 512;
        let path = Path::new(OsStr::from_bytes(&full));
        let inline = if let Body::Bytes(bytes) = &body { bytes.as_slice() } else { &[] };
        // Of what does not come in line this writes the header alone.
        self.tar.append_data(&mut header, path, inline)?;
        match body {
            Body::Folder | Body::Bytes(_) => return Ok(()),
            Body::Alone(bytes, how, key) => self.tar.get_mut().write_alone(bytes, how, key)?,
            Body::Known(stretch) => self.tar.get_mut().copy(stretch)?,
        }
        let fill = usize::try_from(fill).unwrap_or_default();
        self.tar.get_mut().write_all(&BLOCK[..fill])
    }

    fn finish(self) -> io::Result<Written> {
        let (mut out, places) = self.tar.into_inner()?.finish()?;
        out.inner.flush()?;
        Ok(Written { size: out.size, sha256: format!("{:x}", out.sha256.finalize()), places })
    }
}

/// Counts and hashes what passes on its way to the file.
struct Measured<W> {
    inner: W,
    size: u64,
    sha256: Sha256,
}

impl<W> Measured<W> {
    fn new(inner: W) -> Self {
        Self { inner, size: 0, sha256: Sha256::new() }
    }
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
