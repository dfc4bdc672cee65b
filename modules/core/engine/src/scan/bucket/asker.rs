//! One request at a time to the leader of one bucket, tried again until it is answered or late.

use thalweg_wire::message::ServerErrorCode;

use crate::{
    backoff::{Backoff, micros},
    call::{passing, server_error},
    chance::Chance,
    cluster::{Cluster, Leader},
    order::{Orders, Stale},
};
use thalweg_contract::{Bucket, Error, ErrorCode, Instant, Settings, TableHandle};

/// Finds the leader of a bucket, and when to ask it again.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) handle: TableHandle,
    pub(crate) bucket: Bucket,
    /// The bucket as errors have it.
    pub(crate) place: String,
    /// The request under way, and whom it went to.
    pub(crate) asked: Option<(u64, i32)>,
    sought: bool,
    backoff: Backoff,
    trouble: Option<Error>,
    /// When it is late; `None`: not yet asked for anything.
    deadline: Option<Instant>,
}

impl Asker {
    /// Nothing asked yet.
    pub(crate) fn new(handle: TableHandle, bucket: Bucket, place: String) -> Self {
        let (backoff, sought) = (Backoff::default(), false);
        Self { handle, bucket, place, asked: None, sought, backoff, trouble: None, deadline: None }
    }

    /// Whom to ask now; `None`: not now. Fails when it is late, and if the bucket is not there.
    pub(crate) fn leader(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        settings: &Settings,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<Option<i32>, Error> {
        let timeout = micros(settings.connection.command_timeout);
        if *self.deadline.get_or_insert(now.saturating_add(timeout)) <= now {
            return Err(self.trouble.clone().or(cluster.trouble().cloned()).unwrap_or_else(|| {
                passing(ErrorCode::TimedOut(format!("{} did not answer within the command timeout", self.place)))
            }));
        }
        if self.asked.is_some() || self.backoff.not_before() > now {
            return Ok(None);
        }
        match cluster.leader(self.handle, self.bucket) {
            Leader::Server(leader) => return Ok(Some(leader)),
            Leader::Gone(error) => {
                let text = format!("{} cannot be read: {}", self.place, error.code);
                return Err(Error { code: ErrorCode::Invalid(text), retriable: error.retriable });
            }
            // The cluster asks until it knows.
            Leader::Unknown => {
                if !std::mem::replace(&mut self.sought, true) {
                    orders.refresh(Stale::leader(self.handle, self.bucket));
                }
            }
            Leader::Nobody => {
                let error = passing(ErrorCode::Unavailable(format!("{} has no leader", self.place)));
                self.failed(now, error, settings, chance, orders);
            }
        }
        Ok(None)
    }

    /// The error that an answer names. Whether a partition is still there is for the cluster to say.
    pub(crate) fn refused(&self, code: Option<i32>, message: Option<String>) -> Error {
        let code = code.unwrap_or(-1);
        let mut error = server_error(code, format!("{}: {}", self.place, message.unwrap_or_default()));
        let absent = code == ServerErrorCode::PARTITION_NOT_EXISTS.code() && self.bucket.partition.is_some();
        error.retriable |= absent || code == ServerErrorCode::TOO_MANY_SCANNERS.code();
        error
    }

    /// The request failed in a way that another try may mend.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        error: Error,
        settings: &Settings,
        chance: &mut Chance,
        orders: &mut Orders,
    ) {
        self.backoff.failed(now, settings.connection.backoff, settings.connection.backoff_limit, chance);
        self.trouble = Some(error);
        orders.refresh(Stale::leader(self.handle, self.bucket));
    }

    /// It was answered; the next request has its own deadline.
    pub(crate) fn succeeded(&mut self) {
        self.backoff.succeeded();
        self.trouble = None;
        self.deadline = None;
    }

    /// When to look again, after it was looked at `now`.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let again = Some(self.backoff.not_before()).filter(|at| self.asked.is_none() && *at > now);
        again.into_iter().chain(self.deadline).min()
    }
}
