//! Offsets and row counts of buckets, asked of their leaders (ListOffsets and GetTableStats, `fluss.md` 3.7).

mod message;

use std::collections::{BTreeMap, BTreeSet};

use thalweg_wire::{message::ServerErrorCode, tree};

use self::message::{Said, call, said};
use crate::{
    backoff::Backoff,
    call::{Body, Failure, Key, passing, server_error},
    chance::Chance,
    cluster::{Cluster, Leader},
    order::{Orders, Stale},
};
use thalweg_contract::{Bucket, ConnectionSettings, Error, ErrorCode, Instant, TableHandle};

/// What is asked of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The first offset that it still has.
    Earliest,
    /// One past the last.
    Latest,
    /// That of the first batch that the server took at this time or later, in milliseconds since 1970-01-01T00:00:00Z;
    /// the latest if there is none yet.
    At(i64),
    /// How many rows a keyed bucket has, where the server counts them.
    Rows,
}

/// Why an answer is of no use.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The server refused for good.
    Refused(Error),
    /// The server broke the protocol.
    Malformed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Due,
    Asked(u64),
    Known(u64),
    /// The server does not say it.
    Unsaid,
    /// Its partition is not there (any more): why.
    Gone(Error),
}

#[derive(Debug)]
struct Want {
    /// What was wanted, or `Latest` where no batch is as young as that.
    asked: Kind,
    state: State,
}

/// What is asked of which bucket.
type Place = (Bucket, Kind);

/// Some offsets of one table's buckets, asked until each is known.
#[derive(Debug)]
pub(crate) struct Offsets {
    handle: TableHandle,
    name: String,
    wants: BTreeMap<Place, Want>,
    /// Partitions that the cluster was asked to look for.
    sought: BTreeSet<i64>,
    /// How many are due or asked for.
    open: usize,
    backoff: Backoff,
    trouble: Option<Error>,
}

impl Offsets {
    /// Nothing asked yet. `name` is the table's, for errors.
    pub(crate) fn new(handle: TableHandle, name: String, wants: impl IntoIterator<Item = Place>) -> Self {
        let due = |(bucket, kind)| ((bucket, kind), Want { asked: kind, state: State::Due });
        let wants = tree::map(wants.into_iter().map(due));
        let (open, sought) = (wants.len(), BTreeSet::new());
        Self { handle, name, wants, sought, open, backoff: Backoff::default(), trouble: None }
    }

    /// Asks what is not known, one request for each leader, partition and kind; `keys` numbers them.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        keys: &mut u64,
        key: impl Fn(u64) -> Key,
        (settings, chance): (&ConnectionSettings, &mut Chance),
        orders: &mut Orders,
    ) {
        if self.open == 0 || self.backoff.not_before() > now {
            return;
        }
        let Ok(table_id) = cluster.table(self.handle).map(|table| table.info.table_id) else { return };
        let mut groups: BTreeMap<_, Vec<Place>> = BTreeMap::new();
        let mut leaderless = None;
        for (&(bucket, kind), want) in self.wants.iter_mut().filter(|(_, want)| want.state == State::Due) {
            match cluster.leader(self.handle, bucket) {
                Leader::Server(leader) => {
                    groups.entry((leader, bucket.partition, want.asked)).or_default().push((bucket, kind));
                }
                Leader::Gone(error) => {
                    want.state = State::Gone(error);
                    self.open -= 1;
                }
                // The cluster asks until it knows.
                Leader::Unknown => {
                    if bucket.partition.is_some_and(|partition| self.sought.insert(partition)) {
                        orders.refresh(Stale::leader(self.handle, bucket));
                    }
                }
                Leader::Nobody => {
                    leaderless = Some(bucket);
                    orders.refresh(Stale::leader(self.handle, bucket));
                }
            }
        }
        for ((leader, partition, kind), places) in groups {
            *keys += 1;
            for place in &places {
                if let Some(want) = self.wants.get_mut(place) {
                    want.state = State::Asked(*keys);
                }
            }
            let buckets = places.iter().map(|(bucket, _)| bucket.bucket as i32).collect();
            orders.calls.push(call(key(*keys), leader, (table_id, partition), kind, buckets));
        }
        if let Some(bucket) = leaderless {
            let text = format!("bucket {} of {} has no leader", bucket.bucket, self.name);
            self.again(now, passing(ErrorCode::Unavailable(text)), settings, chance);
        }
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let due = self.open > 0 && self.wants.values().any(|want| want.state == State::Due);
        due.then(|| self.backoff.not_before()).filter(|at| *at > now)
    }

    /// A request ended.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        result: Result<Body, Failure>,
        (settings, chance): (&ConnectionSettings, &mut Chance),
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        let counts = self.wants.values().any(|want| want.asked == Kind::Rows && want.state == State::Asked(key));
        let said = match result {
            Ok(body) => said(counts, body),
            Err(failure) => {
                let error = failure.into_error();
                if error.retriable {
                    self.retry(now, key, error, settings, chance, orders);
                } else if counts {
                    self.settle(key, State::Unsaid);
                } else {
                    return Err(Wrong::Refused(error));
                }
                return Ok(());
            }
        };
        match said.and_then(|said| self.learn(key, &said)) {
            Ok(Ok(None)) => self.backoff.succeeded(),
            Ok(Ok(Some(error))) => self.retry(now, key, error, settings, chance, orders),
            Ok(Err(error)) => return Err(Wrong::Refused(error)),
            Err(reason) => {
                let error = passing(ErrorCode::Corrupt(reason.clone()));
                self.retry(now, key, error, settings, chance, orders);
                let api = if counts { "GET_TABLE_STATS" } else { "LIST_OFFSETS" };
                return Err(Wrong::Malformed(format!("in the answer to {api}: {reason}")));
            }
        }
        Ok(())
    }

    /// Whether this request is one of these, and was not answered yet.
    pub(crate) fn asked(&self, key: u64) -> bool {
        self.wants.values().any(|want| want.state == State::Asked(key))
    }

    /// What is known; `None`: not yet, or never.
    pub(crate) fn offset(&self, bucket: Bucket, kind: Kind) -> Option<u64> {
        match self.wants.get(&(bucket, kind))?.state {
            State::Known(offset) => Some(offset),
            _ => None,
        }
    }

    /// Why a bucket is not there any more, if it is not.
    pub(crate) fn gone(&self) -> impl Iterator<Item = (Bucket, &Error)> {
        self.wants.iter().filter_map(|((bucket, _), want)| match &want.state {
            State::Gone(error) => Some((*bucket, error)),
            _ => None,
        })
    }

    /// Whether all that can be known is known.
    pub(crate) fn is_done(&self) -> bool {
        self.open == 0
    }

    /// Why it takes so long, if anything failed.
    pub(crate) fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// Takes an answer over. Gives an error that another try may mend (inside), or one that it does not, or what is
    /// malformed (outside).
    fn learn(&mut self, key: u64, said: &[Said]) -> Result<Result<Option<Error>, Error>, String> {
        let said = tree::map(said.iter().map(|said| (said.bucket, said)));
        let mut passing = None;
        for ((bucket, _), want) in self.wants.iter_mut().filter(|(_, want)| want.state == State::Asked(key)) {
            let said =
                said.get(&(bucket.bucket as i32)).ok_or_else(|| format!("bucket {} is missing", bucket.bucket))?;
            if said.code == ServerErrorCode::INVALID_TIMESTAMP.code() && matches!(want.asked, Kind::At(_)) {
                // In the future: nothing is as young, so it is behind the last row that is there.
                (want.asked, want.state) = (Kind::Latest, State::Due);
                continue;
            }
            if said.code != 0 {
                let error =
                    server_error(said.code, format!("bucket {} of {}: {}", said.bucket, self.name, said.message));
                // Whether the partition is still there is for the cluster to say.
                let absent = said.code == ServerErrorCode::PARTITION_NOT_EXISTS.code() && bucket.partition.is_some();
                if error.retriable || absent {
                    passing = Some(error);
                    continue;
                }
                if want.asked != Kind::Rows {
                    return Ok(Err(error));
                }
            }
            want.state = match said.value.and_then(|value| u64::try_from(value).ok()) {
                Some(value) if said.code == 0 => State::Known(value),
                _ if want.asked == Kind::Rows => State::Unsaid,
                _ => return Err(format!("bucket {} has no offset", bucket.bucket)),
            };
            self.open -= 1;
        }
        Ok(Ok(passing))
    }

    fn settle(&mut self, key: u64, state: State) {
        for want in self.wants.values_mut().filter(|want| want.state == State::Asked(key)) {
            want.state = state.clone();
            self.open -= 1;
        }
    }

    /// What this request asked and did not get is asked again after a while, of whoever leads then.
    fn retry(
        &mut self,
        now: Instant,
        key: u64,
        error: Error,
        settings: &ConnectionSettings,
        chance: &mut Chance,
        orders: &mut Orders,
    ) {
        for ((bucket, _), want) in self.wants.iter_mut().filter(|(_, want)| want.state == State::Asked(key)) {
            want.state = State::Due;
            orders.refresh(Stale::leader(self.handle, *bucket));
        }
        self.again(now, error, settings, chance);
    }

    fn again(&mut self, now: Instant, error: Error, settings: &ConnectionSettings, chance: &mut Chance) {
        self.backoff.failed(now, settings.backoff, settings.backoff_limit, chance);
        self.trouble = Some(error);
    }
}
