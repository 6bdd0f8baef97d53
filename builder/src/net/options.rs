//! How requests are made, and how much of an answer is taken.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{credentials::Credentials, hosts::Hosts, origin::AllowedOrigins};
use crate::limits::net::{
    LEAST_RATE_BYTES, LEAST_RATE_TIME, MAX_LIST_PAGE, MAX_LIST_TIME, MAX_OBJECT, MAX_OBJECT_TIME,
    MAX_PACK, MAX_PACK_TIME, MAX_REFS, MAX_RETRY_TIME,
};

/// How requests are made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HttpOptions {
    /// The whole `User-Agent`.
    pub user_agent: String,
    /// URLs whose scheme, host and port may be asked.
    pub allowed: Vec<String>,
    /// What goes with Git's requests to some of them.
    pub credentials: Vec<Credentials>,
    /// How often a request is tried again after a failure that may pass.
    pub retries: usize,
    /// How long a response, or its next bytes, may take.
    pub timeout: Duration,
    /// How much of an answer is taken. A worker has the default.
    #[serde(skip)]
    pub limits: HttpLimits,
    /// What is known of the hosts. All clients that are made of clones of these options share it, and a
    /// worker begins with what was known when it was started.
    pub hosts: Hosts,
}

impl HttpOptions {
    /// The texts of the origins that may be asked.
    pub fn origins(&self) -> BTreeSet<String> {
        self.allowed.iter().map(String::as_str).collect::<AllowedOrigins>().texts()
    }
}

#[cfg(test)]
impl HttpOptions {
    /// Options for tests, in which these URLs may be asked.
    pub(crate) fn allowing(urls: &[&str]) -> Self {
        Self {
            user_agent: "test".into(),
            allowed: urls.iter().map(ToString::to_string).collect(),
            credentials: vec![],
            retries: 0,
            timeout: Duration::from_secs(1),
            limits: HttpLimits::default(),
            hosts: Hosts::default(),
        }
    }
}

/// How much of an answer is taken, and how slow it may be. The default is that of
/// [`limits::net`](crate::limits::net).
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// A page of a list of repositories.
    pub list: BodyLimit,
    /// A list of refs.
    pub refs: BodyLimit,
    /// The answer to a fetch.
    pub pack: BodyLimit,
    /// A snapshot of a store.
    pub object: BodyLimit,
    /// The least that any answer has to bring.
    pub least_rate: LeastRate,
    /// How long the tries of one request may take together.
    pub retry_time: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        let list = BodyLimit {
            what: "a page of a list of repositories",
            bytes: MAX_LIST_PAGE,
            time: MAX_LIST_TIME,
        };
        Self {
            list,
            refs: BodyLimit { what: "a list of refs", bytes: MAX_REFS, ..list },
            pack: BodyLimit { what: "a fetch", bytes: MAX_PACK, time: MAX_PACK_TIME },
            object: BodyLimit { what: "an object", bytes: MAX_OBJECT, time: MAX_OBJECT_TIME },
            least_rate: LeastRate { bytes: LEAST_RATE_BYTES, within: LEAST_RATE_TIME },
            retry_time: MAX_RETRY_TIME,
        }
    }
}

/// What the body of an answer is, which decides how much of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// A page of a list of repositories.
    List,
    /// A list of refs.
    Refs,
    /// The answer to a fetch: a pack, with progress messages before it.
    Pack,
    /// A snapshot of an object store.
    Object,
    /// Any other answer of an object store: the pointer, a page of a list, an error.
    Answer,
}

impl HttpLimits {
    /// The limits of a kind of body.
    pub(super) fn of(&self, kind: BodyKind) -> BodyLimit {
        match kind {
            BodyKind::List => self.list,
            BodyKind::Refs => self.refs,
            BodyKind::Pack => self.pack,
            BodyKind::Object => self.object,
            BodyKind::Answer => BodyLimit { what: "an answer of the store", ..self.list },
        }
    }
}

/// How long the body of an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimit {
    /// What such a body is, for messages: "a list of refs".
    pub what: &'static str,
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Time from the end of the headers to the end of the body.
    pub time: Duration,
}

/// The least that an answer has to bring once it has begun: so many bytes in each such time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastRate {
    /// Bytes as they come over the network, headers included.
    pub bytes: u64,
    /// Time of waiting for the network.
    pub within: Duration,
}
