//! Values that are written once for many rows, written out.

use arrow_array::cast::{AsArray, downcast_array};
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{Array, ArrayRef, RunArray, UInt64Array};
use arrow_schema::DataType;
use arrow_select::take::take;

use super::{Fault, plain};

/// What the values of a batch may take when they are written out, in bytes. A few values can stand for any number of rows.
const WRITTEN_OUT: usize = 1 << 30;

/// The rows of a dictionary or of runs, each with its value.
pub(super) fn written_out(array: &ArrayRef) -> Result<ArrayRef, Fault> {
    let refused = |error: arrow_schema::ArrowError| Fault::Value { row: 0, reason: plain(&error) };
    let (values, rows) = match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary_opt().ok_or(Fault::Kind)?;
            let keys = arrow_cast::cast(dictionary.keys(), &DataType::UInt64).map_err(refused)?;
            (std::sync::Arc::clone(dictionary.values()), downcast_array(&keys))
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array)?,
            DataType::Int32 => runs::<Int32Type>(array)?,
            _ => runs::<Int64Type>(array)?,
        },
        _ => return Err(Fault::Kind),
    };
    check_size(&values, &rows)?;
    take(&values, &rows, None).map_err(refused)
}

/// The values of runs, and for each row which of them it has.
fn runs<T: RunEndIndexType>(array: &ArrayRef) -> Result<(ArrayRef, UInt64Array), Fault> {
    let runs: &RunArray<T> = array.as_any().downcast_ref().ok_or(Fault::Kind)?;
    let rows = (0..runs.len()).map(|row| runs.get_physical_index(row) as u64);
    Ok((std::sync::Arc::clone(runs.values()), UInt64Array::from_iter_values(rows)))
}

fn check_size(values: &ArrayRef, rows: &UInt64Array) -> Result<(), Fault> {
    let length: &dyn Fn(usize) -> usize = match values.data_type() {
        DataType::Utf8 => &|at| values.as_string::<i32>().value(at).len(),
        DataType::LargeUtf8 => &|at| values.as_string::<i64>().value(at).len(),
        DataType::Utf8View => &|at| values.as_string_view().value(at).len(),
        DataType::Binary => &|at| values.as_binary::<i32>().value(at).len(),
        DataType::LargeBinary => &|at| values.as_binary::<i64>().value(at).len(),
        DataType::BinaryView => &|at| values.as_binary_view().value(at).len(),
        DataType::FixedSizeBinary(width) => &|_| usize::try_from(*width).unwrap_or(0),
        // The rest takes a few bytes a row, or is as large as it was read.
        _ => return Ok(()),
    };
    let longest = (0..values.len()).map(length).max().unwrap_or(0);
    if longest.saturating_mul(rows.len()) <= WRITTEN_OUT {
        return Ok(());
    }
    let mut total = 0_usize;
    for (row, at) in rows.iter().enumerate() {
        let at = at.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < values.len());
        total = total.saturating_add(at.map_or(0, length));
        if total > WRITTEN_OUT {
            let reason = format!("the values of these rows take more than {WRITTEN_OUT} bytes; read fewer at once");
            return Err(Fault::Value { row, reason });
        }
    }
    Ok(())
}
