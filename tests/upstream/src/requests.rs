//! What the server was asked, for tests and benchmarks to look at.

use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// The sort of a request. Protocol version 2 of Git posts to `git-upload-pack` twice a fetch: once
/// for the refs, once for the objects.
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
    /// One project, and whatever the server does not know.
    Other,
}

/// One request as it stood when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The sort of the request.
    pub kind: RequestKind,
    /// `GET`, `POST`, ….
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// The header `User-Agent`, or nothing if it was absent.
    pub user_agent: Option<String>,
    /// The status of the answer; nothing as long as there is none, and for ever after a hangup.
    pub status: Option<u16>,
    /// The bytes of the answer's body that were sent, before chunking and after compression.
    pub bytes: u64,
}

/// The requests since the start or the last [`RequestLog::clear`], in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    request: Request,
    progress: Arc<Progress>,
}

/// The part of an entry that becomes known only while the request is answered.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    status: AtomicU16,
    bytes: AtomicU64,
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
            ..entry.request.clone()
        };
        self.entries().iter().map(look).collect()
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

/// A body that counts its bytes as they leave.
///
/// A frame is counted before it is written, so whoever has read the whole answer finds the whole
/// count.
pub(crate) struct Counted<B> {
    pub(crate) body: B,
    pub(crate) progress: Arc<Progress>,
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
