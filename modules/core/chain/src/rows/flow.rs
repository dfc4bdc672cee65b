//! Rows on their way through a chain.
//!
//! A filter does not copy anything: it adds a level, and each column remembers the level whose rows it has. A column is
//! cut down when a later module reads it, and at the end of the chain, through all levels at once.

use std::cell::OnceCell;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::{ArrowError, SchemaRef};

use crate::checks::ColumnSource;
use crate::kernels::{Filter, take};

/// Rows between two stages.
pub(crate) struct Flow {
    rows: usize,
    columns: Vec<FlowColumn>,
    /// Filter `i` takes the rows of level `i` to those of level `i + 1`.
    filters: Vec<BooleanBuffer>,
    /// For each row of level 0 its row in the batch that was given; `None`: the same.
    origins: Option<Vec<u32>>,
}

/// A column, with the rows of a level.
#[derive(Clone)]
struct FlowColumn {
    array: ArrayRef,
    level: usize,
}

impl Flow {
    pub(crate) fn new(batch: &RecordBatch) -> Flow {
        let columns = batch.columns().iter().map(|array| FlowColumn { array: Arc::clone(array), level: 0 }).collect();
        Flow { rows: batch.num_rows(), columns, filters: Vec::new(), origins: None }
    }

    /// How many rows there are now.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are now.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// A column with the rows that there are now.
    pub(crate) fn column(&mut self, at: usize) -> Result<ArrayRef, ArrowError> {
        let level = self.filters.len();
        let from = self.columns.get(at).map_or(level, |column| column.level);
        let predicate = self.predicate(from);
        let column = self.columns.get_mut(at).ok_or_else(|| ArrowError::SchemaError(format!("no column {at}")))?;
        if let Some(predicate) = predicate {
            *column = FlowColumn { array: predicate.apply(&column.array)?, level };
        }
        Ok(Arc::clone(&column.array))
    }

    /// Takes the columns from elsewhere: from the columns so far, or written with the rows that there are now.
    pub(crate) fn rearrange(&mut self, sources: &[ColumnSource], written: &[ArrayRef]) {
        let level = self.filters.len();
        let column = |source: &ColumnSource| match *source {
            ColumnSource::Input(at) => self.columns.get(at).cloned(),
            ColumnSource::Written(at) => written.get(at).map(|array| FlowColumn { array: Arc::clone(array), level }),
        };
        self.columns = sources.iter().filter_map(column).collect();
    }

    /// Leaves out the rows whose bit is clear.
    pub(crate) fn keep(&mut self, bits: BooleanBuffer) {
        self.rows = bits.count_set_bits();
        self.filters.push(bits);
    }

    /// Replaces the rows by others: row `i` comes from row `origins[i]`.
    pub(crate) fn produce(&mut self, origins: Vec<u32>) -> Result<(), ArrowError> {
        let before = self.origins_now();
        let indices = UInt32Array::from(origins);
        for at in 0..self.columns.len() {
            let array = take(&self.column(at)?, &indices)?;
            if let Some(column) = self.columns.get_mut(at) {
                *column = FlowColumn { array, level: 0 };
            }
        }
        let origin = |row: u32| match &before {
            Some(before) => before.get(row as usize).copied().unwrap_or(row),
            None => row,
        };
        self.rows = indices.len();
        self.filters.clear();
        self.origins = Some(indices.values().iter().map(|&row| origin(row)).collect());
        Ok(())
    }

    /// Some of the rows that there are now, with all columns.
    pub(crate) fn take(&mut self, rows: &UInt32Array, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let columns = (0..self.columns.len()).map(|at| take(&self.column(at)?, rows)).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
    }

    /// The rows of the given batch that some rows now come from.
    pub(crate) fn input_rows(&self, rows: &[u32]) -> Vec<u32> {
        match self.origins_now() {
            Some(origins) => rows.iter().filter_map(|&row| origins.get(row as usize).copied()).collect(),
            None => rows.to_vec(),
        }
    }

    /// For each row that there is now the row of the given batch that it comes from; `None` as long as no module made
    /// several rows of one.
    pub(crate) fn fanned_origins(&self) -> Option<Vec<u32>> {
        self.origins.as_ref().and_then(|_| self.origins_now())
    }

    /// The row of the given batch that a row now comes from.
    pub(crate) fn input_row(&self, row: usize) -> usize {
        let up = |row: usize, bits: &BooleanBuffer| bits.set_indices().nth(row).unwrap_or(row);
        let row = self.filters.iter().rev().fold(row, up);
        self.origins.as_ref().and_then(|origins| origins.get(row)).map_or(row, |&origin| origin as usize)
    }

    /// The batch that came out, with these columns, and for each row the row that it came from (`None`: the same).
    pub(crate) fn finish(
        self,
        columns: &[usize],
        schema: &SchemaRef,
    ) -> Result<(RecordBatch, Option<Vec<u32>>), ArrowError> {
        // Of each level, made when the first column of it comes.
        let predicates: Vec<OnceCell<Option<Filter>>> = self.filters.iter().map(|_| OnceCell::new()).collect();
        let mut arrays = Vec::with_capacity(columns.len());
        for &at in columns {
            let column = self.columns.get(at).ok_or_else(|| ArrowError::SchemaError(format!("no column {at}")))?;
            let predicate = predicates.get(column.level).map(|made| made.get_or_init(|| self.predicate(column.level)));
            arrays.push(match predicate {
                Some(Some(predicate)) => predicate.apply(&column.array)?,
                _ => Arc::clone(&column.array),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?;
        Ok((batch, self.origins_now()))
    }

    /// What takes the rows of a level to those that there are now.
    fn predicate(&self, level: usize) -> Option<Filter> {
        self.composed(level).map(Filter::new)
    }

    /// The filters from a level on as one.
    fn composed(&self, level: usize) -> Option<BooleanBuffer> {
        let (last, before) = self.filters.get(level..)?.split_last()?;
        Some(before.iter().rev().fold(last.clone(), |bits, outer| expand(outer, &bits)))
    }

    /// For each row the row of the given batch that it comes from; `None`: the same.
    pub(crate) fn origins_now(&self) -> Option<Vec<u32>> {
        match (self.composed(0), &self.origins) {
            (None, origins) => origins.clone(),
            (Some(bits), None) => Some(bits.set_indices_u32().collect()),
            (Some(bits), Some(origins)) => {
                Some(bits.set_indices().filter_map(|row| origins.get(row).copied()).collect())
            }
        }
    }
}

/// The bits of `outer` whose turn has a set bit in `chosen`, which has one for each of them.
fn expand(outer: &BooleanBuffer, chosen: &BooleanBuffer) -> BooleanBuffer {
    let mut bits = BooleanBufferBuilder::new(outer.len());
    bits.append_n(outer.len(), false);
    for (row, _) in outer.set_indices().zip(chosen).filter(|(_, chosen)| *chosen) {
        bits.set_bit(row, true);
    }
    bits.finish()
}
