//! pkt-lines: the packets that Git's protocols consist of
//! (<https://git-scm.com/docs/protocol-common>, "pkt-line Format").
//!
//! A packet begins with its length as four hexadecimal digits, which count themselves. Lengths
//! below 4 are markers without data. What the data means is for the callers.

use std::io::{self, Read};

/// The marker that ends a list or a request.
pub(super) const FLUSH: &[u8] = b"0000";

/// The marker between two sections of a protocol 2 message.
pub(super) const DELIMITER: &[u8] = b"0001";

/// A packet. Its data is in the buffer that it was read into.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// [`FLUSH`].
    Flush,
    /// [`DELIMITER`], or protocol 2's `0002`, which ends a response.
    Delimiter,
    /// Data, as it came: a line of text may end with a newline or not.
    Data(&'a [u8]),
}

/// Why there is no packet.
#[derive(Debug)]
pub(super) enum ReadError {
    /// Reading failed. [`io::ErrorKind::UnexpectedEof`] where the bytes end before the packet does.
    Io(io::Error),
    /// These four bytes are no length, so this is something else than pkt-lines.
    NoLength([u8; 4]),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a packet, its data into `buffer`: at most 64 KiB.
///
/// # Errors
/// [`ReadError`] where that is not possible. What was read until then is lost.
pub(super) fn read<'a>(
    from: &mut impl Read,
    buffer: &'a mut Vec<u8>,
) -> Result<Packet<'a>, ReadError> {
    let mut digits = [0; 4];
    from.read_exact(&mut digits)?;
    let length = std::str::from_utf8(&digits)
        .ok()
        // `from_str_radix` takes a sign, too.
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u16::from_str_radix(digits, 16).ok());
    match length {
        Some(0) => Ok(Packet::Flush),
        Some(1 | 2) => Ok(Packet::Delimiter),
        Some(length @ 4..) => {
            buffer.resize(usize::from(length) - 4, 0);
            from.read_exact(buffer)?;
            Ok(Packet::Data(buffer))
        }
        Some(3) | None => Err(ReadError::NoLength(digits)),
    }
}

/// Appends a packet with this data: at most 65,516 bytes, which is more than any line here has.
pub(super) fn write(to: &mut Vec<u8>, data: &[u8]) {
    to.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    to.extend_from_slice(data);
}

/// The data of a packet without the newline that a line may end with.
pub(super) fn line(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
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
    fn what_is_no_packet_is_an_error() {
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
