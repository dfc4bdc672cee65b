//! A lookup that has no answer yet, or several that came together.

use crate::{backoff::Backoff, rows::MissingSchema};
use thalweg_contract::{Error, Instant, TableHandle, Ticket};

use super::{keys::Keys, values::Values};

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

/// A lookup that has no answer yet, or one of each key that came together. It goes by its ticket, or the first of them.
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
    /// What was found and not told yet.
    pub(super) values: Values,
    kind: Kind,
    pass: Pass,
    /// Where each key is a lookup of its own: whether that is over. Else empty.
    over: Vec<bool>,
    /// How many are over.
    ended: usize,
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
            values: Values::default(),
            kind,
            pass: Pass::Own,
            over: Vec::new(),
            ended: 0,
        }
    }

    /// Of these keys each is a lookup of its own, with tickets one after the other.
    pub(super) fn each(handle: TableHandle, kind: Kind, keys: Keys, deadline: Instant) -> Self {
        let over = vec![false; keys.len()];
        Self { over, ..Self::new(handle, kind, keys, deadline) }
    }

    /// Whether each key is a lookup of its own.
    pub(super) fn is_each(&self) -> bool {
        !self.over.is_empty()
    }

    /// The tickets of what has no answer yet. `first` is the one that it goes by.
    pub(super) fn tickets(&self, first: Ticket) -> impl Iterator<Item = Ticket> {
        let one = (!self.is_each()).then_some(first);
        let each = (first..).zip(&self.over).filter(|(_, over)| !**over).map(|(ticket, _)| ticket);
        one.into_iter().chain(each)
    }

    /// Whether the lookup of this key goes on.
    pub(super) fn goes_on(&self, key: u32) -> bool {
        !self.over.get(key as usize).is_some_and(|over| *over)
    }

    /// Where each key is a lookup of its own, that of this key is over; false if it was, or there is none.
    pub(super) fn end(&mut self, key: u32) -> bool {
        let ended = self.over.get_mut(key as usize).is_some_and(|over| !std::mem::replace(over, true));
        self.ended += usize::from(ended);
        ended
    }

    /// Forgets what was found for keys whose lookup is over.
    pub(super) fn leave_out_ended(&mut self) {
        let over = &self.over;
        if self.ended > 0 {
            self.values.forget(|key| over.get(key as usize).is_some_and(|over| *over));
        }
    }

    /// Whether all of it is over, once what was found is told.
    pub(super) fn is_over(&self) -> bool {
        self.ended == self.over.len()
    }

    /// The row of its lookup that a key came in, for errors.
    pub(super) fn row(&self, key: u32) -> u32 {
        if self.is_each() { 0 } else { key }
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
        while !self.is_each() && !self.keys.elsewhere.is_empty() && self.left == 0 {
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

    /// The keys of a run.
    pub(super) fn keys_of(&self, run: &Run) -> Vec<u32> {
        self.order.get(run.from as usize..run.to as usize).unwrap_or_default().to_vec()
    }

    /// The keys that have no row, rising.
    fn missing(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.values.keys_with_rows().collect();
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
