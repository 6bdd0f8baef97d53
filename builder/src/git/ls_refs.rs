//! Which commit a branch stands at, asked of Git itself, for upstreams whose list does not tell.
//!
//! One POST a repository by protocol 2's `ls-refs`
//! (<https://git-scm.com/docs/protocol-v2>, "ls-refs"): the server sends only refs that
//! begin with a wanted name, so that a repository of 60,000 refs costs one small answer. libgit2
//! speaks protocol 0 only, where the answer has all refs; that is what a server gets that does not
//! speak protocol 2. The usual GET for the server's capabilities is left out: a request without any
//! is one that every protocol-2 server understands.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{self, BufReader, Read},
    sync::{Mutex, MutexGuard, mpsc},
    thread,
};

use tardist_contract::{BranchName, CommitId};

use crate::{
    Error,
    net::http::{self, Http, HttpError},
    repository_id::RepositoryId,
    upstream::Project,
};

/// The longest answer that is read: 60,000 refs of protocol 0 take 4 MB, and only the wanted ones
/// are kept.
const MAX_REFS: u64 = 256 << 20;

/// So many repositories of a host in a row that can't be reached, after all tries, and its others
/// are not asked in this cycle: the host is down, and each try takes seconds.
const MAX_FAILURES: usize = 10;

type Tips = BTreeMap<BranchName, CommitId>;

/// The projects with their tips, and those that could not be asked. `jobs` are asked at once.
pub fn tips(
    http: &Http,
    projects: Vec<Project>,
    branches: &BTreeSet<BranchName>,
    jobs: usize,
) -> (Vec<Project>, Vec<(RepositoryId, Error)>) {
    let threads = jobs.clamp(1, projects.len().max(1));
    let queue = Mutex::new(VecDeque::from(projects));
    let hosts = Hosts::default();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, queue, hosts) = (sender.clone(), &queue, &hosts);
            scope.spawn(move || {
                while let Some(project) = lock(queue).pop_front() {
                    let asked = hosts.ask(http, &project.url, branches);
                    if sender.send((project, asked)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut told, mut failed) = (Vec::new(), Vec::new());
        for (project, asked) in receiver {
            match asked {
                Ok(tips) => told.push(Project { tips, ..project }),
                Err(error) => failed.push((project.id, error)),
            }
        }
        told.sort_by(|one, other| one.id.cmp(&other.id));
        (told, failed)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What has been learnt of the hosts that are asked.
#[derive(Debug, Default)]
struct Hosts(Mutex<BTreeMap<String, Host>>);

#[derive(Debug, Default, Clone, Copy)]
struct Host {
    /// Failed in a row.
    failures: usize,
    /// Speaks protocol 0 and not 2.
    is_old: bool,
}

impl Hosts {
    fn ask(&self, http: &Http, url: &str, branches: &BTreeSet<BranchName>) -> Result<Tips, Error> {
        let name = http::origin_of(url).unwrap_or_default();
        let host = lock(&self.0).get(&name).copied().unwrap_or_default();
        if host.failures >= MAX_FAILURES {
            let reason =
                format!("not asked, since {MAX_FAILURES} others of {name} failed in a row");
            return Err(Error::Refs { url: url.to_owned(), reason });
        }
        let asked = ask(http, url, branches, host.is_old);
        let mut hosts = lock(&self.0);
        let host = hosts.entry(name).or_default();
        match &asked {
            Ok((_, is_old)) => *host = Host { failures: 0, is_old: host.is_old || *is_old },
            Err(error) if error.is_transient() => host.failures += 1,
            Err(_) => host.failures = 0,
        }
        asked.map(|(tips, _)| tips)
    }
}

/// The tips of one repository, and whether protocol 0 told them.
fn ask(
    http: &Http,
    url: &str,
    branches: &BTreeSet<BranchName>,
    is_old: bool,
) -> Result<(Tips, bool), Error> {
    http.retry(Error::is_transient, Error::retry_after, || {
        if !is_old {
            match by_version_2(http, url, branches) {
                Ok(Some(tips)) => return Ok((tips, false)),
                Err(source) if source.is_transient() || is_final(&source) => {
                    return Err(Error::Fetch { url: url.to_owned(), source });
                }
                Ok(None) | Err(_) => {}
            }
        }
        Ok((by_version_0(http, url, branches)?, true))
    })
}

/// True where the answer is about the repository, and the same by any protocol.
fn is_final(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status, .. } if matches!(status.as_u16(), 401 | 403 | 404 | 410))
        || matches!(error, HttpError::NotAllowed { .. })
}

const LS_REFS: [(&str, &str); 3] = [
    ("git-protocol", "version=2"),
    ("content-type", "application/x-git-upload-pack-request"),
    ("accept", "application/x-git-upload-pack-result"),
];

/// Protocol 2; none where the answer is not one of it.
fn by_version_2(
    http: &Http,
    url: &str,
    branches: &BTreeSet<BranchName>,
) -> Result<Option<Tips>, HttpError> {
    let url = format!("{url}/git-upload-pack");
    let answer = http.send(&url, &LS_REFS, Some(&request(branches)))?;
    let mut answer = BufReader::new(answer.take(MAX_REFS));
    match read_version_2(&mut answer, branches) {
        Ok(tips) => {
            finish(answer);
            Ok(Some(tips))
        }
        Err(Bad::Cut(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(HttpError::cut(&url, error))
        }
        Err(_) => Ok(None),
    }
}

/// Protocol 0: the list of all refs, which a clone begins with.
fn by_version_0(http: &Http, url: &str, branches: &BTreeSet<BranchName>) -> Result<Tips, Error> {
    let asked = format!("{url}/info/refs?service=git-upload-pack");
    let fetch = |source| Error::Fetch { url: url.to_owned(), source };
    let answer = http.send(&asked, &[], None).map_err(fetch)?;
    let mut answer = BufReader::new(answer.take(MAX_REFS));
    let tips = read_version_0(&mut answer, branches).map_err(|bad| match bad {
        Bad::Cut(error) => fetch(HttpError::cut(&asked, error)),
        Bad::Form(reason) => Error::Refs { url: url.to_owned(), reason },
    })?;
    finish(answer);
    Ok(tips)
}

/// Reads what is behind the last packet, which is nothing but the end of the body: a connection
/// whose answer was read to its end serves the next request.
fn finish(answer: impl Read) {
    // The tips are there; a connection that breaks now is not used again, and that is all.
    let _ = io::copy(&mut answer.take(4096), &mut io::sink());
}

fn packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// The body of a protocol-2 `ls-refs` for these branches.
fn request(branches: &BTreeSet<BranchName>) -> Vec<u8> {
    let mut request = packet("command=ls-refs\n");
    request.push_str("0001");
    for branch in branches {
        request.push_str(&packet(&format!("ref-prefix {}\n", branch.ref_name())));
    }
    request.push_str("0000");
    request.into_bytes()
}

/// Why an answer is none.
#[derive(Debug)]
enum Bad {
    /// It ended early.
    Cut(io::Error),
    /// It is something else.
    Form(String),
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        Self::Cut(error)
    }
}

/// One packet (<https://git-scm.com/docs/protocol-common>, "pkt-line").
#[derive(Debug, PartialEq, Eq)]
enum Packet {
    Flush,
    Delimiter,
    Data,
}

/// Reads a packet; its data without a line's end goes into `data`.
fn read_packet(from: &mut impl Read, data: &mut Vec<u8>) -> Result<Packet, Bad> {
    let mut digits = [0; 4];
    from.read_exact(&mut digits)?;
    let length = std::str::from_utf8(&digits)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u16::from_str_radix(digits, 16).ok());
    data.clear();
    match length {
        Some(0) => Ok(Packet::Flush),
        Some(1 | 2) => Ok(Packet::Delimiter),
        Some(length @ 4..) => {
            data.resize(usize::from(length) - 4, 0);
            from.read_exact(data)?;
            if data.last() == Some(&b'\n') {
                data.pop();
            }
            match data.strip_prefix(b"ERR ") {
                Some(text) => Err(Bad::Form(format!("Git says {:?}", text_of(text)))),
                None => Ok(Packet::Data),
            }
        }
        Some(3) | None => {
            let start = text_of(&digits);
            Err(Bad::Form(format!("it begins with {start:?}, which is not Git's smart HTTP")))
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned()
}

/// Notes the line `ID REF`, where it is of a wanted branch.
fn note(line: &[u8], wanted: &BTreeMap<String, &BranchName>, tips: &mut Tips) -> Result<(), Bad> {
    let line = text_of(line);
    let mut words = line.split(' ');
    let (Some(id), Some(name)) = (words.next(), words.next()) else {
        return Err(Bad::Form(format!("{line:?} is not a commit and a ref")));
    };
    if let Some(branch) = wanted.get(name) {
        let id = id.parse().map_err(|error| Bad::Form(format!("{error}")))?;
        tips.insert((*branch).clone(), id);
    }
    Ok(())
}

fn by_ref_name(branches: &BTreeSet<BranchName>) -> BTreeMap<String, &BranchName> {
    branches.iter().map(|branch| (branch.ref_name(), branch)).collect()
}

/// `ID REF` a line up to a flush; only a flush where no ref fits, as in an empty repository.
fn read_version_2(mut from: impl Read, branches: &BTreeSet<BranchName>) -> Result<Tips, Bad> {
    let wanted = by_ref_name(branches);
    let (mut tips, mut line) = (Tips::new(), Vec::new());
    loop {
        match read_packet(&mut from, &mut line)? {
            Packet::Flush => return Ok(tips),
            Packet::Delimiter => return Err(Bad::Form("it has a section too many".to_owned())),
            Packet::Data => note(&line, &wanted, &mut tips)?,
        }
    }
}

/// `# service=git-upload-pack`, a flush, then `ID REF` a line up to a flush, the first one with the
/// server's capabilities behind a NUL; without any ref that line stands for none.
fn read_version_0(mut from: impl Read, branches: &BTreeSet<BranchName>) -> Result<Tips, Bad> {
    let wanted = by_ref_name(branches);
    let (mut tips, mut line) = (Tips::new(), Vec::new());
    read_packet(&mut from, &mut line)?;
    if !line.starts_with(b"# service=git-upload-pack") {
        return Err(Bad::Form(format!("it begins with {:?}", text_of(&line))));
    }
    if read_packet(&mut from, &mut line)? != Packet::Flush {
        return Err(Bad::Form("its refs do not begin".to_owned()));
    }
    loop {
        match read_packet(&mut from, &mut line)? {
            Packet::Flush => return Ok(tips),
            Packet::Delimiter => return Err(Bad::Form("it has a section too many".to_owned())),
            Packet::Data => {
                let end = line.iter().position(|byte| *byte == 0).unwrap_or(line.len());
                if !line.starts_with(b"version ") && !line.starts_with(b"shallow ") {
                    note(&line[..end], &wanted, &mut tips)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn branches() -> BTreeSet<BranchName> {
        ["master", "REL1_4"].iter().map(|name| name.parse().unwrap()).collect()
    }

    fn shown(tips: Result<Tips, Bad>) -> Vec<(String, String)> {
        let tips = tips.unwrap();
        tips.iter().map(|(branch, id)| (branch.to_string(), id.to_string())).collect()
    }

    #[test]
    fn a_request_names_the_wanted_branches_only() {
        let request = String::from_utf8(request(&branches())).unwrap();
        let expected = "0014command=ls-refs\n00010021ref-prefix refs/heads/master\n\
                        0021ref-prefix refs/heads/REL1_4\n0000";
        assert_eq!(request, expected);
    }

    #[test]
    fn version_2_tells_what_begins_with_a_wanted_name() {
        let answer = packet(&format!("{A} refs/heads/master\n"))
            + &packet(&format!("{B} refs/heads/REL1_4\n"))
            + &packet(&format!("{A} refs/heads/REL1_45\n"))
            + "0000";
        let tips = shown(read_version_2(answer.as_bytes(), &branches()));
        assert_eq!(tips, [("master".into(), A.into()), ("REL1_4".into(), B.into())]);
        assert_eq!(shown(read_version_2(&b"0000"[..], &branches())), []);
    }

    #[test]
    fn version_0_tells_all_refs() {
        let start = packet("# service=git-upload-pack\n") + "0000";
        let answer = start.clone()
            + &packet("version 1\n")
            + &packet(&format!("{A} HEAD\0multi_ack symref=HEAD:refs/heads/master\n"))
            + &packet(&format!("{A} refs/heads/master\n"))
            + &packet(&format!("{B} refs/tags/REL1_4\n"))
            + &packet(&format!("shallow {B}\n"))
            + "0000";
        let tips = shown(read_version_0(answer.as_bytes(), &branches()));
        assert_eq!(tips, [("master".into(), A.into())]);
        let zero = "0".repeat(40);
        let empty = start + &packet(&format!("{zero} capabilities^{{}}\0agent=x\n")) + "0000";
        assert_eq!(shown(read_version_0(empty.as_bytes(), &branches())), []);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let sha256 = packet(&format!("{A}{A} refs/heads/master\n")) + "0000";
        let cut = packet(&format!("{A} refs/heads/master\n"));
        for bad in
            ["", "00", "<!DOCTYPE html>", "0003", "ffff", "+004", "000aERR no\n", &sha256, &cut]
        {
            assert!(read_version_2(bad.as_bytes(), &branches()).is_err(), "{bad:?}");
            assert!(read_version_0(bad.as_bytes(), &branches()).is_err(), "{bad:?}");
        }
        let Err(Bad::Form(text)) = read_version_2(&b"0015ERR access denied\n"[..], &branches())
        else {
            panic!("an error of Git");
        };
        assert!(text.contains("access denied"), "{text}");
    }
}
