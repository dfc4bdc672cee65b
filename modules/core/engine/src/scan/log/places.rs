//! Which buckets a scan reads, and where each begins and ends: known at once, or asked for; and for a scan that follows
//! all partitions, asked for again and again.

use crate::scan::{
    Shared,
    log::cursor::Cursor,
    plan::{Extent, Plan, end_kind, given_offset, start_kind},
};
use crate::{
    backoff::micros,
    call::{Body, Failure, Key, fatal, passing},
    chance::Chance,
    cluster::Cluster,
    offsets::{Kind, Offsets, Wrong},
    order::{Orders, Stale},
};
use thalweg_contract::{Bucket, End, Error, ErrorCode, Instant, Start, TableHandle, Ticket};
use thalweg_wire::tree;

/// Buckets of which it is being asked where they begin and end.
#[derive(Debug)]
struct Wave {
    buckets: Vec<Bucket>,
    start: Start,
    offsets: Offsets,
    deadline: Instant,
}

/// How far the question is which partitions there are.
#[derive(Debug)]
enum Listing {
    /// There is nothing to ask.
    Needless,
    /// To be asked, at this time.
    Due(Instant),
    /// Asked; the first time with a deadline.
    Asked(Option<Instant>),
}

/// The buckets of a scan that it does not read yet.
#[derive(Debug)]
pub(crate) struct Places {
    ticket: Ticket,
    handle: TableHandle,
    listing: Listing,
    /// Whether the partitions were listed before.
    listed: bool,
    waves: Vec<Wave>,
}

impl Places {
    /// Everything is to be found out.
    pub(crate) fn new(now: Instant, ticket: Ticket, handle: TableHandle, plan: &Plan, timeout: u64) -> Self {
        let mut places = Self { ticket, handle, listing: Listing::Needless, listed: false, waves: Vec::new() };
        match &plan.extent {
            Extent::Buckets(buckets) => {
                places.begin(now.saturating_add(timeout), plan, buckets.clone(), plan.start.clone());
            }
            Extent::Named(_) | Extent::Partitions => places.listing = Listing::Due(now),
        }
        places
    }

    /// Whether every bucket is read, as far as known.
    pub(crate) fn is_settled(&self) -> bool {
        self.waves.is_empty() && matches!(self.listing, Listing::Needless)
    }

    /// Asks what can be asked; gives the buckets that can be read now.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        plan: &mut Plan,
        cluster: &Cluster,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<Vec<Cursor>, Error> {
        self.list(now, plan, cluster, shared, orders)?;
        let mut found = Vec::new();
        let mut open = Vec::with_capacity(self.waves.len());
        for mut wave in std::mem::take(&mut self.waves) {
            let before = shared.keys;
            let context = (&shared.settings.connection, &mut *chance);
            wave.offsets.tick(now, cluster, &mut shared.keys, Key::Scan, context, orders);
            shared.calls.extend((before + 1..=shared.keys).map(|key| (key, self.ticket)));
            if wave.offsets.is_done() {
                wave.check_gone(plan)?;
                found.extend(wave.cursors(plan.end));
            } else if wave.deadline <= now {
                return Err(wave.offsets.trouble().cloned().unwrap_or_else(|| {
                    let text = format!("the offsets of {} could not be had within the command timeout", plan.name);
                    passing(ErrorCode::TimedOut(text))
                }));
            } else {
                open.push(wave);
            }
        }
        self.waves = open;
        Ok(found)
    }

    /// When `tick` is to be called at the latest, after it was called at `now`.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let listing = match self.listing {
            Listing::Needless => None,
            Listing::Due(at) => Some(at),
            Listing::Asked(deadline) => deadline,
        };
        let waves = self.waves.iter().flat_map(|wave| wave.offsets.next_wake(now).into_iter().chain([wave.deadline]));
        waves.chain(listing).min()
    }

    /// A request ended. It may be none of these.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        result: Result<Body, Failure>,
        shared: &Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        match self.waves.iter_mut().find(|wave| wave.offsets.asked(key)) {
            Some(wave) => wave.offsets.answered(now, key, result, (&shared.settings.connection, chance), orders),
            None => Ok(()),
        }
    }

    /// Asks which partitions there are, when it is time, and takes those in that are new.
    fn list(
        &mut self,
        now: Instant,
        plan: &mut Plan,
        cluster: &Cluster,
        shared: &Shared,
        orders: &mut Orders,
    ) -> Result<(), Error> {
        let timeout = micros(shared.settings.connection.command_timeout);
        match self.listing {
            Listing::Due(at) if at <= now => {
                orders.refresh(Stale::Partitions(self.handle));
                self.listing = Listing::Asked((!self.listed).then(|| now.saturating_add(timeout)));
            }
            Listing::Asked(_) if !cluster.is_listing(self.handle) => {
                let Some(listed) = cluster.partitions(self.handle) else { return Ok(()) };
                let first = !std::mem::replace(&mut self.listed, true);
                let new = choose(plan, listed)?;
                let follows = plan.end == End::Never && plan.extent == Extent::Partitions;
                self.listing = match follows {
                    true => Listing::Due(now.saturating_add(micros(shared.settings.scan.partition_interval))),
                    false => Listing::Needless,
                };
                let buckets = new.iter().flat_map(|(_, id)| {
                    (0..plan.bucket_count).map(move |bucket| Bucket { partition: Some(*id), bucket })
                });
                let buckets: Vec<Bucket> = buckets.collect();
                plan.partitions.extend(new.into_iter().map(|(name, id)| (id, name)));
                if !buckets.is_empty() {
                    // One that appears while the scan runs is read from its first row.
                    let start = if first { plan.start.clone() } else { Start::Earliest };
                    self.begin(now.saturating_add(timeout), plan, buckets, start);
                }
            }
            Listing::Asked(Some(deadline)) if deadline <= now => {
                let text = format!("the partitions of {} could not be listed within the command timeout", plan.name);
                return Err(cluster.trouble().cloned().unwrap_or_else(|| passing(ErrorCode::TimedOut(text))));
            }
            Listing::Needless | Listing::Due(_) | Listing::Asked(_) => {}
        }
        Ok(())
    }

    fn begin(&mut self, deadline: Instant, plan: &Plan, buckets: Vec<Bucket>, start: Start) {
        let wants = buckets.iter().flat_map(|&bucket| {
            let kinds = [start_kind(&start, bucket), end_kind(plan.end)];
            kinds.into_iter().flatten().map(move |kind| (bucket, kind))
        });
        let offsets = Offsets::new(self.handle, plan.name.clone(), wants);
        self.waves.push(Wave { buckets, start, offsets, deadline });
    }
}

impl Wave {
    /// Fails if a partition is not there any more that the scan names.
    fn check_gone(&mut self, plan: &Plan) -> Result<(), Error> {
        let gone = tree::map(self.offsets.gone());
        if plan.extent != Extent::Partitions
            && let Some((bucket, error)) = gone.first_key_value()
        {
            return Err(lost(plan, *bucket, error));
        }
        self.buckets.retain(|bucket| !gone.contains_key(bucket));
        Ok(())
    }

    fn cursors(&self, end: End) -> impl Iterator<Item = Cursor> + '_ {
        let known = |bucket, kind: Option<Kind>| kind.and_then(|kind| self.offsets.offset(bucket, kind));
        self.buckets.iter().map(move |&bucket| {
            let start = match &self.start {
                Start::Offset(offset) => Some(*offset),
                Start::Offsets(given) => given_offset(given, bucket),
                Start::Earliest | Start::Latest | Start::Timestamp(_) => None,
            };
            let start = start.or_else(|| known(bucket, start_kind(&self.start, bucket)));
            let end = match end {
                End::Never => u64::MAX,
                End::Offset(offset) => offset,
                End::Latest | End::Timestamp(_) => known(bucket, end_kind(end)).unwrap_or(0),
            };
            Cursor::new(bucket, start.unwrap_or(0), end)
        })
    }
}

/// The error of a bucket whose partition is not there any more.
pub(crate) fn lost(plan: &Plan, bucket: Bucket, error: &Error) -> Error {
    let text = format!("{} cannot be read: {}", plan.place(bucket), error.code);
    Error { code: ErrorCode::Invalid(text), retriable: error.retriable }
}

/// Those of the listed partitions that the scan reads and does not know yet. Fails if one that it names is missing.
fn choose(plan: &Plan, listed: &[(String, i64)]) -> Result<Vec<(String, i64)>, Error> {
    let new: Vec<(String, i64)> = match &plan.extent {
        Extent::Buckets(_) => Vec::new(),
        Extent::Partitions => listed.iter().filter(|(_, id)| !plan.partitions.contains_key(id)).cloned().collect(),
        Extent::Named(names) => {
            let found = names.iter().map(|name| {
                let found = listed.iter().find(|(known, _)| known == name);
                found.cloned().ok_or_else(|| {
                    fatal(ErrorCode::Invalid(format!("the table {} has no partition {name}", plan.name)))
                })
            });
            found.collect::<Result<_, _>>()?
        }
    };
    Ok(new)
}
