//! What a Git server says to people in its answer to a fetch: an error, in place of a pack or in the middle of one.
//!
//! libgit2 keeps no more of it than that there was an error.

use std::io::{self, Read};

use crate::git::pkt_line::{self, LENGTH_DIGITS};

/// How many bytes of an error are looked at, with the beginning of its packet.
const MAX_ERROR: usize = 400;

/// Passes an answer on, and listens for an error in it. It is a packet that begins with `ERR `
/// (<https://git-scm.com/docs/pack-protocol>, "pkt-line Format"), or with the byte 3, which names the band of errors
/// (<https://git-scm.com/docs/protocol-capabilities>, "side-band, side-band-64k").
pub(super) struct Listening<R> {
    from: R,
    place: Place,
    error: Option<String>,
}

/// Where in the answer a reader is.
enum Place {
    /// In the length of a packet, of which these digits were read.
    Length(Vec<u8>),
    /// In the data of a packet, of which `left` bytes are not read yet. `start` is what it begins with.
    Data { left: usize, start: Vec<u8> },
    /// In something that has no packets, up to the end: a pack alone, or no answer of Git.
    Other,
}

impl<R: Read> Listening<R> {
    /// Listens to what is read from `from`.
    pub(super) fn new(from: R) -> Self {
        Self { from, place: Place::Length(Vec::new()), error: None }
    }

    /// Takes the error that the server said, if it said one by now.
    pub(super) fn take_error(&mut self) -> Option<String> {
        self.error.take()
    }

    fn listen(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = match &mut self.place {
                Place::Length(digits) => {
                    let taken = bytes.len().min(LENGTH_DIGITS - digits.len());
                    digits.extend_from_slice(&bytes[..taken]);
                    if digits.len() == LENGTH_DIGITS {
                        self.place = match pkt_line::length(digits) {
                            Some(length) if length > LENGTH_DIGITS => {
                                Place::Data { left: length - LENGTH_DIGITS, start: Vec::new() }
                            }
                            Some(_) => Place::Length(Vec::new()),
                            None => Place::Other,
                        };
                    }
                    taken
                }
                Place::Data { left, start } => {
                    let taken = bytes.len().min(*left);
                    keep_start(start, &bytes[..taken]);
                    *left -= taken;
                    if *left == 0 {
                        if let Some(error) = error_in(start) {
                            self.error = Some(pkt_line::quoted(without_end(error)));
                        }
                        self.place = Place::Length(Vec::new());
                    }
                    taken
                }
                Place::Other => return,
            };
            bytes = &bytes[taken..];
        }
    }
}

impl<R: Read> Read for Listening<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.listen(&buffer[..count]);
        Ok(count)
    }
}

const ERROR_BAND: &[u8] = &[3];

/// The text of the error that a packet with this data is.
fn error_in(data: &[u8]) -> Option<&[u8]> {
    data.strip_prefix(ERROR_BAND).or_else(|| data.strip_prefix(pkt_line::ERROR))
}

/// The text of an error. Git ends it by a newline or a NUL.
fn without_end(error: &[u8]) -> &[u8] {
    let end = error.iter().rposition(|byte| !b"\n\0".contains(byte));
    &error[..end.map_or(0, |last| last + 1)]
}

/// Appends the next bytes of a packet to its start: of an error more than of others, of which there may be gigabytes.
fn keep_start(start: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        let most = if error_in(start).is_some() { MAX_ERROR } else { pkt_line::ERROR.len() };
        if start.len() >= most {
            return;
        }
        start.push(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard of an answer of these packets, and then these bytes, if it is read in parts of one length.
    fn heard(packets: &[&[u8]], rest: &[u8], part: usize) -> Option<String> {
        let mut answer = Vec::new();
        for packet in packets {
            match packet {
                [] => answer.extend_from_slice(pkt_line::FLUSH),
                data => pkt_line::write(&mut answer, data),
            }
        }
        answer.extend_from_slice(rest);
        let (mut from, mut passed) = (Listening::new(&answer[..]), Vec::new());
        let mut buffer = vec![0; part];
        while let count @ 1.. = from.read(&mut buffer).unwrap() {
            passed.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(passed, answer, "it is passed on as it is");
        from.take_error()
    }

    #[test]
    fn an_error_is_heard_wherever_it_stands_and_however_it_is_read() {
        for part in [1, 3, 7, 10_000] {
            let pack = [&[1][..], &[b'x'; 5_000]].concat();
            let heard = |packets: &[&[u8]], rest: &[u8]| heard(packets, rest, part);
            let refused: &[u8] = b"ERR upload-pack: not our ref 1234\n";
            let said = Some("upload-pack: not our ref 1234".to_owned());
            assert_eq!(heard(&[refused], b""), said);
            assert_eq!(heard(&[b"shallow 12\n", b"", b"NAK\n", refused], b""), said);
            let broken: &[u8] = b"\x03aborting\0";
            assert_eq!(heard(&[b"NAK\n", &pack, broken], b"").as_deref(), Some("aborting"));
            assert_eq!(heard(&[b"NAK\n", &pack, b"\x02Counting\n", b"\x01ERR no", b""], b""), None);
            assert_eq!(heard(&[b"NAK\n"], b"PACK\0\0\0\x02000cERR no\n"), None);
            assert_eq!(heard(&[], b"<!DOCTYPE html>"), None);
            assert_eq!(heard(&[], b"0020ERR cut"), None);
        }
    }

    #[test]
    fn an_error_has_a_limit() {
        let long = [&b"ERR "[..], &[b'x'; 60_000]].concat();
        let text = heard(&[&long], b"", 4_096).unwrap();
        assert!(text.chars().count() <= pkt_line::MAX_QUOTED + 1, "{text}");
    }
}
