//! A server that answers as a test says: to stand in for tardist, or in front of it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a [`Front`] does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers with this status, media type and body.
    Answer(u16, &'static str, String),
    /// Answers 200 with this JSON, but only its first half, and ends the connection.
    Half(String),
    /// Takes the request, and never answers.
    Hang,
    /// Ends the connection.
    Close,
}

impl Reply {
    /// Answers 200 with JSON.
    #[must_use]
    pub fn json(body: &impl ToString) -> Self {
        Self::Answer(200, "application/json", body.to_string())
    }
}

/// What a [`Front`] answers to the target of a request: `/list?x=y`.
type Handler = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// A server on loopback. It serves until the test process ends.
pub struct Front {
    address: SocketAddr,
    handler: Arc<Mutex<Handler>>,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Front {
    /// Starts it.
    #[must_use]
    pub fn start(handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let handler: Arc<Mutex<Handler>> = Arc::new(Mutex::new(Arc::new(handler)));
        let targets = Arc::new(Mutex::new(Vec::new()));
        let (current, seen) = (Arc::clone(&handler), Arc::clone(&targets));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (current, seen) = (Arc::clone(&current), Arc::clone(&seen));
                thread::spawn(move || {
                    let Some(target) = target(&stream) else { return };
                    seen.lock().unwrap().push(target.clone());
                    let handler = Arc::clone(&current.lock().unwrap());
                    // A client that does not wait for the answer is no fault.
                    let _ = answer(stream, handler(&target));
                });
            }
        });
        Self { address, handler, targets }
    }

    /// Where it serves: `http://127.0.0.1:1234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, it answers like this.
    pub fn answers(&self, handler: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handler);
    }

    /// The targets of the requests since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.targets.lock().unwrap())
    }
}

/// The target of a request; its headers are read and dropped.
fn target(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let _ = lines.find(String::is_empty);
    Some(target)
}

fn answer(mut stream: TcpStream, reply: Reply) -> std::io::Result<()> {
    let (status, media_type, body, cut) = match reply {
        Reply::Answer(status, media_type, body) => (status, media_type, body, false),
        Reply::Half(body) => (200, "application/json", body, true),
        Reply::Hang => {
            thread::sleep(Duration::from_secs(120));
            return Ok(());
        }
        Reply::Close => return Ok(()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    stream.write_all(&body.as_bytes()[..if cut { length / 2 } else { length }])
}
