//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

use std::{collections::BTreeSet, io::Read};

use tardist_contract::BranchName;

use super::{
    listening::Listening,
    ls_refs::{Filter, read_version_0, read_version_2},
    pkt_line::{self, Packet},
    submodule::{parse, resolve},
    transport::{plain_start, without_shallow},
};
use crate::{
    limits::git::{MAX_SUBMODULE_NAME, MAX_SUBMODULES},
    net::Origin,
};

/// pkt-lines, and what is removed from a list of refs and from the answer to a fetch.
pub fn pkt_lines(bytes: &[u8]) {
    let (mut rest, mut buffer) = (bytes, Vec::new());
    let (mut written, mut before) = (Vec::new(), bytes);
    while let Ok(packet) = pkt_line::read(&mut rest, &mut buffer) {
        let start = written.len();
        match packet {
            Packet::Flush => written.extend_from_slice(pkt_line::FLUSH),
            Packet::Delimiter => written.extend_from_slice(pkt_line::DELIMITER),
            Packet::Data(data) => pkt_line::write(&mut written, data),
        }
        let taken = before.len() - rest.len();
        assert_eq!(written.len() - start, taken, "a packet has one length");
        before = rest;
    }
    let kept = without_shallow(bytes);
    assert!(kept.len() <= bytes.len());
    assert_eq!(without_shallow(&kept), kept);
    let mut plain = Vec::new();
    let start = plain_start(bytes, "https://h.example/x", 1000);
    if let Ok(mut start) = start
        && start.read_to_end(&mut plain).is_ok()
    {
        assert!(plain.len() <= bytes.len(), "only newlines are removed");
    }
    let mut heard = Vec::new();
    assert_eq!(Listening::new(bytes).read_to_end(&mut heard).ok(), Some(bytes.len()));
    assert_eq!(heard, bytes, "listening changes nothing");
}

/// An answer with refs. The first byte chooses the version of the protocol.
pub fn refs(bytes: &[u8]) {
    let Some((&first, answer)) = bytes.split_first() else { return };
    let branches: BTreeSet<BranchName> =
        ["master", "REL1_43"].iter().filter_map(|name| name.parse().ok()).collect();
    let filter = Filter::of(&branches);
    let read = match first & 1 {
        0 => read_version_2(answer, &filter),
        _ => read_version_0(answer, &filter),
    };
    if let Ok(refs) = read {
        assert!(refs.len() <= branches.len());
        assert!(refs.keys().all(|name| branches.iter().any(|branch| branch.ref_name() == *name)));
    }
}

/// A `.gitmodules`.
pub fn gitmodules(bytes: &[u8]) {
    let Ok(urls) = parse(bytes) else { return };
    assert!(urls.len() <= MAX_SUBMODULES);
    let mut text = String::new();
    for (number, (path, url)) in urls.iter().enumerate() {
        assert!(path.len() <= MAX_SUBMODULE_NAME && url.len() <= MAX_SUBMODULE_NAME);
        let quoted = |text: &str| {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            text.replace('\n', "\\n")
        };
        let (path, escaped) = (quoted(path), quoted(url));
        text += &format!("[submodule \"{number}\"]\n\tpath = \"{path}\"\n\turl = \"{escaped}\"\n");
        let parent = "https://g.example/r/mediawiki/extensions/Foo";
        let absolute = resolve(parent, url);
        assert!(absolute.len() <= parent.len() + 1 + url.len());
        // A relative URL leads to no other host; above the host, it is no URL any more.
        if url.starts_with("../") && !url.trim_start_matches("../").starts_with("./") {
            let same = |origin| Some(origin) == Origin::of(parent);
            let up = (url.len() - url.trim_start_matches("../").len()) / "../".len();
            assert!(up > 4 || Origin::of(&absolute).is_none_or(same), "{url} is {absolute}");
        }
    }
    assert_eq!(parse(text.as_bytes()), Ok(urls), "{text}");
}
