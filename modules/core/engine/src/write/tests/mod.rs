//! The write stage step by step: one case after the other, with a leader that answers as it is told.

mod batches;
mod ends;
mod keyed;
mod order;
mod partition_ends;
mod partitions;

use std::{sync::Arc, time::Duration};

use thalweg_wire::{column::Batch as Rows, record::LogBatch};

use super::{
    Change, Output, Produce, Reply, Table, Write,
    model::{Host, bucket_reply, info, outputs, rows, table},
};
use thalweg_contract::{
    Acks, Assignment, Bucket, Error, ErrorCode, Event, Fate, Instant, RowSelection, Settings, Ticket, WorkOutput,
};

const MS: Instant = 1_000;

/// Rows of a write, and where they are and where that log ended, or why not.
type Outcome = (Ticket, Vec<u32>, Result<(Bucket, u64), String>);

/// A stage with one table, and what it wanted.
struct Bench {
    write: Write,
    host: Host,
    now: Instant,
    requests: Vec<Produce>,
    events: Vec<Event>,
    writers: i64,
    refreshes: usize,
    /// The partitions that were looked for.
    seeks: Vec<Arc<str>>,
    /// The partitions that were to be created, and the number of each creation.
    creations: Vec<(u64, Arc<str>)>,
}

impl Bench {
    /// With a log of ids; server 0 leads every bucket.
    fn new(buckets: u32, hashed: bool, change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(&table(0, buckets, hashed, vec![Some(0); buckets as usize]), change)
    }

    fn of(table: &Table, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(vec![]);
        change(&mut settings);
        let mut write = Write::new(&settings, 1);
        write.open(0, table);
        Self {
            write,
            host: Host::default(),
            now: 0,
            requests: vec![],
            events: vec![],
            writers: 6,
            refreshes: 0,
            seeks: vec![],
            creations: vec![],
        }
    }

    fn append(&mut self, ticket: Ticket, ids: &[i64]) -> Result<(), Error> {
        self.write.take(self.now, ticket, 0, &Change::Append, &rows(ids))
    }

    /// Appends, and does all that follows.
    fn take(&mut self, ticket: Ticket, ids: &[i64]) {
        self.put(ticket, &Change::Append, &rows(ids));
    }

    /// Writes rows, and does all that follows.
    fn put(&mut self, ticket: Ticket, change: &Change, rows: &Rows<'_>) {
        self.write.take(self.now, ticket, 0, change, rows).expect("room");
        self.settle();
    }

    /// Carries everything out but requests, which are kept.
    fn settle(&mut self) {
        loop {
            let outputs = outputs(&mut self.write);
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                match output {
                    Output::Work { key, work } => {
                        let output = self.host.work(&work);
                        self.write.encoded(self.now, key, output);
                    }
                    Output::InitWriter { .. } => {
                        self.writers += 1;
                        self.write.writer_given(self.now, Ok(self.writers));
                    }
                    Output::Produce(request) => self.requests.push(request),
                    Output::Refresh { .. } => self.refreshes += 1,
                    Output::Seek { partition, .. } => self.seeks.push(partition),
                    Output::CreatePartition { key, partition, .. } => self.creations.push((key, partition)),
                    Output::Release(buffer) => self.host.release(buffer),
                    Output::Event(event) => self.events.push(event),
                }
            }
        }
    }

    fn pass(&mut self, micros: Instant) {
        self.now += micros;
        self.write.tick(self.now);
        self.settle();
    }

    /// Writer id, sequence and rows of the batch of a request.
    fn stamp(&self, request: usize) -> (i64, i32, u32) {
        let records = self.host.records(&self.requests[request]);
        let batch = LogBatch::parse(&records[0].1).expect("a batch");
        (batch.writer_id, batch.sequence, batch.records)
    }

    fn answer(&mut self, request: usize, result: Result<u64, i32>) {
        let request = &self.requests[request];
        let replies = request.batches.iter().map(|batch| bucket_reply(batch.bucket, result)).collect();
        self.reply(request.key, Reply::Answered(replies));
    }

    fn reply(&mut self, key: u64, reply: Reply) {
        self.write.replied(self.now, key, reply);
        self.settle();
    }

    fn lose(&mut self, request: usize, sent: bool) {
        let error = Error { code: ErrorCode::Unavailable("gone".into()), retriable: true };
        self.reply(self.requests[request].key, Reply::Lost { error, sent });
    }

    /// The fate of each ticket that has one: its first offset, or whether the rows may have been written.
    fn fates(&mut self) -> Vec<(Ticket, Result<Option<u64>, bool>)> {
        let events = std::mem::take(&mut self.events);
        let fates = events.into_iter().filter_map(|event| match event {
            Event::Settled { ticket, fates } => Some(fates.into_iter().map(move |(_, fate)| {
                let fate = match fate {
                    Fate::Acknowledged { first, .. } => Ok(first),
                    Fate::Failed { may_have_been_written, .. } => Err(may_have_been_written),
                };
                (ticket, fate)
            })),
            _ => None,
        });
        fates.flatten().collect()
    }

    /// Of each part of a write that has a fate: its ticket, its rows, and where they are or why not.
    fn outcomes(&mut self) -> Vec<Outcome> {
        let events = std::mem::take(&mut self.events);
        let fates = events.into_iter().flat_map(|event| match event {
            Event::Settled { ticket, fates } => fates.into_iter().map(|(rows, fate)| (ticket, rows, fate)).collect(),
            _ => vec![],
        });
        let outcome = |(ticket, rows, fate)| {
            let rows = match rows {
                RowSelection::Span { first, count } => (first..first + count).collect(),
                RowSelection::Rows(rows) => rows,
            };
            let result = match fate {
                Fate::Acknowledged { bucket, end, .. } => Ok((bucket, end)),
                Fate::Failed { error, may_have_been_written } => Err(format!("{error} ({may_have_been_written})")),
            };
            (ticket, rows, result)
        };
        fates.map(outcome).collect()
    }

    fn is_empty(&self) -> bool {
        self.write.counters().buffered == 0 && self.host.buffers.is_empty()
    }
}
