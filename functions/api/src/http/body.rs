//! Bodies of responses: bytes in memory, or a file that is read while it is sent.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// How many bytes are sent at once, and how many of a file are in memory at once. The runtime copies
/// each piece: for a body of 5 MB, pieces that stay in the processor's cache take a third of the time
/// that one piece takes.
pub(crate) const CHUNK: usize = 256 << 10;

/// A body.
#[derive(Debug)]
pub enum Body {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file, or a part of it.
    File(FileBody),
}

impl Body {
    /// How many bytes are still to be sent.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.left,
        }
    }

    /// True where no bytes are left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A file as a body.
#[derive(Debug)]
pub struct FileBody {
    file: File,
    left: u64,
}

impl FileBody {
    /// The first `size` bytes of a file that was just opened.
    pub fn new(file: File, size: u64) -> Self {
        Self { file, left: size }
    }

    /// Keeps only these bytes of the file. To be called before anything is read.
    ///
    /// # Errors
    /// Fails where the file cannot be read from another place than its beginning.
    pub fn narrow(&mut self, range: &Range<u64>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(range.start))?;
        self.left = range.end - range.start;
        Ok(())
    }

    /// The next piece, or `None` at the end. Where the file cannot be read to its end, the body stays
    /// shorter than `Content-Length` says: so HTTP tells a client that something is missing.
    fn next(&mut self) -> Option<Bytes> {
        let mut chunk = vec![0; CHUNK.min(usize::try_from(self.left).unwrap_or(CHUNK))];
        let read = if chunk.is_empty() { 0 } else { self.file.read(&mut chunk).unwrap_or(0) };
        chunk.truncate(read);
        self.left = if read == 0 { 0 } else { self.left - read as u64 };
        (read > 0).then(|| chunk.into())
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut *self {
            Self::Bytes(bytes) if bytes.is_empty() => None,
            Self::Bytes(bytes) => Some(bytes.split_to(bytes.len().min(CHUNK))),
            Self::File(file) => file.next(),
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::task::Waker;

    use super::*;

    /// The pieces in which a body is sent.
    pub(crate) fn pieces(body: &mut Body) -> Vec<Bytes> {
        let mut context = Context::from_waker(Waker::noop());
        let mut pieces = Vec::new();
        while let Poll::Ready(Some(frame)) =
            http_body::Body::poll_frame(Pin::new(&mut *body), &mut context)
        {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        pieces
    }

    #[test]
    fn a_large_body_is_sent_in_pieces_and_whole() {
        let bytes: Vec<u8> = (0..2 * CHUNK + 5).map(|index| (index % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &bytes).unwrap();
        file.rewind().unwrap();
        let file = FileBody::new(file, bytes.len() as u64);
        for mut body in [Body::Bytes(bytes.clone().into()), Body::File(file)] {
            assert_eq!(body.len(), bytes.len() as u64);
            let pieces = pieces(&mut body);
            assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK, CHUNK, 5]);
            assert!(pieces.concat() == bytes && http_body::Body::is_end_stream(&body));
        }
    }

    #[test]
    fn a_file_that_is_shorter_than_promised_ends_the_body() {
        let mut body = Body::File(FileBody::new(tempfile::tempfile().unwrap(), 10));
        assert!(pieces(&mut body).is_empty());
    }

    #[test]
    fn a_body_says_what_is_left_of_it() {
        let bytes = vec![7; 2 * CHUNK + 5];
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &bytes).unwrap();
        file.rewind().unwrap();
        let mut body = Body::File(FileBody::new(file, bytes.len() as u64));
        let mut context = Context::from_waker(Waker::noop());
        let mut sent = 0;
        for length in [CHUNK, CHUNK, 5] {
            assert_eq!(body.len(), (bytes.len() - sent) as u64);
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(body.len()));
            assert!(!body.is_empty() && !http_body::Body::is_end_stream(&body));
            let frame = http_body::Body::poll_frame(Pin::new(&mut body), &mut context);
            let Poll::Ready(Some(Ok(frame))) = frame else { panic!("{frame:?}") };
            assert_eq!(frame.into_data().unwrap().len(), length);
            sent += length;
        }
        assert!(body.is_empty() && http_body::Body::is_end_stream(&body));
    }

    #[test]
    fn a_file_that_became_shorter_ends_the_body_short_of_its_length() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"abc").unwrap();
        file.rewind().unwrap();
        let mut body = Body::File(FileBody::new(file, 10));
        assert_eq!(pieces(&mut body), [&b"abc"[..]]);
        assert_eq!(body.len(), 0);
    }
}
