//! Arrow's kernels.

use arrow_array::{Array, ArrayRef, BooleanArray, UInt32Array, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{ArrowError, DataType};
use arrow_select::filter::{FilterBuilder, FilterPredicate};

/// Leaves out the rows whose bit is clear, of any number of arrays.
pub(crate) struct Filter(FilterPredicate);

impl Filter {
    pub(crate) fn new(bits: BooleanBuffer) -> Filter {
        Filter(FilterBuilder::new(&BooleanArray::new(bits, None)).optimize().build())
    }

    pub(crate) fn apply(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        self.0.filter(array)
    }
}

/// The same of one array.
pub(crate) fn filter(array: &ArrayRef, bits: BooleanBuffer) -> Result<ArrayRef, ArrowError> {
    arrow_select::filter::filter(array, &BooleanArray::new(bits, None))
}

/// The rows of these positions.
pub(crate) fn take(array: &ArrayRef, rows: &UInt32Array) -> Result<ArrayRef, ArrowError> {
    arrow_select::take::take(array, rows, None)
}

/// The rows of these arrays and positions.
pub(crate) fn interleave(arrays: [&ArrayRef; 2], places: &[(usize, usize)]) -> Result<ArrayRef, ArrowError> {
    arrow_select::interleave::interleave(&arrays.map(|array| array as &dyn Array), places)
}

/// The row of the one array where its bit is set, else that of the other.
pub(crate) fn zip(bits: &BooleanBuffer, set: &ArrayRef, clear: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    arrow_select::zip::zip(&BooleanArray::new(bits.clone(), None), set, clear)
}

/// One array after the other.
pub(crate) fn concat(arrays: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
    arrow_select::concat::concat(&arrays.iter().map(|array| array as &dyn Array).collect::<Vec<_>>())
}

/// Rows of nothing but nulls.
pub(crate) fn nulls(data_type: &DataType, rows: usize) -> Result<ArrayRef, ArrowError> {
    Ok(new_null_array(data_type, rows))
}
