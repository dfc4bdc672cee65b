//! Rows of keys as a scan gives them: batches of values, decoded.

use bytes::Bytes;
use thalweg_wire::record::{RecordError, ValueBatch};

use crate::{
    call::fatal,
    cluster::Cluster,
    order::Orders,
    rows::{MissingSchema, RowReader},
};
use thalweg_contract::{Bucket, Error, ErrorCode, Layout, Piece, Scanned, TableHandle, TableInfo};

/// Values that came and are to be given, once every schema that they have is known.
#[derive(Debug)]
pub(crate) struct Values {
    records: Bytes,
    /// No more rows than this are given.
    limit: usize,
    missing_schema: Option<MissingSchema>,
}

impl Values {
    /// What a server sent.
    pub(crate) fn new(records: Bytes, limit: usize) -> Self {
        Self { records, limit, missing_schema: None }
    }

    /// The rows, if every schema is known (inside `None`: there are none). `place` names the bucket in errors.
    pub(crate) fn decode(
        &mut self,
        reader: &mut RowReader,
        (cluster, table, orders): (&Cluster, TableHandle, &mut Orders),
        (info, bucket, place): (&TableInfo, Bucket, &str),
        byte_limit: u32,
    ) -> Result<Option<Option<Scanned>>, Error> {
        if !self.prepare(reader, (cluster, table, orders), place)? {
            return Ok(None);
        }
        let corrupt = |error: RecordError| corrupt(place, &error);
        let batch = ValueBatch::parse(&self.records).map_err(corrupt)?;
        let values = batch.values().take(self.limit);
        let rows = values.map(|value| value.map(|value| (i32::from(value.schema_id), value.row)));
        let (rows, message) = reader.message(rows, byte_limit).map_err(corrupt)?;
        let scanned = Scanned {
            bucket,
            schema_id: info.schema_id,
            offset: 0,
            timestamp: 0,
            first: 0,
            rows,
            cost: (message.metadata.len() + message.body.len()) as u64,
            changes: None,
            layout: Layout::Message(message.metadata),
            body: Piece::Inline(message.body),
        };
        Ok(Some((rows > 0).then_some(scanned)))
    }

    /// Whether every schema is known; asks for one that is not.
    fn prepare(
        &mut self,
        reader: &mut RowReader,
        (cluster, table, orders): (&Cluster, TableHandle, &mut Orders),
        place: &str,
    ) -> Result<bool, Error> {
        loop {
            if let Some(missing_schema) = &mut self.missing_schema {
                let Some(schema) = missing_schema.look(cluster, table, orders)? else { return Ok(false) };
                reader.learn(missing_schema.schema(), &schema)?;
                self.missing_schema = None;
            }
            let batch = ValueBatch::parse(&self.records).map_err(|error| corrupt(place, &error))?;
            let mut ids = batch.values().take(self.limit).map_while(Result::ok).map(|value| i32::from(value.schema_id));
            match ids.find(|id| !reader.knows(*id)) {
                Some(unknown) => self.missing_schema = Some(MissingSchema::of(unknown)),
                None => return Ok(true),
            }
        }
    }
}

fn corrupt(place: &str, error: &RecordError) -> Error {
    fatal(ErrorCode::Corrupt(format!("the rows of {place} are corrupt: {error}")))
}
