//! `/dist/KIND/FILE`: the tarball itself, as the fallback where no web server is in front.
//!
//! It answers from the folder and not from the snapshot, since a tarball that is no longer named
//! can still be had during its grace period; like the web server that it stands in for, it makes
//! entity tags from time and size, in nginx's form.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read},
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{StatusCode, header};
use http_body::Frame;

use crate::{
    ApiError,
    list::known_kind,
    response::{Body, Response, http_date},
};

/// How much of a file is held at once.
const CHUNK: usize = 256 << 10;

/// Answers with a tarball below `folder`, the one that `spin.toml` mounts.
///
/// # Errors
/// 404 for an unknown kind and for a file that is not there or is no tarball.
pub fn get(folder: &Path, kind: &str, file: &str) -> Result<Response, ApiError> {
    let kind = known_kind(kind)?;
    let missing = || ApiError::NotFound("there is no such tarball".to_owned());
    if !is_tarball_name(file) {
        return Err(missing());
    }
    let path = folder.join(kind.as_str()).join(file);
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let (file, metadata) = match opened {
        Ok((file, metadata)) if metadata.is_file() => (file, metadata),
        Ok(_) => return Err(missing()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
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
    response.body = Body::File(FileBody { file, left: size });
    Ok(response)
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
            Self::Bytes(bytes) => Some(std::mem::take(bytes)),
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
        let status = |kind: &str, file: &str| match get(dir.path(), kind, file) {
            Ok(response) => response.status.as_u16(),
            Err(error) => error.status().as_u16(),
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
}
