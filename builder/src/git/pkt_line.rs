//! pkt-lines: reads and writes the packets of Git's protocols
//! (<https://git-scm.com/docs/protocol-common>, "pkt-line Format").
//!
//! A packet begins with its length in bytes, as four hexadecimal digits. The length includes these digits. A
//! length below 4 is a marker without data. The callers interpret the data.

use std::io::{self, Read};

use crate::secrets;

/// The flush packet: the end of a list or of a request.
pub(super) const FLUSH: &[u8] = b"0000";

/// The delimiter packet: it separates two sections of a message in protocol version 2.
pub(super) const DELIMITER: &[u8] = b"0001";

/// How many digits the length of a packet has.
pub(super) const LENGTH_DIGITS: usize = 4;

/// A packet. Its data is in the buffer that [`read`] got.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// [`FLUSH`].
    Flush,
    /// [`DELIMITER`], or `0002`, which ends a response in protocol version 2.
    Delimiter,
    /// Data as it was received: a line of text may or may not end with a newline.
    Data(&'a [u8]),
}

/// Why a packet could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// Reading failed. [`io::ErrorKind::UnexpectedEof`] means that the input ends within the packet.
    Io(io::Error),
    /// These four bytes are not a length, so the input does not consist of pkt-lines.
    NoLength([u8; 4]),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads one packet. `buffer` receives its data, at most 64 KiB.
///
/// # Errors
/// [`ReadError`] if there is no complete packet. The bytes that were read until then are lost.
pub(super) fn read<'a>(
    from: &mut impl Read,
    buffer: &'a mut Vec<u8>,
) -> Result<Packet<'a>, ReadError> {
    let mut digits = [0; LENGTH_DIGITS];
    from.read_exact(&mut digits)?;
    match length(&digits) {
        Some(0) => Ok(Packet::Flush),
        Some(length @ LENGTH_DIGITS..) => {
            buffer.resize(length - LENGTH_DIGITS, 0);
            from.read_exact(buffer)?;
            Ok(Packet::Data(buffer))
        }
        Some(_) => Ok(Packet::Delimiter),
        None => Err(ReadError::NoLength(digits)),
    }
}

/// The length that these digits say, or the number of a marker. `None` if they say neither.
pub(super) fn length(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits)
        .ok()
        // `from_str_radix` would accept a sign.
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .filter(|length| *length != 3)
}

/// Appends a packet with this data to `to`. The format allows at most 65,516 bytes, which no caller reaches.
pub(super) fn write(to: &mut Vec<u8>, data: &[u8]) {
    to.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    to.extend_from_slice(data);
}

/// How a line begins that is an error message of Git (<https://git-scm.com/docs/pack-protocol>, "pkt-line Format").
pub(super) const ERROR: &[u8] = b"ERR ";

/// How many characters of a line a message quotes.
pub(super) const MAX_QUOTED: usize = 200;

/// A line of a server for a message.
pub(super) fn quoted(line: &[u8]) -> String {
    // A secret must not be cut, or its first half would stay.
    secrets::quoted(&String::from_utf8_lossy(line), MAX_QUOTED)
}

/// The data of a packet without the newline at its end, if there is one.
pub(super) fn line(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"one\n");
        bytes.extend_from_slice(DELIMITER);
        write(&mut bytes, b"");
        bytes.extend_from_slice(FLUSH);
        assert_eq!(bytes, b"0008one\n000100040000");
        let (mut rest, mut buffer) = (&bytes[..], Vec::new());
        assert_eq!(read(&mut rest, &mut buffer).unwrap(), Packet::Data(b"one\n"));
        assert_eq!(read(&mut rest, &mut buffer).unwrap(), Packet::Delimiter);
        assert_eq!(read(&mut rest, &mut buffer).unwrap(), Packet::Data(b""));
        assert_eq!(read(&mut rest, &mut buffer).unwrap(), Packet::Flush);
        assert_eq!((line(b"one\n"), line(b"one")), (&b"one"[..], &b"one"[..]));
    }

    #[test]
    fn other_input_than_packets_is_an_error() {
        let mut buffer = Vec::new();
        for cut in [&b""[..], b"00", b"0008one", b"ffff"] {
            let Err(ReadError::Io(error)) = read(&mut &*cut, &mut buffer) else {
                panic!("{cut:?} is read");
            };
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
        for other in [b"<!DO", b"0003", b"+004", b"\xff000"] {
            let Err(ReadError::NoLength(digits)) = read(&mut &other[..], &mut buffer) else {
                panic!("{other:?} is read");
            };
            assert_eq!(&digits, other);
        }
    }
}
