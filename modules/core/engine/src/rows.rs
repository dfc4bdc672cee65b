//! Rows that come one by one, of whatever schema, as columns of their table: values of keys, and rows of logs.

use std::{collections::BTreeMap, sync::Arc};

use thalweg_wire::{
    record::{Adaptation, ColumnsBuilder, Layout, PlainMessage, RecordError, RowDecoder, RowFormat, message_of},
    table::{PropertyError, Schema},
};

use crate::{
    call::fatal,
    cluster::{Cluster, Version},
    order::{Orders, Stale},
};
use thalweg_contract::{Error, ErrorCode, TableHandle, TableInfo};

/// The rows that are decoded between two looks at how much they take.
const ROWS_BETWEEN_LOOKS: usize = 256;

/// Decodes rows of a table, each by the schema that it was written with.
#[derive(Debug)]
pub(crate) struct RowReader {
    format: RowFormat,
    target: Arc<TableInfo>,
    /// The columns that are wanted, rising; `None`: all.
    wanted: Option<Vec<usize>>,
    layout: Layout,
    decoders: BTreeMap<i32, RowDecoder>,
}

/// A schema that must be known before rows of it can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MissingSchema {
    schema: i32,
    asked: bool,
}

impl MissingSchema {
    /// The schema with this number; the cluster was not asked for it yet.
    pub(crate) fn of(schema: i32) -> Self {
        Self { schema, asked: false }
    }

    /// The schema, once the cluster has it; asks for it the first time. Fails if it cannot be had.
    pub(crate) fn look(
        &mut self,
        cluster: &Cluster,
        table: TableHandle,
        orders: &mut Orders,
    ) -> Result<Option<Arc<Schema>>, Error> {
        match cluster.schema(table, self.schema) {
            Version::Known(schema) => Ok(Some(schema)),
            Version::Missing(error) if self.asked => Err(error),
            Version::Asked | Version::Missing(_) => {
                if !std::mem::replace(&mut self.asked, true) {
                    orders.refresh(Stale::Schema(table, self.schema));
                }
                Ok(None)
            }
        }
    }

    /// Its number.
    pub(crate) fn schema(&self) -> i32 {
        self.schema
    }
}

impl RowReader {
    /// For rows in this format. Fails on columns that cannot be decoded.
    pub(crate) fn new(info: &Arc<TableInfo>, format: RowFormat, wanted: Option<Vec<usize>>) -> Result<Self, Error> {
        let schema = &info.descriptor.schema;
        let mut reader = Self {
            format,
            target: Arc::clone(info),
            layout: match &wanted {
                Some(wanted) => Layout::projected(schema, wanted).map_err(|error| misfit(info, &error))?,
                None => Layout::of_schema(schema),
            },
            wanted,
            decoders: BTreeMap::new(),
        };
        reader.learn(info.schema_id, schema)?;
        Ok(reader)
    }

    /// For the values of keys (`table.kv.format`).
    pub(crate) fn of_values(info: &Arc<TableInfo>) -> Result<Self, Error> {
        let format = info.descriptor.kv_format().map_err(|error| unsupported(info, &error))?;
        Self::new(info, RowFormat::from(format), None)
    }

    /// Whether rows of this schema can be decoded.
    pub(crate) fn knows(&self, schema: i32) -> bool {
        self.decoders.contains_key(&schema)
    }

    /// Takes note of a schema. Fails if rows of it cannot become rows of the table.
    pub(crate) fn learn(&mut self, id: i32, schema: &Schema) -> Result<(), Error> {
        let target = &self.target.descriptor.schema;
        let decoder = Adaptation::new(schema, None, target, self.wanted.as_deref())
            .and_then(|adaptation| adaptation.row_decoder(self.format))
            .map_err(|error| misfit(&self.target, &error))?;
        self.decoders.insert(id, decoder);
        Ok(())
    }

    /// Decodes rows with the numbers of their schemas, which are all known, into one message with its number of rows.
    /// Fails on malformed rows, and where the columns would take more than `limit` bytes.
    pub(crate) fn message<'a>(
        &self,
        rows: impl IntoIterator<Item = Result<(i32, &'a [u8]), RecordError>>,
        limit: u32,
    ) -> Result<(u32, PlainMessage), RecordError> {
        let mut builder = ColumnsBuilder::new(self.layout.clone());
        for row in rows {
            let (schema, row) = row?;
            let decoder = self.decoders.get(&schema);
            let unknown =
                || RecordError::Misfit { column: String::new(), reason: format!("schema {schema} is unknown") };
            decoder.ok_or_else(unknown)?.append(row, &mut builder)?;
            if builder.rows().is_multiple_of(ROWS_BETWEEN_LOOKS) {
                check_size(&builder, limit)?;
            }
        }
        check_size(&builder, limit)?;
        Ok((builder.rows() as u32, message_of(&mut builder)))
    }
}

fn check_size(builder: &ColumnsBuilder, limit: u32) -> Result<(), RecordError> {
    let (needed, limit) = (builder.bytes() as u64, u64::from(limit));
    if needed > limit { Err(RecordError::TooLarge { needed, limit }) } else { Ok(()) }
}

/// In which format the rows of a log lie; `None`: in Arrow's.
pub(crate) fn log_rows(info: &TableInfo) -> Result<Option<RowFormat>, Error> {
    info.descriptor.log_format().map(RowFormat::of_log).map_err(|error| unsupported(info, &error))
}

fn unsupported(info: &TableInfo, error: &PropertyError) -> Error {
    let text = format!("{}.{} cannot be read: {error}", info.path.database, info.path.table);
    fatal(ErrorCode::Unsupported(text))
}

/// The error of rows that cannot become rows of their table.
pub(crate) fn misfit(info: &TableInfo, error: &RecordError) -> Error {
    fatal(ErrorCode::Unsupported(format!("{}.{} cannot be read: {error}", info.path.database, info.path.table)))
}
