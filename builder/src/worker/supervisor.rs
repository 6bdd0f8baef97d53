//! The supervisor: runs the jobs of a cycle, each in workers that it starts and cleans up after.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use crate::{
    Error,
    data_dir::{files, layout::Layout},
    error::IoContext,
    git::{keep::Needed, mirror, repack::Repacked},
    repository_id::RepositoryId,
    worker::{
        child::{Ended, Folders, Worker},
        failure::Failure,
        gauge::Gauge,
        intake::Tarballs,
        job_result::JobResult,
        order::{Instructions, Job, Order, Task},
        rest::Rest,
        shared::Shared,
        traffic::Traffic,
    },
};

/// Runs jobs in workers. The threads of a cycle share it.
#[derive(Debug)]
pub struct Supervisor<'a> {
    instructions: Instructions,
    shared: Shared<'a>,
}

impl<'a> Supervisor<'a> {
    /// A supervisor whose workers do as `instructions` says. No worker runs after `deadline`, or while
    /// fewer than `keep_free` bytes of the disk are free.
    pub fn new(
        instructions: Instructions,
        layout: &'a Layout,
        deadline: Instant,
        keep_free: u64,
    ) -> Self {
        let shared = Shared {
            layout,
            deadline,
            keep_free,
            traffic: Arc::default(),
            hosts: instructions.http.hosts.clone(),
            origins: instructions.http.origins(),
            gauge: Gauge::default(),
            warned: AtomicBool::new(false),
        };
        Self { instructions, shared }
    }

    /// What the workers have asked of servers.
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.shared.traffic)
    }

    /// The most memory that this process and its workers used at the same time, in bytes. 0 if no worker ran.
    pub fn peak_memory(&self) -> u64 {
        self.shared.gauge.peak()
    }

    /// Runs a job. If a worker dies of one branch, another worker makes the rest. All of them have the time of one, by the
    /// clock and of the processor, so what is left when it is over is done in the next cycle.
    ///
    /// # Errors
    /// [`Error::Io`] if no worker can be started, or the folders for it cannot be made.
    pub fn run(&self, job: &Job) -> Result<JobResult, Error> {
        let mut result = JobResult::default();
        let mut rest = Rest::new(job, self.instructions.limits);
        while let Some((branches, limits)) = rest.next(&mut result) {
            if let Some(failure) = self.shared.obstacle() {
                rest.fail_all(failure, &mut result);
                break;
            }
            let mut instructions = Instructions { limits, ..self.instructions.clone() };
            // Those of other upstreams: a submodule could lead to what is not public there.
            instructions.http.credentials.retain(|it| it.cover(&job.project.url));
            let part = Job { branches: branches.clone(), ..job.clone() };
            let ended = self.attempt(part, instructions, &mut result)?;
            if let Some(failure) = rest.after(&branches, ended, &mut result) {
                // The tarballs are not affected. The next cycle tries to pack again.
                tracing::warn!("{}: {}", job.project.id, failure.text);
            }
        }
        Ok(result)
    }

    /// Packs the mirror at `path` in a worker.
    ///
    /// # Errors
    /// [`Error::Io`] if no worker can be started. The inner failure is that of the worker.
    pub fn repack(&self, path: &Path) -> Result<Result<Repacked, Failure>, Error> {
        // On a full disk, packing may make room.
        if let Some(failure) = self.shared.too_late() {
            return Ok(Err(failure));
        }
        let order = Order { task: Task::Repack(path.to_owned()), instructions: self.offline() };
        let folders = Folders { mirror: path.to_owned(), tarballs: None };
        let ended = Worker::start(&self.shared, &order, folders)?.watch(&mut JobResult::default());
        if ended.failure.is_some() {
            mirror::remove_unfinished(path).at("clean up", path)?;
        }
        // The system refuses to remove a folder that is not empty.
        let _ = fs::remove_dir(path);
        Ok(match (ended.failure, ended.repacked) {
            (None, Some(repacked)) => Ok(repacked),
            (Some(failure), _) => Err(failure),
            (None, None) => Err(Failure::for_now("its worker said nothing".to_owned())),
        })
    }

    /// Finds out in a worker which commits of submodules these branches of a repository need. `submodules` are the mirrors of
    /// all submodules.
    ///
    /// # Errors
    /// [`Error::Io`] if no worker can be started. The inner failure is that of the worker.
    pub fn needed(
        &self,
        id: &RepositoryId,
        branches: &BTreeSet<String>,
        submodules: &[PathBuf],
    ) -> Result<Result<BTreeSet<Needed>, Failure>, Error> {
        let task = Task::Needed {
            id: id.clone(),
            branches: branches.clone(),
            submodules: submodules.to_owned(),
        };
        let order = Order { task, instructions: self.offline() };
        let folders = Folders { mirror: self.shared.layout.mirror(id), tarballs: None };
        let ended = Worker::start(&self.shared, &order, folders)?.watch(&mut JobResult::default());
        Ok(ended.failure.map_or(Ok(ended.needed), Err))
    }

    /// The instructions of a worker that asks no server: without any credentials.
    fn offline(&self) -> Instructions {
        let mut instructions = self.instructions.clone();
        instructions.http.credentials.clear();
        instructions
    }

    /// Runs a job in a new worker, and cleans up after it.
    fn attempt(
        &self,
        job: Job,
        instructions: Instructions,
        result: &mut JobResult,
    ) -> Result<Ended, Error> {
        let (id, layout) = (job.project.id.clone(), self.shared.layout);
        let (mirror, staging) = (layout.mirror(&id), layout.staging(&id));
        for folder in [&mirror, &staging] {
            layout.free_place_of_folder(folder)?;
            fs::create_dir_all(folder).at("create", folder)?;
        }
        let (dist, name) = (layout.dist(id.kind), id.name.clone());
        let published = job.published.clone();
        let tarballs = Tarballs { staging: staging.clone(), dist, name, published };
        let folders = Folders { mirror: mirror.clone(), tarballs: Some(tarballs) };
        let order = Order { task: Task::Job(job), instructions };
        let ended = Worker::start(&self.shared, &order, folders)?.watch(result);
        if let Err(error) = self.clean_up(&mirror, &staging, ended.failure.is_some()) {
            // What is made is made. The next cycle cleans up, too.
            tracing::warn!("{id}: {error}");
        }
        Ok(ended)
    }

    /// Removes what a worker has left that nobody needs.
    fn clean_up(&self, mirror: &Path, staging: &Path, has_failed: bool) -> Result<(), Error> {
        files::remove(staging).at("remove", staging)?;
        if has_failed {
            // Half a pack may be large, and this repository may not be tried again soon.
            mirror::remove_unfinished(mirror).at("clean up", mirror)?;
            // What earlier commits have left could fail later ones.
            if files::size(mirror)? > self.instructions.limits.disk / 2 {
                files::empty_folder(mirror)?;
            }
        }
        if files::entries(mirror)?.is_empty() {
            fs::remove_dir(mirror).at("remove", mirror)?;
        }
        Ok(())
    }
}
