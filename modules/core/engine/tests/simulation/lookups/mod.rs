//! Lookups: whole keys and prefixes, in partitions and without.
//!
//! ```text
//! bounds  requests that are cut by keys and bytes
//! cases   what is found, and what does not fit
//! each    keys that come together, each a lookup of its own
//! faults  servers that fail or lie
//! ```

mod bounds;
mod cases;
mod each;
mod faults;

use std::num::NonZeroU32;

use thalweg_contract::{Bucket, Error, Event, Found, LookupSettings, Piece, Scanned, TableHandle, Ticket};
use thalweg_wire::{
    column::{Batch, Column, Values},
    record::{BucketRule, KeyEncoder, Layout, RowEncoder, RowFormat, Value},
    table::{Schema, TableDescriptor},
};

use crate::world::{World, descriptor, numbers};

/// The key of a row: its day, which is its partition where there are any, its id and its part. The bucket follows from
/// the id.
pub(crate) type Key = (&'static str, i64, i32);

pub(crate) const COLUMNS: &str = "n BIGINT, day STRING, id BIGINT NOT NULL, part INT NOT NULL";

/// A keyed table of these columns.
pub(crate) fn keyed(buckets: u32, partitioned: bool) -> TableDescriptor {
    let schema = Schema::parse_sql(COLUMNS).expect("columns");
    let schema = schema.with_primary_key(&["day", "id", "part"][usize::from(!partitioned)..]).expect("a key");
    TableDescriptor {
        schema,
        partition_keys: if partitioned { vec!["day".into()] } else { Vec::new() },
        bucket_keys: vec!["id".into()],
        ..descriptor(buckets, "NONE")
    }
}

/// Keys as columns; with a row in front of each key, whole rows.
pub(crate) struct Rows {
    n: Vec<i64>,
    text: Vec<u8>,
    ends: Vec<i32>,
    ids: Vec<i64>,
    parts: Vec<i32>,
}

impl Rows {
    pub(crate) fn new(keys: &[Key]) -> Self {
        let mut rows = Self { n: Vec::new(), text: Vec::new(), ends: vec![0], ids: Vec::new(), parts: Vec::new() };
        for (day, id, part) in keys {
            rows.n.push(n_of(*id, *part));
            rows.text.extend(day.as_bytes());
            rows.ends.push(rows.text.len() as i32);
            rows.ids.push(*id);
            rows.parts.push(*part);
        }
        rows
    }

    fn day(&self) -> Column<'_> {
        Column { validity: None, values: Values::Spans { offsets: &self.ends, bytes: &self.text } }
    }

    fn id(&self) -> Column<'_> {
        Column { validity: None, values: Values::Int64(&self.ids) }
    }

    fn part(&self) -> Column<'_> {
        Column { validity: None, values: Values::Int32(&self.parts) }
    }

    fn batch<'a>(&self, columns: Vec<Column<'a>>) -> Batch<'a> {
        Batch { rows: self.ids.len(), columns }
    }

    fn whole_rows(&self) -> Batch<'_> {
        let n = Column { validity: None, values: Values::Int64(&self.n) };
        self.batch(vec![n, self.day(), self.id(), self.part()])
    }

    pub(crate) fn keys(&self, partitioned: bool) -> Batch<'_> {
        let columns = [self.day(), self.id(), self.part()];
        self.batch(columns[usize::from(!partitioned)..].to_vec())
    }

    pub(crate) fn prefixes(&self, partitioned: bool) -> Batch<'_> {
        let columns = [self.day(), self.id()];
        self.batch(columns[usize::from(!partitioned)..].to_vec())
    }
}

/// What the row of a key has in its first column.
pub(crate) fn n_of(id: i64, part: i32) -> i64 {
    id * 100 + i64::from(part)
}

/// Puts rows with these keys where they belong, or where another rule has them.
pub(crate) fn put(world: &mut World, table: &str, keys: &[Key], rule: BucketRule) {
    let table = world.cluster.table(table);
    let descriptor = table.descriptor.clone();
    let schema = Schema::parse_sql(COLUMNS).expect("columns");
    let layout = Layout::of_schema(&schema);
    let rows = Rows::new(keys);
    let batch = rows.whole_rows();
    let encoder = RowEncoder::new(&layout, None, RowFormat::Compacted).expect("an encoder");
    let key = KeyEncoder::new(&layout, &[2, 3]).expect("a key");
    let bucket_key = KeyEncoder::new(&layout, &[2]).expect("a key");
    let count = NonZeroU32::new(descriptor.bucket_count.expect("a number")).expect("not 0");
    for (row, (day, ..)) in keys.iter().enumerate() {
        let (mut bytes, mut bucket, mut value) = (Vec::new(), Vec::new(), Vec::new());
        key.encode(&batch, row, &mut bytes).expect("it fits");
        bucket_key.encode(&batch, row, &mut bucket).expect("it fits");
        encoder.encode(&batch, row, &mut value).expect("it fits");
        let (at, mut whole) = (rule.bucket(&bucket, count).expect("a key"), Vec::new());
        Value { schema_id: 1, row: &value }.write(&mut whole);
        let buckets = match descriptor.partition_keys.is_empty() {
            true => &mut table.buckets,
            false => &mut table.partitions.get_mut(*day).expect("the test made it").buckets,
        };
        buckets[at as usize].found.insert(bytes, whole);
    }
}

/// The answer to a lookup: for each key what its rows have in the first column.
pub(crate) fn answer(world: &mut World, ticket: Ticket) -> Result<Vec<Vec<Option<i64>>>, Error> {
    let result = world.event(|event| match event {
        Event::Found { tickets, result } if *tickets == [ticket] => Some(result.clone()),
        _ => None,
    });
    result.map(|found| by_key(world, found))
}

pub(crate) fn by_key(world: &World, found: Found) -> Vec<Vec<Option<i64>>> {
    let Found { counts, rows, layout, body } = found;
    assert_eq!(counts.iter().sum::<u32>(), rows, "every row belongs to a key");
    let bucket = Bucket { partition: None, bucket: 0 };
    let body = Piece::Inline(body);
    let (schema_id, offset, timestamp, first, cost, changes) = (1, 0, 0, 0, 0, None);
    let scanned = Scanned { bucket, schema_id, offset, timestamp, first, rows, cost, changes, layout, body };
    let mut values = numbers(world, &scanned, 0).into_iter();
    counts.iter().map(|count| values.by_ref().take(*count as usize).collect()).collect()
}

pub(crate) fn expected(keys: &[Key], has: impl Fn(&Key) -> bool) -> Vec<Vec<Option<i64>>> {
    keys.iter().map(|key| has(key).then(|| n_of(key.1, key.2)).into_iter().map(Some).collect()).collect()
}

fn look_up(world: &mut World, table: TableHandle, keys: &[Key], partitioned: bool) -> Vec<Vec<Option<i64>>> {
    let ticket = world.lookup(table, &Rows::new(keys).keys(partitioned), false).expect("keys");
    answer(world, ticket).expect("an answer")
}

pub(crate) fn world_with(
    seed: u64,
    partitions: &[&str],
    change: impl FnOnce(&mut LookupSettings),
) -> (World, TableHandle) {
    let mut world = World::new(seed, 3, |settings| change(&mut settings.lookup));
    world.cluster.create("k", keyed(5, !partitions.is_empty()));
    for name in partitions {
        world.cluster.add_partition("k", name);
    }
    let (table, _) = world.open_table("k").expect("it is there");
    (world, table)
}
