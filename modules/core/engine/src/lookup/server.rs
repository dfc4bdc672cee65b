//! What waits for each server, and what is under way to it.

use std::collections::{BTreeMap, VecDeque};

use thalweg_wire::frame::MAX_PLAIN_REQUEST_LENGTH;

use super::open::{Kind, Open, Run};
use thalweg_contract::{LookupSettings, TableHandle, Ticket};

/// The most bytes that the keys of one request take, each with what stands before it. No key is as long.
const REQUEST_BYTES: usize = MAX_PLAIN_REQUEST_LENGTH - 256;
/// What stands before a key in a request at most: its tag and its length.
const KEY_HEAD: usize = 6;
/// What stands before the keys of a bucket at most: its number, that of its partition, and lengths.
const BUCKET_HEAD: usize = 40;

/// How many requests that are not full may be under way to a server: while it answers the one, the other reaches it.
const EAGER: u32 = 2;

/// A request that is under way, or about to be.
#[derive(Debug)]
pub(super) struct Asked {
    /// Who is asked.
    pub(super) server: i32,
    /// In which table.
    pub(super) handle: TableHandle,
    /// To do what.
    pub(super) kind: Kind,
    /// With which keys, by partition and bucket.
    pub(super) runs: Vec<Run>,
}

impl Asked {
    /// The runs of each bucket.
    pub(super) fn buckets(&self) -> impl Iterator<Item = &[Run]> {
        self.runs.chunk_by(|one, other| place(one) == place(other))
    }
}

/// Where the keys of a run are: the number of the partition, and the bucket.
pub(super) fn place(run: &Run) -> (Option<i64>, u32) {
    (run.partition_id, run.bucket)
}

/// Runs that can go in one request, in their order.
#[derive(Debug, Default)]
struct ServerQueue(VecDeque<Run>);

#[derive(Debug, Default)]
struct Server {
    /// What waits, by what can go in one request. No queue is empty.
    queues: BTreeMap<(TableHandle, Kind), ServerQueue>,
    /// Whose turn it is, of the queues.
    turns: VecDeque<(TableHandle, Kind)>,
    /// How many keys wait.
    waiting: usize,
    /// How many requests are under way.
    under_way: u32,
}

/// The queues of all servers.
#[derive(Debug, Default)]
pub(super) struct Servers {
    by_id: BTreeMap<i32, Server>,
}

impl Servers {
    /// Keys wait for this server.
    pub(super) fn queue(&mut self, server: i32, handle: TableHandle, kind: Kind, run: Run) {
        let server = self.by_id.entry(server).or_default();
        server.waiting += run.keys();
        let queue = server.queues.entry((handle, kind)).or_default();
        if queue.0.is_empty() {
            server.turns.push_back((handle, kind));
        }
        queue.0.push_back(run);
    }

    /// The next request that may be sent; it counts as under way.
    pub(super) fn next(&mut self, settings: &LookupSettings, open: &BTreeMap<Ticket, Open>) -> Option<Asked> {
        for (id, server) in &mut self.by_id {
            if server.may_send(settings)
                && let Some((handle, kind, mut runs)) = server.take(settings.request_keys, open)
            {
                runs.sort_by_key(place);
                server.under_way += 1;
                return Some(Asked { server: *id, handle, kind, runs });
            }
        }
        None
    }

    /// A request ended.
    pub(super) fn ended(&mut self, server: i32) {
        if let Some(server) = self.by_id.get_mut(&server) {
            server.under_way = server.under_way.saturating_sub(1);
        }
    }
}

impl Server {
    /// Whether a request may leave: what does not fill one waits while there are some under way.
    fn may_send(&self, settings: &LookupSettings) -> bool {
        let most = if self.waiting < settings.request_keys as usize { EAGER } else { settings.in_flight };
        self.waiting > 0 && self.under_way < most.min(settings.in_flight)
    }

    /// The runs of one request, of each queue in turn; `None`: only lookups wait that are over.
    fn take(&mut self, limit: u32, open: &BTreeMap<Ticket, Open>) -> Option<(TableHandle, Kind, Vec<Run>)> {
        while let Some((handle, kind)) = self.turns.pop_front() {
            let Some(queue) = self.queues.get_mut(&(handle, kind)) else { continue };
            let mut runs = Vec::new();
            self.waiting = self.waiting.saturating_sub(queue.take(limit, open, &mut runs));
            if queue.0.is_empty() {
                self.queues.remove(&(handle, kind));
            } else {
                self.turns.push_back((handle, kind));
            }
            if !runs.is_empty() {
                return Some((handle, kind, runs));
            }
        }
        None
    }
}

impl ServerQueue {
    /// As many keys as one request takes, into `runs`; those of lookups that are over are left out. Gives how many keys
    /// wait no longer.
    fn take(&mut self, limit: u32, open: &BTreeMap<Ticket, Open>, runs: &mut Vec<Run>) -> usize {
        let (mut keys, mut bytes, mut over) = (0, 0, 0);
        while keys < limit
            && let Some(run) = self.0.front_mut()
        {
            let Some(open) = open.get(&run.ticket) else {
                over += run.keys();
                self.0.pop_front();
                continue;
            };
            let wanted = open.order.get(run.from as usize..run.to as usize).unwrap_or_default();
            let before = keys;
            bytes += BUCKET_HEAD;
            for key in wanted {
                let length = KEY_HEAD + open.keys.key_length(*key);
                if keys == limit || keys > 0 && bytes + length > REQUEST_BYTES {
                    break;
                }
                keys += 1;
                bytes += length;
            }
            let to = run.from + (keys - before);
            if to < run.to {
                if to > run.from {
                    runs.push(Run { to, ..run.clone() });
                    run.from = to;
                }
                break;
            }
            runs.extend(self.0.pop_front());
        }
        keys as usize + over
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use thalweg_wire::{
        column::{Batch, Column, Values},
        table::{Schema, TableDescriptor, TablePath},
    };

    use super::*;
    use crate::lookup::{keys::Keys, plan::Plan};
    use thalweg_contract::{Settings, TableInfo};

    /// A lookup of texts with these lengths in a table of one bucket, and its run.
    fn open(ticket: Ticket, lengths: &[usize]) -> (Open, Run) {
        let schema = Schema::parse_sql("id STRING").expect("a column").with_primary_key(&["id"]).expect("a key");
        let mut descriptor = TableDescriptor::new(schema);
        descriptor.bucket_count = Some(1);
        let path = TablePath { database: "d".into(), table: "t".into() };
        let info = TableInfo { path, table_id: 1, schema_id: 1, descriptor, created: 0, modified: 0 };
        let plan = Plan::new(&Arc::new(info)).expect("it has a key");
        let ends = lengths.iter().scan(0, |end, length| {
            *end += *length as i32;
            Some(*end)
        });
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        let bytes = vec![b'x'; lengths.iter().sum()];
        let values = Values::Spans { offsets: &offsets, bytes: &bytes };
        let batch = Batch { rows: lengths.len(), columns: vec![Column { validity: None, values }] };
        let keys = Keys::encode(&plan, &plan.whole, &batch, false).expect("keys");
        let mut open = Open::new(0, Kind::Whole, keys, 0);
        let mut runs = Vec::new();
        open.begin(ticket, &mut runs);
        let [run] = &runs[..] else { panic!("one bucket, one run: {runs:?}") };
        (open, run.clone())
    }

    #[test]
    fn requests_are_cut_by_keys_and_bytes_and_counted() {
        let mut settings = Settings::new(vec!["h:1".into()]).lookup;
        (settings.request_keys, settings.in_flight) = (100, 2);
        // 69 keys of this length fit into a request, and 70 do not.
        let long = vec![60_000; 150];
        let lookups = [(1, vec![1; 3]), (2, [vec![1, 1], long].concat()), (3, vec![1])];
        let (mut opens, mut servers) = (BTreeMap::new(), Servers::default());
        for (ticket, lengths) in lookups {
            let (open, run) = open(ticket, &lengths);
            opens.insert(ticket, open);
            servers.queue(7, 0, Kind::Whole, run);
        }
        // The last is given up before its turn comes.
        opens.remove(&3);
        let mut seen = Vec::new();
        for _ in 0..9 {
            while let Some(asked) = servers.next(&settings, &opens) {
                seen.push(asked.runs.iter().map(|run| (run.ticket, run.from, run.to)).collect::<Vec<_>>());
            }
            servers.ended(7);
        }
        let expected = [vec![(1, 0, 3), (2, 0, 71)], vec![(2, 71, 140)], vec![(2, 140, 152)]];
        assert_eq!(seen, expected);
    }

    #[test]
    fn no_more_requests_are_under_way_than_are_allowed() {
        let mut settings = Settings::new(vec!["h:1".into()]).lookup;
        (settings.request_keys, settings.in_flight) = (1, 2);
        let (open, run) = open(1, &[1; 5]);
        let opens = BTreeMap::from([(1, open)]);
        let mut servers = Servers::default();
        servers.queue(7, 0, Kind::Whole, run);
        assert!(servers.next(&settings, &opens).is_some() && servers.next(&settings, &opens).is_some());
        for _ in 0..3 {
            assert!(servers.next(&settings, &opens).is_none(), "two are under way");
            servers.ended(7);
            assert!(servers.next(&settings, &opens).is_some());
        }
        servers.ended(7);
        assert!(servers.next(&settings, &opens).is_none(), "nothing waits");
    }

    #[test]
    fn what_fills_no_request_waits_while_two_are_under_way() {
        let settings = Settings::new(vec!["h:1".into()]).lookup;
        let (mut opens, mut servers) = (BTreeMap::new(), Servers::default());
        let mut wait = |ticket, servers: &mut Servers| {
            let (open, run) = open(ticket, &[1; 4]);
            opens.insert(ticket, open);
            servers.queue(7, 0, Kind::Whole, run);
            servers.next(&settings, &opens).map(|asked| asked.runs.iter().map(Run::keys).sum::<usize>())
        };
        assert_eq!([1, 2, 3, 4].map(|ticket| wait(ticket, &mut servers)), [Some(4), Some(4), None, None]);
        servers.ended(7);
        assert_eq!(wait(5, &mut servers), Some(12), "they leave together");
        for ticket in 6..261 {
            assert_eq!(wait(ticket, &mut servers), None);
        }
        assert_eq!(wait(261, &mut servers), Some(1024), "a full one need not wait");
    }
}
