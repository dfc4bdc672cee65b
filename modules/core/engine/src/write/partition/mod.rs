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
use crate::write::{
    Output, Write,
    arena::{Id, PartitionId, QueueId, TableId},
    partition::leaders::Leaders,
};
use thalweg_contract::{Error, ErrorCode, Instant, TableHandle};

/// A partition of a table, or a table without partitions.
#[derive(Debug)]
pub(crate) struct PartitionState {
    /// Its table.
    pub(crate) table: TableId,
    /// Its name; empty: the table has no partitions.
    pub(crate) name: Arc<str>,
    /// The server's number for it, once known.
    pub(crate) id: Option<i64>,
    /// The queues of the buckets that were written to, by bucket.
    pub(crate) queues: BTreeMap<u32, QueueId>,
    /// Where rows without bucket key go.
    pub(crate) current: u32,
    /// What is known of its leaders, and how it is renewed.
    pub(crate) leaders: Leaders,
    buckets: NonZeroU32,
}

impl PartitionState {
    /// One that was not written to yet; rows without bucket key begin at bucket `current`.
    pub(crate) fn new(table: TableId, name: Arc<str>, buckets: NonZeroU32, current: u32) -> Self {
        Self { table, name, id: None, queues: BTreeMap::new(), current, leaders: Leaders::default(), buckets }
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
        self.advance(now);
        if let Some(id) = self.known_partition(table, "") {
            self.learn_leaders(id, leaders);
        }
    }

    /// Number and leaders of a partition as they are now known; to `Output::Seek`, also if nothing changed.
    pub(crate) fn set_partition(
        &mut self,
        now: Instant,
        table: TableHandle,
        partition: &str,
        number: i64,
        leaders: &[Option<i32>],
    ) {
        self.advance(now);
        let Some(mut id) = self.known_partition(table, partition).filter(|_| !partition.is_empty()) else { return };
        if self.partitions.get(id).and_then(|state| state.id).is_some_and(|known| known != number) {
            let Some(new) = self.leave_partition(id, &dropped()) else { return };
            id = new;
        }
        if let Some(state) = self.partitions.get_mut(id) {
            state.id = Some(number);
        }
        self.learn_leaders(id, leaders);
    }

    /// The partition does not exist, for this reason; to `Output::Seek`. It is created where the settings say so; else the
    /// rows that wait for it fail.
    pub(crate) fn partition_missing(&mut self, now: Instant, table: TableHandle, partition: &str, error: &Error) {
        self.advance(now);
        let Some(mut id) = self.known_partition(table, partition).filter(|_| !partition.is_empty()) else { return };
        if self.partitions.get(id).is_some_and(|state| state.id.is_some()) {
            let Some(new) = self.leave_partition(id, &dropped()) else { return };
            id = new;
        }
        let refused = if self.settings.create_partitions {
            self.outside_of_time(id).map(|why| format!("it is not created: {why}"))
        } else {
            Some(format!("it does not exist, and create-partitions is off: {error}"))
        };
        if refused.is_none() && self.has_rows(id) {
            self.create_partition(id);
            return;
        }
        if let Some(state) = self.partitions.get_mut(id) {
            state.leaders.set(&[]);
        }
        self.touch_partition(id);
        if let Some(what) = refused {
            let error = self.about_partition(id, &what, false);
            self.fail_partition(id, &error);
        }
    }

    fn create_partition(&mut self, id: PartitionId) {
        let Some(state) = self.partitions.get(id) else { return };
        let Some(table) = self.tables.get(state.table) else { return };
        let (key, partition) = (id.position() as u64, Arc::clone(&state.name));
        self.accounting.push(Output::CreatePartition { key, table: table.handle, partition });
    }

    /// Why a partition that is missing is not to be created: it is no time of its table's unit, or would be dropped at once.
    /// Servers before 1.0 create it all the same.
    fn outside_of_time(&self, id: PartitionId) -> Option<PartitionTimeError> {
        let state = self.partitions.get(id)?;
        let (rules, keys) = self.tables.get(state.table)?.time.as_ref()?;
        let now = i64::try_from(self.now / 1000).unwrap_or(i64::MAX);
        rules.check_anywhere(keys, &state.name, now).err()
    }

    /// How `Output::CreatePartition` ended. Created or there already: it is looked for again. An unknown key is ignored.
    pub(crate) fn partition_created(&mut self, now: Instant, key: u64, result: Result<(), Failure>) {
        self.advance(now);
        let Some(id) = usize::try_from(key).ok().map(PartitionId::at) else { return };
        let Some(state) = self.partitions.get_mut(id) else { return };
        let (first, limit) = self.backoff;
        state.leaders.set(&[]);
        state.leaders.backoff().failed(self.now, first, limit, &mut self.chance);
        self.touch_partition(id);
        let Err(failure) = result else { return };
        let error = failure.into_error();
        let error = self.about_partition(id, &format!("it could not be created: {error}"), error.retriable);
        if error.retriable {
            self.note_trouble(id, &error);
        } else {
            self.fail_partition(id, &error);
        }
    }

    /// The partition of a table that rows go to, by name; new if need be.
    pub(crate) fn partition(&mut self, table: TableId, name: &str) -> Option<PartitionId> {
        let state = self.tables.get_mut(table)?;
        if let Some(id) = state.partitions.get(name) {
            return Some(*id);
        }
        let first = self.chance.below(u64::from(state.buckets.get())) as u32;
        let name: Arc<str> = name.into();
        let id = self.partitions.add(PartitionState::new(table, Arc::clone(&name), state.buckets, first));
        state.partitions.insert(name, id);
        Some(id)
    }

    fn known_partition(&self, table: TableHandle, name: &str) -> Option<PartitionId> {
        let table = self.handles.get(&table)?.table;
        self.tables.get(table)?.partitions.get(name).copied()
    }

    fn learn_leaders(&mut self, id: PartitionId, leaders: &[Option<i32>]) {
        let missing = self.lacks_leader(id, leaders);
        let (first, limit) = self.backoff;
        let Some(state) = self.partitions.get_mut(id) else { return };
        state.leaders.set(leaders);
        if missing {
            state.leaders.backoff().failed(self.now, first, limit, &mut self.chance);
        } else {
            state.leaders.backoff().succeeded();
        }
        self.touch_partition(id);
    }

    /// The buckets of a partition that have rows.
    fn buckets_with_rows(&self, partition: PartitionId) -> impl Iterator<Item = u32> {
        let queues = self.partitions.get(partition).into_iter().flat_map(|state| &state.queues);
        let filled = |queue: &QueueId| self.queues.get(*queue).is_some_and(|queue| !queue.is_empty());
        queues.filter(move |(_, queue)| filled(queue)).map(|(bucket, _)| *bucket)
    }

    /// Whether a bucket of this partition that has rows has no leader here.
    fn lacks_leader(&self, partition: PartitionId, leaders: &[Option<i32>]) -> bool {
        let leader = |bucket: u32| leaders.get(bucket as usize).copied().flatten();
        self.buckets_with_rows(partition).any(|bucket| leader(bucket).is_none())
    }

    pub(crate) fn has_rows(&self, partition: PartitionId) -> bool {
        self.buckets_with_rows(partition).next().is_some()
    }

    /// The partition is there no longer under its number: what was sent fails, and what was not goes to the partition
    /// that takes its place. Gives that.
    fn leave_partition(&mut self, old: PartitionId, error: &Error) -> Option<PartitionId> {
        let state = self.partitions.get(old)?;
        let (table, name, current) = (state.table, Arc::clone(&state.name), state.current);
        let queues: Vec<(u32, QueueId)> = state.queues.iter().map(|(bucket, queue)| (*bucket, *queue)).collect();
        self.tables.get_mut(table)?.partitions.remove(&name);
        let new = self.partition(table, &name)?;
        self.partitions.get_mut(new)?.current = current;
        for (bucket, from) in queues {
            self.move_unsent(from, new, bucket);
        }
        let error = self.about_partition(old, &error.to_string(), error.retriable);
        self.fail_partition(old, &error);
        Some(new)
    }

    /// Moves what was never sent from the queue of a bucket that is gone to that of the bucket in its new partition.
    fn move_unsent(&mut self, from: QueueId, partition: PartitionId, bucket: u32) {
        let Some(to) = self.queue(partition, bucket) else { return };
        let Some(left) = self.queues.get_mut(from) else { return };
        left.gone = true;
        let (open, ready) = (left.open.take(), std::mem::take(&mut left.ready));
        for batch in &ready {
            if let Some(job) = self.jobs.get_mut(&batch.id) {
                job.queue = to;
            }
        }
        let Some(queue) = self.queues.get_mut(to) else { return };
        (queue.open, queue.ready) = (open, ready);
        if !queue.is_empty() {
            self.active.insert(to);
        }
        self.touch(from);
        self.touch(to);
    }

    pub(crate) fn queues_of(&self, partition: PartitionId) -> Vec<QueueId> {
        self.partitions.get(partition).into_iter().flat_map(|state| state.queues.values().copied()).collect()
    }

    fn fail_partition(&mut self, partition: PartitionId, error: &Error) {
        let queues = self.queues_of(partition);
        self.fail_queues(&queues, error);
    }

    /// Notes why the rows of a partition are not sent yet.
    fn note_trouble(&mut self, partition: PartitionId, error: &Error) {
        for id in self.queues_of(partition) {
            if let Some(queue) = self.queues.get_mut(id).filter(|queue| !queue.is_empty()) {
                queue.trouble = Some(error.clone());
            }
        }
    }

    /// What is wrong, with the names of table and partition.
    fn about_partition(&self, id: PartitionId, what: &str, retriable: bool) -> Error {
        let names = self.partitions.get(id).and_then(|state| Some((&state.name, self.tables.get(state.table)?.name())));
        let text = match names {
            Some((name, table)) => format!("the partition '{name}' of the table {table}: {what}"),
            None => what.to_owned(),
        };
        Error { code: ErrorCode::Invalid(text), retriable }
    }
}

fn dropped() -> Error {
    fatal(ErrorCode::Other("it was dropped while rows for it were under way".into()))
}
