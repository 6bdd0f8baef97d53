//! What all workers of a cycle have in common, on the supervisor's side.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use crate::{
    data_dir::{
        disk::{self, Space},
        layout::Layout,
    },
    net::Hosts,
    progress,
    worker::{failure::Failure, gauge::Gauge, traffic::Traffic},
};

/// What all running workers have in common.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) layout: &'a Layout,
    /// When the cycle has to end.
    pub(super) deadline: Instant,
    /// How many bytes of the disk stay free.
    pub(super) keep_free: u64,
    pub(super) traffic: Arc<Traffic>,
    /// What is known of the hosts that workers ask.
    pub(super) hosts: Hosts,
    /// The origins of these hosts. What a worker says of any other is not believed.
    pub(super) origins: BTreeSet<String>,
    pub(super) gauge: Gauge,
    /// Whether the operator was told that workers are not confined.
    pub(super) warned: AtomicBool,
}

impl Shared<'_> {
    /// Why no worker may start now.
    pub(super) fn obstacle(&self) -> Option<Failure> {
        self.too_late().or_else(|| self.full_disk())
    }

    /// The failure of whatever would begin after the deadline.
    pub(super) fn too_late(&self) -> Option<Failure> {
        let text = "was not done: the time of the cycle (setting deadline) was over before";
        (Instant::now() >= self.deadline).then(|| Failure::for_now(text.to_owned()))
    }

    /// The failure of whatever would fill the disk. `None` while enough is free.
    pub(super) fn full_disk(&self) -> Option<Failure> {
        let root = self.layout.root();
        let Space { free, is_short_of_files, .. } = disk::space(root).ok()?;
        if is_short_of_files {
            return Some(Failure::for_now(format!(
                "was not done: few files can still be made on the disk of {} (inodes, see `df -i`), and some have to \
                 stay free",
                root.display()
            )));
        }
        (free < self.keep_free).then(|| {
            Failure::for_now(format!(
                "was not done: only {} are free on the disk of {}, and {} have to stay free (setting \
                 keep-free)",
                progress::bytes(free),
                root.display(),
                progress::bytes(self.keep_free)
            ))
        })
    }
}
