//! What a fetch asks of one bucket, and what that gives.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::record::{Layout, LogBatches, project};

use super::filter::{Filter, Filtered};
use crate::bucket::Bucket;
use crate::catalog::Table;
use crate::failure::Failure;
use crate::ids::BucketId;

/// The offset that stands for the first one that there is.
const EARLIEST: i64 = -2;
/// A limit of this many bytes has no room for anything, as there is no shorter header of a batch.
pub(super) const NOTHING: usize = 48;
/// Bytes of the log read at once for a projection or a filter.
pub(super) const WINDOW: usize = 1 << 20;

/// What is asked of one bucket.
pub(super) struct Part {
    pub(super) id: BucketId,
    pub(super) bucket: Result<Arc<Bucket>, Failure>,
    pub(super) offset: i64,
    /// The most of it, in bytes.
    pub(super) most: usize,
    /// The columns wanted; `None`: all.
    pub(super) columns: Option<Arc<Columns>>,
    /// Which rows are wanted; `None`: all.
    pub(super) filter: Option<Arc<Filter>>,
}

/// Some columns of a table.
pub(super) struct Columns {
    pub(super) table: Arc<Table>,
    pub(super) positions: Vec<usize>,
}

/// What one bucket gives.
pub(super) struct Piece {
    pub(super) records: Bytes,
    /// Up to which offset there is nothing else that fits the filter, where that is behind the records.
    pub(super) filtered_end: Option<i64>,
    pub(super) high_watermark: i64,
    pub(super) start: i64,
}

impl Part {
    /// The offset to read from, once it is known where the bucket begins.
    fn from(&self, bucket: &Bucket) -> i64 {
        if self.offset == EARLIEST { bucket.log.start() } else { self.offset }
    }

    /// Whether there is anything to read.
    pub(super) fn has_more(&self) -> bool {
        self.bucket.as_ref().is_ok_and(|bucket| self.from(bucket) < bucket.log.high_watermark())
    }

    /// Reads as a tablet server does: `left` bytes or what is asked at most, wherever that ends within a batch; if
    /// `at_least_one`, the first batch even when it is larger.
    pub(super) fn read(&self, left: usize, at_least_one: bool) -> Result<Piece, Failure> {
        let bucket = self.bucket.as_ref().map_err(Clone::clone)?;
        // The end is asked for first, so that it is not ahead of the rows.
        let high_watermark = bucket.log.high_watermark();
        let from = self.from(bucket);
        bucket.log.check_offset(from)?;
        let most = self.most.min(left);
        let all = |records: Bytes| Filtered { records, end: None };
        let Filtered { records, end: filtered_end } = if from >= high_watermark || (most <= NOTHING && !at_least_one) {
            all(Bytes::new())
        } else {
            match (&self.filter, &self.columns) {
                (Some(filter), columns) => filter.read(columns.as_deref(), bucket, from, (most, at_least_one))?,
                (None, None) => all(bucket.log.read_cut(from, most, at_least_one)?),
                (None, Some(columns)) => all(columns.read(bucket, from, most, at_least_one)?),
            }
        };
        Ok(Piece { records, filtered_end, high_watermark, start: bucket.log.start() })
    }
}

impl Columns {
    /// How rows of a version of the schema lie. Those from before a column was added lack it; as Fluss does, this leaves it
    /// to the client to read them whole.
    pub(super) fn layout(&self, schema_id: i16) -> &Layout {
        self.table.definition.layout_of(schema_id).unwrap_or(&self.table.definition.layout)
    }

    /// The batches with only these columns: as many whole ones as `most` bytes have room for then; if `at_least_one`,
    /// also the first where it is larger.
    fn read(&self, bucket: &Bucket, from: i64, most: usize, at_least_one: bool) -> Result<Bytes, Failure> {
        let (mut projected, mut offset, mut most) = (Vec::new(), from, most);
        let mut first = true;
        loop {
            let records = bucket.log.read(offset, WINDOW, true)?;
            if records.is_empty() {
                return Ok(projected.into());
            }
            for batch in LogBatches::new(&records) {
                let (_, batch) = batch.map_err(refused)?;
                if std::mem::take(&mut first) && at_least_one {
                    most = most.max(batch.bytes().len());
                }
                if most.saturating_sub(projected.len()) <= NOTHING {
                    return Ok(projected.into());
                }
                let before = projected.len();
                project(&batch, self.layout(batch.schema_id), &self.positions, &mut projected).map_err(refused)?;
                if projected.len() > most {
                    projected.truncate(before);
                    return Ok(projected.into());
                }
                offset = batch.end_offset();
            }
        }
    }
}

pub(super) fn refused(error: thalweg_wire::record::RecordError) -> Failure {
    let text = format!("The rows cannot be projected: {error}.");
    Failure::new(ServerErrorCode::INVALID_COLUMN_PROJECTION, text)
}
