//! The store itself: reading, writing, listing and removing objects, each call until it is done.

use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use object_store::{
    Attribute, Attributes, BackoffConfig, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, RetryConfig, UpdateVersion,
    aws::{AmazonS3, AmazonS3Builder},
    list::{PaginatedListOptions, PaginatedListStore},
    local::LocalFileSystem,
    path::Path as Name,
};
use sha2::{Digest, Sha256};
use tardist_contract::Kind;
use tokio::runtime::{self, Runtime};

use super::{
    address::StoreUrl, connector::Connector, credentials::Credentials, failure::failed, layout,
    listing::ListGuard,
};
use crate::{
    Error, StoreFault,
    data_dir::{files, lock::FileLock},
    error::{IoContext, is_disguise, short},
    limits::{net::MAX_RETRY_TIME, store::MAX_LISTED},
    net::{Hosts, Http, HttpOptions},
};

/// The size of the parts of a larger object. S3 takes 5 MiB at least, and 10,000 parts at most: 80 GB. As many of
/// them are in memory as there are uploads at once.
const PART: usize = 8 << 20;

/// How many objects one request removes; S3 takes no more.
const MAX_NAMES: usize = 1000;

/// After this time, a file that is half-written is not written any more.
const UNFINISHED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// In a store that is a folder, the file that a builder locks while it replaces the pointer.
const LOCK: &str = ".lock";

/// Where a store is, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The store.
    pub url: StoreUrl,
    /// The URL of the S3 server. Empty: AWS's own for the region.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The file with the credentials. Without it, they come from the environment.
    pub credentials: Option<PathBuf>,
}

impl Access {
    /// The only URL that is asked. `None` if the store is a folder.
    fn server(&self) -> Option<String> {
        match &self.url {
            StoreUrl::Folder(_) => None,
            StoreUrl::S3 { .. } if self.endpoint.is_empty() => {
                Some(format!("https://s3.{}.amazonaws.com", self.region))
            }
            StoreUrl::S3 { .. } => Some(self.endpoint.clone()),
        }
    }
}

/// What a conditional request for an object brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The object is still the one with the entity tag that was given.
    Unchanged,
    /// There is no such object.
    Missing,
    /// The object, with its entity tag.
    Object {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its entity tag.
        etag: String,
    },
}

/// An open store. Threads share it.
pub struct Store {
    access: Access,
    inner: Arc<dyn ObjectStore>,
    /// The same, unless it is a folder.
    s3: Option<Arc<AmazonS3>>,
    runtime: Runtime,
    http: Option<Arc<Http>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.access.url)
    }
}

/// All that is needed to open a store: where it is, and who asks.
#[derive(Debug)]
pub struct Entry {
    access: Access,
    credentials: Option<Credentials>,
    options: HttpOptions,
}

impl Entry {
    /// Looks for the credentials. `options` are those of requests; only the store's own host is allowed. `variable`
    /// gives the value of an environment variable.
    ///
    /// # Errors
    /// [`Error::Config`] if the credentials are wrong.
    pub fn new(
        access: Access,
        options: HttpOptions,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let credentials = match &access.url {
            StoreUrl::Folder(_) => None,
            StoreUrl::S3 { .. } => {
                Credentials::find(access.credentials.as_deref(), variable).map_err(Error::Config)?
            }
        };
        let options = HttpOptions { allowed: access.server().into_iter().collect(), ..options };
        Ok(Self { access, credentials, options })
    }

    /// The URL of the store.
    pub fn url(&self) -> &StoreUrl {
        &self.access.url
    }

    /// True if it has what writing needs: credentials, or the store is a folder.
    pub fn may_write(&self) -> bool {
        self.credentials.is_some() || matches!(self.access.url, StoreUrl::Folder(_))
    }
}

impl Store {
    /// Opens a store. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Store`] if there is no such folder.
    pub fn open(entry: &Entry) -> Result<Self, Error> {
        let Entry { access, credentials, options } = entry;
        let bug = |error: &dyn fmt::Display| Error::Bug(format!("{}: {error}", access.url));
        match &access.url {
            // A folder of another machine that is not there now must not be made on this one's disk.
            StoreUrl::Folder(path) if !path.is_dir() => {
                return Err(Error::Store {
                    action: "open".to_owned(),
                    store: access.url.to_string(),
                    reason: "there is no such folder: make it, or mount what belongs there"
                        .to_owned(),
                    fault: StoreFault::Refused,
                });
            }
            _ => {}
        }
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: options.retries,
            retry_timeout: MAX_RETRY_TIME,
        };
        let http = access.server().map(|_| {
            // What was known of the host before may be over.
            Arc::new(Http::new(HttpOptions { hosts: Hosts::default(), ..options.clone() }))
        });
        let s3 = match (&access.url, &http) {
            (StoreUrl::S3 { bucket, .. }, Some(http)) => {
                let s3 = s3(access, bucket, credentials.clone(), retry, http);
                Some(Arc::new(s3.map_err(|e| bug(&e))?))
            }
            _ => None,
        };
        let inner: Arc<dyn ObjectStore> = match s3.clone() {
            Some(s3) => s3,
            None => Arc::new(LocalFileSystem::new().with_fsync(true)),
        };
        // It only keeps the time between tries: requests are made on the threads that ask.
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .map_err(|error| bug(&error))?;
        Ok(Self { access: access.clone(), inner, s3, runtime, http })
    }

    /// Its URL.
    pub fn url(&self) -> &StoreUrl {
        &self.access.url
    }

    /// How many requests were sent. 0 if it is a folder.
    pub fn requests(&self) -> u64 {
        self.http.as_ref().map_or(0, |http| http.requests())
    }

    /// How many bytes were received.
    pub fn received(&self) -> u64 {
        self.http.as_ref().map_or(0, |http| http.received())
    }

    /// The whole name of an object for the library.
    fn name(&self, name: &str) -> Name {
        match &self.access.url {
            StoreUrl::S3 { prefix, .. } => {
                // `from` would write the `~` of a tarball's name in another way.
                let name = format!("{prefix}/{name}");
                Name::parse(&name).unwrap_or_else(|_| Name::from(name))
            }
            // The library knows only paths from the root.
            StoreUrl::Folder(folder) => {
                Name::from_absolute_path(folder.join(name)).unwrap_or_else(|_| Name::from(name))
            }
        }
    }

    /// The path of an object, if the store is a folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.access.url {
            StoreUrl::S3 { .. } => None,
            StoreUrl::Folder(folder) => Some(folder.join(name)),
        }
    }

    /// In a store that is a folder, removes what killed builders left half-written. The library calls it `NAME#1`, and shows
    /// it in no list. What is younger than a day may still be written. What cannot be removed harms nobody.
    pub fn remove_unfinished(&self) {
        let folders = Kind::ALL.map(|kind| format!("{}/{kind}/", layout::DIST));
        let folders = folders.into_iter().chain([format!("{}/", layout::SNAPSHOTS), String::new()]);
        for folder in folders {
            let Some(path) = self.path(&folder) else { return };
            for file in files::entries(&path).unwrap_or_default() {
                let is_left = file.file_name().and_then(OsStr::to_str).is_some_and(|name| {
                    let base = name.rsplit_once('#').map(|(base, _)| format!("{folder}{base}"));
                    base.is_some_and(|base| layout::is_own(&base) || base == layout::POINTER)
                });
                if is_left
                    && is_old(&file)
                    && let Err(error) = fs::remove_file(&file)
                {
                    tracing::warn!("cannot remove {}: {error}", file.display());
                }
            }
        }
    }

    fn failed(&self, action: &str, name: &str, error: &object_store::Error) -> Error {
        let action = match name {
            "" => action.to_owned(),
            name => format!("{action} {name} {}", if action == "write" { "to" } else { "from" }),
        };
        failed(&self.access.url, action, error)
    }

    /// Reads a small object, if it is not the one with the entity tag `known`: at most `limit` bytes of it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn read(&self, name: &str, known: Option<&str>, limit: u64) -> Result<Found, Error> {
        let options =
            GetOptions { if_none_match: known.map(str::to_owned), ..GetOptions::default() };
        let mut bytes = Vec::new();
        match self.get(name, options, limit, &mut bytes) {
            Ok(etag) => Ok(Found::Object { bytes, etag }),
            Err(Got::Failed(object_store::Error::NotModified { .. })) => match known {
                Some(_) => Ok(Found::Unchanged),
                None => Err(self.wrong(
                    name,
                    "the answer is 304 (not modified), though nothing was known of it; look at the server, and at \
                     what is before it",
                )),
            },
            Err(Got::Failed(error)) => match self.failed("read", name, &error) {
                Error::Store { fault: StoreFault::Missing, .. } => Ok(Found::Missing),
                error => Err(error),
            },
            Err(Got::TooLong) => Err(self.too_long(name, limit)),
            Err(Got::NotWritten(error)) => Err(error).at("keep", name),
        }
    }

    /// Writes an object into `out`. It may have `limit` bytes.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Io`] of `path` if `out` fails.
    pub fn download(
        &self,
        name: &str,
        limit: u64,
        path: &Path,
        out: &mut dyn Write,
    ) -> Result<(), Error> {
        match self.get(name, GetOptions::default(), limit, out) {
            Ok(_) => Ok(()),
            Err(Got::Failed(error)) => Err(self.failed("read", name, &error)),
            Err(Got::TooLong) => Err(self.too_long(name, limit)),
            // What is written to may look at the bytes, and not like them.
            Err(Got::NotWritten(error)) => match error.kind() {
                ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                    Err(self.wrong(name, &error.to_string()))
                }
                _ => Err(error).at("write", path),
            },
        }
    }

    fn too_long(&self, name: &str, limit: u64) -> Error {
        self.wrong(name, &format!("it has more than the {limit} bytes that it may have"))
    }

    /// The error for an object that is not what it should be.
    pub(super) fn wrong(&self, name: &str, reason: &str) -> Error {
        Error::Store {
            action: format!("use {name} from"),
            store: self.access.url.to_string(),
            reason: reason.to_owned(),
            fault: StoreFault::Content,
        }
    }

    fn get(
        &self,
        name: &str,
        options: GetOptions,
        limit: u64,
        out: &mut dyn Write,
    ) -> Result<String, Got> {
        self.runtime.block_on(async {
            let result = self.inner.get_opts(&self.name(name), options).await?;
            let etag = result.meta.e_tag.clone().unwrap_or_default();
            let mut chunks = result.into_stream();
            let mut left = limit;
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk?;
                left = left.checked_sub(chunk.len() as u64).ok_or(Got::TooLong)?;
                out.write_all(&chunk).map_err(Got::NotWritten)?;
            }
            Ok(etag)
        })
    }

    /// Writes a file as an object, in parts if it is large, so that only a part of it is in memory. If it has to have a
    /// `sha256`, other bytes are not written.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Io`] if the file cannot be read, or has other bytes.
    pub fn upload(&self, name: &str, file: &Path, sha256: Option<&str>) -> Result<(), Error> {
        let mut reader = File::open(file).at("read", file)?;
        let size = reader.metadata().at("read", file)?.len();
        let (mut hash, mut count) = (Sha256::new(), 0);
        let mut next = || -> Result<Vec<u8>, Error> {
            let mut part = Vec::new();
            (&mut reader).take(PART as u64).read_to_end(&mut part).at("read", file)?;
            hash.update(&part);
            count += part.len() as u64;
            let is_other = |it| format!("{:x}", hash.clone().finalize()) != it;
            // The last part of a large file may be empty.
            if count >= size && sha256.is_some_and(is_other) {
                let why = "it is damaged: its SHA-256 is not the published one; the next cycle makes it again";
                return Err(io::Error::new(ErrorKind::InvalidData, why)).at("upload", file);
            }
            Ok(part)
        };
        let attributes = self.attributes();
        let location = self.name(name);
        if size <= PART as u64 {
            let payload = PutPayload::from(next()?);
            let options = PutOptions { attributes, ..PutOptions::default() };
            let put = self.inner.put_opts(&location, payload, options);
            return match self.runtime.block_on(put) {
                Ok(_) => Ok(()),
                Err(error) => Err(self.failed("write", name, &error)),
            };
        }
        let failed = |error: object_store::Error| self.failed("write", name, &error);
        self.runtime.block_on(async {
            let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
            let mut upload =
                self.inner.put_multipart_opts(&location, options).await.map_err(failed)?;
            let written = async {
                loop {
                    let part = next()?;
                    if part.is_empty() {
                        break;
                    }
                    upload.put_part(part.into()).await.map_err(failed)?;
                }
                upload.complete().await.map_err(failed)
            };
            let written = written.await;
            if written.is_err() {
                // What is left of it costs room until the store removes it.
                let _ = upload.abort().await;
            }
            written.map(drop)
        })
    }

    /// Tarballs and compressed snapshots are of one type, and may be kept for as long as those that the functions serve.
    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::new();
        // A folder has no place for it.
        if self.http.is_some() {
            attributes.insert(Attribute::ContentType, "application/gzip".into());
            attributes.insert(Attribute::CacheControl, "public, max-age=86400".into());
        }
        attributes
    }

    /// Replaces an object if it has the entity tag `known`, or creates it if there is to be none. Returns its new
    /// entity tag, or `None` if it is another one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn swap(
        &self,
        name: &str,
        bytes: Vec<u8>,
        known: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(path) = self.path(name) {
            return self.swap_in_folder(name, &path, bytes, known);
        }
        let mode = match known {
            None => PutMode::Create,
            Some(etag) => {
                PutMode::Update(UpdateVersion { e_tag: Some(etag.to_owned()), version: None })
            }
        };
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, "application/json".into());
        // A cache before the store has to ask each time.
        attributes.insert(Attribute::CacheControl, "no-cache".into());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        let location = self.name(name);
        let put = self.inner.put_opts(&location, bytes.into(), options);
        match self.runtime.block_on(put) {
            Ok(result) => Ok(Some(result.e_tag.unwrap_or_default())),
            Err(error) => match self.failed("write", name, &error) {
                Error::Store { fault: StoreFault::Conflict, .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    /// [`swap`](Self::swap) for a folder, where the library has no conditions: under a lock.
    fn swap_in_folder(
        &self,
        name: &str,
        path: &Path,
        bytes: Vec<u8>,
        known: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let _lock = FileLock::acquire(&path.with_file_name(LOCK))?;
        let location = self.name(name);
        let there = match self.runtime.block_on(self.inner.head(&location)) {
            Ok(object) => object.e_tag,
            Err(object_store::Error::NotFound { .. }) => None,
            Err(error) => return Err(self.failed("read", name, &error)),
        };
        if there.as_deref() != known {
            return Ok(None);
        }
        let put = self.runtime.block_on(self.inner.put(&location, bytes.into()));
        match put {
            Ok(result) => Ok(Some(result.e_tag.unwrap_or_default())),
            Err(error) => Err(self.failed("write", name, &error)),
        }
    }

    /// The names and sizes of all objects whose names begin with `folder/`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, Error> {
        let (prefix, root) = (self.name(folder), self.name(""));
        let (mut guard, mut listed, mut token) = (ListGuard::default(), Vec::new(), None);
        loop {
            let (page, next) = self.page(&prefix, token);
            let bytes: usize = page.iter().flatten().map(|it| it.location.as_ref().len()).sum();
            guard
                .page(page.len(), bytes, next.is_none())
                .map_err(|reason| self.wrong(folder, &reason))?;
            for object in page {
                match object {
                    Ok(ObjectMeta { location, size, .. }) => {
                        let name = location.as_ref().strip_prefix(root.as_ref());
                        let name = name.unwrap_or_default().trim_start_matches('/');
                        // SQLite takes no larger number, and no object is that large.
                        listed.push((name.to_owned(), size.min(i64::MAX.unsigned_abs())));
                    }
                    // Somebody else's name, which the library cannot take, must not stop all others.
                    Err(error @ object_store::Error::InvalidPath { .. }) => tracing::warn!(
                        "{}: what comes after an odd name is not listed, and so uploaded again: {}",
                        self.access.url,
                        short(&error).replace(is_disguise, " ")
                    ),
                    Err(error) => return Err(self.failed("list", folder, &error)),
                }
            }
            if next.is_none() {
                return Ok(listed);
            }
            token = next;
        }
    }

    /// A page of the list of all objects whose names begin with `prefix/`, and what the next one is asked for by. A
    /// folder has one page.
    fn page(
        &self,
        prefix: &Name,
        page_token: Option<String>,
    ) -> (Vec<object_store::Result<ObjectMeta>>, Option<String>) {
        let Some(s3) = &self.s3 else {
            let all = self.inner.list(Some(prefix)).take(MAX_LISTED + 1);
            return (self.runtime.block_on(all.collect()), None);
        };
        let prefix = format!("{prefix}/");
        let options = PaginatedListOptions { page_token, ..PaginatedListOptions::default() };
        match self.runtime.block_on(s3.list_paginated(Some(prefix.as_str()), options)) {
            Ok(page) => {
                let objects = page.result.objects.into_iter().map(Ok).collect();
                (objects, page.page_token.filter(|token| !token.is_empty()))
            }
            Err(error) => (vec![Err(error)], None),
        }
    }

    /// Removes objects. One that does not exist is no error, and one that cannot be removed keeps no other. Returns the
    /// names of those that are gone, and the first error ([`Error::Store`]).
    pub fn remove(&self, names: &[String]) -> (Vec<String>, Option<Error>) {
        let (mut gone, mut failure) = (Vec::new(), None);
        for names in names.chunks(MAX_NAMES) {
            let locations: Vec<_> = names.iter().map(|name| Ok(self.name(name))).collect();
            let removed = self.inner.delete_stream(stream::iter(locations).boxed());
            // The library panics if the answer names what was not asked for.
            let removed = panic::catch_unwind(AssertUnwindSafe(|| {
                self.runtime.block_on(removed.collect::<Vec<_>>())
            }));
            let Ok(removed) = removed else {
                let reason = "its answer names objects that were not to be removed";
                failure.get_or_insert_with(|| self.wrong("old objects", reason));
                continue;
            };
            // In the order of the names.
            for (name, removed) in names.iter().zip(removed) {
                match removed {
                    Ok(_) | Err(object_store::Error::NotFound { .. }) => gone.push(name.clone()),
                    Err(error) => {
                        failure.get_or_insert_with(|| self.failed("remove", name, &error));
                    }
                }
            }
        }
        (gone, failure)
    }
}

/// Why an object was not read.
enum Got {
    Failed(object_store::Error),
    TooLong,
    NotWritten(std::io::Error),
}

impl From<object_store::Error> for Got {
    fn from(error: object_store::Error) -> Self {
        Self::Failed(error)
    }
}

/// True if nobody has written to a file for a day.
fn is_old(path: &Path) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|it| it.modified()).ok();
    modified.and_then(|it| it.elapsed().ok()).is_some_and(|age| age > UNFINISHED_FOR)
}

fn s3(
    access: &Access,
    bucket: &str,
    credentials: Option<Credentials>,
    retry: RetryConfig,
    http: &Arc<Http>,
) -> object_store::Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&access.region)
        .with_endpoint(access.server().unwrap_or_default())
        // By the URL that the operator gives. Nothing secret is in a signed request but what it writes.
        .with_allow_http(true)
        .with_retry(retry)
        .with_http_connector(Connector(Arc::clone(http)));
    builder = match credentials {
        // A bucket that everybody may read.
        None => builder.with_skip_signature(true),
        Some(Credentials { key_id, secret, token }) => {
            let builder = builder.with_access_key_id(key_id).with_secret_access_key(secret);
            match token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
    };
    builder.build()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        net::TcpListener,
        sync::mpsc::{self, Receiver},
        thread,
    };

    use super::*;

    /// A store on a server with these answers, and the requests that it gets. It takes 1,000 bytes of an answer.
    fn store(answer: fn(&str) -> String) -> (Store, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let lines = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
                let request = lines.collect::<Vec<_>>().join("\n");
                let answer = answer(&request);
                let _ = sender.send(request);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        let url = "s3://tardist".parse().unwrap();
        let region = "us-east-1".to_owned();
        let access = Access { url, endpoint, region, credentials: None };
        let mut options = HttpOptions::allowing(&[]);
        options.timeout = Duration::from_secs(20);
        options.limits.list.bytes = 1000;
        let entry = Entry::new(access, options, |_| None).unwrap();
        (Store::open(&entry).unwrap(), requests)
    }

    fn ok(body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
    }

    /// A page of a list.
    fn page(names: &[&str], next: Option<&str>) -> String {
        let mut text = "<ListBucketResult>".to_owned();
        for name in names {
            text += &format!(
                "<Contents><Key>{name}</Key><Size>3</Size><LastModified>2026-11-29T08:00:00.000Z</LastModified>\
                 </Contents>"
            );
        }
        if let Some(token) = next {
            text += &format!("<NextContinuationToken>{token}</NextContinuationToken>");
        }
        ok(&(text + "</ListBucketResult>"))
    }

    #[test]
    fn a_list_is_read_page_by_page() {
        let (store, requests) = store(|request| match request.contains("continuation-token=t") {
            false => page(&["dist/skins/A", "dist/skins/B"], Some("t")),
            true => page(&["dist/skins/C"], None),
        });
        let listed = store.list("dist").unwrap();
        let expected = ["dist/skins/A", "dist/skins/B", "dist/skins/C"];
        assert_eq!(listed, expected.map(|name| (name.to_owned(), 3_u64)));
        let requests: Vec<String> = requests.try_iter().collect();
        assert_eq!(requests.len(), 2);
        assert!(requests.iter().all(|it| it.contains("prefix=dist%2F")), "{requests:?}");
    }

    #[test]
    fn a_list_of_empty_pages_has_an_end() {
        let (store, requests) = store(|_| page(&[], Some("t")));
        let error = store.list("dist").unwrap_err().to_string();
        assert!(error.contains("more than 100 pages that are empty"), "{error}");
        assert_eq!(requests.try_iter().count(), 101);
        let (store, _) = self::store(|_| page(&[], None));
        assert!(store.list("dist").unwrap().is_empty());
    }

    #[test]
    fn what_was_left_half_written_in_a_folder_goes_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let tarball = "dist/skins/A-master-1234567.tar.gz";
        let old = [&format!("{tarball}#1"), &format!("{tarball}#12"), "current.json#2"];
        let stays = [tarball, &format!("{tarball}#3"), "dist/skins/photo#1", "notes#1"];
        fs::create_dir_all(folder.path().join("dist/skins")).unwrap();
        for name in old.iter().chain(&stays) {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            if *name != stays[1] {
                file.set_modified(std::time::UNIX_EPOCH).unwrap();
            }
        }
        let url = format!("file://{}", folder.path().display()).parse().unwrap();
        let region = String::new();
        let access = Access { url, endpoint: String::new(), region, credentials: None };
        let entry = Entry::new(access, HttpOptions::allowing(&[]), |_| None).unwrap();
        Store::open(&entry).unwrap().remove_unfinished();
        let left = old.iter().chain(&stays).filter(|name| folder.path().join(name).exists());
        assert_eq!(left.copied().collect::<Vec<_>>(), stays);
    }

    #[test]
    fn nothing_is_unchanged_that_is_not_known() {
        let (store, _) =
            store(|_| "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned());
        let known = store.read("current.json", Some("\"e\""), 100);
        assert_eq!(known.unwrap(), Found::Unchanged);
        let error = store.read("current.json", None, 100).unwrap_err();
        assert!(matches!(error, Error::Store { fault: StoreFault::Content, .. }), "{error}");
        assert!(error.to_string().contains("304"), "{error}");
    }

    #[test]
    fn an_answer_is_asked_for_without_compression_and_one_that_is_too_long_is_told() {
        let (store, requests) = store(|_| ok(&"x".repeat(1001)));
        let error = store.read("current.json", None, 5000).unwrap_err().to_string();
        let says = "more than 1000 bytes, the most that tardist takes for an answer of the store";
        assert!(error.contains(says), "{error}");
        let request = requests.try_iter().next().unwrap().to_ascii_lowercase();
        assert!(request.contains("accept-encoding: identity"), "{request}");
        assert!(!request.contains("gzip"), "{request}");
    }
}
