//! The rows of a bucket that the changes so far leave.

use std::collections::HashMap;

use arrow_array::{Array, RecordBatch};
use arrow_select::interleave::interleave_record_batch;
use thalweg_contract::{Bucket, ChangeType};
use thalweg_wire::record::{KeyEncoder, Layout};
use thalweg_wire::table::Schema;

use crate::{client::Error, columns::flatten};

/// Rows in a batch that is given out.
const BATCH_ROWS: usize = 65_536;
/// What a key takes beside its bytes, in bytes: its place in the map, and the map's spare room.
const KEY_OVERHEAD: u64 = 64;

/// The rows that the changes so far leave.
pub(super) struct LatestRows {
    table: String,
    bucket: Bucket,
    /// Of a batch, the positions of the key columns, in the order of the table's columns.
    key: Vec<usize>,
    encoder: KeyEncoder,
    /// For each key its row: which batch, and where in it.
    places: HashMap<Box<[u8]>, (u32, u32)>,
    batches: Vec<RecordBatch>,
    /// How many rows the batches have.
    held: usize,
    batch_bytes: u64,
    key_bytes: u64,
    limit: u64,
}

impl LatestRows {
    pub(super) fn new(
        table: String,
        schema: &Schema,
        bucket: Bucket,
        names: Option<&[String]>,
        limit: u64,
    ) -> Result<Self, Error> {
        let position = |key: &usize| match names {
            None => Some(*key),
            Some(names) => names.iter().position(|name| Some(name) == schema.columns.get(*key).map(|c| &c.name)),
        };
        // In the order of the table's columns, as a layout has them; any order tells keys apart.
        let mut columns = schema.primary_key.clone();
        columns.sort_unstable();
        let key: Option<Vec<usize>> = columns.iter().map(position).collect();
        let broken = |cause: String| Error::unreadable(&table, cause);
        let key = key.ok_or_else(|| broken("a key column is not read".to_owned()))?;
        let layout = Layout::projected(schema, &columns).map_err(|error| broken(error.to_string()))?;
        let all: Vec<usize> = (0..key.len()).collect();
        let encoder = KeyEncoder::new(&layout, &all).map_err(|error| broken(error.to_string()))?;
        Ok(Self {
            table,
            bucket,
            key,
            encoder,
            places: HashMap::new(),
            batches: Vec::new(),
            held: 0,
            batch_bytes: 0,
            key_bytes: 0,
            limit,
        })
    }

    /// Takes a batch of changes.
    pub(super) fn apply(&mut self, batch: RecordBatch, changes: Option<&[ChangeType]>) -> Result<(), Error> {
        let keys = flatten(&batch.project(&self.key)?)?;
        let keys = keys.batch();
        let at = u32::try_from(self.batches.len()).unwrap_or(u32::MAX);
        let mut key = Vec::new();
        for row in 0..batch.num_rows() {
            let change = changes.and_then(|changes| changes.get(row)).copied().unwrap_or(ChangeType::Append);
            if change == ChangeType::UpdateBefore {
                continue;
            }
            key.clear();
            let encoded = self.encoder.encode(&keys, row, &mut key);
            encoded.map_err(|error| Error::unreadable(&self.table, error))?;
            if change == ChangeType::Delete {
                if self.places.remove(&key[..]).is_some() {
                    self.key_bytes -= key.len() as u64 + KEY_OVERHEAD;
                }
            } else if let Some(place) = self.places.get_mut(&key[..]) {
                *place = (at, row as u32);
            } else {
                self.key_bytes += key.len() as u64 + KEY_OVERHEAD;
                self.places.insert(key.as_slice().into(), (at, row as u32));
            }
        }
        self.held += batch.num_rows();
        self.batch_bytes += bytes(&batch);
        self.batches.push(batch);
        if self.held > 2 * self.places.len() + BATCH_ROWS || self.batch_bytes + self.key_bytes > self.limit {
            self.compact()?;
        }
        if self.batch_bytes + self.key_bytes > self.limit {
            let cause = format!(
                "the server does not offer them (it has no SCAN_KV), and to put them together from the changelog takes more \
                 than {} bytes; look rows up by key, or read a limited number of rows",
                self.limit
            );
            return Err(missing(&self.table, self.bucket, cause));
        }
        Ok(())
    }

    /// Leaves out the rows that are no longer current.
    fn compact(&mut self) -> Result<(), Error> {
        let mut places: Vec<&mut (u32, u32)> = self.places.values_mut().collect();
        places.sort_unstable();
        let indices: Vec<(usize, usize)> = places.iter().map(|place| (place.0 as usize, place.1 as usize)).collect();
        for (at, place) in places.into_iter().enumerate() {
            *place = ((at / BATCH_ROWS) as u32, (at % BATCH_ROWS) as u32);
        }
        let before: Vec<&RecordBatch> = self.batches.iter().collect();
        let after = indices.chunks(BATCH_ROWS).map(|rows| interleave_record_batch(&before, rows));
        self.batches = after.collect::<Result<_, _>>()?;
        self.held = self.places.len();
        self.batch_bytes = self.batches.iter().map(bytes).sum();
        Ok(())
    }

    /// The rows, in the order of their last changes.
    pub(super) fn finish(mut self) -> Result<Vec<RecordBatch>, Error> {
        self.compact()?;
        Ok(self.batches)
    }
}

/// What the rows of a batch take, in bytes.
fn bytes(batch: &RecordBatch) -> u64 {
    let size = |array: &arrow_array::ArrayRef| array.to_data().get_slice_memory_size().unwrap_or(usize::MAX) as u64;
    batch.columns().iter().map(size).fold(0, u64::saturating_add)
}

/// A bucket in an error.
pub(super) fn named(bucket: Bucket) -> String {
    match bucket.partition {
        Some(partition) => format!("{} of partition {partition}", bucket.bucket),
        None => bucket.bucket.to_string(),
    }
}

/// Why the current rows of a bucket cannot be had.
pub(super) fn missing(table: &str, bucket: Bucket, cause: String) -> Error {
    Error::NoCurrentRows { table: table.to_owned(), bucket: named(bucket), cause }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int32Array, StringArray, cast::AsArray, types::Int32Type};

    use super::*;

    const BUCKET: Bucket = Bucket { partition: None, bucket: 0 };

    fn rows(limit: u64) -> LatestRows {
        let schema = Schema::parse_sql("note STRING, id INT NOT NULL").unwrap().with_primary_key(&["id"]);
        let names = ["note".to_owned(), "id".to_owned()];
        LatestRows::new("fluss.t".into(), &schema.unwrap(), BUCKET, Some(&names), limit).unwrap()
    }

    fn batch(rows: &[(u8, i32, &str)]) -> (RecordBatch, Vec<ChangeType>) {
        let notes = StringArray::from_iter_values(rows.iter().map(|row| row.2));
        let ids = Int32Array::from_iter_values(rows.iter().map(|row| row.1));
        let batch = RecordBatch::try_from_iter([("note", Arc::new(notes) as _), ("id", Arc::new(ids) as _)]);
        let changes = ChangeType::from_bytes(rows.iter().map(|row| row.0).collect());
        (batch.unwrap(), changes.unwrap())
    }

    fn left(rows: LatestRows) -> Vec<(i32, String)> {
        let batches = rows.finish().unwrap();
        let of = |batch: &RecordBatch| {
            let ids = batch.column(1).as_primitive::<Int32Type>().values().to_vec();
            let notes = batch.column(0).as_string::<i32>();
            ids.into_iter().zip(notes.iter().map(|note| note.unwrap().to_owned())).collect::<Vec<_>>()
        };
        batches.iter().flat_map(of).collect()
    }

    #[test]
    fn the_last_change_of_each_key_counts() {
        let mut replay = rows(1 << 20);
        // With both images, and as WAL, which has no -U and says +U also of new rows.
        let changes: &[&[(u8, i32, &str)]] = &[
            &[(1, 1, "a"), (1, 2, "b"), (2, 1, "a"), (3, 1, "c")],
            &[(4, 2, "b"), (3, 3, "d"), (1, 4, "e"), (4, 5, "never there")],
            &[(3, 3, "f"), (1, 2, "g"), (4, 4, "e")],
        ];
        for rows in changes {
            let (batch, changes) = batch(rows);
            replay.apply(batch, Some(&changes)).unwrap();
        }
        let expected = [(1, "c"), (3, "f"), (2, "g")].map(|(id, note)| (id, note.to_owned()));
        assert_eq!(left(replay), expected);
    }

    #[test]
    fn what_is_no_longer_current_takes_no_room_for_long() {
        let mut replay = rows(1 << 20);
        for round in 0..200 {
            let notes: Vec<String> = (0..1000).map(|id| format!("round {round} of row {id}")).collect();
            let rows: Vec<_> = notes.iter().enumerate().map(|(id, note)| (3, id as i32, note.as_str())).collect();
            let (batch, changes) = batch(&rows);
            replay.apply(batch, Some(&changes)).unwrap();
            assert!(replay.held <= 2 * 1000 + BATCH_ROWS && replay.batch_bytes <= 1 << 20);
        }
        let rows = left(replay);
        assert_eq!(rows.len(), 1000);
        assert!(rows.iter().all(|(id, note)| *note == format!("round 199 of row {id}")));
    }

    #[test]
    fn too_many_rows_are_refused() {
        let mut replay = rows(10_000);
        let notes: Vec<(u8, i32, &str)> = (0..1000).map(|id| (1, id, "a note of some length")).collect();
        let (batch, changes) = batch(&notes);
        let error = replay.apply(batch, Some(&changes)).unwrap_err().to_string();
        assert!(error.contains("bucket 0 of table fluss.t") && error.contains("10000 bytes"), "{error}");
    }
}
