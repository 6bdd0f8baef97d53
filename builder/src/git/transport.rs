//! Git's smart HTTP (<https://git-scm.com/docs/http-protocol>) for libgit2, over our own [`Http`] client.
//!
//! libgit2 calls a transport on the thread that fetches, and cannot pass our types to it. So three values go by
//! thread-local variables: the refs that are known already ([`with_refs`]), the HTTP error, of which libgit2
//! keeps only the text ([`take_failure`]), and the error that the server says, of which it keeps nothing
//! ([`take_said`]).

use std::{
    cell::RefCell,
    io::{self, Cursor, Read, Write},
    sync::{Arc, Once},
};

use git2::{
    Oid,
    transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport},
};

// This crate exports zlib's functions under their C names, so that libgit2 is linked with zlib-rs instead of
// zlib. Decompression was a sixth of the time of a first cycle, and zlib-rs takes half as long.
use libz_rs_sys as _;

use crate::{
    git::{
        listening::Listening,
        pkt_line::{self, Packet, ReadError},
    },
    limits::git::MAX_NEGOTIATION,
    net::{BodyKind, Http, HttpError},
};

/// The path of a repository's list of refs, with which Git begins.
pub(super) const INFO_REFS: &str = "/info/refs?service=git-upload-pack";

/// The path that requests for refs in protocol version 2, and for packs, are sent to.
pub(super) const UPLOAD_PACK: &str = "/git-upload-pack";

thread_local! {
    static FAILURE: RefCell<Option<HttpError>> = const { RefCell::new(None) };
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
    static REFS: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Runs `fetch` on this thread with a known list of refs. The server is not asked for its list, which takes 4 MB
/// for the 60,000 refs of Wikibase.
///
/// This cannot fetch anything that the server does not publish: the server refuses commits that none of its
/// refs reaches.
pub fn with_refs<T>(refs: &[(String, Oid)], fetch: impl FnOnce() -> T) -> T {
    REFS.set(Some(advertisement(refs)));
    let result = fetch();
    REFS.set(None);
    result
}

/// Capabilities that every Git server of the last ten years has, including Gerrit.
const CAPABILITIES: &str = "multi_ack_detailed thin-pack side-band-64k ofs-delta shallow \
                            allow-tip-sha1-in-want allow-reachable-sha1-in-want";

/// A list of refs in the form in which a server sends it.
fn advertisement(refs: &[(String, Oid)]) -> Vec<u8> {
    let mut list = Vec::new();
    pkt_line::write(&mut list, b"# service=git-upload-pack\n");
    list.extend_from_slice(pkt_line::FLUSH);
    for (index, (name, id)) in refs.iter().enumerate() {
        let capabilities = if index == 0 { format!("\0{CAPABILITIES}") } else { String::new() };
        pkt_line::write(&mut list, format!("{id} {name}{capabilities}\n").as_bytes());
    }
    list.extend_from_slice(pkt_line::FLUSH);
    list
}

/// Takes the HTTP error of the last failed Git operation on this thread, if there is one.
pub fn take_failure() -> Option<HttpError> {
    FAILURE.take()
}

/// Takes the error that a server said in its answer to the last fetch on this thread, if it said one.
pub fn take_said() -> Option<String> {
    SAID.take()
}

fn fail(error: HttpError) -> git2::Error {
    let message = error.to_string();
    FAILURE.set(Some(error));
    git2::Error::new(git2::ErrorCode::GenericError, git2::ErrorClass::Http, message)
}

/// Registers `http` for all `http:` and `https:` remotes of this process, and makes libgit2 ignore Git's
/// configuration files and the owner of a repository.
///
/// A configuration file could redirect fetches by `url.insteadOf`. In a container, a mirror may belong to
/// another user. Only the first call has an effect, because these are global variables of libgit2.
///
/// # Errors
/// The error of libgit2, if it is out of memory.
#[allow(unsafe_code)]
pub fn set_up(http: &Arc<Http>) -> Result<(), git2::Error> {
    static ONCE: Once = Once::new();
    set_up_to_read()?;
    let mut result = Ok(());
    ONCE.call_once(|| {
        // SAFETY: as in `set_up_to_read`.
        result = unsafe { register(http) };
    });
    result
}

/// The same without a network: for who reads mirrors and fetches nothing.
///
/// # Errors
/// As [`set_up`].
#[allow(unsafe_code)]
pub fn set_up_to_read() -> Result<(), git2::Error> {
    static ONCE: Once = Once::new();
    let mut result = Ok(());
    ONCE.call_once(|| {
        // SAFETY: nothing else may change libgit2's global variables at the same time. Nothing else in this
        // process changes them, and `Once` runs this once, before any repository is opened.
        result = unsafe { set_globals() };
    });
    result
}

/// How many packs are open at once. Submodules decide how many there are, and libgit2 takes a pack for damaged that it cannot
/// open: a process may have 1,024 files in most systems.
const MAX_OPEN_PACKS: usize = 512;

#[allow(unsafe_code)]
unsafe fn set_globals() -> Result<(), git2::Error> {
    use git2::ConfigLevel::{Global, ProgramData, System, XDG};

    for level in [ProgramData, System, XDG, Global] {
        // SAFETY: ensured by the caller.
        unsafe { git2::opts::set_search_path(level, "") }?;
    }
    // SAFETY: ensured by the caller.
    unsafe { git2::opts::set_verify_owner_validation(false) }?;
    // SAFETY: ensured by the caller.
    unsafe { git2::opts::set_mwindow_file_limit(MAX_OPEN_PACKS) }?;
    // Objects were hashed when a fetch indexed the pack. After that, zlib's checksum detects damage.
    git2::opts::strict_hash_verification(false);
    Ok(())
}

/// From now on, objects are hashed when they are read: for mirrors that other workers write to. One of them may have been
/// taken over by the content that it works on.
pub fn verify_objects() {
    git2::opts::strict_hash_verification(true);
}

#[allow(unsafe_code)]
unsafe fn register(http: &Arc<Http>) -> Result<(), git2::Error> {
    for scheme in ["http", "https"] {
        let http = Arc::clone(http);
        let factory = move |remote: &git2::Remote<'_>| {
            Transport::smart(remote, true, Subtransport(Arc::clone(&http)))
        };
        // SAFETY: ensured by the caller.
        unsafe { git2::transport::register(scheme, factory) }?;
    }
    Ok(())
}

/// Removes the lines `shallow ID` from a list of refs.
///
/// A server sends them if its repository is a shallow clone
/// (<https://git-scm.com/docs/pack-protocol>, "Reference Discovery"). libgit2 rejects them. They are not needed,
/// because only one commit of each branch is fetched.
pub(super) fn without_shallow(refs: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(refs.len());
    let (mut rest, mut buffer) = (refs, Vec::new());
    loop {
        let before = rest;
        match pkt_line::read(&mut rest, &mut buffer) {
            Ok(Packet::Data(line)) if line.starts_with(b"shallow ") => {}
            Ok(_) => kept.extend_from_slice(&before[..before.len() - rest.len()]),
            // The end, or something that is not a packet: libgit2 reports that.
            Err(_) => {
                kept.extend_from_slice(before);
                return kept;
            }
        }
    }
}

/// Removes the newline at the end of packets `shallow ID` and `unshallow ID` from a response.
///
/// JGit, and so Gerrit, sends these newlines, and Git does not. The protocol requires receivers to accept both
/// (<https://git-scm.com/docs/protocol-common>), but libgit2 1.9 fails with `invalid packet line`. These packets
/// come first in a response, and packets `ACK ID` may follow. libgit2 keeps all of them in memory, so there may
/// be `limit` bytes of them. Everything after them is passed on unread.
///
/// # Errors
/// The error of the reader, or [`HttpError::TooLong`] for `url`.
pub(super) fn plain_start<R: Read>(
    mut response: R,
    url: &str,
    limit: usize,
) -> io::Result<impl Read + use<R>> {
    let (mut start, mut buffer) = (Vec::new(), Vec::new());
    loop {
        let mut packet = Copying { from: &mut response, copy: Vec::new() };
        match pkt_line::read(&mut packet, &mut buffer) {
            Ok(Packet::Data(line)) if is_shallow(line) => {
                pkt_line::write(&mut start, pkt_line::line(line));
            }
            // The empty packet ends the first ones.
            Ok(Packet::Flush) => start.append(&mut packet.copy),
            Ok(Packet::Data(line)) if line.starts_with(b"ACK ") => start.append(&mut packet.copy),
            Err(ReadError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(error);
            }
            Ok(_) | Err(_) => {
                start.append(&mut packet.copy);
                return Ok(Cursor::new(start).chain(response));
            }
        }
        if start.len() > limit {
            let what = "what comes before a pack";
            return Err(
                HttpError::TooLong { url: url.to_owned(), what, limit: limit as u64 }.into()
            );
        }
    }
}

fn is_shallow(line: &[u8]) -> bool {
    line.starts_with(b"shallow ") || line.starts_with(b"unshallow ")
}

/// Keeps a copy of what is read through it.
struct Copying<R> {
    from: R,
    copy: Vec<u8>,
}

impl<R: Read> Read for Copying<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.copy.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

struct Subtransport(Arc<Http>);

impl SmartSubtransport for Subtransport {
    fn action(
        &self,
        url: &str,
        action: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let http = Arc::clone(&self.0);
        match action {
            Service::UploadPackLs => {
                if let Some(refs) = REFS.with_borrow(Clone::clone) {
                    return Ok(Stream::ready(refs));
                }
                let mut refs = Vec::new();
                http.discover(url, INFO_REFS, BodyKind::Refs)
                    .map_err(fail)?
                    .read_to_end(&mut refs)
                    .map_err(|error| fail(HttpError::interrupted(url, error)))?;
                Ok(Stream::ready(without_shallow(&refs)))
            }
            Service::UploadPack => {
                Ok(Box::new(Stream::Request { http, url: url.to_owned(), body: Vec::new() }))
            }
            Service::ReceivePackLs | Service::ReceivePack => {
                Err(git2::Error::from_str("tardist never pushes"))
            }
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// One exchange with the repository at `url`: libgit2 writes the request, then reads the response. The first read
/// sends the request.
enum Stream {
    Request { http: Arc<Http>, url: String, body: Vec<u8> },
    Response { url: String, body: Listening<Box<dyn Read + Send>> },
}

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-git-upload-pack-request"),
    ("accept", "application/x-git-upload-pack-result"),
];

impl Stream {
    /// A response that is in memory.
    fn ready(bytes: Vec<u8>) -> Box<dyn SmartSubtransportStream> {
        Box::new(Self::Response {
            url: String::new(),
            body: Listening::new(Box::new(Cursor::new(bytes))),
        })
    }

    /// Sends the request, and returns the response.
    fn send(http: &Http, url: &str, request: &[u8]) -> Result<Self, HttpError> {
        let files = (UPLOAD_PACK, INFO_REFS);
        let body = http.post(url, files, &HEADERS, request, BodyKind::Pack)?;
        let body = plain_start(body, url, MAX_NEGOTIATION)
            .map_err(|error| HttpError::interrupted(url, error))?;
        Ok(Self::Response { url: url.to_owned(), body: Listening::new(Box::new(body)) })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Request { http, url, body } = self {
            *self = Self::send(http, url, body).map_err(|error| io::Error::other(fail(error)))?;
        }
        match self {
            Self::Response { url, body } => {
                let count = body
                    .read(buffer)
                    .map_err(|error| io::Error::other(fail(HttpError::interrupted(url, error))))?;
                if let Some(error) = body.take_error() {
                    SAID.set(Some(error));
                }
                Ok(count)
            }
            Self::Request { .. } => Ok(0),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Request { body, .. } => body.write(bytes),
            Self::Response { .. } => Err(io::Error::other("the request was sent already")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, c_char};

    use super::*;

    /// Only the linker decides which zlib the calls from C go to.
    #[test]
    #[allow(unsafe_code)]
    fn libgit2_unpacks_by_zlib_rs() {
        unsafe extern "C" {
            safe fn zlibVersion() -> *const c_char;
        }
        // SAFETY: zlib's manual says that the string is static.
        let version = unsafe { CStr::from_ptr(zlibVersion()) }.to_string_lossy();
        assert!(version.contains("zlib-rs"), "{version}");
    }

    #[test]
    fn only_shallow_lines_are_removed_from_the_refs() {
        let refs = b"001e# service=git-upload-pack\n0000000aHEAD\n\n000cshallow\n0010shallow abc\n00000000zz";
        let kept = b"001e# service=git-upload-pack\n0000000aHEAD\n\n000cshallow\n00000000zz";
        assert_eq!(without_shallow(refs), kept);
        for broken in [&b""[..], b"0", b"00", b"zzzz", b"ffffshort", b"0004", b"0001"] {
            assert_eq!(without_shallow(broken), broken);
        }
    }

    /// What libgit2 gets of a response, with so many bytes before the pack.
    fn plain(response: &[u8], limit: usize) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        plain_start(response, "https://h.example/x", limit)
            .and_then(|mut response| response.read_to_end(&mut bytes))
            .map_err(|error| HttpError::interrupted("https://h.example/x", error))?;
        Ok(bytes)
    }

    #[test]
    fn the_newlines_that_jgit_sends_after_shallow_are_removed() {
        let id = "f39e03fdec9e5accfcc9ba3501a9e0a038dd7b30";
        let rest = "00000008NAK\n001c\u{2}Counting objects: 1   \r0035shallow";
        let jgit = format!("0035shallow {id}\n0037unshallow {id}\n{rest}");
        let git = format!("0034shallow {id}0036unshallow {id}{rest}");
        let plain = |response: &[u8]| plain(response, 1000).unwrap();
        assert_eq!(plain(jgit.as_bytes()), git.as_bytes());
        assert_eq!(plain(git.as_bytes()), git.as_bytes());
        assert_eq!(plain(rest.as_bytes()), rest.as_bytes());
        for other in [&b""[..], b"0", b"0000", b"zzzz", b"000cshallow", b"0009short", b"ffff"] {
            assert_eq!(plain(other), other);
        }
    }

    #[test]
    fn lines_without_end_before_a_pack_are_an_error() {
        for line in ["000cshallow ", "0008ACK ", "0000"] {
            let few = line.repeat(10) + "0008NAK\n" + &line.repeat(1000);
            assert_eq!(plain(few.as_bytes(), 200).unwrap(), few.as_bytes(), "{line}");
            let many = plain(line.repeat(1000).as_bytes(), 200);
            assert!(matches!(many, Err(HttpError::TooLong { .. })), "{line}: {many:?}");
        }
    }
}
