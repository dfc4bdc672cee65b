//! The answers to the calls of one batch, put together.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::{ArrowError, DataType};
use thalweg_wire::table::{ArrowValues as _, Column};

use super::Flow;
use crate::checks::{Outcome, Plan, Selection};
use crate::kernels::{concat, filter, nulls};

/// The answers so far, in order.
#[derive(Default)]
pub(crate) struct Parts {
    parts: Vec<Part>,
}

/// What became of some rows that stand together.
struct Part {
    begin: usize,
    rows: usize,
    outcome: Outcome,
}

impl Parts {
    pub(crate) fn push(&mut self, begin: usize, rows: usize, outcome: Outcome) {
        self.parts.push(Part { begin, rows, outcome });
    }

    /// Lets the rows go on as the answers say. Gives how many did not.
    pub(crate) fn merge(self, plan: &Plan, flow: &mut Flow) -> Result<usize, ArrowError> {
        match self.parts.iter().any(|part| matches!(part.outcome, Outcome::Produced(..))) {
            true => self.produce(plan, flow),
            false => self.select(plan, flow),
        }
    }

    fn select(self, plan: &Plan, flow: &mut Flow) -> Result<usize, ArrowError> {
        let before = flow.rows();
        if let Some(output) = &plan.output {
            let written = self.written(plan, |part, array| match array {
                Some(array) => Ok(Arc::clone(array)),
                // Nothing is selected: what stands there is not read.
                None => nulls(part.data_type, part.rows),
            })?;
            flow.rearrange(&output.sources, &written);
        }
        if let Some(bits) = self.bits(before) {
            flow.keep(bits);
        }
        Ok(before - flow.rows())
    }

    /// The selection of all rows; `None`: every one.
    fn bits(&self, rows: usize) -> Option<BooleanBuffer> {
        let all = |part: &Part| matches!(part.outcome, Outcome::Selected(Selection::All, _));
        if self.parts.iter().all(all) {
            return None;
        }
        let mut bits = BooleanBufferBuilder::new(rows);
        for part in &self.parts {
            match &part.outcome {
                Outcome::Selected(Selection::All, _) => bits.append_n(part.rows, true),
                Outcome::Selected(Selection::Rows(selected), _) => bits.append_buffer(selected),
                Outcome::Selected(Selection::Nothing, _) | Outcome::Produced(..) => bits.append_n(part.rows, false),
            }
        }
        Some(bits.finish())
    }

    fn produce(self, plan: &Plan, flow: &mut Flow) -> Result<usize, ArrowError> {
        let before = flow.rows();
        let written = self.written(plan, |part, array| match (part.outcome, array) {
            (Outcome::Selected(Selection::Rows(bits), _), Some(array)) => filter(array, bits.clone()),
            (Outcome::Selected(Selection::Nothing, _), _) | (_, None) => nulls(part.data_type, 0),
            (_, Some(array)) => Ok(Arc::clone(array)),
        })?;
        let origins: Vec<u32> = self.parts.iter().flat_map(Part::origins).collect();
        let reached = origins.chunk_by(|one, next| one == next).count();
        flow.produce(origins)?;
        if let Some(output) = &plan.output {
            flow.rearrange(&output.sources, &written);
        }
        Ok(before - reached)
    }

    /// Each written column of all parts, as `piece` makes it of the column in a part.
    fn written(
        &self,
        plan: &Plan,
        piece: impl Fn(&Piece<'_>, Option<&ArrayRef>) -> Result<ArrayRef, ArrowError>,
    ) -> Result<Vec<ArrayRef>, ArrowError> {
        let column = |(at, column): (usize, &Column)| {
            let data_type = column.column_type.data_type.to_arrow();
            let pieces = self.parts.iter().map(|part| {
                let (Outcome::Selected(_, written) | Outcome::Produced(_, written)) = &part.outcome;
                let about = Piece { rows: part.rows, outcome: &part.outcome, data_type: &data_type };
                piece(&about, written.get(at))
            });
            let mut pieces = pieces.collect::<Result<Vec<_>, _>>()?;
            match pieces.len() {
                0 => nulls(&data_type, 0),
                1 => Ok(pieces.swap_remove(0)),
                _ if pieces.iter().map(entries).sum::<u64>() > i32::MAX as u64 => {
                    // Arrow would panic.
                    Err(ArrowError::OffsetOverflowError(i32::MAX as usize))
                }
                _ => concat(&pieces),
            }
        };
        plan.written().enumerate().map(column).collect()
    }
}

/// How many elements and entries all arrays and maps in a column have.
fn entries(array: &ArrayRef) -> u64 {
    match array.data_type() {
        DataType::List(_) => {
            let values = array.as_list::<i32>().values();
            values.len() as u64 + entries(values)
        }
        DataType::Map(..) => {
            let map = array.as_map();
            map.entries().len() as u64 + entries(map.keys()) + entries(map.values())
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(entries).sum(),
        _ => 0,
    }
}

/// A part, as a written column sees it.
struct Piece<'a> {
    rows: usize,
    outcome: &'a Outcome,
    data_type: &'a DataType,
}

impl Part {
    /// For each row that goes on the row that it comes from, counted over all parts.
    fn origins(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        // A batch has at most u32::MAX rows: `Chain::run`.
        let begin = self.begin as u32;
        match &self.outcome {
            Outcome::Selected(Selection::All, _) => Box::new(begin..begin + self.rows as u32),
            Outcome::Selected(Selection::Nothing, _) => Box::new(std::iter::empty()),
            Outcome::Selected(Selection::Rows(bits), _) => Box::new(bits.set_indices_u32().map(move |row| begin + row)),
            Outcome::Produced(origins, _) => Box::new(origins.iter().map(move |row| begin + row)),
        }
    }
}
