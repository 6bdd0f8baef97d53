//! `/dist/KIND/FILE`: the tarball itself, as the fallback where no web server is in front.
//!
//! It answers from the folder and not from the snapshot, since a tarball that is no longer named
//! can still be had during its grace period; like the web server that it stands in for, it makes
//! entity tags from time and size, in nginx's form.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body::Frame;

use crate::{
    ApiError,
    conditional::{is_fresh, is_same},
    list::known_kind,
    request::Request,
    response::{Body, Response, http_date},
};

/// How much of a file is held at once, and how much of any body is sent at once: the runtime copies
/// each piece, and one that stays in the processor's cache costs a third of the whole of 5 MB.
const CHUNK: usize = 256 << 10;

/// Answers with a tarball below `folder`, the one that `spin.toml` mounts, or with the one part of it
/// that `Range` asks for.
///
/// # Errors
/// 404 for an unknown kind and for a file that is not there or is no tarball, 416 for a part that is
/// not there.
pub fn get(request: &Request, folder: &Path, kind: &str, file: &str) -> Result<Response, ApiError> {
    let kind = known_kind(kind)?;
    let missing = || ApiError::NotFound("there is no such tarball".to_owned());
    if !is_tarball_name(file) {
        return Err(missing());
    }
    let path = folder.join(kind.as_str()).join(file);
    let opened = File::open(&path).and_then(|file| file.metadata().map(|meta| (file, meta)));
    let (file, metadata) = match opened {
        Ok((file, metadata)) if metadata.is_file() => (file, metadata),
        Ok(_) => return Err(missing()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        // The builder makes no links. The runtime refuses one that leads out of the folder.
        Err(_) if path.ancestors().take(2).any(Path::is_symlink) => return Err(missing()),
        Err(error) => {
            eprintln!("a tarball can't be read: {error}");
            return Err(ApiError::Internal);
        }
    };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |since| since.as_secs());
    let size = metadata.len();
    let mut response = Response::new(StatusCode::OK, Bytes::new());
    response.set(header::CONTENT_TYPE, "application/gzip");
    response.set(header::ETAG, &format!("\"{modified:x}-{size:x}\""));
    response.set(header::LAST_MODIFIED, &http_date(i64::try_from(modified).unwrap_or(0)));
    // The commit is in the name, and a commit has one tarball.
    response.set(header::CACHE_CONTROL, "public, max-age=86400, immutable");
    response.set(header::ACCEPT_RANGES, "bytes");
    response.body = Body::File(FileBody { file, left: size });
    part(request, size, response)
}

/// The part of a tarball that the request asks for; all of it where it asks for none, for several, or
/// for one that is to be joined to something else than this.
fn part(request: &Request, size: u64, mut response: Response) -> Result<Response, ApiError> {
    let headers = &request.headers;
    let whole = request.method != Method::GET
        || is_fresh(headers, &response.headers)
        || !is_same(headers, &response.headers);
    let range = if whole { None } else { range(headers, size) };
    let Some(range) = range else { return Ok(response) };
    let range = range.ok_or(ApiError::RangeNotSatisfiable { size })?;
    if let Body::File(body) = &mut response.body {
        body.narrow(&range).map_err(|error| {
            eprintln!("a tarball can't be read: {error}");
            ApiError::Internal
        })?;
    }
    response.status = StatusCode::PARTIAL_CONTENT;
    let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    response.set(header::CONTENT_RANGE, &value);
    Ok(response)
}

/// The one range of `Range` (RFC 9110, 14.1.2) within `size` bytes, `Some(None)` where nothing of it is
/// there, and `None` where the header is absent, malformed, or asks for several: to answer those with
/// the whole is allowed, and nobody asks for several parts of a tarball.
fn range(headers: &HeaderMap, size: u64) -> Option<Option<Range<u64>>> {
    let mut values = headers.get_all(header::RANGE).into_iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (unit, range) = value.to_str().ok()?.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    // More digits than a file has bytes are still a number.
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (first, last) {
        ("", last) => size.saturating_sub(number(last)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(Some(range).filter(|range| !range.is_empty()))
}

/// True for names that the builder gives, which can't lead anywhere else.
fn is_tarball_name(file: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+~".contains(&byte);
    // No file system has longer names; to ask for one is an error of its own there.
    let fits = file.len() <= 255;
    fits && file.ends_with(".tar.gz") && !file.starts_with('.') && file.bytes().all(plain)
}

/// A file as a body, read in pieces while it is sent.
#[derive(Debug)]
pub struct FileBody {
    file: File,
    left: u64,
}

impl FileBody {
    /// How many bytes are still to come.
    pub fn len(&self) -> u64 {
        self.left
    }

    /// True where nothing is left.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Leaves of a file that nothing was read of yet only this range.
    fn narrow(&mut self, range: &Range<u64>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(range.start))?;
        self.left = range.end - range.start;
        Ok(())
    }

    /// The next piece, or `None` at the end. A file that can't be read on ends short of its
    /// `Content-Length`, which is how HTTP tells a client that something is missing.
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

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tarballs_of_the_folder_are_served() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("skins/folder.tar.gz")).unwrap();
        std::fs::write(dir.path().join("skins/A-master-1234567.tar.gz"), b"abc").unwrap();
        std::fs::write(dir.path().join("secret.tar.gz"), b"no").unwrap();
        let status = |kind: &str, file: &str| {
            get_part(dir.path(), kind, file, &[])
                .map_or_else(|status| status, |(status, ..)| status)
        };
        assert_eq!(status("skins", "A-master-1234567.tar.gz"), 200);
        for file in [
            "B-master-1234567.tar.gz",
            "../secret.tar.gz",
            "..",
            "",
            "folder.tar.gz",
            "x\0.tar.gz",
            ".unfinished-1.tar.gz",
            "A-master-1234567.tar.gz/",
            "C:\\x.tar.gz",
            &format!("{}.tar.gz", "x".repeat(10_000)),
        ] {
            assert_eq!(status("skins", file), 404, "{file}");
        }
        assert_eq!(status("..", "secret.tar.gz"), 404);
    }

    /// Status, `Content-Range` and body; a problem's status as the error.
    fn get_part(
        folder: &Path,
        kind: &str,
        file: &str,
        headers: &[(header::HeaderName, &str)],
    ) -> Result<(u16, String, Vec<u8>), u16> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let uri = "/".parse().unwrap();
        let request = Request::new(Method::GET, &uri, headers.collect()).unwrap();
        let response =
            get(&request, folder, kind, file).map_err(|error| error.status().as_u16())?;
        let range = response.headers.get(header::CONTENT_RANGE);
        let range = range.map_or("", |value| value.to_str().unwrap()).to_owned();
        let Body::File(mut body) = response.body else { panic!("no file") };
        let bytes = std::iter::from_fn(|| body.next()).flatten().collect();
        Ok((response.status.as_u16(), range, bytes))
    }

    #[test]
    fn one_range_is_answered_with_that_part() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        std::fs::write(dir.path().join("skins/A.tar.gz"), b"0123456789").unwrap();
        let get =
            |range: &str| get_part(dir.path(), "skins", "A.tar.gz", &[(header::RANGE, range)]);
        for (asked, range, part) in [
            ("bytes=0-0", "bytes 0-0/10", "0"),
            ("bytes=2-4", "bytes 2-4/10", "234"),
            ("bytes=7-", "bytes 7-9/10", "789"),
            ("bytes=7-99999999999999999999999", "bytes 7-9/10", "789"),
            ("bytes=-3", "bytes 7-9/10", "789"),
            ("bytes=-99", "bytes 0-9/10", "0123456789"),
            ("Bytes= 9-9 ", "bytes 9-9/10", "9"),
        ] {
            let expected = (206, range.to_owned(), part.as_bytes().to_vec());
            assert_eq!(get(asked), Ok(expected), "{asked}");
        }
        for asked in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(get(asked), Err(416), "{asked}");
        }
        for asked in [
            "bytes=0-1,3-4",
            "bytes=4-2",
            "bytes=a-b",
            "bytes=-",
            "bytes=",
            "lines=1-2",
            "bytes",
            "",
        ] {
            let expected = (200, String::new(), b"0123456789".to_vec());
            assert_eq!(get(asked), Ok(expected), "{asked}");
        }
    }

    #[test]
    fn a_large_body_goes_out_in_pieces_and_whole() {
        let bytes: Vec<u8> = (0..2 * CHUNK + 5).map(|index| (index % 251) as u8).collect();
        let mut body = Body::Bytes(bytes.clone().into());
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut pieces = Vec::new();
        while let Poll::Ready(Some(frame)) =
            http_body::Body::poll_frame(Pin::new(&mut body), &mut context)
        {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK, CHUNK, 5]);
        assert!(pieces.concat() == bytes && http_body::Body::is_end_stream(&body));
    }

    /// A folder with one tarball of more than two pieces, and its bytes.
    fn large() -> (tempfile::TempDir, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        let bytes: Vec<u8> = (0..2 * CHUNK + 5).map(|index| (index % 251) as u8).collect();
        std::fs::write(dir.path().join("skins/A.tar.gz"), &bytes).unwrap();
        (dir, bytes)
    }

    #[test]
    fn a_large_tarball_is_sent_whole_and_in_parts() {
        let (dir, bytes) = large();
        let size = bytes.len();
        let get = |headers: &[(header::HeaderName, &str)]| {
            get_part(dir.path(), "skins", "A.tar.gz", headers)
        };
        let (status, range, body) = get(&[]).unwrap();
        assert_eq!((status, range.as_str(), body.len()), (200, "", size));
        assert!(body == bytes);
        for part in [
            0..CHUNK,
            0..CHUNK + 1,
            1..CHUNK + 1,
            5..2 * CHUNK + 1,
            CHUNK..size,
            CHUNK + 1..size,
            2 * CHUNK..size,
            size - 1..size,
            0..size,
        ] {
            let (start, last) = (part.start, part.end - 1);
            let (status, range, body) =
                get(&[(header::RANGE, &format!("bytes={start}-{last}"))]).unwrap();
            assert_eq!((status, range), (206, format!("bytes {start}-{last}/{size}")));
            assert!(body == bytes[part], "{start}-{last}");
        }
        let (_, range, body) = get(&[(header::RANGE, &format!("bytes=-{}", CHUNK + 1))]).unwrap();
        assert_eq!(range, format!("bytes {}-{}/{size}", size - CHUNK - 1, size - 1));
        assert!(body == bytes[size - CHUNK - 1..]);
    }

    #[test]
    fn a_large_tarball_goes_out_in_pieces_and_says_what_is_left() {
        let (dir, bytes) = large();
        let request = Request::new(Method::GET, &"/".parse().unwrap(), HeaderMap::new()).unwrap();
        let mut body = get(&request, dir.path(), "skins", "A.tar.gz").unwrap().body;
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut sent = 0;
        for length in [CHUNK, CHUNK, 5] {
            assert_eq!(body.len(), (bytes.len() - sent) as u64);
            assert_eq!(http_body::Body::size_hint(&body).exact(), Some(body.len()));
            assert!(!body.is_empty() && !http_body::Body::is_end_stream(&body));
            let frame = http_body::Body::poll_frame(Pin::new(&mut body), &mut context);
            let Poll::Ready(Some(Ok(frame))) = frame else { panic!("{frame:?}") };
            let piece = frame.into_data().unwrap();
            assert_eq!(piece.len(), length);
            assert!(piece == bytes[sent..sent + length]);
            sent += length;
        }
        assert!(body.is_empty() && http_body::Body::is_end_stream(&body));
        let end = http_body::Body::poll_frame(Pin::new(&mut body), &mut context);
        assert!(matches!(end, Poll::Ready(None)));
    }

    #[test]
    fn a_file_that_became_shorter_ends_short_of_its_length() {
        let (dir, bytes) = large();
        let request = Request::new(Method::GET, &"/".parse().unwrap(), HeaderMap::new()).unwrap();
        let response = get(&request, dir.path(), "skins", "A.tar.gz").unwrap();
        std::fs::write(dir.path().join("skins/A.tar.gz"), &bytes[..3]).unwrap();
        let Body::File(mut body) = response.body else { panic!("no file") };
        assert_eq!(body.next().unwrap(), bytes[..3]);
        assert_eq!((body.next(), body.len()), (None, 0));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_no_tarball_and_another_failure_is_no_404() {
        let dir = tempfile::tempdir().unwrap();
        let link = |to: &str, at: &str| {
            std::os::unix::fs::symlink(to, dir.path().join(at)).unwrap();
        };
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        link("A.tar.gz", "skins/A.tar.gz");
        assert_eq!(get_part(dir.path(), "skins", "A.tar.gz", &[]), Err(404), "a file's loop");
        link("extensions", "extensions");
        assert_eq!(
            get_part(dir.path(), "extensions", "A.tar.gz", &[]),
            Err(404),
            "a folder's loop"
        );
        let broken = tempfile::tempdir().unwrap();
        std::fs::write(broken.path().join("skins"), b"a file in place of a folder").unwrap();
        assert_eq!(get_part(broken.path(), "skins", "A.tar.gz", &[]), Err(500));
    }

    #[test]
    fn a_name_has_the_length_that_a_file_can_have() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        let longest = "x".repeat(248) + ".tar.gz";
        std::fs::write(dir.path().join("skins").join(&longest), b"abc").unwrap();
        assert!(get_part(dir.path(), "skins", &longest, &[]).is_ok());
        assert_eq!(get_part(dir.path(), "skins", &format!("x{longest}"), &[]), Err(404));
    }

    #[test]
    fn a_part_is_sent_only_where_a_whole_answer_would_be_and_of_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        let path = dir.path().join("skins/A.tar.gz");
        std::fs::write(&path, b"0123456789").unwrap();
        let at = UNIX_EPOCH + std::time::Duration::from_secs(1_786_008_600);
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        let ask = |method: Method, more: &[(header::HeaderName, &str)]| {
            let range = [(header::RANGE, "bytes=2-4")];
            let pairs = range.iter().chain(more);
            let headers = pairs.map(|(name, value)| (name.clone(), value.parse().unwrap()));
            let request = Request::new(method, &"/".parse().unwrap(), headers.collect()).unwrap();
            get(&request, dir.path(), "skins", "A.tar.gz").unwrap()
        };
        let tag = "\"6a745418-a\"";
        let answer = ask(Method::GET, &[]);
        assert_eq!(answer.headers[header::ETAG], tag);
        assert_eq!(answer.headers[header::LAST_MODIFIED], "Thu, 06 Aug 2026 09:30:00 GMT");
        for (method, header, status) in [
            (Method::GET, (header::IF_RANGE, tag), 206),
            (Method::GET, (header::IF_RANGE, "\"other\""), 200),
            (Method::GET, (header::IF_NONE_MATCH, "\"other\""), 206),
            (Method::GET, (header::IF_NONE_MATCH, tag), 200), // and then a 304
            (Method::HEAD, (header::IF_RANGE, tag), 200),
        ] {
            let shown = format!("{method} {header:?}");
            assert_eq!(ask(method, &[header]).status.as_u16(), status, "{shown}");
        }
    }
}
