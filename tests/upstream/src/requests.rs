//! The log of requests, which tests and benchmarks read.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use serde::Serialize;

/// The kind of a request. In version 2 of Git's protocol, a fetch sends `git-upload-pack` twice:
/// once for the refs, once for the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// `/r/projects/`.
    ProjectList,
    /// `/r/projects/NAME/branches`.
    Branches,
    /// `/r/NAME/info/refs?service=git-upload-pack`.
    GitInfoRefs,
    /// `/r/NAME/git-upload-pack`.
    GitUploadPack,
    /// `/w/api.php`.
    Wiki,
    /// One project, and everything else.
    Other,
}

/// One request. If it is not answered yet, the numbers are those of the moment when the log was
/// read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The kind of the request.
    pub kind: RequestKind,
    /// `GET`, `POST`, ….
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// The header `User-Agent`; `None` if it is absent.
    pub user_agent: Option<String>,
    /// The status of the answer; `None` until there is one. After a hangup there is never one.
    pub status: Option<u16>,
    /// The bytes of the body that were sent: after compression, without the framing of chunks.
    pub bytes: u64,
    /// The number of Git objects in the answer, by the headers of its packs.
    pub objects: u64,
}

impl RequestKind {
    /// Its key in [`Stats`].
    fn as_str(self) -> &'static str {
        match self {
            Self::ProjectList => "rest_projects",
            Self::Branches => "rest_branches",
            Self::GitInfoRefs => "git_info_refs",
            Self::GitUploadPack => "git_upload_pack",
            Self::Wiki => "mw_api",
            Self::Other => "other",
        }
    }
}

/// The answer of `/__stats`: how many requests came, and how much was sent.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Stats {
    #[serde(flatten)]
    total: Sums,
    kinds: BTreeMap<&'static str, Sums>,
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Sums {
    requests: u64,
    bytes_sent: u64,
    git_objects: u64,
}

impl Sums {
    fn add(&mut self, request: &Request) {
        self.requests += 1;
        self.bytes_sent += request.bytes;
        self.git_objects += request.objects;
    }
}

/// The requests since the start or the last [`RequestLog::clear`], in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    request: Request,
    progress: Arc<Progress>,
}

/// The part of an entry that changes while the request is answered.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    status: AtomicU16,
    bytes: AtomicU64,
    objects: AtomicU64,
}

impl RequestLog {
    pub(crate) fn arrived(&self, request: Request) -> Arc<Progress> {
        let progress = Arc::<Progress>::default();
        self.entries().push(Entry { request, progress: Arc::clone(&progress) });
        progress
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        let look = |entry: &Entry| Request {
            status: Some(entry.progress.status.load(Ordering::SeqCst)).filter(|code| *code != 0),
            bytes: entry.progress.bytes.load(Ordering::SeqCst),
            objects: entry.progress.objects.load(Ordering::SeqCst),
            ..entry.request.clone()
        };
        self.entries().iter().map(look).collect()
    }

    /// The sums of the requests by kind. Unfinished requests count with what was sent so far.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for request in self.requests() {
            stats.total.add(&request);
            stats.kinds.entry(request.kind.as_str()).or_default().add(&request);
        }
        stats
    }

    pub(crate) fn clear(&self) {
        self.entries().clear();
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    pub(crate) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

/// A body that counts the bytes that are sent.
///
/// A frame is counted before it is written. So a client that has read the whole answer finds all of
/// it counted.
pub(crate) struct Counted<B> {
    body: B,
    progress: Arc<Progress>,
    /// `None` if the answer cannot have packs.
    packs: Option<PackHeaders>,
}

impl<B> Counted<B> {
    /// Counts the bytes of `body`, and the objects of packs in it if it may have any.
    pub(crate) fn new(body: B, progress: Arc<Progress>, has_packs: bool) -> Self {
        Self { body, progress, packs: has_packs.then(PackHeaders::default) }
    }
}

/// Finds the headers of packs in a stream: `PACK`, the version, and the number of objects
/// (gitformat-pack). The compressed content of a pack hardly ever has the same bytes by chance.
#[derive(Debug, Default)]
struct PackHeaders {
    /// The last bytes that were seen: one byte less than a header has.
    end: Vec<u8>,
}

impl PackHeaders {
    const START: &[u8] = b"PACK\0\0\0\x02";
    const LENGTH: usize = 12;

    /// Reads the next part of the stream. Returns the number of objects by the headers that end in
    /// it.
    fn objects(&mut self, part: &[u8]) -> u64 {
        self.end.extend_from_slice(&part[..part.len().min(Self::LENGTH - 1)]);
        // Headers that began in an earlier part, and headers that are wholly in this one.
        let objects = Self::sum(&self.end) + Self::sum(part);
        if part.len() >= Self::LENGTH - 1 {
            self.end = part[part.len() - (Self::LENGTH - 1)..].to_vec();
        } else if self.end.len() > Self::LENGTH - 1 {
            self.end.drain(..self.end.len() - (Self::LENGTH - 1));
        }
        objects
    }

    fn sum(bytes: &[u8]) -> u64 {
        let headers = bytes.windows(Self::LENGTH).filter(|header| header.starts_with(Self::START));
        headers.map(|it| u64::from(u32::from_be_bytes([it[8], it[9], it[10], it[11]]))).sum()
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Counted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.progress.bytes.fetch_add(data.len() as u64, Ordering::SeqCst);
            if let Some(packs) = &mut self.packs {
                let objects = packs.objects(data);
                self.progress.objects.fetch_add(objects, Ordering::SeqCst);
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_pack_is_found_wherever_the_stream_is_cut() {
        let stream = b"0008NAK\n1005\x01PACK\0\0\0\x02\0\0\x01\x07x\x9c rest of it";
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let mut packs = PackHeaders::default();
                let parts = [&stream[..first], &stream[first..second], &stream[second..]];
                let objects: u64 = parts.iter().map(|part| packs.objects(part)).sum();
                assert_eq!(objects, 263, "cut at {first} and {second}");
            }
        }
        assert_eq!(PackHeaders::default().objects(b"0000PACK"), 0);
    }
}
