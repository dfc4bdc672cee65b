//! Whether rows fit the fields of a table: checked once, before anything is taken from them.

use crate::column::{Batch, Column, Values};
use crate::record::bits::first_clear;
use crate::record::{Layout, LayoutField, RecordError, Shape};
use crate::table::DataType;

impl Layout {
    /// Checks that rows fit: as many columns as fields, values of the right kind and number, offsets that begin at 0,
    /// never fall and end with their bytes or children, texts in UTF-8, and no null where none may be.
    ///
    /// A field of a ROW that may not be null may be where the ROW itself is. Reads offsets and texts once; all else is O(1) or
    /// O(rows / 8) for each column.
    pub fn check(&self, batch: &Batch<'_>) -> Result<(), RecordError> {
        if batch.columns.len() != self.column_count() {
            return Err(RecordError::ColumnCount { expected: self.column_count(), found: batch.columns.len() });
        }
        self.tops().iter().try_for_each(|&top| self.check_field(batch, top, batch.rows, None))
    }

    /// `parent` is the validity of the rows around this field, where these have its length.
    #[expect(clippy::indexing_slicing, reason = "places of fields are those that the layout itself gives")]
    fn check_field(
        &self,
        batch: &Batch<'_>,
        place: usize,
        rows: usize,
        parent: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let field = &self.fields()[place];
        if field.data_type.is_none() {
            return self.children(place).try_for_each(|child| self.check_field(batch, child, rows, None));
        }
        let column = batch.columns.get(field.column).ok_or_else(|| misfit(field, "it is missing"))?;
        check_validity(field, column, rows, parent)?;
        let inside = check_values(field, column, rows)?;
        // Rows in rows: a field may be null where the row around it is.
        let around = if field.shape == Shape::Group { column.validity.or(parent) } else { None };
        self.children(place).try_for_each(|child| self.check_field(batch, child, inside, around))
    }
}

fn check_validity(
    field: &LayoutField,
    column: &Column<'_>,
    rows: usize,
    parent: Option<&[u8]>,
) -> Result<(), RecordError> {
    let Some(validity) = column.validity else { return Ok(()) };
    if validity.len() < rows.div_ceil(8) {
        let found = validity.len();
        return Err(misfit(field, format!("its validity has {found} bytes, which is too few for {rows} rows")));
    }
    if field.nullable {
        return Ok(());
    }
    let null = match parent {
        None => first_clear(validity, rows),
        Some(parent) => {
            (0..rows).find(|row| crate::record::bits::bit(parent, *row) && !crate::record::bits::bit(validity, *row))
        }
    };
    null.map_or(Ok(()), |row| Err(RecordError::Null { column: field.name.clone(), row }))
}

/// How many values the children have.
fn check_values(field: &LayoutField, column: &Column<'_>, rows: usize) -> Result<usize, RecordError> {
    let kind = field.data_type.as_ref().map(values_of);
    let (found, length) = match column.values {
        Values::Bits(values) => (Kind::Bits, values.len().saturating_mul(8).min(rows)),
        Values::Int8(values) => (Kind::Int8, values.len()),
        Values::Int16(values) => (Kind::Int16, values.len()),
        Values::Int32(values) => (Kind::Int32, values.len()),
        Values::Int64(values) => (Kind::Int64, values.len()),
        Values::Float32(values) => (Kind::Float32, values.len()),
        Values::Float64(values) => (Kind::Float64, values.len()),
        Values::Fixed(values) => match field.shape {
            Shape::Fixed(width) if width > 0 && values.len().is_multiple_of(width as usize) => {
                (Kind::Fixed, values.len() / width as usize)
            }
            _ => (Kind::Fixed, usize::MAX),
        },
        Values::Spans { offsets, bytes } => {
            let text = field.shape == Shape::Spans { text: true };
            check_offsets(field, offsets, rows, Some(bytes.len()))?;
            if text {
                check_text(field, offsets, bytes)?;
            }
            (Kind::Spans, rows)
        }
        Values::Offsets(offsets) => {
            let inside = check_offsets(field, offsets, rows, None)?;
            return if kind == Some(Kind::Offsets) { Ok(inside) } else { Err(misfit(field, wrong_kind(kind))) };
        }
        Values::None => (Kind::None, rows),
    };
    if kind != Some(found) {
        return Err(misfit(field, wrong_kind(kind)));
    }
    if length != rows {
        return Err(misfit(field, format!("it does not have exactly {rows} values")));
    }
    Ok(rows)
}

/// Where the last value ends.
fn check_offsets(
    field: &LayoutField,
    offsets: &[i32],
    rows: usize,
    bytes: Option<usize>,
) -> Result<usize, RecordError> {
    if rows == 0 && offsets.is_empty() {
        return Ok(0);
    }
    if offsets.len() != rows + 1 || offsets.first() != Some(&0) || !offsets.is_sorted() {
        let reason = format!("its offsets are not {} that begin at 0 and never fall", rows + 1);
        return Err(misfit(field, reason));
    }
    let last = offsets.last().and_then(|last| usize::try_from(*last).ok()).unwrap_or_default();
    match bytes {
        Some(bytes) if bytes != last => {
            Err(misfit(field, format!("its offsets end at {last} but its bytes at {bytes}")))
        }
        _ => Ok(last),
    }
}

/// Texts are UTF-8 each when they are together and none begins inside a character.
fn check_text(field: &LayoutField, offsets: &[i32], bytes: &[u8]) -> Result<(), RecordError> {
    if bytes.is_ascii() {
        return Ok(());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| misfit(field, format!("it is not UTF-8: {error}")))?;
    match offsets.iter().position(|&offset| !text.is_char_boundary(offset as usize)) {
        Some(row) => Err(misfit(field, format!("the text of row {row} begins inside a UTF-8 character"))),
        None => Ok(()),
    }
}

/// The cases of `Values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bits,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Fixed,
    Spans,
    Offsets,
    None,
}

/// Which case a type has: `wit/module/types.wit` at `data-type`.
fn values_of(data_type: &DataType) -> Kind {
    match data_type {
        DataType::Boolean => Kind::Bits,
        DataType::TinyInt => Kind::Int8,
        DataType::SmallInt => Kind::Int16,
        DataType::Int | DataType::Date | DataType::Time(0..=3) => Kind::Int32,
        DataType::BigInt | DataType::Time(_) | DataType::Timestamp(_) | DataType::TimestampLtz(_) => Kind::Int64,
        DataType::Float => Kind::Float32,
        DataType::Double => Kind::Float64,
        DataType::Decimal { .. } | DataType::Binary(_) => Kind::Fixed,
        DataType::Char(_) | DataType::String | DataType::Bytes => Kind::Spans,
        DataType::Array(_) | DataType::Map(..) => Kind::Offsets,
        DataType::Row(_) => Kind::None,
    }
}

fn wrong_kind(kind: Option<Kind>) -> String {
    let expected = match kind {
        Some(Kind::Bits) => "bits",
        Some(Kind::Int8) => "8-bit integers",
        Some(Kind::Int16) => "16-bit integers",
        Some(Kind::Int32) => "32-bit integers",
        Some(Kind::Int64) => "64-bit integers",
        Some(Kind::Float32) => "32-bit floats",
        Some(Kind::Float64) => "64-bit floats",
        Some(Kind::Fixed) => "values of a fixed number of bytes",
        Some(Kind::Spans) => "spans of bytes",
        Some(Kind::Offsets) => "offsets into its children",
        Some(Kind::None) | None => "no values of its own",
    };
    format!("its type has {expected}")
}

fn misfit(field: &LayoutField, reason: impl Into<String>) -> RecordError {
    RecordError::Misfit { column: field.name.clone(), reason: reason.into() }
}
