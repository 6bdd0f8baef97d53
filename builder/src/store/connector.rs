//! The requests of `object_store` by the builder's own HTTP client: one TLS, one set of limits and time limits, and
//! no host but the store's.
//!
//! A request is made on the thread that waits for it. Nothing is gained by waiting elsewhere: whoever wants several
//! at once has a thread for each ([`pool`](crate::pool)).

use std::{
    future::{Future, ready},
    io::{self, Read},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpResponseBody, HttpService,
    },
};

use super::layout::SNAPSHOTS;
use crate::net::{self, Body, BodyKind, Http};

/// How much of an answer is read at a time.
const CHUNK: usize = 256 << 10;

/// Gives `object_store` the client.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Arc<Http>);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Service(Arc::clone(&self.0))))
    }
}

#[derive(Debug)]
struct Service(Arc<Http>);

/// What an asynchronous function of a trait gives.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Service {
    fn call<'service, 'call>(&'service self, request: HttpRequest) -> Answer<'call>
    where
        'service: 'call,
        Self: 'call,
    {
        let request = request.map(whole);
        // All else is small: the pointer, lists of a thousand names, errors.
        let is_snapshot = request.method().as_str() == "GET"
            && request.uri().path().contains(&format!("/{SNAPSHOTS}/"));
        let kind = if is_snapshot { BodyKind::Object } else { BodyKind::Answer };
        let answer = self.0.exchange(request, kind);
        let answer =
            answer.map(|it| it.map(|body| HttpResponseBody::new(Streamed(Mutex::new(body)))));
        Box::pin(ready(answer.map_err(failed)))
    }
}

/// The bytes of a request's body. All of them are in memory.
fn whole(mut body: HttpRequestBody) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.content_length());
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut context) {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    bytes
}

/// The error as `object_store` wants it, which decides by the kind whether to try again.
fn failed(error: net::HttpError) -> HttpError {
    let kind = match &error {
        error if !error.is_worth_a_retry() => HttpErrorKind::Unknown,
        net::HttpError::Transport { .. } => HttpErrorKind::Request,
        _ => HttpErrorKind::Timeout,
    };
    HttpError::new(kind, error)
}

/// The body of an answer, read when it is asked for.
struct Streamed(Mutex<Body>);

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut chunk = vec![0; CHUNK];
        Poll::Ready(match body.read(&mut chunk) {
            Ok(0) => None,
            Ok(count) => {
                chunk.truncate(count);
                Some(Ok(Frame::data(chunk.into())))
            }
            Err(error) => Some(Err(interrupted(error))),
        })
    }
}

fn interrupted(error: io::Error) -> HttpError {
    match error.downcast::<net::HttpError>() {
        Ok(error) => failed(error),
        Err(error) => HttpError::new(HttpErrorKind::Interrupted, error),
    }
}
