//! Partitions on the write path: found when their first row comes, created where they are missing, left when dropped.
//!
//! A table without partitions has one here, of no name and always known.
//!
//! ```text
//! leaders  the leaders of its buckets
//! ```

pub(crate) mod leaders;

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use thalweg_wire::table::PartitionTimeError;

use crate::call::{Failure, fatal};
use crate::write::{Output, Write, partition::leaders::Leaders};
use thalweg_contract::{Error, ErrorCode, Instant, TableHandle};

/// A partition of a table, or a table without partitions.
#[derive(Debug)]
pub(crate) struct PartitionState {
    /// Its table, by position.
    pub(crate) table: usize,
    /// Its name; empty: the table has no partitions.
    pub(crate) name: Arc<str>,
    /// The server's number for it, once known.
    pub(crate) id: Option<i64>,
    /// The lanes of the buckets that were written to, by bucket.
    pub(crate) lanes: BTreeMap<u32, usize>,
    /// Where rows without bucket key go.
    pub(crate) current: u32,
    /// What is known of its leaders, and how it is renewed.
    pub(crate) leaders: Leaders,
    buckets: NonZeroU32,
}

impl PartitionState {
    /// One that was not written to yet; rows without bucket key begin at bucket `current`.
    pub(crate) fn new(table: usize, name: Arc<str>, buckets: NonZeroU32, current: u32) -> Self {
        Self { table, name, id: None, lanes: BTreeMap::new(), current, leaders: Leaders::default(), buckets }
    }

    /// Goes on to the next bucket, with `prefer_led` to the next whose leader is known if there is one.
    pub(crate) fn advance(&mut self, prefer_led: bool) {
        let buckets = self.buckets.get();
        let behind = |step: u32| ((u64::from(self.current) + u64::from(step)) % u64::from(buckets)) as u32;
        let led = |bucket: &u32| self.leaders.of(*bucket).is_some();
        let preferred = if prefer_led { (1..buckets).map(behind).find(led) } else { None };
        let stays = prefer_led && preferred.is_none() && led(&self.current);
        self.current = if stays { self.current } else { preferred.unwrap_or_else(|| behind(1)) };
    }
}

impl Write {
    /// The leaders of the buckets of a table without partitions, as they are now known; to `Output::Refresh` in any case,
    /// also if nothing changed.
    pub(crate) fn set_leaders(&mut self, now: Instant, table: TableHandle, leaders: &[Option<i32>]) {
        self.stir(now);
        if let Some(at) = self.known_partition(table, "") {
            self.learn_leaders(at, leaders);
        }
    }

    /// Number and leaders of a partition as they are now known; to `Output::Seek`, also if nothing changed.
    pub(crate) fn set_partition(
        &mut self,
        now: Instant,
        table: TableHandle,
        partition: &str,
        id: i64,
        leaders: &[Option<i32>],
    ) {
        self.stir(now);
        let Some(mut at) = self.known_partition(table, partition).filter(|_| !partition.is_empty()) else { return };
        if self.partitions[at].id.is_some_and(|known| known != id) {
            at = self.leave_partition(at, &dropped());
        }
        self.partitions[at].id = Some(id);
        self.learn_leaders(at, leaders);
    }

    /// The partition does not exist, for this reason; to `Output::Seek`. It is created where the settings say so; else the
    /// rows that wait for it fail.
    pub(crate) fn partition_missing(&mut self, now: Instant, table: TableHandle, partition: &str, error: &Error) {
        self.stir(now);
        let Some(mut at) = self.known_partition(table, partition).filter(|_| !partition.is_empty()) else { return };
        if self.partitions[at].id.is_some() {
            at = self.leave_partition(at, &dropped());
        }
        if !self.settings.create_partitions {
            self.partitions[at].leaders.set(&[]);
            let what = format!("it does not exist, and create-partitions is off: {error}");
            let error = self.about_partition(at, &what, false);
            self.fail_partition(at, &error);
        } else if let Some(why) = self.outside_of_time(at) {
            self.partitions[at].leaders.set(&[]);
            let error = self.about_partition(at, &format!("it is not created: {why}"), false);
            self.fail_partition(at, &error);
        } else if self.has_rows(at) {
            let state = &self.partitions[at];
            let (key, partition) = (at as u64, Arc::clone(&state.name));
            let table = self.tables[state.table].handle;
            self.ledger.push(Output::CreatePartition { key, table, partition });
        } else {
            self.partitions[at].leaders.set(&[]);
        }
    }

    /// Why a partition that is missing is not to be created: it is no time of its table's unit, or would be dropped at once.
    /// Servers before 1.0 create it all the same.
    fn outside_of_time(&self, at: usize) -> Option<PartitionTimeError> {
        let state = &self.partitions[at];
        let (rules, keys) = self.tables[state.table].time.as_ref()?;
        let now = i64::try_from(self.now / 1000).unwrap_or(i64::MAX);
        rules.check_anywhere(keys, &state.name, now).err()
    }

    /// How `Output::CreatePartition` ended. Created or there already: it is looked for again.
    pub(crate) fn partition_created(&mut self, now: Instant, key: u64, result: Result<(), Failure>) {
        self.stir(now);
        let Some(at) = usize::try_from(key).ok().filter(|at| *at < self.partitions.len()) else { return };
        let (first, limit) = self.backoff;
        let leaders = &mut self.partitions[at].leaders;
        leaders.set(&[]);
        leaders.backoff().failed(self.now, first, limit, &mut self.chance);
        let Err(failure) = result else { return };
        let error = failure.into_error();
        let error = self.about_partition(at, &format!("it could not be created: {error}"), error.retriable);
        if error.retriable {
            self.trouble_in_partition(at, &error);
        } else {
            self.fail_partition(at, &error);
        }
    }

    /// The partition of a table that rows go to, by name; new if need be.
    pub(crate) fn partition(&mut self, table: usize, name: &str) -> usize {
        if let Some(&at) = self.tables[table].partitions.get(name) {
            return at;
        }
        let buckets = self.tables[table].buckets;
        let first = self.chance.below(u64::from(buckets.get())) as u32;
        let name: Arc<str> = name.into();
        self.partitions.push(PartitionState::new(table, Arc::clone(&name), buckets, first));
        self.tables[table].partitions.insert(name, self.partitions.len() - 1);
        self.partitions.len() - 1
    }

    fn known_partition(&self, table: TableHandle, name: &str) -> Option<usize> {
        let table = self.handles.get(&table)?.table;
        self.tables[table].partitions.get(name).copied()
    }

    fn learn_leaders(&mut self, at: usize, leaders: &[Option<i32>]) {
        let missing = self.lacks_leader(at, leaders);
        let (first, limit) = self.backoff;
        let known = &mut self.partitions[at].leaders;
        known.set(leaders);
        if missing {
            known.backoff().failed(self.now, first, limit, &mut self.chance);
        } else {
            known.backoff().succeeded();
        }
    }

    /// Whether a bucket of this partition that has rows has no leader here.
    fn lacks_leader(&self, partition: usize, leaders: &[Option<i32>]) -> bool {
        let leader = |bucket: u32| leaders.get(bucket as usize).copied().flatten();
        let mut lanes = self.partitions[partition].lanes.iter();
        lanes.any(|(bucket, lane)| !self.lanes[*lane].is_empty() && leader(*bucket).is_none())
    }

    fn has_rows(&self, partition: usize) -> bool {
        self.partitions[partition].lanes.values().any(|lane| !self.lanes[*lane].is_empty())
    }

    /// The partition is there no longer under its number: what was sent fails, and what was not goes to the partition
    /// that takes its place. Gives that.
    fn leave_partition(&mut self, old: usize, error: &Error) -> usize {
        let state = &self.partitions[old];
        let (table, name) = (state.table, Arc::clone(&state.name));
        self.tables[table].partitions.remove(&name);
        let new = self.partition(table, &name);
        self.partitions[new].current = self.partitions[old].current;
        let lanes: Vec<(u32, usize)> =
            self.partitions[old].lanes.iter().map(|(bucket, lane)| (*bucket, *lane)).collect();
        for (bucket, from) in lanes {
            let to = self.lane(new, bucket);
            let open = self.lanes[from].open.take();
            let ready = std::mem::take(&mut self.lanes[from].ready);
            self.lanes[from].gone = true;
            for batch in &ready {
                if let Some(job) = self.jobs.get_mut(&batch.id) {
                    job.lane = to;
                }
            }
            self.lanes[to].open = open;
            self.lanes[to].ready = ready;
            if !self.lanes[to].is_empty() {
                self.active.insert(to);
            }
        }
        let error = self.about_partition(old, &error.to_string(), error.retriable);
        self.fail_partition(old, &error);
        new
    }

    fn fail_partition(&mut self, partition: usize, error: &Error) {
        let lanes: Vec<usize> = self.partitions[partition].lanes.values().copied().collect();
        self.fail_lanes(&lanes, error);
    }

    fn trouble_in_partition(&mut self, partition: usize, error: &Error) {
        for at in self.partitions[partition].lanes.values() {
            let lane = &mut self.lanes[*at];
            if !lane.is_empty() {
                lane.trouble = Some(error.clone());
            }
        }
    }

    /// What is wrong, with the names of table and partition.
    fn about_partition(&self, at: usize, what: &str, retriable: bool) -> Error {
        let state = &self.partitions[at];
        let table = self.tables[state.table].name();
        let code = ErrorCode::Invalid(format!("the partition '{}' of the table {table}: {what}", state.name));
        Error { code, retriable }
    }
}

fn dropped() -> Error {
    fatal(ErrorCode::Other("it was dropped while rows for it were under way".into()))
}
