//! `/dist/KIND/FILE`: the tarball itself, for sites without a web server in front. `/dist/KIND/` and
//! `/dist/KIND/SHA256SUMS`: the files in which the builder lists the tarballs that the snapshot names.
//!
//! It answers from the folder and not from the snapshot: a tarball that the snapshot no longer names can
//! be fetched until its grace period ends. Like the web server that it replaces, it makes entity tags
//! from time and size, in the form of nginx.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use http::{StatusCode, header};
use tardist_contract::{Kind, TarballName};

use crate::http::{
    body::{Body, FileBody},
    date::http_date,
    encoding::compressed,
    problem::ApiError,
    range,
    request::Request,
    response::{Representation, Response, attachment},
};

/// How many bytes of a list are read. A list of 15,000 repositories with five branches each has a quarter of
/// it.
const MAX_LIST: u64 = 64 << 20;

/// What a browser may do with the list of a folder: show it. It has no style, no script and no form.
const LIST_POLICY: &str =
    "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

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
    let modified = modified_at(&metadata);
    let size = metadata.len();
    let mut response = Response::new(StatusCode::OK, Bytes::new());
    response.set(header::CONTENT_TYPE, "application/gzip");
    response.set(header::ETAG, &format!("\"{modified:x}-{size:x}\""));
    response.set(header::LAST_MODIFIED, &http_date(i64::try_from(modified).unwrap_or(0)));
    // Not `immutable`: a name without a number leads to the newest tarball of its commit.
    response.set(header::CACHE_CONTROL, "public, max-age=86400");
    response.set(header::CONTENT_DISPOSITION, &attachment(name.as_str()));
    response.set(header::ACCEPT_RANGES, "bytes");
    response.body = Body::File(FileBody::new(file, size));
    range::apply(request, response)
}

/// Answers `/dist/KIND/`: the page that lists exactly the tarballs that the snapshot names.
///
/// # Errors
/// 404 where there is none yet, 500 where it cannot be read.
pub fn index(request: &Request, folder: &Path, kind: Kind) -> Result<Response, ApiError> {
    let mut response = list(folder, kind, "index.html", "text/html; charset=utf-8")?;
    response.set(header::CONTENT_SECURITY_POLICY, LIST_POLICY);
    response.set(header::REFERRER_POLICY, "no-referrer");
    Ok(compressed(&request.headers, response))
}

/// Answers `/dist/KIND/SHA256SUMS`: the checksums of these tarballs.
///
/// # Errors
/// As [`index`].
pub fn checksums(request: &Request, folder: &Path, kind: Kind) -> Result<Response, ApiError> {
    let response = list(folder, kind, "SHA256SUMS", "text/plain; charset=utf-8")?;
    Ok(compressed(&request.headers, response))
}

/// The response with a list that the builder wrote. Its entity tag is made from its content, which can change
/// twice within the second that a time has.
fn list(
    folder: &Path,
    kind: Kind,
    file: &str,
    content_type: &'static str,
) -> Result<Response, ApiError> {
    let path = folder.join(kind.as_str()).join(file);
    let (file, metadata) = open(&path).map_err(|error| match error {
        ApiError::NotFound(_) => ApiError::no_such_list(),
        other => other,
    })?;
    let mut text = String::new();
    let read = file.take(MAX_LIST + 1).read_to_string(&mut text);
    if !read.as_ref().is_ok_and(|size| *size as u64 <= MAX_LIST) {
        eprintln!(
            "cannot read the list {} as text of at most {MAX_LIST} bytes: {read:?}",
            path.display()
        );
        return Err(ApiError::Internal);
    }
    let modified_at = i64::try_from(modified_at(&metadata)).unwrap_or(0);
    Ok(Response::ok(Representation::of(text, modified_at), content_type))
}

/// When a file last changed: Unix seconds.
fn modified_at(metadata: &Metadata) -> u64 {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.map_or(0, |since| since.as_secs())
}

/// Opens a tarball or a list: a file, and no link that leads out of the folder.
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
            eprintln!("cannot open {}: {error}", path.display());
            Err(ApiError::Internal)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, Method};

    use super::*;
    use crate::http::body::{CHUNK, tests::pieces};

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
    fn the_lists_of_the_builder_are_served_with_a_tag_of_their_content() {
        let dir = tempfile::tempdir().unwrap();
        let ask = |list: fn(&Request, &Path, Kind) -> Result<Response, ApiError>| {
            let uri = "/".parse().unwrap();
            let request = Request::new(Method::GET, &uri, http::HeaderMap::new()).unwrap();
            list(&request, dir.path(), Kind::Skins).map_err(|error| error.status().as_u16())
        };
        assert_eq!(ask(index).unwrap_err(), 404);
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        assert_eq!(ask(index).unwrap_err(), 404);
        let write = |file: &str, bytes: &[u8]| {
            std::fs::write(dir.path().join("skins").join(file), bytes).unwrap();
        };
        write("index.html", b"<p>1");
        write("SHA256SUMS", b"5  A.tar.gz\n");
        let page = ask(index).unwrap();
        assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(page.headers.contains_key(header::CONTENT_SECURITY_POLICY));
        assert_eq!(
            ask(checksums).unwrap().headers[header::CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
        write("index.html", b"<p>2");
        assert_ne!(ask(index).unwrap().headers[header::ETAG], page.headers[header::ETAG]);
        write("index.html", b"\xff");
        assert_eq!(ask(index).unwrap_err(), 500, "it is no text");
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

    /// A folder with one tarball that is sent in three pieces, and its bytes.
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
        let get = |headers: &[(HeaderName, &str)]| get(dir.path(), "A.tar.gz", headers);
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
            let asked = format!("bytes={start}-{last}");
            let (status, range, body) = get(&[(header::RANGE, &asked)]).unwrap();
            assert_eq!((status, range), (206, format!("bytes {start}-{last}/{size}")));
            assert!(body == bytes[part], "{start}-{last}");
        }
        let asked = format!("bytes=-{}", CHUNK + 1);
        let (_, range, body) = get(&[(header::RANGE, &asked)]).unwrap();
        assert_eq!(range, format!("bytes {}-{}/{size}", size - CHUNK - 1, size - 1));
        assert!(body == bytes[size - CHUNK - 1..]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_no_tarball_and_another_failure_is_no_404() {
        let dir = tempfile::tempdir().unwrap();
        let link = |to: &str, at: &str| {
            std::os::unix::fs::symlink(to, dir.path().join(at)).unwrap();
        };
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        link("A.tar.gz", "skins/A.tar.gz");
        assert_eq!(get(dir.path(), "A.tar.gz", &[]), Err(404), "a file's loop");
        let looped = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("skins", looped.path().join("skins")).unwrap();
        assert_eq!(get(looped.path(), "A.tar.gz", &[]), Err(404), "a folder's loop");
        let broken = tempfile::tempdir().unwrap();
        std::fs::write(broken.path().join("skins"), b"a file in place of a folder").unwrap();
        assert_eq!(get(broken.path(), "A.tar.gz", &[]), Err(500));
    }

    #[test]
    fn a_part_is_sent_only_where_a_whole_response_would_be_and_of_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("skins")).unwrap();
        let path = dir.path().join("skins/A.tar.gz");
        std::fs::write(&path, b"0123456789").unwrap();
        let at = UNIX_EPOCH + std::time::Duration::from_secs(1_786_008_600);
        File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        let ask = |method: Method, more: &[(HeaderName, &str)]| {
            let range = [(header::RANGE, "bytes=2-4")];
            let pairs = range.iter().chain(more);
            let headers = pairs.map(|(name, value)| (name.clone(), value.parse().unwrap()));
            let request = Request::new(method, &"/".parse().unwrap(), headers.collect()).unwrap();
            super::get(&request, dir.path(), Kind::Skins, &"A.tar.gz".parse().unwrap()).unwrap()
        };
        let tag = "\"6a745418-a\"";
        let response = ask(Method::GET, &[]);
        assert_eq!(response.headers[header::ETAG], tag);
        assert_eq!(response.headers[header::LAST_MODIFIED], "Thu, 06 Aug 2026 09:30:00 GMT");
        for (method, header, status) in [
            (Method::GET, (header::IF_RANGE, tag), 206),
            (Method::GET, (header::IF_RANGE, "\"other\""), 200),
            (Method::GET, (header::IF_RANGE, "Thu, 06 Aug 2026 09:30:00 GMT"), 200),
            (Method::GET, (header::IF_MATCH, "\"other\""), 200), // and then a 412
            (Method::GET, (header::IF_NONE_MATCH, "\"other\""), 206),
            (Method::GET, (header::IF_NONE_MATCH, tag), 200), // and then a 304
            (Method::HEAD, (header::IF_RANGE, tag), 200),
        ] {
            let shown = format!("{method} {header:?}");
            assert_eq!(ask(method, &[header]).status.as_u16(), status, "{shown}");
        }
    }
}
