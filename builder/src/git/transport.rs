//! Git's smart HTTP (<https://git-scm.com/docs/http-protocol>) for libgit2, over [`Http`].
//!
//! It owns the way from libgit2's requests to ours and nothing else. libgit2 calls a transport on
//! the thread that fetches, and knows nothing of our types; so what goes past it waits in a
//! thread-local: the refs that need not be asked for ([`with_refs`]), and the real error of which
//! libgit2 keeps only a text ([`take_failure`]).

use std::{
    cell::RefCell,
    io::{self, Cursor, Read, Write},
    sync::{Arc, Once},
};

use git2::{
    Oid,
    transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport},
};

// It brings zlib's functions under their C names, so that libgit2, which calls them, is linked with
// zlib-rs in place of zlib: unpacking was a sixth of a cold cycle, and takes it half the time.
use libz_rs_sys as _;

use crate::{
    git::pkt_line::{self, Packet, ReadError},
    net::{Http, HttpError},
};

thread_local! {
    static FAILURE: RefCell<Option<HttpError>> = const { RefCell::new(None) };
    static REFS: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Runs `fetch` with a list of refs that is known already, instead of asking the upstream for all
/// that it has: Wikibase's 60,000 take 4 MB, more than most of its commits. The upstream still has
/// the last word, since it refuses what none of its refs reaches.
pub fn with_refs<T>(refs: &[(String, Oid)], fetch: impl FnOnce() -> T) -> T {
    REFS.set(Some(advertisement(refs)));
    let result = fetch();
    REFS.set(None);
    result
}

/// What every Git server of the last ten years can do, Gerrit's included.
const CAPABILITIES: &str = "multi_ack_detailed thin-pack side-band-64k ofs-delta shallow \
                            allow-tip-sha1-in-want allow-reachable-sha1-in-want";

/// A list of refs in the form in which a server advertises it.
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

/// The HTTP error that made the last Git operation of this thread fail, if one did.
pub fn take_failure() -> Option<HttpError> {
    FAILURE.take()
}

fn fail(error: HttpError) -> git2::Error {
    let message = error.to_string();
    FAILURE.set(Some(error));
    git2::Error::new(git2::ErrorCode::GenericError, git2::ErrorClass::Http, message)
}

/// Makes every `http:` and `https:` remote of this process go through `http`, and libgit2 deaf to
/// the configuration files of whoever runs it: `url.insteadOf` could lead elsewhere, and a mirror
/// may belong to another user than the one of the container. Only the first call counts, since
/// libgit2 keeps all this in globals.
///
/// # Errors
/// libgit2's, which is out of memory.
#[allow(unsafe_code)]
pub fn set_up(http: &Arc<Http>) -> Result<(), git2::Error> {
    static ONCE: Once = Once::new();
    let mut result = Ok(());
    ONCE.call_once(|| {
        // SAFETY: these must not run beside other changes of libgit2's globals; nothing else in
        // the process makes any, and `Once` runs them once, before any repository is opened.
        result = unsafe { set_globals(http) };
    });
    result
}

#[allow(unsafe_code)]
unsafe fn set_globals(http: &Arc<Http>) -> Result<(), git2::Error> {
    use git2::ConfigLevel::{Global, ProgramData, System, XDG};

    for level in [ProgramData, System, XDG, Global] {
        // SAFETY: as the caller promises.
        unsafe { git2::opts::set_search_path(level, "") }?;
    }
    // SAFETY: as the caller promises.
    unsafe { git2::opts::set_verify_owner_validation(false) }?;
    // A fetch has hashed each object when it indexed the pack; zlib's checksum guards what is read.
    git2::opts::strict_hash_verification(false);
    for scheme in ["http", "https"] {
        let http = Arc::clone(http);
        let factory = move |remote: &git2::Remote<'_>| {
            Transport::smart(remote, true, Subtransport(Arc::clone(&http)))
        };
        // SAFETY: as the caller promises.
        unsafe { git2::transport::register(scheme, factory) }?;
    }
    Ok(())
}

/// The longest list of refs that is read. Wikibase's 60,000 take 4 MB.
const MAX_REFS: u64 = 256 << 20;

/// The list of refs without its lines `shallow ID`, which stand in it where the upstream is a
/// shallow clone itself (<https://git-scm.com/docs/pack-protocol>, "Reference Discovery"): libgit2
/// takes them for an error, and one commit a branch needs no history of the upstream's.
fn without_shallow(refs: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(refs.len());
    let (mut rest, mut buffer) = (refs, Vec::new());
    loop {
        let before = rest;
        match pkt_line::read(&mut rest, &mut buffer) {
            Ok(Packet::Data(line)) if line.starts_with(b"shallow ") => {}
            Ok(_) => kept.extend_from_slice(&before[..before.len() - rest.len()]),
            // The end; or no packet, which libgit2 is to see.
            Err(_) => {
                kept.extend_from_slice(before);
                return kept;
            }
        }
    }
}

/// As many packets `shallow ID` are looked at, in bytes: 300,000 of them, where a branch has one.
const MAX_SHALLOWS: usize = 16 << 20;

/// A response of Git without the newlines that JGit, and so Gerrit, ends its packets `shallow ID`
/// and `unshallow ID` with. Git itself sends none, the protocol has a receiver take both
/// (<https://git-scm.com/docs/protocol-common>), and libgit2 1.9 fails at them with `invalid packet
/// line`. These packets come first; from the first other one on nothing is looked at.
fn plain_shallow(mut response: impl Read) -> io::Result<impl Read> {
    let (mut start, mut buffer) = (Vec::new(), Vec::new());
    loop {
        let mut packet = Copying { from: &mut response, copy: Vec::new() };
        match pkt_line::read(&mut packet, &mut buffer) {
            Ok(Packet::Data(line)) if is_shallow(line) && start.len() <= MAX_SHALLOWS => {
                pkt_line::write(&mut start, pkt_line::line(line));
            }
            Err(ReadError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(error);
            }
            Ok(_) | Err(_) => {
                start.append(&mut packet.copy);
                return Ok(Cursor::new(start).chain(response));
            }
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
                    return Ok(Box::new(Stream::Response(Box::new(Cursor::new(refs)))));
                }
                let url = format!("{url}/info/refs?service=git-upload-pack");
                let mut refs = Vec::new();
                http.send(&url, &[], None)
                    .map_err(fail)?
                    .take(MAX_REFS)
                    .read_to_end(&mut refs)
                    .map_err(|error| fail(HttpError::interrupted(&url, error)))?;
                Ok(Box::new(Stream::Response(Box::new(Cursor::new(without_shallow(&refs))))))
            }
            Service::UploadPack => Ok(Box::new(Stream::Request {
                http,
                url: format!("{url}/git-upload-pack"),
                body: Vec::new(),
            })),
            Service::ReceivePackLs | Service::ReceivePack => {
                Err(git2::Error::from_str("tardist never pushes"))
            }
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// libgit2 writes a request, then reads its answer; the first read sends it.
enum Stream {
    Request { http: Arc<Http>, url: String, body: Vec<u8> },
    Response(Box<dyn Read + Send>),
}

const UPLOAD_PACK: [(&str, &str); 2] = [
    ("content-type", "application/x-git-upload-pack-request"),
    ("accept", "application/x-git-upload-pack-result"),
];

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Request { http, url, body } = self {
            let answer =
                http.send(url, &UPLOAD_PACK, Some(body)).map_err(fail).map_err(io::Error::other)?;
            *self = Self::Response(Box::new(plain_shallow(answer)?));
        }
        match self {
            Self::Response(answer) => answer.read(buffer),
            Self::Request { .. } => Ok(0),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Request { body, .. } => body.write(bytes),
            Self::Response(_) => Err(io::Error::other("the request was sent already")),
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

    /// Which zlib a call from C comes to is for the linker to say.
    #[test]
    #[allow(unsafe_code)]
    fn libgit2_unpacks_by_zlib_rs() {
        unsafe extern "C" {
            safe fn zlibVersion() -> *const c_char;
        }
        // SAFETY: zlib's manual promises a string that stays.
        let version = unsafe { CStr::from_ptr(zlibVersion()) }.to_string_lossy();
        assert!(version.contains("zlib-rs"), "{version}");
    }

    #[test]
    fn only_shallow_lines_are_taken_out_of_the_refs() {
        let refs = b"001e# service=git-upload-pack\n0000000aHEAD\n\n000cshallow\n0010shallow abc\n00000000zz";
        let kept = b"001e# service=git-upload-pack\n0000000aHEAD\n\n000cshallow\n00000000zz";
        assert_eq!(without_shallow(refs), kept);
        for broken in [&b""[..], b"0", b"00", b"zzzz", b"ffffshort", b"0004", b"0001"] {
            assert_eq!(without_shallow(broken), broken);
        }
    }

    #[test]
    fn the_newlines_that_jgit_sends_after_shallow_are_taken_away() {
        let plain = |answer: &[u8]| {
            let mut bytes = Vec::new();
            plain_shallow(answer).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        let id = "f39e03fdec9e5accfcc9ba3501a9e0a038dd7b30";
        let rest = "00000008NAK\n001c\u{2}Counting objects: 1   \r0035shallow";
        let jgit = format!("0035shallow {id}\n0037unshallow {id}\n{rest}");
        let git = format!("0034shallow {id}0036unshallow {id}{rest}");
        assert_eq!(plain(jgit.as_bytes()), git.as_bytes());
        assert_eq!(plain(git.as_bytes()), git.as_bytes());
        assert_eq!(plain(rest.as_bytes()), rest.as_bytes());
        for other in [&b""[..], b"0", b"0000", b"zzzz", b"000cshallow", b"0009short", b"ffff"] {
            assert_eq!(plain(other), other);
        }
    }
}
