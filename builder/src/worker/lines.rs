//! What a worker says, line by line. Pure: no I/O.

use crate::worker::{
    death,
    failure::Failure,
    message::{MAX_LINE, Message},
};

/// How many times [`MAX_LINE`] a worker may say of everything besides its branches. Without an end to it, one that was
/// taken over could fill the disk with the log.
const MAX_OTHER: usize = 2;

/// The bytes that a worker has said and nobody has read yet.
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where in it the next line begins.
    start: usize,
    /// Up to where this line was looked at for its end.
    looked: usize,
    /// How many bytes it may still say.
    left: usize,
}

impl Lines {
    /// Nothing is said yet by a worker with this number of branches.
    pub(super) fn of(branches: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            looked: 0,
            left: MAX_LINE.saturating_mul(branches + MAX_OTHER),
        }
    }

    /// Adds what was read.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message. `None` if the rest of its line is not there yet. Empty lines are none.
    ///
    /// # Errors
    /// If this is no message, or too much is said.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Failure> {
        let rest = |it: &Self| it.buffer[it.looked..].iter().position(|&byte| byte == b'\n');
        while let Some(length) = rest(self).map(|more| self.looked + more - self.start) {
            let line = self.start..self.start + length;
            self.start = line.end + 1;
            self.looked = self.start;
            self.left = self
                .left
                .checked_sub(length + 1)
                .ok_or_else(|| death::nonsense("more than any worker has to say"))?;
            if length > 0 {
                let message = serde_json::from_slice(&self.buffer[line]);
                return message.map_err(|error| death::nonsense(&error.to_string()));
            }
        }
        // Once for all lines of what was read.
        self.buffer.drain(..self.start);
        (self.start, self.looked) = (0, self.buffer.len());
        if self.buffer.len() > MAX_LINE {
            return Err(death::nonsense("a line without end"));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with these bytes of a worker of one branch; `Ok` is the number of messages.
    fn read(chunks: &[&[u8]]) -> Result<usize, String> {
        let mut lines = Lines::of(1);
        let mut count = 0;
        for chunk in chunks {
            lines.add(chunk);
            while lines.next().map_err(|failure| failure.text)?.is_some() {
                count += 1;
            }
        }
        Ok(count)
    }

    #[test]
    fn a_message_is_a_line_however_it_comes() {
        assert_eq!(read(&[b"\"NotConfined\"\n\n\"NotConfined\"\n"]), Ok(2));
        assert_eq!(read(&[b"\"Not", b"Confined\"", b"\n\"Not"]), Ok(1));
        assert_eq!(read(&[]), Ok(0));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        assert!(read(&[b"hello\n"]).unwrap_err().contains("no message"));
        let endless = vec![b' '; MAX_LINE + 1];
        assert!(read(&[&endless]).unwrap_err().contains("a line without end"));
    }

    #[test]
    fn a_worker_cannot_fill_the_log() {
        let log = format!("{{\"Log\":[\"warn\",\"{}\"]}}\n", "x".repeat(1 << 20));
        let chunks: Vec<&[u8]> = std::iter::repeat_n(log.as_bytes(), 10).collect();
        assert_eq!(read(&chunks), Ok(10));
        let chunks: Vec<&[u8]> = std::iter::repeat_n(log.as_bytes(), 20).collect();
        assert!(read(&chunks).unwrap_err().contains("more than any worker has to say"));
    }
}
