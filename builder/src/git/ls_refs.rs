//! Asks a Git server for refs, like `git ls-remote`: mostly for the tips of branches.
//!
//! Over HTTP this is one POST with the command `ls-refs` of protocol version 2
//! (<https://git-scm.com/docs/protocol-v2>, "ls-refs"). The server sends only the refs that begin with a
//! wanted prefix, so the response is small even for a repository with 60,000 refs. The usual GET for the server's
//! capabilities is left out, because the request uses none of them.
//!
//! A server that does not support version 2 is asked with version 0, whose response has all refs. libgit2
//! supports only version 0 here. Some servers pass the header `Git-Protocol` not on and answer such a POST by
//! 500 (Phorge does). So a host of which it is not known yet that it speaks version 2 is asked by version 0 after
//! any such answer, before that counts as a failure, or says that a repository is gone or not public.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufReader, Cursor, Read},
};

use tardist_contract::{BranchName, CommitId};

use crate::{
    Error,
    git::{
        pkt_line::{self, Packet, ReadError},
        transport::{INFO_REFS, UPLOAD_PACK},
    },
    net::{Body, BodyKind, Http, HttpError},
};

/// The tip of each branch: its newest commit.
pub type Tips = BTreeMap<BranchName, CommitId>;

/// Refs by their full names (`refs/heads/master`), each with its object.
pub type Refs = BTreeMap<String, CommitId>;

/// Which refs a server is asked for, and which of its answer are kept.
pub struct Filter<'a> {
    /// What the names of the wanted refs begin with. Each begins with `refs/`.
    pub prefixes: Vec<String>,
    /// True for the full name of a wanted ref.
    pub wants: Box<dyn Fn(&str) -> bool + 'a>,
    /// How many refs are kept. If there are more, that is an error.
    pub most: usize,
}

impl<'a> Filter<'a> {
    /// The filter for exactly these branches.
    pub fn of(branches: &'a BTreeSet<BranchName>) -> Self {
        let names: BTreeSet<String> = branches.iter().map(BranchName::ref_name).collect();
        Self {
            prefixes: branches.iter().map(BranchName::ref_name).collect(),
            most: names.len(),
            wants: Box::new(move |name| names.contains(name)),
        }
    }
}

/// The error for a repository in which the settings match more refs than `most`.
pub fn too_many(most: usize) -> Error {
    let what = "the list of its branches and tags that the settings want".to_owned();
    Error::TooLarge { what, limit: u64::try_from(most).unwrap_or(u64::MAX), unit: "names" }
}

/// The version of Git's wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Version 0, which every server supports.
    V0,
    /// Version 2.
    V2,
}

/// Asks the repository at `url` for the tips of the branches that the filter wants, with the version of the protocol
/// that its host is `known` to speak. If nothing is known, version 2 is tried, and then version 0.
///
/// Returns the tips of the branches that exist, and the version that worked.
///
/// # Errors
/// [`Error::Fetch`] if the HTTP request fails, [`Error::Refs`] if the response is not a list of refs,
/// [`Error::TooLarge`] if it has more than the filter takes.
/// Temporary failures are retried first, as often as `http` allows.
pub fn tips(
    http: &Http,
    url: &str,
    filter: &Filter<'_>,
    known: Option<Protocol>,
) -> Result<(Tips, Protocol), Error> {
    let post = |request: &[u8]| {
        let files = (UPLOAD_PACK, INFO_REFS);
        http.post(url, files, &LS_REFS, request, BodyKind::Refs)
    };
    let question = Question { http, url, filter, known, post: &post, believes_refusals: false };
    let (refs, protocol) = question.refs()?;
    let tip = |(name, commit): (String, CommitId)| {
        let branch = name.strip_prefix("refs/heads/")?.parse().ok()?;
        Some((branch, commit))
    };
    Ok((refs.into_iter().filter_map(tip).collect(), protocol))
}

/// Asks the repository at exactly `url`, which may not exist, for the refs that the filter wants, as [`tips`] does. It
/// is not looked for elsewhere: if it does not exist or is not public, that is one request.
///
/// # Errors
/// As [`tips`].
pub fn at(
    http: &Http,
    url: &str,
    filter: &Filter<'_>,
    known: Option<Protocol>,
) -> Result<(Refs, Protocol), Error> {
    let place = format!("{url}{UPLOAD_PACK}");
    let post = |request: &[u8]| http.send(&place, &LS_REFS, Some(request), BodyKind::Refs);
    Question { http, url, filter, known, post: &post, believes_refusals: true }.refs()
}

/// What is asked of a repository, and how.
struct Question<'a> {
    http: &'a Http,
    url: &'a str,
    filter: &'a Filter<'a>,
    /// What the host is known to speak.
    known: Option<Protocol>,
    /// Sends the body of a request by version 2.
    post: &'a dyn Fn(&[u8]) -> Result<Body, HttpError>,
    /// True if a refusal counts, although it is not known yet that the host speaks version 2.
    believes_refusals: bool,
}

impl Question<'_> {
    fn refs(&self) -> Result<(Refs, Protocol), Error> {
        let Self { http, url, filter, known, post, .. } = *self;
        http.retry(url, Error::is_worth_a_retry, || {
            if known != Some(Protocol::V0) {
                match by_version_2(url, filter, post) {
                    Ok(Answer::Refs(refs)) => return Ok((refs, Protocol::V2)),
                    Ok(Answer::TooMany) => return Err(too_many(filter.most)),
                    Err(source) if self.is_the_same_by_any_version(&source) => {
                        return Err(Error::Fetch { url: url.to_owned(), source });
                    }
                    Ok(Answer::OtherVersion) | Err(_) => {}
                }
            }
            Ok((by_version_0(http, url, filter)?, Protocol::V0))
        })
    }

    /// True if version 0 would fail, too. An error of the server itself (5xx) says so only of a host that is known to
    /// speak version 2, or that asks for a pause. So it is with a refusal, except that a 404 was looked around
    /// already ([`Http::post`]).
    fn is_the_same_by_any_version(&self, error: &HttpError) -> bool {
        let may_be_of_version_2 = match error.status() {
            Some(401 | 403 | 410) => !self.believes_refusals,
            Some(status) => status >= 500,
            None => false,
        };
        if may_be_of_version_2 && self.known.is_none() && error.retry_after().is_none() {
            return false;
        }
        error.is_transient() || is_final(error)
    }
}

/// True if the server refuses access to the repository, redirects to a place that is not asked, or has more refs
/// than are read. It would be so in any version of the protocol.
fn is_final(error: &HttpError) -> bool {
    matches!(error.status(), Some(401 | 403 | 404 | 410))
        || matches!(
            error,
            HttpError::NotAllowed { .. } | HttpError::TooLong { .. } | HttpError::Redirected { .. }
        )
}

const LS_REFS: [(&str, &str); 3] = [
    ("git-protocol", "version=2"),
    ("content-type", "application/x-git-upload-pack-request"),
    ("accept", "application/x-git-upload-pack-result"),
];

/// What came of a request by version 2.
enum Answer {
    Refs(Refs),
    /// It has more refs than the filter takes. It would have them by any version.
    TooMany,
    /// The response is not in this version.
    OtherVersion,
}

/// Asks with protocol version 2.
fn by_version_2(
    url: &str,
    filter: &Filter<'_>,
    post: &dyn Fn(&[u8]) -> Result<Body, HttpError>,
) -> Result<Answer, HttpError> {
    let mut response = BufReader::new(post(&request(&filter.prefixes))?);
    match read_version_2(&mut response, filter) {
        Ok(refs) => {
            finish(response);
            Ok(Answer::Refs(refs))
        }
        Err(RefsError::TooMany) => Ok(Answer::TooMany),
        Err(RefsError::Interrupted(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(HttpError::interrupted(url, error))
        }
        Err(_) => Ok(Answer::OtherVersion),
    }
}

/// Asks with protocol version 0 for the list of all refs.
fn by_version_0(http: &Http, url: &str, filter: &Filter<'_>) -> Result<Refs, Error> {
    let fetch = |source| Error::Fetch { url: url.to_owned(), source };
    let response = http.discover(url, INFO_REFS, BodyKind::Refs).map_err(fetch)?;
    let mut response = BufReader::new(response);
    let refs = read_version_0(&mut response, filter).map_err(|error| match error {
        RefsError::Interrupted(error) => fetch(HttpError::interrupted(url, error)),
        RefsError::Form(reason) => Error::Refs { url: url.to_owned(), reason },
        RefsError::TooMany => too_many(filter.most),
    })?;
    finish(response);
    Ok(refs)
}

/// What the server at `url` says that it can do, in the first line of its list of refs in version 0: words, with
/// blanks between them. Empty if the response has another form. The rest of the list is not read.
///
/// # Errors
/// The HTTP error.
pub(super) fn capabilities(http: &Http, url: &str) -> Result<String, HttpError> {
    let mut response = BufReader::new(http.discover(url, INFO_REFS, BodyKind::Refs)?);
    let mut buffer = Vec::new();
    // `# service=git-upload-pack`, a flush packet, the first ref.
    for _ in 0..3 {
        match pkt_line::read(&mut response, &mut buffer) {
            Ok(Packet::Data(data)) => {
                let mut parts = pkt_line::line(data).splitn(2, |byte| *byte == 0);
                if let (Some(_), Some(capabilities)) = (parts.next(), parts.next()) {
                    return Ok(String::from_utf8_lossy(capabilities).into_owned());
                }
            }
            Ok(Packet::Flush | Packet::Delimiter) => {}
            Err(ReadError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(HttpError::interrupted(url, error));
            }
            Err(_) => break,
        }
    }
    Ok(String::new())
}

/// Reads the response to its end, of which only the end of the transfer coding is left. The HTTP client can
/// reuse a connection only if the response was read to the end.
fn finish(response: impl Read) {
    // An error does not matter: the tips are complete, and a broken connection is not reused.
    let _ = io::copy(&mut response.take(4096), &mut io::sink());
}

/// The body of a protocol 2 `ls-refs` for refs with these prefixes.
fn request(prefixes: &[String]) -> Vec<u8> {
    let mut request = Vec::new();
    pkt_line::write(&mut request, b"command=ls-refs\n");
    request.extend_from_slice(pkt_line::DELIMITER);
    for prefix in prefixes {
        pkt_line::write(&mut request, format!("ref-prefix {prefix}\n").as_bytes());
    }
    request.extend_from_slice(pkt_line::FLUSH);
    request
}

/// Why a response is not a list of refs.
#[derive(Debug)]
pub(super) enum RefsError {
    /// Reading failed, or the response ended too early.
    Interrupted(io::Error),
    /// The response has another form. The text says what was found.
    Form(String),
    /// It has more refs than the filter takes.
    TooMany,
}

/// Reads a packet. An error message of Git (`ERR …`) becomes an error.
fn read<'a>(from: &mut impl Read, buffer: &'a mut Vec<u8>) -> Result<Packet<'a>, RefsError> {
    let packet = pkt_line::read(from, buffer).map_err(|error| match error {
        ReadError::Io(error) => RefsError::Interrupted(error),
        ReadError::NoLength(digits) => {
            let start = pkt_line::quoted(&digits);
            RefsError::Form(format!(
                "the response begins with {start:?}, which is not Git's smart HTTP"
            ))
        }
    })?;
    match packet {
        Packet::Data(data) => match pkt_line::line(data).strip_prefix(pkt_line::ERROR) {
            Some(text) => {
                Err(RefsError::Form(format!("the server answers {:?}", pkt_line::quoted(text))))
            }
            None => Ok(packet),
        },
        Packet::Flush | Packet::Delimiter => Ok(packet),
    }
}

/// Reads lines of `ID REF` up to a flush packet. If no ref matches, as in an empty repository, there is only the
/// flush packet.
pub(super) fn read_version_2(mut from: impl Read, filter: &Filter<'_>) -> Result<Refs, RefsError> {
    read_refs(&mut from, filter, |line| Some(line))
}

/// Reads `# service=git-upload-pack`, a flush packet, then lines of `ID REF` up to a flush packet. In the first
/// line, the server's capabilities follow after a NUL. If there are no refs, the first line has the name
/// `capabilities^{}` in place of a ref.
pub(super) fn read_version_0(mut from: impl Read, filter: &Filter<'_>) -> Result<Refs, RefsError> {
    let mut start = Vec::new();
    from.by_ref().take(DUMB_START).read_to_end(&mut start).map_err(RefsError::Interrupted)?;
    if is_dumb(&start) {
        let reason = "its server speaks only Git's dumb protocol, which tardist does not read: it offers files, and no \
                      `git http-backend`";
        return Err(RefsError::Form(reason.to_owned()));
    }
    let mut from = Cursor::new(start).chain(from);
    let mut buffer = Vec::new();
    match read(&mut from, &mut buffer)? {
        Packet::Data(line) if line.starts_with(b"# service=git-upload-pack") => {}
        packet => {
            let line = if let Packet::Data(data) = packet { data } else { b"" };
            return Err(RefsError::Form(format!(
                "the response begins with {:?}",
                pkt_line::quoted(pkt_line::line(line))
            )));
        }
    }
    if read(&mut from, &mut buffer)? != Packet::Flush {
        return Err(RefsError::Form("the response has no list of refs".to_owned()));
    }
    read_refs(&mut from, filter, |line| {
        let is_ref = !line.starts_with(b"version ") && !line.starts_with(b"shallow ");
        is_ref.then(|| line.split(|byte| *byte == 0).next().unwrap_or(line))
    })
}

/// How many bytes of an answer show that it is of the dumb protocol: an id of SHA-256 and what follows.
const DUMB_START: u64 = 64 + 6;

/// True for the list of refs of a server that speaks only Git's dumb protocol
/// (<https://git-scm.com/docs/http-protocol#_dumb_clients>): lines of an id, a tab, and a name.
fn is_dumb(start: &[u8]) -> bool {
    let digits = start.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    matches!(digits, 40 | 64) && start[digits..].starts_with(b"\trefs/")
}

/// Reads lines up to a flush packet. `ref_of` returns the part `ID REF` of a line, or `None` if the line is not
/// a ref.
fn read_refs(
    from: &mut impl Read,
    filter: &Filter<'_>,
    ref_of: impl Fn(&[u8]) -> Option<&[u8]>,
) -> Result<Refs, RefsError> {
    let (mut refs, mut buffer) = (Refs::new(), Vec::new());
    loop {
        match read(from, &mut buffer)? {
            Packet::Flush => return Ok(refs),
            Packet::Delimiter => {
                return Err(RefsError::Form("the response has more than one section".to_owned()));
            }
            Packet::Data(data) => {
                if let Some(line) = ref_of(pkt_line::line(data)) {
                    add(line, filter, &mut refs)?;
                }
            }
        }
    }
}

/// Adds the ref in the line `ID REF` to `refs` if it is wanted.
fn add(line: &[u8], filter: &Filter<'_>, refs: &mut Refs) -> Result<(), RefsError> {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split(' ');
    let (Some(id), Some(name)) = (words.next(), words.next()) else {
        return Err(RefsError::Form(format!(
            "the response has the line {:?}, which is not a commit and a ref",
            pkt_line::quoted(line)
        )));
    };
    if id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let reason = "the repository has object names of SHA-256, which tardist cannot fetch; it needs \
                      one with those of SHA-1";
        return Err(RefsError::Form(reason.to_owned()));
    }
    if (filter.wants)(name) {
        let id = id.parse().map_err(|error| RefsError::Form(format!("{error}")))?;
        refs.insert(name.to_owned(), id);
        if refs.len() > filter.most {
            return Err(RefsError::TooMany);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn packet(text: &str) -> String {
        let mut packet = Vec::new();
        pkt_line::write(&mut packet, text.as_bytes());
        String::from_utf8(packet).unwrap()
    }

    fn branches() -> BTreeSet<BranchName> {
        ["master", "REL1_4"].iter().map(|name| name.parse().unwrap()).collect()
    }

    fn shown(refs: Result<Refs, RefsError>) -> Vec<(String, String)> {
        let branch = |name: String| name.strip_prefix("refs/heads/").unwrap().to_owned();
        refs.unwrap().into_iter().map(|(name, id)| (branch(name), id.to_string())).collect()
    }

    fn version_2(response: &[u8]) -> Result<Refs, RefsError> {
        read_version_2(response, &Filter::of(&branches()))
    }

    fn version_0(response: &[u8]) -> Result<Refs, RefsError> {
        read_version_0(response, &Filter::of(&branches()))
    }

    #[test]
    fn a_request_names_the_wanted_branches_only() {
        let request = String::from_utf8(request(&Filter::of(&branches()).prefixes)).unwrap();
        let expected = "0014command=ls-refs\n00010021ref-prefix refs/heads/master\n\
                        0021ref-prefix refs/heads/REL1_4\n0000";
        assert_eq!(request, expected);
    }

    #[test]
    fn version_2_keeps_only_the_wanted_names() {
        let response = packet(&format!("{A} refs/heads/master\n"))
            + &packet(&format!("{B} refs/heads/REL1_4\n"))
            + &packet(&format!("{A} refs/heads/REL1_45\n"))
            + "0000";
        let tips = shown(version_2(response.as_bytes()));
        assert_eq!(tips, [("REL1_4".into(), B.into()), ("master".into(), A.into())]);
        assert_eq!(shown(version_2(&b"0000"[..])), []);
    }

    #[test]
    fn version_0_lists_all_refs_and_the_wanted_ones_are_kept() {
        let start = packet("# service=git-upload-pack\n") + "0000";
        let response = start.clone()
            + &packet("version 1\n")
            + &packet(&format!("{A} HEAD\0multi_ack symref=HEAD:refs/heads/master\n"))
            + &packet(&format!("{A} refs/heads/master\n"))
            + &packet(&format!("{B} refs/tags/REL1_4\n"))
            + &packet(&format!("shallow {B}\n"))
            + "0000";
        let tips = shown(version_0(response.as_bytes()));
        assert_eq!(tips, [("master".into(), A.into())]);
        let zero = "0".repeat(40);
        let empty = start + &packet(&format!("{zero} capabilities^{{}}\0agent=x\n")) + "0000";
        assert_eq!(shown(version_0(empty.as_bytes())), []);
    }

    #[test]
    fn a_response_of_another_service_is_an_error() {
        let refs = packet(&format!("{A} refs/heads/master\0agent=x\n")) + "0000";
        for first in ["# service=git-receive-pack\n", "hello\n"] {
            let response = packet(first) + "0000" + &refs;
            let Err(RefsError::Form(text)) = version_0(response.as_bytes()) else {
                panic!("{first} is read");
            };
            assert!(text.contains(first.trim_end()), "{text}");
        }
    }

    #[test]
    fn a_response_that_is_not_a_list_of_refs_is_an_error() {
        let sha256 = packet(&format!("{A}{A} refs/heads/master\n")) + "0000";
        let cut = packet(&format!("{A} refs/heads/master\n"));
        for bad in
            ["", "00", "<!DOCTYPE html>", "0003", "ffff", "+004", "000aERR no\n", &sha256, &cut]
        {
            assert!(version_2(bad.as_bytes()).is_err(), "{bad:?}");
            assert!(version_0(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let Err(RefsError::Form(text)) = version_2(&b"0015ERR access denied\n"[..]) else {
            panic!("there is no error");
        };
        assert!(text.contains("access denied"), "{text}");
    }

    #[test]
    fn more_refs_than_are_kept_are_an_error() {
        let filter = |most| Filter {
            prefixes: vec!["refs/heads/REL".to_owned()],
            wants: Box::new(|name| name.starts_with("refs/heads/REL")),
            most,
        };
        let response = ["REL1_1", "REL1_2", "other"]
            .map(|name| packet(&format!("{A} refs/heads/{name}\n")))
            .concat()
            + "0000";
        let read = |most| read_version_2(response.as_bytes(), &filter(most));
        assert_eq!(read(2).unwrap().len(), 2);
        assert!(matches!(read(1), Err(RefsError::TooMany)));
        let says = "the list of its branches and tags that the settings want has more than 1 names, the most";
        assert!(too_many(1).to_string().starts_with(says));
    }
}
