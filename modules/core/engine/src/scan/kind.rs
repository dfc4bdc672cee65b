//! The kinds of scans, behind one face.

use super::{Shared, bucket::current::Current, bucket::limited::Limited, log::Reader};
use crate::{
    call::{Body, Failure, passing},
    chance::Chance,
    cluster::Cluster,
    offsets::Wrong,
    order::Orders,
};
use thalweg_contract::{Bucket, BufferId, Buffers, Error, ErrorCode, Instant, TableHandle, WorkOutput};

/// A scan.
#[derive(Debug)]
pub(super) enum Scan {
    /// Of logs.
    Log(Box<Reader>),
    /// Of some rows of a bucket.
    Limited(Box<Limited>),
    /// Of the current rows of a bucket.
    Current(Box<Current>),
}

impl Scan {
    pub(super) fn handle(&self) -> TableHandle {
        match self {
            Self::Log(scan) => scan.handle(),
            Self::Limited(scan) => scan.handle(),
            Self::Current(scan) => scan.handle(),
        }
    }

    /// It may give this many more bytes. A limit scan needs no demand.
    pub(super) fn demand(&mut self, bytes: u64) {
        match self {
            Self::Log(scan) => scan.demand(bytes),
            Self::Limited(_) => {}
            Self::Current(scan) => scan.demand(bytes),
        }
    }

    /// Asks and gives whatever can be; `Some` when everything was given.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<Option<()>, Error> {
        match self {
            Self::Log(scan) => scan.tick(now, cluster, shared, chance, orders),
            Self::Limited(scan) => scan.tick(now, cluster, shared, chance, orders),
            Self::Current(scan) => scan.tick(now, cluster, shared, chance, orders),
        }
    }

    /// When `tick` is to be called at the latest, after it was called at `now`.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        match self {
            Self::Log(scan) => scan.next_wake(now),
            Self::Limited(scan) => scan.next_wake(now),
            Self::Current(scan) => scan.next_wake(now),
        }
    }

    /// A request ended; `frames` has the bytes of an answer that are not at hand.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        (result, frames): (Result<Body, Failure>, &mut dyn Buffers),
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        match self {
            Self::Log(scan) => scan.answered(now, key, (result, frames), shared, chance, orders),
            Self::Limited(scan) => scan.answered(now, result, shared, chance, orders),
            Self::Current(scan) => scan.answered(now, result, shared, chance, orders),
        }
    }

    /// Work on a batch of this bucket is done. Gives the buffer that it lies in now, if any.
    pub(super) fn done(&mut self, key: u64, bucket: Bucket, output: WorkOutput) -> Result<Option<BufferId>, Error> {
        match self {
            Self::Log(scan) => scan.done(key, bucket, output),
            Self::Limited(scan) => scan.done(key, output),
            Self::Current(_) => Err(passing(ErrorCode::Other("work was done that nobody waits for".into()))),
        }
    }

    /// Lets go of everything: the scan is over.
    pub(super) fn discard(self, shared: &mut Shared, orders: &mut Orders) {
        match self {
            Self::Log(scan) => scan.discard(shared, orders),
            Self::Limited(scan) => scan.discard(shared, orders),
            Self::Current(scan) => scan.discard(shared, orders),
        }
    }
}
