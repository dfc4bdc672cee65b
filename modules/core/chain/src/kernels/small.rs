//! Kernels for the types of tables: runs of rows are copied, over columns in their flat form.

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_schema::{ArrowError, DataType, Fields};
use thalweg_wire::column::{Batch, Column, Values};

use crate::column::{Flattened, LayoutError, OwnedColumn, OwnedValues, flatten_arrays, to_arrow};

/// Rows of an array that stand together.
#[derive(Clone, Copy)]
struct Run {
    /// Which of the arrays.
    source: usize,
    begin: usize,
    length: usize,
}

/// Leaves out the rows whose bit is clear, of any number of arrays.
pub(crate) struct Filter(Vec<Run>);

impl Filter {
    pub(crate) fn new(bits: BooleanBuffer) -> Filter {
        let run = |(begin, end): (usize, usize)| Run { source: 0, begin, length: end - begin };
        Filter(bits.set_slices().map(run).collect())
    }

    pub(crate) fn apply(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        pick(&[array], &self.0)
    }
}

/// The same of one array.
pub(crate) fn filter(array: &ArrayRef, bits: BooleanBuffer) -> Result<ArrayRef, ArrowError> {
    Filter::new(bits).apply(array)
}

/// The rows of these positions.
pub(crate) fn take(array: &ArrayRef, rows: &UInt32Array) -> Result<ArrayRef, ArrowError> {
    pick(&[array], &runs(rows.values().iter().map(|&row| (0, row as usize))))
}

/// The rows of these arrays and positions.
pub(crate) fn interleave(arrays: [&ArrayRef; 2], places: &[(usize, usize)]) -> Result<ArrayRef, ArrowError> {
    pick(&arrays, &runs(places.iter().copied()))
}

/// The row of the one array where its bit is set, else that of the other.
pub(crate) fn zip(bits: &BooleanBuffer, set: &ArrayRef, clear: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    pick(&[set, clear], &runs(bits.iter().enumerate().map(|(row, is_set)| (usize::from(!is_set), row))))
}

/// One array after the other.
pub(crate) fn concat(arrays: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
    let whole = |(source, array): (usize, &ArrayRef)| Run { source, begin: 0, length: array.len() };
    let runs: Vec<Run> = arrays.iter().enumerate().map(whole).collect();
    pick(&arrays.iter().collect::<Vec<_>>(), &runs)
}

/// Rows one by one, put together where they follow each other.
fn runs(places: impl Iterator<Item = (usize, usize)>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (source, row) in places {
        match runs.last_mut() {
            Some(run) if run.source == source && run.begin + run.length == row => run.length += 1,
            _ => runs.push(Run { source, begin: row, length: 1 }),
        }
    }
    runs
}

fn invalid(error: impl ToString) -> ArrowError {
    ArrowError::InvalidArgumentError(error.to_string())
}

/// Rows of arrays of one type.
fn pick(sources: &[&ArrayRef], runs: &[Run]) -> Result<ArrayRef, ArrowError> {
    let data_type = sources.first().ok_or_else(|| invalid("there is no array to pick rows from"))?.data_type();
    let flat = |array: &&ArrayRef| flatten_arrays(array.len(), [*array]);
    let flat = sources.iter().map(flat).collect::<Result<Vec<_>, LayoutError>>().map_err(invalid)?;
    let batches: Vec<Batch<'_>> = flat.iter().map(Flattened::batch).collect();
    let mut picker = Picker { batches: &batches, next: 0, picked: Vec::new() };
    picker.field(data_type, runs)?;
    let rows = runs.iter().map(|run| run.length).sum();
    to_arrow(data_type, rows, &mut picker.picked.into_iter()).map_err(invalid)
}

/// Goes through the fields of a type, depth first.
struct Picker<'a> {
    batches: &'a [Batch<'a>],
    next: usize,
    picked: Vec<OwnedColumn>,
}

impl<'a> Picker<'a> {
    fn field(&mut self, data_type: &DataType, runs: &[Run]) -> Result<(), ArrowError> {
        let column = |batch: &Batch<'a>| batch.columns.get(self.next).copied();
        let columns = self.batches.iter().map(column).collect::<Option<Vec<Column<'a>>>>();
        let columns = columns.ok_or_else(|| invalid(LayoutError::Missing))?;
        self.next += 1;
        let validity = match columns.iter().any(|column| column.validity.is_some()) {
            true => Some(bits(columns.iter().map(|column| column.validity), runs)?),
            false => None,
        };
        let push = |values| self.picked.push(OwnedColumn { validity, values });
        match data_type {
            DataType::List(element) => {
                let (offsets, within) = lists(&columns, runs)?;
                push(OwnedValues::Offsets(offsets));
                self.field(element.data_type(), &within)
            }
            DataType::Map(entries, _) => {
                let (offsets, within) = lists(&columns, runs)?;
                push(OwnedValues::Offsets(offsets));
                match entries.data_type() {
                    DataType::Struct(fields) => self.fields(fields, &within),
                    other => Err(invalid(LayoutError::UnsupportedType(other.to_string()))),
                }
            }
            DataType::Struct(fields) => {
                push(OwnedValues::None);
                self.fields(fields, runs)
            }
            leaf => {
                push(values(leaf, &columns, runs)?);
                Ok(())
            }
        }
    }

    fn fields(&mut self, fields: &Fields, runs: &[Run]) -> Result<(), ArrowError> {
        fields.iter().try_for_each(|field| self.field(field.data_type(), runs))
    }
}

/// The values of a column without children.
fn values<'a>(data_type: &DataType, columns: &[Column<'a>], runs: &[Run]) -> Result<OwnedValues, ArrowError> {
    // One arm for each form: the columns of one type have the same.
    macro_rules! copied {
        ($case:ident, $width:expr) => {{
            let slice =
                |column: &Column<'a>| if let Values::$case(values) = column.values { Some(values) } else { None };
            let slices: Vec<_> = columns.iter().filter_map(slice).collect();
            OwnedValues::$case(numbers(&slices, runs, $width)?)
        }};
    }
    let first = columns.first().map(|column| column.values);
    Ok(match first {
        Some(Values::Bits(_)) => {
            let slice = |column: &Column<'a>| if let Values::Bits(values) = column.values { values } else { &[] };
            let slices: Vec<&[u8]> = columns.iter().map(slice).collect();
            OwnedValues::Bits(bits(slices.iter().copied().map(Some), runs)?)
        }
        Some(Values::Int8(_)) => copied!(Int8, 1),
        Some(Values::Int16(_)) => copied!(Int16, 1),
        Some(Values::Int32(_)) => copied!(Int32, 1),
        Some(Values::Int64(_)) => copied!(Int64, 1),
        Some(Values::Float32(_)) => copied!(Float32, 1),
        Some(Values::Float64(_)) => copied!(Float64, 1),
        Some(Values::Fixed(_)) => copied!(Fixed, width(data_type)),
        Some(Values::Spans { .. }) => {
            let (offsets, within) = lists(columns, runs)?;
            let bytes = |column: &Column<'a>| if let Values::Spans { bytes, .. } = column.values { bytes } else { &[] };
            let bytes: Vec<&[u8]> = columns.iter().map(bytes).collect();
            OwnedValues::Spans(offsets, numbers(&bytes, &within, 1)?)
        }
        _ => return Err(invalid(LayoutError::UnsupportedType(data_type.to_string()))),
    })
}

/// How many bytes a value of fixed length has.
fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedSizeBinary(width) => usize::try_from(*width).unwrap_or(0),
        _ => size_of::<i128>(),
    }
}

fn numbers<T: Copy>(sources: &[&[T]], runs: &[Run], width: usize) -> Result<Vec<T>, ArrowError> {
    let mut copied = Vec::with_capacity(runs.iter().map(|run| run.length).sum::<usize>() * width);
    for run in runs {
        let source = sources.get(run.source).and_then(|values| values.get(run.begin * width..));
        let values = source.and_then(|values| values.get(..run.length * width));
        copied.extend_from_slice(values.ok_or_else(|| beyond(run))?);
    }
    Ok(copied)
}

/// Bitmaps; where there is none, all bits are set.
fn bits<'a>(sources: impl Iterator<Item = Option<&'a [u8]>>, runs: &[Run]) -> Result<Vec<u8>, ArrowError> {
    let sources: Vec<_> = sources.collect();
    let mut bits = BooleanBufferBuilder::new(runs.iter().map(|run| run.length).sum());
    for run in runs {
        let end = run.begin + run.length;
        match sources.get(run.source).ok_or_else(|| beyond(run))? {
            Some(source) if source.len() >= end.div_ceil(8) => bits.append_packed_range(run.begin..end, source),
            Some(_) => return Err(beyond(run)),
            None => bits.append_n(run.length, true),
        }
    }
    Ok(bits.as_slice().to_vec())
}

/// Offsets that begin at 0 anew, and the runs of what they are of.
fn lists(columns: &[Column<'_>], runs: &[Run]) -> Result<(Vec<i32>, Vec<Run>), ArrowError> {
    let mut offsets = Vec::with_capacity(runs.iter().map(|run| run.length).sum::<usize>() + 1);
    let mut within: Vec<Run> = Vec::with_capacity(runs.len());
    let mut end = 0i32;
    offsets.push(end);
    for run in runs {
        let of = match columns.get(run.source).map(|column| column.values) {
            Some(Values::Spans { offsets, .. } | Values::Offsets(offsets)) => offsets,
            _ => return Err(beyond(run)),
        };
        let of = of.get(run.begin..).and_then(|of| of.get(..=run.length)).ok_or_else(|| beyond(run))?;
        let (Some(&first), Some(&last)) = (of.first(), of.last()) else { return Err(beyond(run)) };
        let base = end;
        end = last.checked_sub(first).and_then(|length| base.checked_add(length)).ok_or_else(|| too_long(base))?;
        offsets.extend(of.iter().skip(1).map(|offset| base + (offset - first)));
        let begin = usize::try_from(first).map_err(invalid)?;
        within.push(Run { source: run.source, begin, length: (end - base) as usize });
    }
    Ok((offsets, within))
}

fn beyond(run: &Run) -> ArrowError {
    invalid(format!("there are no rows {} to {} to be picked", run.begin, run.begin + run.length))
}

fn too_long(length: i32) -> ArrowError {
    ArrowError::OffsetOverflowError(length as usize)
}

/// Rows of nothing but nulls.
pub(crate) fn nulls(data_type: &DataType, rows: usize) -> Result<ArrayRef, ArrowError> {
    let mut columns = Vec::new();
    null_columns(data_type, rows, &mut columns)?;
    to_arrow(data_type, rows, &mut columns.into_iter()).map_err(invalid)
}

fn null_columns(data_type: &DataType, rows: usize, columns: &mut Vec<OwnedColumn>) -> Result<(), ArrowError> {
    let (values, children, below) = match data_type {
        DataType::Boolean => (OwnedValues::Bits(vec![0; rows.div_ceil(8)]), None, 0),
        DataType::Int8 => (OwnedValues::Int8(vec![0; rows]), None, 0),
        DataType::Int16 => (OwnedValues::Int16(vec![0; rows]), None, 0),
        DataType::Int32 | DataType::Date32 | DataType::Time32(_) => (OwnedValues::Int32(vec![0; rows]), None, 0),
        DataType::Int64 | DataType::Time64(_) | DataType::Timestamp(..) => (OwnedValues::Int64(vec![0; rows]), None, 0),
        DataType::Float32 => (OwnedValues::Float32(vec![0.0; rows]), None, 0),
        DataType::Float64 => (OwnedValues::Float64(vec![0.0; rows]), None, 0),
        DataType::Decimal128(..) | DataType::FixedSizeBinary(_) => {
            (OwnedValues::Fixed(vec![0; rows * width(data_type)]), None, 0)
        }
        DataType::Utf8 | DataType::Binary => (OwnedValues::Spans(vec![0; rows + 1], Vec::new()), None, 0),
        DataType::List(element) => (OwnedValues::Offsets(vec![0; rows + 1]), Some(Fields::from([element.clone()])), 0),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => (OwnedValues::Offsets(vec![0; rows + 1]), Some(fields.clone()), 0),
            other => return Err(invalid(LayoutError::UnsupportedType(other.to_string()))),
        },
        DataType::Struct(fields) => (OwnedValues::None, Some(fields.clone()), rows),
        other => return Err(invalid(LayoutError::UnsupportedType(other.to_string()))),
    };
    columns.push(OwnedColumn { validity: Some(vec![0; rows.div_ceil(8)]), values });
    children.iter().flatten().try_for_each(|child| null_columns(child.data_type(), below, columns))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fast;
    use super::*;
    use crate::column::samples::arrays;

    proptest! {
        #[test]
        fn small_kernels_give_what_arrow_s_do(
            chosen in prop::collection::vec(any::<bool>(), 20),
            rows in prop::collection::vec(0u32..20, 0..40),
            places in prop::collection::vec((0usize..2, 0usize..20), 0..40),
            begin in 0usize..20,
        ) {
            let bits = BooleanBuffer::from(chosen);
            for array in arrays() {
                let (one, other) = (array.slice(begin, 20), array.slice(20 - begin, 20));
                let of = |result: Result<ArrayRef, ArrowError>| result.map_err(|error| error.to_string());
                prop_assert_eq!(of(filter(&one, bits.clone())), of(fast::filter(&one, bits.clone())));
                let many = (Filter::new(bits.clone()), fast::Filter::new(bits.clone()));
                prop_assert_eq!(of(many.0.apply(&other)), of(many.1.apply(&other)));
                let rows = UInt32Array::from(rows.clone());
                prop_assert_eq!(of(take(&one, &rows)), of(fast::take(&one, &rows)));
                prop_assert_eq!(of(interleave([&one, &other], &places)), of(fast::interleave([&one, &other], &places)));
                prop_assert_eq!(of(zip(&bits, &one, &other)), of(fast::zip(&bits, &one, &other)));
                let all = [one.clone(), other.slice(0, 0), other];
                prop_assert_eq!(of(concat(&all)), of(fast::concat(&all)));
                let data_type = one.data_type();
                for count in [0, 1, 9] {
                    prop_assert_eq!(of(nulls(data_type, count)), of(fast::nulls(data_type, count)));
                }
            }
        }
    }

    #[test]
    fn rows_that_are_not_there_are_an_error() {
        for array in arrays() {
            assert!(take(&array, &UInt32Array::from(vec![40])).is_err(), "{}", array.data_type());
        }
        assert!(concat(&[]).is_err());
    }
}
