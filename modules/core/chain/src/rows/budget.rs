//! What a module may make of one batch, in bytes. An answer of a few numbers can have the host copy a long text a million
//! times, and one batch can be a thousand calls: both are counted before anything is copied.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType};

use super::Flow;
use crate::checks::{ColumnSource, Outcome, Plan};
use crate::error::Cause;

/// How many answers of full length the answers to one batch may hold together.
const ANSWERS: usize = 16;

/// The most that the answers to one batch may hold together: what an Arrow offset counts.
const MOST: usize = i32::MAX as usize;

/// What is left of a batch's bytes.
pub(crate) struct Budget {
    answer: usize,
    batch: usize,
    left: usize,
}

impl Budget {
    /// With `answer` bytes for an answer and the columns that it moves.
    pub(crate) fn new(answer: usize) -> Budget {
        let batch = answer.saturating_mul(ANSWERS).min(MOST);
        Budget { answer, batch, left: batch }
    }

    /// What the rows of an outcome take that a call made of the rows `at`.
    ///
    /// # Errors
    /// `Cause::Output`, when they take more than one answer may.
    pub(crate) fn measure(
        &self,
        outcome: &Outcome,
        at: Range<usize>,
        plan: &Plan,
        flow: &mut Flow,
    ) -> Result<usize, Cause> {
        let (Outcome::Selected(_, written) | Outcome::Produced(_, written)) = outcome;
        let mut bytes: usize = written.iter().map(|array| array.get_buffer_memory_size()).sum();
        if let Outcome::Produced(origins, _) = outcome {
            bytes = bytes.saturating_add(size_of_val(origins.as_slice()));
            let moved: Vec<usize> = match &plan.output {
                Some(output) => output.sources.iter().filter_map(moved).collect(),
                None => (0..flow.width()).collect(),
            };
            for column in moved {
                let array = flow.column(column).map_err(|error| Cause::Answer(error.to_string()))?;
                let array = array.slice(at.start, at.len());
                let taken = taken_bytes(&array, origins).map_err(|error| Cause::Answer(error.to_string()))?;
                bytes = bytes.saturating_add(taken);
            }
        }
        if bytes > self.answer { Err(Cause::Output(self.answer)) } else { Ok(bytes) }
    }

    /// Takes what an outcome holds.
    ///
    /// # Errors
    /// `Cause::Batch`, when there is not so much left; then nothing more is given either.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Cause> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Cause::Batch(self.batch))
            }
        }
    }
}

fn moved(source: &ColumnSource) -> Option<usize> {
    match *source {
        ColumnSource::Input(column) => Some(column),
        ColumnSource::Written(_) => None,
    }
}

/// What the rows `origins` of an array take, which never fall. For nested types no less, and not much more where few rows
/// are taken often.
fn taken_bytes(array: &ArrayRef, origins: &[u32]) -> Result<usize, ArrowError> {
    Ok(match array.data_type() {
        DataType::Utf8 => spans(array.as_string::<i32>().offsets(), origins),
        DataType::Binary => spans(array.as_binary::<i32>().offsets(), origins),
        DataType::List(_) | DataType::Map(..) | DataType::Struct(_) => {
            let often = origins.chunk_by(|one, next| one == next).map(<[u32]>::len).max().unwrap_or(0);
            array.to_data().get_slice_memory_size()?.saturating_mul(often)
        }
        DataType::Boolean => origins.len().div_ceil(8),
        DataType::FixedSizeBinary(width) => usize::try_from(*width).unwrap_or(0).saturating_mul(origins.len()),
        other => other.primitive_width().unwrap_or(size_of::<i128>()).saturating_mul(origins.len()),
    })
}

fn spans(offsets: &OffsetBuffer<i32>, origins: &[u32]) -> usize {
    let length = |&origin: &u32| {
        let (begin, end) = (offsets.get(origin as usize), offsets.get(origin as usize + 1));
        begin.zip(end).map_or(0, |(begin, end)| (end - begin) as usize)
    };
    origins.iter().map(length).fold(size_of_val(origins), usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int64Array, ListArray, StringArray};
    use arrow_schema::Field;

    use super::*;

    #[test]
    fn what_is_taken_is_counted_before_it_is_copied() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "", "abc"]));
        let taken = |array: &ArrayRef, origins: &[u32]| taken_bytes(array, origins).expect("a size");
        assert_eq!(taken(&texts, &[0, 2, 2, 2]), 4 * 4 + 1 + 9);
        assert_eq!(taken(&texts.slice(1, 2), &[1; 1000]), 1000 * (4 + 3));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        assert_eq!(taken(&numbers, &[1; 1000]), 8000);
        let field = Arc::new(Field::new("element", DataType::Int64, true));
        let list: ArrayRef = Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([2]), numbers, None));
        assert!(taken(&list, &[0; 1000]) >= 1000 * (2 * 8 + 4));
        assert_eq!(taken(&list, &[]), 0);
    }

    #[test]
    fn a_batch_holds_so_many_answers_and_no_more() {
        let mut budget = Budget::new(100);
        for _ in 0..ANSWERS {
            budget.take(100).expect("there is as much left");
        }
        assert_eq!(budget.take(1), Err(Cause::Batch(1600)));
        let mut budget = Budget::new(usize::MAX);
        assert_eq!(budget.take(MOST + 1), Err(Cause::Batch(MOST)));
        assert!(budget.take(1).is_err(), "after that nothing is given");
    }
}
