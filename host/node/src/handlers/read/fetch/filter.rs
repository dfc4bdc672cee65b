//! The filter of a fetch: batches that no row of fits are left out, as far as their statistics tell (`fluss.md` 3.6).

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::message::PbFetchLogReqForTable;
use thalweg_wire::record::{LogBatch, LogBatches, Predicate, Statistics, project};

use super::part::{Columns, NOTHING, WINDOW, refused};
use crate::bucket::Bucket;
use crate::catalog::Table;
use crate::failure::Failure;

/// Bytes of a bucket's log that one fetch goes over: what lies behind them is for the next.
const MOST_READ: usize = 64 << 20;
/// Batches that it goes over.
const MOST_BATCHES: usize = 10_000;

/// A filter on a table's rows.
pub(super) struct Filter {
    table: Arc<Table>,
    predicate: Predicate,
}

/// What is left of a log.
pub(super) struct Filtered {
    /// The batches that may have rows that fit.
    pub(super) records: Bytes,
    /// Up to which offset there is nothing else, where batches behind the last of those were left out.
    pub(super) end: Option<i64>,
}

impl Filter {
    /// The filter of a request on a table that has Arrow messages; `None`: there is none.
    pub(super) fn of(table: &Arc<Table>, request: &PbFetchLogReqForTable) -> Option<Self> {
        let message = request.filter_predicate.as_ref()?;
        if table.definition.row_format.is_some() {
            return None;
        }
        let schema = table.schema(request.filter_schema_id.unwrap_or(table.schema_id))?;
        Some(Self { table: Arc::clone(table), predicate: Predicate::of_message(message, schema) })
    }

    /// Whether a row of a batch may fit. Statistics that cannot be read tell nothing.
    fn may_fit(&self, batch: &LogBatch<'_>) -> bool {
        let bytes = batch.bytes().get(batch.statistics_range()).unwrap_or_default();
        let Ok(Some(statistics)) = Statistics::parse(bytes) else { return true };
        let Some(schema) = self.table.schema(batch.schema_id.into()) else { return true };
        self.predicate.may_fit(batch.records, &|id| {
            let position = schema.columns.iter().position(|column| column.id == id)?;
            statistics.column(position, &schema.columns.get(position)?.column_type.data_type)
        })
    }

    /// The batches from an offset on that may have rows that fit, with only the columns that are asked for: as many whole
    /// ones as `most` bytes have room for; if `at_least_one`, the first also where it is larger.
    pub(super) fn read(
        &self,
        columns: Option<&Columns>,
        bucket: &Bucket,
        from: i64,
        (mut most, at_least_one): (usize, bool),
    ) -> Result<Filtered, Failure> {
        let (mut kept, mut offset, mut behind) = (Vec::new(), from, from);
        let (mut walked, mut batches) = (0, 0);
        'all: while walked < MOST_READ && batches < MOST_BATCHES {
            let records = bucket.log.read(offset, WINDOW, true)?;
            if records.is_empty() {
                break;
            }
            walked += records.len();
            for batch in LogBatches::new(&records) {
                let (_, batch) = batch.map_err(refused)?;
                batches += 1;
                if self.may_fit(&batch) {
                    if kept.is_empty() && at_least_one {
                        most = most.max(batch.bytes().len());
                    }
                    let before = kept.len();
                    match columns {
                        Some(columns) => {
                            let layout = columns.layout(batch.schema_id);
                            project(&batch, layout, &columns.positions, &mut kept).map_err(refused)?;
                        }
                        None => kept.extend_from_slice(batch.bytes()),
                    }
                    if kept.len() > most || most.saturating_sub(before) <= NOTHING {
                        kept.truncate(before);
                        break 'all;
                    }
                    behind = batch.end_offset();
                }
                offset = batch.end_offset();
            }
        }
        Ok(Filtered { records: kept.into(), end: (offset > behind).then_some(offset) })
    }
}
