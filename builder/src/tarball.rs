//! Tarballs: a branch's content as a reproducible `.tar.gz`.
//!
//! It owns the bytes: each header field is set by hand, times are the commit's, and members come in
//! the order of [`Content::members`], so that one commit gives one tarball on any machine at any
//! time. It writes to anything that can be written to; where the file goes is `publish`'s.

use std::{
    ffi::OsStr,
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::mpsc::{self, Receiver},
    thread,
};

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use tardist_catalog::{BranchName, CommitId, RepoName};

use crate::{
    Error,
    content::{Content, Member},
    gzip::Gzip,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256: 64 lowercase hexadecimal digits.
    pub sha256: String,
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

/// Writes the tarball of `members`, below the folder `subject.name`.
///
/// # Errors
/// [`Error::TooLarge`] beyond 4 GiB of content, [`Error::Git`] where an object is missing. An error of
/// `out` is the inner result: only the caller knows what file it is about.
pub fn write(
    content: &Content,
    members: &[Member<'_>],
    subject: &Subject<'_>,
    out: impl Write + Send,
) -> Result<io::Result<Written>, Error> {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        let packer = scope.spawn(move || pack(subject, receiver, out));
        let mut total = 0;
        for member in members {
            let bytes = member.file.map(|file| content.bytes(file)).transpose()?;
            total += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
            if total > MAX_BYTES {
                return Err(Error::TooLarge { limit: MAX_BYTES, unit: "bytes" });
            }
            let executable = member.file.is_some_and(|file| file.executable);
            let entry = Entry { path: &member.path, bytes, executable };
            // A packer that ended early says why below.
            if sender.send(entry).is_err() {
                break;
            }
        }
        drop(sender);
        packer.join().map_err(|_| Error::Bug("the packing of a tarball panicked".to_owned()))
    })
}

/// How many members may be read before they are packed.
const AHEAD: usize = 16;

/// One member on its way from Git to the archive.
struct Entry<'a> {
    path: &'a [u8],
    bytes: Option<Vec<u8>>,
    executable: bool,
}

/// Packs members as they come. Reading them takes about as long as everything that comes after it
/// but the compressing, so the two go on at the same time.
fn pack(
    subject: &Subject<'_>,
    entries: Receiver<Entry<'_>>,
    out: impl Write,
) -> io::Result<Written> {
    let gzip = Gzip::new(Measured::new(out))?;
    let mut archive = Archive { tar: tar::Builder::new(gzip), mtime: mtime(subject.committed_at) };
    for Entry { path, bytes, executable } in entries {
        archive.add(subject.name, path, bytes.as_deref(), executable)?;
    }
    archive.finish()
}

/// Seconds as tar holds them; a commit from before 1970 gets its first second.
fn mtime(committed_at: i64) -> u64 {
    u64::try_from(committed_at).unwrap_or(0)
}

struct Archive<W: Write> {
    tar: tar::Builder<Gzip<Measured<W>>>,
    mtime: u64,
}

impl<W: Write> Archive<W> {
    /// Adds a file, or a folder where there are no bytes.
    fn add(
        &mut self,
        top: &RepoName,
        path: &[u8],
        bytes: Option<&[u8]>,
        executable: bool,
    ) -> io::Result<()> {
        let mut full = top.as_str().as_bytes().to_vec();
        if !path.is_empty() {
            full.push(b'/');
            full.extend_from_slice(path);
        }
        let mut header = tar::Header::new_gnu();
        header.set_mtime(self.mtime);
        header.set_uid(0);
        header.set_gid(0);
        if bytes.is_none() {
            full.push(b'/');
            header.set_entry_type(tar::EntryType::Directory);
        }
        header.set_mode(if bytes.is_none() || executable { 0o755 } else { 0o644 });
        let bytes = bytes.unwrap_or_default();
        header.set_size(bytes.len() as u64);
        self.tar.append_data(&mut header, Path::new(OsStr::from_bytes(&full)), bytes)
    }

    fn finish(self) -> io::Result<Written> {
        let mut out = self.tar.into_inner()?.finish()?;
        out.inner.flush()?;
        Ok(Written { size: out.size, sha256: format!("{:x}", out.sha256.finalize()) })
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
