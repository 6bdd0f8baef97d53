//! Bodies of requests: at most so many bytes.

use std::{future::poll_fn, pin::pin};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::Body;

use super::problem::ApiError;

/// The whole body of a request. One that is too large is not read to its end, and if its `Content-Length`
/// says so, not at all.
///
/// # Errors
/// 413 for a body of more than `limit` bytes, 400 where the client does not send all of it.
pub async fn read<B>(headers: &HeaderMap, body: B, limit: usize) -> Result<Vec<u8>, ApiError>
where
    B: Body<Data = Bytes>,
{
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let said: Option<u64> = said.and_then(|text| text.parse().ok());
    if said.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::BodyTooLarge { limit });
    }
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|_| ApiError::BadRequest("the body was not sent to its end"))?;
        // A frame without data has trailers.
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(ApiError::BodyTooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll, Waker},
    };

    use http_body::Frame;

    use super::*;

    /// A body in these pieces; `None` is an error.
    struct Pieces(VecDeque<Option<&'static str>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Option<Infallible>;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let piece = self.0.pop_front();
            Poll::Ready(piece.map(|piece| match piece {
                Some("trailers") => Ok(Frame::trailers(HeaderMap::new())),
                Some(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
                None => Err(None),
            }))
        }
    }

    fn read_pieces(length: &str, pieces: &[Option<&'static str>]) -> Result<Vec<u8>, ApiError> {
        let headers = [(header::CONTENT_LENGTH, length.parse().unwrap())];
        let headers: HeaderMap = headers.into_iter().filter(|_| !length.is_empty()).collect();
        let body = Pieces(pieces.iter().copied().collect());
        let mut future = pin!(read(&headers, body, 4));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read,
            Poll::Pending => unreachable!("nothing has to be waited for"),
        }
    }

    #[test]
    fn a_body_is_read_up_to_its_limit_and_not_a_byte_further() {
        let too_large = || Err(ApiError::BodyTooLarge { limit: 4 });
        assert_eq!(read_pieces("", &[]), Ok(Vec::new()));
        assert_eq!(
            read_pieces("4", &[Some("ab"), Some("cd"), Some("trailers")]),
            Ok(b"abcd".into())
        );
        assert_eq!(read_pieces("", &[Some("abc"), Some("de"), None]), too_large());
        // It says so before its first byte.
        assert_eq!(read_pieces("5", &[None]), too_large());
        assert!(matches!(read_pieces("4", &[Some("a"), None]), Err(ApiError::BadRequest(_))));
    }
}
