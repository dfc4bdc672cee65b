//! Tables that can be written: what their descriptor says of the write path, and what the stage knows of each.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc};

use thalweg_wire::record::{KeyEncoder, Layout, RecordError};
use thalweg_wire::table::TablePath;

use super::Table;
use crate::{
    api::{Codec, Error, ErrorCode, Instant, TableHandle, TableInfo},
    backoff::Backoff,
};

/// The most buckets that a table may have here; a 0.9.1 server allows 128,000 (`server-behaviour.md`). What is counted by
/// bucket stays small, whatever a server says.
const BUCKET_LIMIT: u32 = 1 << 20;
/// The level of zstd where a table names none (`fluss.md` 2.6).
const ZSTD_LEVEL: i32 = 3;

impl Table {
    /// What the write path needs of a table that the catalogue described. Fails on one that cannot be written yet.
    pub(crate) fn of(handle: TableHandle, info: &TableInfo, leaders: Vec<Option<i32>>) -> Result<Self, Error> {
        let descriptor = &info.descriptor;
        let property = |name: &str| descriptor.properties.get(name).map(|value| value.to_ascii_uppercase());
        let name = format!("{}.{}", info.path.database, info.path.table);
        if !descriptor.schema.primary_key.is_empty() {
            return Err(unsupported(format!("{name} has a primary key; only log tables can be appended to")));
        }
        if !descriptor.partition_keys.is_empty() {
            return Err(unsupported(format!("{name} is partitioned; appending to partitions is not supported yet")));
        }
        if let Some(format) = property("table.log.format").filter(|format| format != "ARROW") {
            return Err(unsupported(format!("{name} has the log format {format}; only ARROW is supported")));
        }
        let lake = property("table.datalake.format").filter(|lake| lake != "LANCE");
        if let (Some(lake), false) = (lake, descriptor.bucket_keys.is_empty()) {
            return Err(unsupported(format!(
                "{name} has a bucket key for the lake {lake}, which is not supported yet"
            )));
        }
        let position = |key: &String| {
            let missing = || corrupt(format!("{name} has the bucket key {key} but no such column"));
            descriptor.schema.columns.iter().position(|column| column.name == *key).ok_or_else(missing)
        };
        let (codec, level) = compression(&name, property("table.log.arrow.compression.type"), || {
            property("table.log.arrow.compression.zstd.level")
        })?;
        Ok(Self {
            handle,
            path: info.path.clone(),
            table_id: info.table_id,
            schema_id: info.schema_id,
            bucket_keys: descriptor.bucket_keys.iter().map(position).collect::<Result<_, _>>()?,
            schema: Arc::new(descriptor.schema.clone()),
            bucket_count: descriptor.bucket_count.unwrap_or(1),
            codec,
            level,
            leaders,
        })
    }
}

/// Codec and level by the table's properties.
fn compression(table: &str, codec: Option<String>, level: impl Fn() -> Option<String>) -> Result<(Codec, i32), Error> {
    match codec.as_deref() {
        Some("NONE") => Ok((Codec::None, 0)),
        Some("LZ4_FRAME") => Ok((Codec::Lz4Frame, 0)),
        None | Some("ZSTD") => match level().map(|level| level.parse()) {
            None => Ok((Codec::Zstd, ZSTD_LEVEL)),
            Some(Ok(level)) => Ok((Codec::Zstd, level)),
            Some(Err(_)) => Err(corrupt(format!("{table} has a zstd level that is no number"))),
        },
        Some(other) => Err(unsupported(format!("{table} has the unknown compression {other}"))),
    }
}

/// What rows of a table look like, in one version of its schema.
#[derive(Debug)]
pub(super) struct Form {
    /// The version.
    pub(super) schema_id: i16,
    /// The fields.
    pub(super) layout: Layout,
    /// The bucket key, if there is one.
    pub(super) key: Option<KeyEncoder>,
    /// How batches are compressed.
    pub(super) codec: Codec,
    /// The level, for zstd.
    pub(super) level: i32,
    /// About what a batch holds beside its rows, in bytes: the metadata of its message, mostly.
    pub(super) overhead: u64,
}

impl Form {
    /// The form of a table's rows. Fails on a schema version or bucket key that cannot be written.
    pub(super) fn new(table: &Table) -> Result<Self, Error> {
        let schema_id = i16::try_from(table.schema_id)
            .map_err(|_| unsupported(format!("schema version {} does not fit a log batch", table.schema_id)))?;
        if table.bucket_count == 0 || table.bucket_count > BUCKET_LIMIT {
            return Err(unsupported(format!("a table of {} buckets cannot be written", table.bucket_count)));
        }
        let layout = Layout::of_schema(&table.schema);
        let key = match table.bucket_keys.as_slice() {
            [] => None,
            keys => Some(KeyEncoder::new(&layout, keys).map_err(misfit)?),
        };
        // A node and a buffer of a message have 16 bytes each.
        let overhead = 256 + 16 * (layout.fields().len() + layout.buffer_count()) as u64;
        Ok(Self { schema_id, layout, key, codec: table.codec, level: table.level, overhead })
    }
}

/// A table, by its id.
#[derive(Debug)]
pub(super) struct TableState {
    /// The handle that it was first opened with.
    pub(super) handle: TableHandle,
    /// Its name.
    pub(super) path: TablePath,
    /// The server's number for it.
    pub(super) table_id: i64,
    /// How many buckets it has.
    pub(super) buckets: NonZeroU32,
    /// The lanes of the buckets that were written to, by bucket.
    pub(super) lanes: HashMap<u32, usize>,
    /// Where rows without bucket key go.
    pub(super) current: u32,
    /// Why it takes no rows any more.
    pub(super) gone: Option<Error>,
    /// What is known of its leaders, and how it is renewed.
    pub(super) leaders: Leaders,
}

/// The leaders of a table's buckets.
#[derive(Debug, Default)]
pub(super) struct Leaders {
    known: Vec<Option<i32>>,
    /// An error made them doubtful.
    doubtful: bool,
    asked: bool,
    backoff: Backoff,
}

impl Leaders {
    /// The leader of a bucket, as far as known.
    pub(super) fn of(&self, bucket: u32) -> Option<i32> {
        self.known.get(bucket as usize).copied().flatten()
    }

    /// Takes what is known now.
    pub(super) fn set(&mut self, known: &[Option<i32>]) {
        self.known = known.to_vec();
        self.doubtful = false;
        self.asked = false;
    }

    /// They may have changed; with a bucket, that one's certainly has.
    pub(super) fn doubt(&mut self, bucket: Option<u32>) {
        self.doubtful = true;
        if let Some(leader) = bucket.and_then(|bucket| self.known.get_mut(bucket as usize)) {
            *leader = None;
        }
    }

    /// Whether to ask for them now; `missing` says that a bucket with rows has none.
    pub(super) fn ask(&mut self, now: Instant, missing: bool) -> bool {
        if self.asked || !(self.doubtful || missing) || self.backoff.not_before() > now {
            return false;
        }
        self.asked = true;
        self.doubtful = false;
        true
    }

    /// When they may be asked for again, if that is in the future.
    pub(super) fn wake(&self, now: Instant) -> Option<Instant> {
        let at = self.backoff.not_before();
        (!self.asked && at > now).then_some(at)
    }

    /// The wait before they may be asked for again.
    pub(super) fn backoff(&mut self) -> &mut Backoff {
        &mut self.backoff
    }
}

impl TableState {
    /// A table that was just opened; rows without bucket key begin at bucket `current`.
    pub(super) fn new(table: &Table, buckets: NonZeroU32, current: u32) -> Self {
        let mut leaders = Leaders::default();
        leaders.set(&table.leaders);
        Self {
            handle: table.handle,
            path: table.path.clone(),
            table_id: table.table_id,
            buckets,
            lanes: HashMap::new(),
            current,
            gone: None,
            leaders,
        }
    }

    /// Goes on to the next bucket, with `prefer_led` to the next whose leader is known if there is one.
    pub(super) fn advance(&mut self, prefer_led: bool) {
        let buckets = self.buckets.get();
        let behind = |step: u32| ((u64::from(self.current) + u64::from(step)) % u64::from(buckets)) as u32;
        let led = |bucket: &u32| self.leaders.of(*bucket).is_some();
        let preferred = if prefer_led { (1..buckets).map(behind).find(led) } else { None };
        let stays = prefer_led && preferred.is_none() && led(&self.current);
        self.current = if stays { self.current } else { preferred.unwrap_or_else(|| behind(1)) };
    }
}

/// An error of rows or keys that do not fit.
pub(super) fn misfit(error: RecordError) -> Error {
    Error { code: ErrorCode::Invalid(error.to_string()), retriable: false }
}

fn unsupported(what: String) -> Error {
    Error { code: ErrorCode::Unsupported(what), retriable: false }
}

fn corrupt(what: String) -> Error {
    Error { code: ErrorCode::Corrupt(what), retriable: false }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use thalweg_wire::table::{Column, ColumnType, DataType, Schema, TableDescriptor};

    use super::*;

    fn info(properties: &[(&str, &str)]) -> TableInfo {
        let column_type = ColumnType { data_type: DataType::Int, nullable: true };
        let column = |name: &str| Column {
            id: 0,
            name: name.into(),
            column_type: column_type.clone(),
            comment: None,
            aggregation: None,
        };
        let schema = Schema {
            columns: vec![column("a"), column("b")],
            primary_key: vec![],
            auto_increment: vec![],
            highest_field_id: 1,
        };
        let properties: BTreeMap<_, _> =
            properties.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        let descriptor = TableDescriptor {
            schema,
            comment: None,
            partition_keys: vec![],
            bucket_keys: vec!["b".into()],
            bucket_count: Some(3),
            properties,
            custom_properties: BTreeMap::new(),
        };
        let path = TablePath { database: "db".into(), table: "t".into() };
        TableInfo { path, table_id: 1, schema_id: 1, descriptor, created: 0, modified: 0 }
    }

    #[test]
    fn properties_say_how_batches_are_compressed() {
        let (codec, level) = ("table.log.arrow.compression.type", "table.log.arrow.compression.zstd.level");
        for (properties, expected) in [
            (vec![], (Codec::Zstd, 3)),
            (vec![(codec, "zstd"), (level, "7")], (Codec::Zstd, 7)),
            (vec![(codec, "LZ4_FRAME"), (level, "7")], (Codec::Lz4Frame, 0)),
            (vec![(codec, "NONE")], (Codec::None, 0)),
        ] {
            let table = Table::of(4, &info(&properties), vec![]).expect("a table");
            assert_eq!(((table.codec, table.level), table.bucket_keys, table.bucket_count), (expected, vec![1], 3));
        }
    }

    #[test]
    fn tables_that_cannot_be_written_say_why() {
        let mut keyed = info(&[]);
        keyed.descriptor.schema.primary_key = vec![0];
        let mut partitioned = info(&[]);
        partitioned.descriptor.partition_keys = vec!["a".into()];
        let mut lost_key = info(&[]);
        lost_key.descriptor.bucket_keys = vec!["c".into()];
        for (info, reason) in [
            (keyed, "primary key"),
            (partitioned, "partitioned"),
            (lost_key, "bucket key c"),
            (info(&[("table.log.format", "INDEXED")]), "log format INDEXED"),
            (info(&[("table.datalake.format", "paimon")]), "lake PAIMON"),
            (info(&[("table.log.arrow.compression.type", "SNAPPY")]), "compression SNAPPY"),
            (info(&[("table.log.arrow.compression.zstd.level", "high")]), "zstd level"),
        ] {
            let error = Table::of(4, &info, vec![]).expect_err(reason);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn forms_that_a_batch_cannot_have_are_refused() {
        let table = |change: fn(&mut Table)| {
            let mut table = Table::of(4, &info(&[]), vec![]).expect("a table");
            change(&mut table);
            Form::new(&table).map(|form| form.schema_id)
        };
        assert_eq!(table(|_| {}), Ok(1));
        assert!(table(|table| table.schema_id = 40_000).is_err());
        assert!(table(|table| table.bucket_count = u32::MAX).is_err());
        assert!(table(|table| table.bucket_keys = vec![9]).is_err());
    }
}
