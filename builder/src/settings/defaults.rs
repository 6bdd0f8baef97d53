//! The values of settings that nobody sets.

use std::{collections::BTreeMap, path::PathBuf, thread};

use bytesize::ByteSize;
use jiff::SignedDuration;

use super::given::{Incomplete, LogFormat, Settings};
use crate::upstream::wikimedia;

impl Settings {
    /// The default of every setting.
    pub fn defaults() -> Self {
        Self {
            data: Some(PathBuf::from("data")),
            upstream: wikimedia::GERRIT.parse().ok().map(|gerrit| vec![gerrit]),
            branches: wikimedia::BRANCH.parse().ok().map(|branch| vec![branch]),
            release_branches: Some(wikimedia::RELEASE_BRANCHES),
            only: Some(Vec::new()),
            public_url: Some(String::new()),
            store: Some(String::new()),
            store_endpoint: Some(String::new()),
            store_region: Some("us-east-1".to_owned()),
            store_credentials: Some(PathBuf::new()),
            store_key: Some(PathBuf::new()),
            store_public_key: Some(String::new()),
            contact: Some("no contact given".to_owned()),
            url_map: Some(Vec::new()),
            submodule_hosts: Some(Vec::new()),
            submodule_depth: Some(1),
            composer: Some(PathBuf::new()),
            composer_timeout: Some(SignedDuration::from_mins(5)),
            incomplete: Some(Incomplete::Avoid),
            jobs: Some(jobs()),
            limit_memory: Some(ByteSize::mib(768)),
            limit_cpu: Some(SignedDuration::from_secs(30)),
            limit_time: Some(SignedDuration::from_mins(30)),
            limit_idle: Some(SignedDuration::from_mins(5)),
            limit_disk: Some(ByteSize::gib(2)),
            deadline: Some(SignedDuration::from_hours(6)),
            keep_free: Some(KEEP_FREE),
            max_loss: Some(20),
            retries: Some(3),
            timeout: Some(SignedDuration::from_mins(2)),
            grace: Some(SignedDuration::from_hours(7 * 24)),
            refresh: Some(SignedDuration::from_hours(12)),
            publish_every: Some(SignedDuration::from_mins(5)),
            log_format: Some(LogFormat::Text),
            metrics_file: Some(PathBuf::new()),
            set_by: BTreeMap::new(),
        }
    }
}

/// How much of the disk stays free, if the operator says nothing.
pub const KEEP_FREE: ByteSize = ByteSize::gib(1);

/// How many repositories are worked on at once. More than the cores where these are few, since a
/// fetch mostly waits. At most 8, since each has a connection to the upstream, and compressing uses
/// all cores anyway.
fn jobs() -> usize {
    thread::available_parallelism().map_or(6, |cores| cores.get().clamp(6, 8))
}
