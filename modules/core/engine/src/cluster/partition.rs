//! What is known of a table's partitions: their numbers, leaders, and which are missing.

use std::collections::{BTreeMap, HashMap};

use thalweg_wire::message::{ListPartitionInfosRequest, MetadataRequest, PbPhysicalTablePath};

use super::{Cluster, Question, Table, wire_path};
use crate::{
    call::{Call, Key, Target, fatal},
    cluster::News,
};
use thalweg_contract::{Error, ErrorCode, Instant, TableHandle};

/// The most partitions that one request asks for: an answer has every bucket of each.
const ASKED_AT_ONCE: usize = 500;

/// A partition as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Partition<'a> {
    /// It is there.
    Known {
        /// The server's number for it; one that was dropped and created anew has another.
        id: i64,
        /// Its name.
        name: &'a str,
        /// The server that leads each bucket, as far as known.
        leaders: &'a [Option<i32>],
    },
    /// Nothing is known of it: `want_partition` asks.
    Asked,
    /// It is not there, or is of no use any more: why.
    Missing(Error),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// The partition of this name.
    Name(String),
    /// The partition of this number.
    Id(i64),
    /// Which partitions there are.
    All,
}

/// A partition that is there.
#[derive(Debug)]
struct Portion {
    name: String,
    leaders: Vec<Option<i32>>,
}

/// The partitions of a table, as far as known.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    known: HashMap<i64, Portion>,
    by_name: HashMap<String, i64>,
    missing: BTreeMap<Which, Error>,
    /// Name and number of each, by name; `None`: they were not listed yet.
    listed: Option<Vec<(String, i64)>>,
}

impl Partitions {
    /// The number of the partition of this name.
    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.by_name.get(name).copied()
    }

    /// Takes down a partition that is there; gives the number that another of this name had.
    pub(super) fn add(&mut self, name: &str, id: i64, buckets: usize) -> (Option<i64>, &mut [Option<i32>]) {
        self.missing.remove(&Which::Id(id));
        self.missing.remove(&Which::Name(name.to_owned()));
        let before = self.by_name.insert(name.to_owned(), id).filter(|before| *before != id);
        if let Some(before) = before {
            self.known.remove(&before);
        }
        let new = || Portion { name: name.to_owned(), leaders: vec![None; buckets] };
        (before, &mut self.known.entry(id).or_insert_with(new).leaders)
    }

    /// Takes down that something is not there; gives name and number that it had.
    pub(super) fn lose(&mut self, which: &Which, error: &Error) -> Option<(String, i64)> {
        let id = match which {
            Which::Name(name) => self.by_name.get(name).copied(),
            Which::Id(id) => Some(*id),
            Which::All => return None,
        };
        let lost = id.and_then(|id| Some((self.known.remove(&id)?.name, id)));
        if let Some((name, id)) = &lost {
            self.by_name.remove(name);
            self.missing.insert(Which::Name(name.clone()), error.clone());
            self.missing.insert(Which::Id(*id), error.clone());
        }
        self.missing.insert(which.clone(), error.clone());
        lost
    }

    /// Takes down which partitions there are; gives those that are there no longer, with the numbers that they had.
    pub(super) fn list(&mut self, mut listed: Vec<(String, i64)>) -> Vec<i64> {
        listed.sort_unstable();
        listed.dedup_by(|one, other| one.0 == other.0);
        let there = |id: &i64, portion: &Portion| {
            let found = listed.binary_search_by(|(name, _)| name.cmp(&portion.name));
            found.ok().and_then(|at| listed.get(at)).is_some_and(|(_, listed)| listed == id)
        };
        let gone = self.known.iter().filter(|(id, portion)| !there(id, portion)).map(|(id, _)| *id).collect();
        self.listed = Some(listed);
        gone
    }

    fn view(&self, which: &Which) -> Partition<'_> {
        let id = match which {
            Which::Name(name) => self.id(name),
            Which::Id(id) => Some(*id),
            Which::All => None,
        };
        if let Some((id, portion)) = id.and_then(|id| Some((id, self.known.get(&id)?))) {
            return Partition::Known { id, name: &portion.name, leaders: &portion.leaders };
        }
        self.missing.get(which).cloned().map_or(Partition::Asked, Partition::Missing)
    }
}

impl Cluster {
    /// The partition of this name. A table that is gone has none.
    pub(crate) fn partition(&self, handle: TableHandle, name: &str) -> Partition<'_> {
        match self.table(handle) {
            Ok(Table { partitions, .. }) => partitions.view(&Which::Name(name.to_owned())),
            Err(error) => Partition::Missing(error),
        }
    }

    /// The partition of this number. A table that is gone has none.
    pub(crate) fn partition_by_id(&self, handle: TableHandle, id: i64) -> Partition<'_> {
        match self.table(handle) {
            Ok(Table { partitions, .. }) => partitions.view(&Which::Id(id)),
            Err(error) => Partition::Missing(error),
        }
    }

    /// Name and number of every partition, by name, as listed last; `None`: not listed yet.
    pub(crate) fn partitions(&self, handle: TableHandle) -> Option<&[(String, i64)]> {
        self.table(handle).ok()?.partitions.listed.as_deref()
    }

    /// Asks for the partition of this name, and whether it is still the same; `News::Partition` answers.
    pub(crate) fn want_partition(&mut self, now: Instant, handle: TableHandle, name: &str) {
        self.want(now, handle, Which::Name(name.to_owned()));
    }

    /// What is known of a partition's leaders is old; `News::Partition` follows, and `News::PartitionId` where only its
    /// number is known or it is there no longer.
    pub(crate) fn refresh_partition(&mut self, now: Instant, handle: TableHandle, id: i64) {
        let known = self.table(handle).ok().and_then(|table| table.partitions.known.get(&id));
        let which = known.map_or(Which::Id(id), |portion| Which::Name(portion.name.clone()));
        self.want(now, handle, which);
    }

    /// Asks which partitions there are; `News::Partitions` answers.
    pub(crate) fn list_partitions(&mut self, now: Instant, handle: TableHandle) {
        self.want(now, handle, Which::All);
    }

    fn want(&mut self, now: Instant, handle: TableHandle, which: Which) {
        self.changed = true;
        let Ok(table) = self.table(handle) else {
            self.tell_portion(handle, &which);
            return;
        };
        if table.info.descriptor.partition_keys.is_empty() {
            let path = &table.info.path;
            let text = format!("the table {}.{} has no partitions", path.database, path.table);
            self.lose_portion(handle, &which, &fatal(ErrorCode::Invalid(text)));
            return;
        }
        self.asks.entry((handle, which)).or_default().want(now);
    }

    /// Asks for all partitions that are due.
    pub(super) fn ask_partitions(&mut self, now: Instant, calls: &mut Vec<Call>) {
        let settings = &self.settings;
        self.asks.retain(|_, ask| ask.is_open() || !ask.is_rested(now, settings));
        let due = self.asks.iter_mut().filter(|(_, ask)| ask.is_due(now));
        let due: Vec<(TableHandle, Which)> = due.map(|(which, ask)| (ask.asked(), which.clone()).1).collect();
        let (lists, portions): (Vec<_>, Vec<_>) = due.into_iter().partition(|(_, which)| *which == Which::All);
        for (handle, which) in lists {
            let Ok(table) = self.table(handle) else {
                self.tell_portion(handle, &which);
                continue;
            };
            let request = ListPartitionInfosRequest { table_path: wire_path(&table.info.path), ..Default::default() };
            let key = self.number(Question::List(handle));
            calls.push(Call::new(Key::Cluster(key), Target::Catalogue, request));
        }
        for some in portions.chunks(ASKED_AT_ONCE) {
            self.ask_portions(some.to_vec(), calls);
        }
    }

    /// One request for the metadata of these partitions.
    pub(super) fn ask_portions(&mut self, asked: Vec<(TableHandle, Which)>, calls: &mut Vec<Call>) {
        let mut request = MetadataRequest::default();
        for (handle, which) in &asked {
            let Ok(table) = self.table(*handle) else { continue };
            match which {
                Which::Id(id) => request.partitions_id.push(*id),
                Which::Name(name) => request.partitions_path.push(PbPhysicalTablePath {
                    database_name: table.info.path.database.clone(),
                    table_name: table.info.path.table.clone(),
                    partition_name: Some(name.clone()),
                }),
                Which::All => {}
            }
        }
        calls.push(self.question(Question::Partitions(asked), request));
    }

    /// Something is not there: takes it down and tells.
    pub(super) fn lose_portion(&mut self, handle: TableHandle, which: &Which, error: &Error) {
        let table = self.tables.get_mut(handle as usize);
        let lost = table.and_then(|table| table.partitions.lose(which, error));
        if let Some((name, id)) = lost {
            self.tell_portion(handle, &Which::Name(name));
            self.tell_portion(handle, &Which::Id(id));
        } else {
            self.tell_portion(handle, which);
        }
    }

    pub(super) fn tell_portion(&mut self, handle: TableHandle, which: &Which) {
        self.news.push(match which {
            Which::Name(name) => News::Partition(handle, name.clone()),
            Which::Id(id) => News::PartitionId(handle, *id),
            Which::All => News::Partitions(handle),
        });
    }

    /// What is known of a table's partitions, to be changed.
    pub(super) fn partitions_of(&mut self, handle: TableHandle) -> Option<&mut Partitions> {
        self.tables.get_mut(handle as usize).map(|table| &mut table.partitions)
    }
}
