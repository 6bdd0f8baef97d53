//! `/dist/KIND/FILE`: the tarball itself, for sites without a web server in front.
//!
//! It answers from the folder and not from the snapshot: a tarball that the snapshot no longer names can
//! be fetched until its grace period ends. Like the web server that it replaces, it makes entity tags
//! from time and size, in the form of nginx.

use std::{
    fs::{File, Metadata},
    io,
    path::Path,
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{StatusCode, header};
use tardist_contract::{Kind, TarballName};

use crate::http::{
    body::{Body, FileBody},
    date::http_date,
    problem::ApiError,
    range,
    request::Request,
    response::Response,
};

/// Answers with a tarball from `folder`, which `spin.toml` mounts, or with the part of it that `Range`
/// asks for.
///
/// # Errors
/// 404 for a tarball that is not there, 416 for a part that is not in it, 500 where it cannot be read.
pub fn get(
    request: &Request,
    folder: &Path,
    kind: Kind,
    name: &TarballName,
) -> Result<Response, ApiError> {
    let (file, metadata) = open(&folder.join(kind.as_str()).join(name.as_str()))?;
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |since| since.as_secs());
    let size = metadata.len();
    let mut response = Response::new(StatusCode::OK, Bytes::new());
    response.set(header::CONTENT_TYPE, "application/gzip");
    response.set(header::ETAG, &format!("\"{modified:x}-{size:x}\""));
    response.set(header::LAST_MODIFIED, &http_date(i64::try_from(modified).unwrap_or(0)));
    // The commit is in the name, and the tarball of a commit never changes.
    response.set(header::CACHE_CONTROL, "public, max-age=86400, immutable");
    response.set(header::ACCEPT_RANGES, "bytes");
    response.body = Body::File(FileBody::new(file, size));
    range::apply(request, response)
}

/// Opens a tarball: a file, and no link that leads out of the folder.
fn open(path: &Path) -> Result<(File, Metadata), ApiError> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|meta| (file, meta)));
    match opened {
        Ok((file, metadata)) if metadata.is_file() => Ok((file, metadata)),
        Ok(_) => Err(ApiError::no_such_tarball()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ApiError::no_such_tarball()),
        // The builder makes no links. The runtime refuses to open one that leads out of the folder.
        Err(_) if path.ancestors().take(2).any(Path::is_symlink) => {
            Err(ApiError::no_such_tarball())
        }
        Err(error) => {
            eprintln!("cannot open the tarball {}: {error}", path.display());
            Err(ApiError::Internal)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, Method};

    use super::*;
    use crate::http::body::tests::pieces;

    /// Status, `Content-Range` and body; the status of a problem as the error.
    fn get(
        folder: &Path,
        file: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<(u16, String, Vec<u8>), u16> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let uri = "/".parse().unwrap();
        let request = Request::new(Method::GET, &uri, headers.collect()).unwrap();
        let mut response = super::get(&request, folder, Kind::Skins, &file.parse().unwrap())
            .map_err(|error| error.status().as_u16())?;
        let range = response.headers.get(header::CONTENT_RANGE);
        let range = range.map_or("", |value| value.to_str().unwrap()).to_owned();
        Ok((response.status.as_u16(), range, pieces(&mut response.body).concat()))
    }

    #[test]
    fn only_tarballs_of_the_folder_are_served() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("skins/folder.tar.gz")).unwrap();
        std::fs::write(dir.path().join("skins/A-master-1234567.tar.gz"), b"abc").unwrap();
        let found = get(dir.path(), "A-master-1234567.tar.gz", &[]);
        assert_eq!(found, Ok((200, String::new(), b"abc".to_vec())));
        for file in ["B-master-1234567.tar.gz", "folder.tar.gz"] {
            assert_eq!(get(dir.path(), file, &[]), Err(404), "{file}");
        }
    }

    #[test]
    fn one_range_is_answered_with_that_part() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        std::fs::write(dir.path().join("skins/A.tar.gz"), b"0123456789").unwrap();
        let get = |headers: &[_]| get(dir.path(), "A.tar.gz", headers);
        let part = Ok((206, "bytes 2-4/10".to_owned(), b"234".to_vec()));
        let whole = Ok((200, String::new(), b"0123456789".to_vec()));
        assert_eq!(get(&[(header::RANGE, "bytes=2-4")]), part);
        assert_eq!(get(&[(header::RANGE, "bytes=10-")]), Err(416));
        assert_eq!(get(&[(header::RANGE, "bytes=4-2")]), whole);
        let other_version = [(header::RANGE, "bytes=2-4"), (header::IF_RANGE, "\"x\"")];
        assert_eq!(get(&other_version), whole);
    }
}
