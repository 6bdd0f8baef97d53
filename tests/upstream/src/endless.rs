//! Answers of hostile servers: dripping, without an end, far too large, cut, or a pack of their own.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How long a dripping answer takes for a byte.
const DRIP: Duration = Duration::from_millis(250);

/// A body that comes a byte at a time.
pub(crate) struct Dripping<B> {
    body: B,
    /// What came of the body and was not sent yet.
    rest: Bytes,
    clock: Interval,
}

impl<B> Dripping<B> {
    pub(crate) fn new(body: B) -> Self {
        let mut clock = interval(DRIP);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { body, rest: Bytes::new(), clock }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Dripping<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                end => return Poll::Ready(end),
            }
        }
        ready!(self.clock.poll_tick(context));
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(1)))))
    }
}

/// A body that begins with some bytes, and then has others again and again, without an end.
pub(crate) struct Endless {
    start: Option<Bytes>,
    part: Bytes,
}

impl Endless {
    pub(crate) fn new(start: impl Into<Bytes>, part: impl Into<Bytes>) -> Self {
        Self { start: Some(start.into()), part: part.into() }
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let part = self.start.take().unwrap_or_else(|| self.part.clone());
        Poll::Ready(Some(Ok(Frame::data(part))))
    }
}

/// A body that has some bytes, and then the connection breaks.
pub(crate) struct Broken(Option<Bytes>);

impl Broken {
    pub(crate) fn after(bytes: Bytes) -> Self {
        Self(Some(bytes))
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let broken = || io::Error::other("the connection is broken on purpose");
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or_else(broken)))
    }
}

/// A packet on this band of the side band (gitprotocol-pack, "Packfile Data").
fn packet(band: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = format!("{:04x}", data.len() + 5).into_bytes();
    packet.push(band);
    packet.extend_from_slice(data);
    packet
}

/// The answer to a fetch with this pack.
pub(crate) fn pack(pack: &[u8]) -> Vec<u8> {
    /// The longest packet has 65,520 bytes (gitprotocol-common).
    const PART: usize = 65_000;
    let packets = pack.chunks(PART).flat_map(|part| packet(1, part));
    b"00000008NAK\n".iter().copied().chain(packets).chain(*b"0000").collect()
}

/// The answer to a fetch that reports progress for ever.
pub(crate) fn progress() -> Endless {
    let line = format!("{:60000}\r", "Counting objects");
    Endless::new("00000008NAK\n", packet(2, line.as_bytes()))
}

/// The answer to a fetch whose pack has one blob, without an end: it says that it has 4 GiB, and its
/// compressed form has blocks that are stored as they are.
pub(crate) fn object() -> Endless {
    const BLOCK: u16 = 60_000;
    let mut start = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    // Type and size of the object (gitformat-pack), and the header of zlib.
    start.extend_from_slice(&[0xb0, 0x80, 0x80, 0x80, 0x40, 0x78, 0x01]);
    // A stored block (RFC 1951, 3.2.4).
    let mut block = vec![0];
    block.extend_from_slice(&BLOCK.to_le_bytes());
    block.extend_from_slice(&(!BLOCK).to_le_bytes());
    block.extend((0..BLOCK).map(|i| i.to_le_bytes()[0]));
    let start = [b"00000008NAK\n".as_slice(), &packet(1, &start)].concat();
    Endless::new(start, packet(1, &block))
}

/// So many MiB of spaces, as gzip: many members in a row, of 1 MiB each.
pub(crate) fn gzip_bomb(mebibytes: usize) -> io::Result<Vec<u8>> {
    let mut member = GzEncoder::new(Vec::new(), Compression::default());
    member.write_all(&vec![b' '; 1 << 20])?;
    Ok(member.finish()?.repeat(mebibytes))
}

/// A page of a list of projects, with one project, and another page after it.
pub(crate) fn page(query: &str) -> String {
    let value = |key| form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key);
    let of = |key| value(key).map(|(_, value)| value.into_owned()).unwrap_or_default();
    format!(
        ")]}}'\n{{\"{}Endless{}\":{{\"state\":\"ACTIVE\",\"_more_projects\":true}}}}\n",
        of("p"),
        of("S")
    )
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(future)
    }

    #[test]
    fn a_dripping_body_comes_whole_and_byte_by_byte() {
        run(async {
            let mut body = Dripping::new(Full::new(Bytes::from("ab")));
            for expected in [Some("a"), Some("b"), None] {
                let frame = body.frame().await.map(|frame| frame.expect("a frame"));
                assert_eq!(
                    frame.and_then(|it| it.into_data().ok()).as_deref(),
                    expected.map(str::as_bytes)
                );
            }
        });
    }

    #[test]
    fn a_broken_body_has_its_bytes_and_then_an_error() {
        run(async {
            let mut body = Broken::after(Bytes::from("ab"));
            let frame = body.frame().await.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), "ab");
            assert!(body.frame().await.is_some_and(|frame| frame.is_err()));
        });
    }

    #[test]
    fn each_page_names_another_project() {
        let page = page("p=mediawiki/skins/&S=7");
        assert!(page.contains("mediawiki/skins/Endless7\"") && page.contains("_more_projects"));
    }

    #[test]
    fn an_endless_body_goes_on_after_its_start() {
        let mut body = Endless::new("a", "b");
        run(async {
            for expected in ["a", "b", "b", "b"] {
                let frame = body.frame().await.expect("more").expect("a frame");
                assert_eq!(frame.into_data().expect("data"), expected);
            }
        });
    }
}
