//! Requests on their way, and what servers make of them.

use std::sync::Arc;

use super::{Happening, World};
use crate::write::{
    Change, Produce, Reply,
    model::{bucket_reply, key_batch},
};
use thalweg_contract::{Bucket, Error, ErrorCode};

/// A request on its way.
#[derive(Debug)]
pub(super) struct Request {
    connection: u64,
    /// 0: nobody hears the answer.
    key: u64,
    columns: Option<Arc<[i32]>>,
    records: Vec<(Bucket, Vec<u8>)>,
}

impl World {
    /// Puts a request on its way.
    pub(super) fn send(&mut self, produce: &Produce) {
        let (key, columns, records) = (produce.key, produce.columns.clone(), self.host.records(produce));
        self.outstanding.insert(key, produce.leader);
        if self.strikes(30) {
            self.lose(key, false);
            return;
        }
        let delay = 100 + self.chance.below(5_000);
        let fresh = self.count;
        let (connection, last) = self.connections.entry(produce.leader).or_insert((fresh, 0));
        let arrives = (self.now + delay).max(*last + 1);
        *last = arrives;
        let (connection, delay) = (*connection, arrives - self.now);
        self.after(delay, Happening::Arrives(Request { connection, key, columns, records }));
        self.after(30_000_000, Happening::TimedOut(key));
    }

    /// A request has no answer.
    pub(super) fn lose(&mut self, key: u64, sent: bool) {
        if self.outstanding.remove(&key).is_some() {
            let error = Error { code: ErrorCode::Unavailable("lost".into()), retriable: true };
            self.write.replied(self.now, key, Reply::Lost { error, sent });
        }
    }

    /// A connection ends: what is under way on it is lost, or comes in late without anybody hearing the answer.
    pub(super) fn breaks(&mut self, leader: i32) {
        if self.strikes(1000) {
            let old = self.connections.remove(&leader).map(|(connection, _)| connection);
            let of_old =
                |happening: &Happening| matches!(happening, Happening::Arrives(it) if Some(it.connection) == old);
            let under_way = self.happenings.iter().filter(|(_, happening)| of_old(happening));
            let under_way: Vec<_> = under_way.map(|(at, _)| *at).collect();
            let late = self.chance.below(60_000_000) * self.chance.below(2);
            for at in under_way {
                let Some(Happening::Arrives(request)) = self.happenings.remove(&at) else {
                    continue;
                };
                if self.chance.below(2) == 0 {
                    self.after(at.0 - self.now + late, Happening::Arrives(Request { key: 0, ..request }));
                }
            }
            let to_it = self.outstanding.iter().filter(|(_, to)| **to == leader);
            let mut keys: Vec<u64> = to_it.map(|(key, _)| *key).collect();
            keys.sort_unstable();
            keys.into_iter().for_each(|key| self.lose(key, true));
        }
        let next = self.chance.below(2) as i32;
        self.again(400_000, Happening::Breaks(next));
    }

    /// A server takes a request; late ones too.
    pub(super) fn arrives(&mut self, request: &Request) {
        let server = self.outstanding.get(&request.key).copied();
        if self.strikes(20) {
            return; // It is swallowed; the client runs into its deadline.
        }
        let mut replies = Vec::new();
        for (bucket, records) in &request.records {
            self.check_changes(records, request.columns.as_deref());
            let result = self.take(*bucket, records, server);
            if !self.strikes(5) {
                replies.push(bucket_reply(*bucket, result));
            }
        }
        if self.strikes(10) {
            replies.push(bucket_reply(Bucket { partition: None, bucket: 77 }, Ok(3)));
            replies.extend(replies.first().cloned());
        }
        let reply = match self.strikes(5) {
            true => Reply::Refused { code: 25, message: "whole".into() },
            false => Reply::Answered(replies),
        };
        let delay = 100 + self.chance.below(8_000);
        if !self.strikes(20) {
            self.after(delay, Happening::Answered(request.key, reply));
        }
    }

    /// The records of a request make the changes that were asked for, with the columns that its head names.
    fn check_changes(&self, records: &[u8], columns: Option<&[i32]>) {
        assert_eq!(columns.is_some(), self.plan.keyed);
        let Some(columns) = columns else { return };
        for (id, has_row) in key_batch(records).2 {
            let (_, change) = self.changes.range(..=id).next_back().expect("a row of ours");
            let expected: &[i32] = if let Change::Upsert(Some(_)) = change { &[1, 0] } else { &[] };
            assert_eq!((has_row, columns), (*change != Change::Delete, expected), "row {id}");
        }
    }

    fn take(&mut self, bucket: Bucket, records: &[u8], server: Option<i32>) -> Result<u64, i32> {
        if server.is_some_and(|server| server != self.leaders[bucket.bucket as usize]) {
            return Err(12);
        }
        assert_eq!(bucket.partition.is_some(), self.plan.partitions > 0);
        if bucket.partition.is_some_and(|id| !self.partitions.values().any(|known| *known == id)) {
            return Err([7, 36][self.chance.below(2) as usize]);
        }
        if self.strikes(60) {
            return Err([29, 14, 72, 12, 21, 13, 13, 48, 57][self.chance.below(9) as usize]);
        }
        let result = self.logs.entry(bucket).or_default().append(records, self.plan.keyed);
        if result.is_ok() && self.strikes(40) {
            return Err([25, 28, 26, -1][self.chance.below(4) as usize]);
        }
        result
    }
}
