//! One lookup that has no answer yet.

use crate::{backoff::Backoff, rows::MissingSchema};
use thalweg_contract::{Error, Instant, TableHandle, Ticket};

use super::keys::Keys;

/// What a server is asked to do with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// To find their rows.
    Whole,
    /// To find their rows, and to make those that are not there.
    Insert,
    /// To find the rows whose keys begin with them.
    Prefix,
}

/// Where the keys of a lookup are being looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// In the bucket that each belongs to.
    Own,
    /// Where fluss-rs has them.
    Elsewhere,
    /// In their own bucket again, where those that were found nowhere are made.
    Insert,
}

/// Some keys of one lookup that are in the same bucket: a part of its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// Of which lookup.
    pub(super) ticket: Ticket,
    /// Their partition, by its place in `Keys::names`; `None`: the table has none.
    pub(super) partition: Option<u32>,
    /// The number of the partition, once it is known.
    pub(super) partition_id: Option<i64>,
    /// Their bucket.
    pub(super) bucket: u32,
    /// The first of them in the lookup's order.
    pub(super) from: u32,
    /// One past the last.
    pub(super) to: u32,
}

impl Run {
    /// How many they are.
    pub(super) fn keys(&self) -> usize {
        self.to.saturating_sub(self.from) as usize
    }
}

/// A row that was found: its key, and where its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    key: u32,
    at: u32,
    length: u32,
}

/// A lookup that has no answer yet.
#[derive(Debug)]
pub(super) struct Open {
    /// In which table.
    pub(super) handle: TableHandle,
    /// When it is given up.
    pub(super) deadline: Instant,
    /// Its keys.
    pub(super) keys: Keys,
    /// The keys that are being looked for, by partition and bucket.
    pub(super) order: Vec<u32>,
    /// How many of them have no answer yet.
    pub(super) left: usize,
    /// Why it takes so long, if anything failed.
    pub(super) trouble: Option<Error>,
    /// When to try again what failed.
    pub(super) backoff: Backoff,
    /// A schema that is needed to decode what was found.
    pub(super) missing_schema: Option<MissingSchema>,
    kind: Kind,
    pass: Pass,
    rows: Vec<Row>,
    values: Vec<u8>,
}

impl Open {
    /// A lookup whose keys nobody was asked for yet.
    pub(super) fn new(handle: TableHandle, kind: Kind, keys: Keys, deadline: Instant) -> Self {
        Self {
            handle,
            deadline,
            keys,
            order: Vec::new(),
            left: 0,
            trouble: None,
            backoff: Backoff::default(),
            missing_schema: None,
            kind,
            pass: Pass::Own,
            rows: Vec::new(),
            values: Vec::new(),
        }
    }

    /// What servers are to be asked for now: a key that may be elsewhere is not made before it was looked for there.
    pub(super) fn kind(&self) -> Kind {
        match (self.kind, self.pass) {
            (Kind::Insert, Pass::Own | Pass::Elsewhere) if !self.keys.elsewhere.is_empty() => Kind::Whole,
            (kind, _) => kind,
        }
    }

    /// All keys, each in its own bucket.
    pub(super) fn begin(&mut self, ticket: Ticket, runs: &mut Vec<Run>) {
        let all = 0..self.keys.len() as u32;
        self.arrange(ticket, all.collect(), false, runs);
    }

    /// Once all keys have an answer: those that are to be looked for elsewhere, or made; false if there are none.
    pub(super) fn go_on(&mut self, ticket: Ticket, runs: &mut Vec<Run>) -> bool {
        while !self.keys.elsewhere.is_empty() && self.left == 0 {
            let wanted: Vec<u32> = match (self.pass, self.kind) {
                (Pass::Own, kind) => {
                    self.pass = Pass::Elsewhere;
                    let missing = self.missing();
                    // Other rows with the same prefix may be there.
                    let wanted = |at: &u32| kind == Kind::Prefix || missing.binary_search(at).is_ok();
                    (0..self.keys.len() as u32).filter(wanted).filter(|at| self.is_elsewhere(*at)).collect()
                }
                (Pass::Elsewhere, Kind::Insert) => {
                    self.pass = Pass::Insert;
                    self.missing()
                }
                (Pass::Elsewhere | Pass::Insert, _) => return false,
            };
            self.backoff.succeeded();
            self.arrange(ticket, wanted, self.pass == Pass::Elsewhere, runs);
        }
        self.left > 0
    }

    /// Takes a value that was found for a key; false if there is no room.
    #[must_use]
    pub(super) fn give(&mut self, key: u32, value: &[u8]) -> bool {
        let (Ok(at), Ok(length)) = (u32::try_from(self.values.len()), u32::try_from(value.len())) else {
            return false;
        };
        self.values.extend_from_slice(value);
        self.rows.push(Row { key, at, length });
        true
    }

    /// Puts the rows in the order of their keys.
    pub(super) fn sort(&mut self) {
        if !self.rows.is_sorted_by_key(|row| row.key) {
            self.rows.sort_by_key(|row| row.key);
        }
    }

    /// Adds to `counts` how many rows each key has, in the order of the keys.
    pub(super) fn count(&self, counts: &mut Vec<u32>) {
        let first = counts.len();
        counts.resize(first + self.keys.len(), 0);
        for row in &self.rows {
            if let Some(count) = counts.get_mut(first + row.key as usize) {
                *count += 1;
            }
        }
    }

    /// How many bytes the values have that were found.
    pub(super) fn bytes(&self) -> usize {
        self.values.len()
    }

    /// The values that were found, each with its key.
    pub(super) fn values(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.rows.iter().map(|row| {
            let value = self.values.get(row.at as usize..row.at as usize + row.length as usize);
            (row.key, value.unwrap_or_default())
        })
    }

    /// The keys that have no row, rising.
    fn missing(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.rows.iter().map(|row| row.key).collect();
        found.sort_unstable();
        (0..self.keys.len() as u32).filter(|key| found.binary_search(key).is_err()).collect()
    }

    fn is_elsewhere(&self, at: u32) -> bool {
        self.keys.elsewhere.get(at as usize) != self.keys.buckets.get(at as usize)
    }

    /// Sorts these keys by partition and bucket, and cuts them into runs.
    fn arrange(&mut self, ticket: Ticket, mut wanted: Vec<u32>, elsewhere: bool, runs: &mut Vec<Run>) {
        let keys = &self.keys;
        let buckets = if elsewhere { &keys.elsewhere } else { &keys.buckets };
        let partition = |key: u32| keys.partitions.get(key as usize).copied();
        let place = |key: &u32| (partition(*key), buckets.get(*key as usize).copied().unwrap_or(0));
        wanted.sort_by_key(place);
        let mut from = 0;
        for run in wanted.chunk_by(|one, other| place(one) == place(other)) {
            let Some((partition, bucket)) = run.first().map(place) else { continue };
            let to = from + run.len() as u32;
            runs.push(Run { ticket, partition, partition_id: None, bucket, from, to });
            from = to;
        }
        self.left = wanted.len();
        self.order = wanted;
    }
}
