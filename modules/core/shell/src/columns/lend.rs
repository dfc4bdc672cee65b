//! Columns in a body as a batch: every part is looked at before it is lent, so that a batch can be trusted.

use std::{borrow::Cow, ops::Range};

use thalweg_contract::{ColumnParts, Part};
use thalweg_wire::{
    column::{Batch, Column, Values},
    record::{Layout, LayoutField, RecordError, Shape},
    table::DataType,
};
use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::bits;

// Values are lent as they lie in memory, which is how Arrow has them only on a little-endian machine.
const _: () = assert!(cfg!(target_endian = "little"));

/// Why columns cannot be lent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LentError {
    /// There are more or fewer than the layout has.
    #[error("there are {found} columns where {expected} are due")]
    Columns {
        /// What the layout has.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// Rows or bytes that are not there.
    #[error("column {column} has fewer rows or bytes than it should")]
    Short {
        /// Its name.
        column: String,
    },
    /// A part that does not begin where its values can be read.
    #[error("column {column} does not lie at a multiple of the length of its values")]
    Misaligned {
        /// Its name.
        column: String,
    },
    /// Values that their type does not have.
    #[error(transparent)]
    Values(#[from] RecordError),
}

/// Some rows of columns. Nothing is copied but bits that do not begin at a byte, and offsets that do not begin at 0.
#[derive(Debug, Clone)]
pub struct Lent<'a> {
    rows: usize,
    columns: Vec<LentColumn<'a>>,
}

#[derive(Debug, Clone)]
struct LentColumn<'a> {
    validity: Option<Cow<'a, [u8]>>,
    values: LentValues<'a>,
}

#[derive(Debug, Clone)]
enum LentValues<'a> {
    Plain(Values<'a>),
    Bits(Cow<'a, [u8]>),
    Spans(Cow<'a, [i32]>, &'a [u8]),
    Offsets(Cow<'a, [i32]>),
}

impl Lent<'_> {
    /// The columns, borrowed. They passed `Layout::check`.
    pub fn batch(&self) -> Batch<'_> {
        let columns = self.columns.iter().map(|column| {
            let values = match &column.values {
                LentValues::Plain(values) => *values,
                LentValues::Bits(bits) => Values::Bits(bits),
                LentValues::Spans(offsets, bytes) => Values::Spans { offsets, bytes },
                LentValues::Offsets(offsets) => Values::Offsets(offsets),
            };
            Column { validity: column.validity.as_deref(), values }
        });
        Batch { rows: self.rows, columns: columns.collect() }
    }
}

/// Lends the rows `rows` of columns that lie in `body` as `columns` says: of a `Scanned` that is inline,
/// `first..first + rows`.
///
/// `body` must begin at a multiple of 8 bytes in memory, as what an allocator gives does, and so must each part in it.
///
/// # Errors
/// On columns that do not fit `layout`, and on values that a type does not have: offsets that fall, texts that are not
/// UTF-8, a null where none may be. Nothing that parts and values say is relied on before it is checked.
pub fn lend<'a>(
    layout: &Layout,
    columns: &[ColumnParts],
    body: &'a [u8],
    rows: Range<usize>,
) -> Result<Lent<'a>, LentError> {
    if columns.len() != layout.column_count() {
        return Err(LentError::Columns { expected: layout.column_count(), found: columns.len() });
    }
    let mut lender = Lender { layout, parts: columns, body, columns: Vec::with_capacity(columns.len()) };
    for &top in layout.tops() {
        lender.field(top, rows.clone())?;
    }
    let lent = Lent { rows: rows.len(), columns: lender.columns };
    layout.check(&lent.batch())?;
    Ok(lent)
}

struct Lender<'a, 'b> {
    layout: &'b Layout,
    parts: &'b [ColumnParts],
    body: &'a [u8],
    columns: Vec<LentColumn<'a>>,
}

impl<'a> Lender<'a, '_> {
    /// Lends some values of the field at `place` and of what lies in it.
    fn field(&mut self, place: usize, rows: Range<usize>) -> Result<(), LentError> {
        let layout = self.layout;
        let Some(field) = layout.fields().get(place) else { return Ok(()) };
        let mut inside = rows.clone();
        if let Some(data_type) = &field.data_type {
            let parts = *self.parts.get(field.column).ok_or_else(|| short(field))?;
            if rows.start > rows.end || rows.end > parts.rows as usize {
                return Err(short(field));
            }
            let values = self.values(field, data_type, &parts, &rows, &mut inside)?;
            let validity = match parts.validity {
                None => None,
                Some(part) => Some(self.bits(field, part, &rows)?),
            };
            self.columns.push(LentColumn { validity, values });
        }
        let mut child = place + 1;
        while child < field.end {
            self.field(child, inside.clone())?;
            child = layout.fields().get(child).map_or(field.end, |field| field.end);
        }
        Ok(())
    }

    /// Lends values; `inside` becomes the rows of the children where offsets say them.
    fn values(
        &self,
        field: &LayoutField,
        data_type: &DataType,
        parts: &ColumnParts,
        rows: &Range<usize>,
        inside: &mut Range<usize>,
    ) -> Result<LentValues<'a>, LentError> {
        let missing = || short(field);
        Ok(match field.shape {
            Shape::Bits => LentValues::Bits(self.bits(field, parts.values.ok_or_else(missing)?, rows)?),
            Shape::Fixed(width) => {
                let bytes = self.bytes(field, parts.values.ok_or_else(missing)?)?;
                let place = |row: usize| row.checked_mul(width as usize);
                let some = place(rows.start).zip(place(rows.end)).and_then(|(from, to)| bytes.get(from..to));
                LentValues::Plain(fixed(field, data_type, some.ok_or_else(missing)?)?)
            }
            Shape::Spans { .. } => {
                let bytes = self.bytes(field, parts.values.ok_or_else(missing)?)?;
                let (offsets, inside) = self.offsets(field, parts, rows)?;
                LentValues::Spans(offsets, bytes.get(inside).ok_or_else(missing)?)
            }
            Shape::Lists => {
                let (offsets, within) = self.offsets(field, parts, rows)?;
                *inside = within;
                LentValues::Offsets(offsets)
            }
            Shape::Group => LentValues::Plain(Values::None),
        })
    }

    /// Offsets that begin at 0, and what they cover.
    fn offsets(
        &self,
        field: &LayoutField,
        parts: &ColumnParts,
        rows: &Range<usize>,
    ) -> Result<(Cow<'a, [i32]>, Range<usize>), LentError> {
        if rows.is_empty() {
            return Ok((Cow::Borrowed(&[]), 0..0));
        }
        let offsets: &[i32] = typed(field, self.bytes(field, parts.offsets.ok_or_else(|| short(field))?)?)?;
        let some = offsets.get(rows.start..=rows.end).ok_or_else(|| short(field))?;
        let (&from, &to) = some.first().zip(some.last()).ok_or_else(|| short(field))?;
        let (Ok(start), Ok(end)) = (usize::try_from(from), usize::try_from(to)) else { return Err(short(field)) };
        if start > end {
            return Err(short(field));
        }
        let moved = match from {
            0 => Cow::Borrowed(some),
            // Those between may lie anywhere: they are checked with the batch.
            _ => some.iter().map(|offset| offset.wrapping_sub(from)).collect(),
        };
        Ok((moved, start..end))
    }

    fn bits(&self, field: &LayoutField, part: Part, rows: &Range<usize>) -> Result<Cow<'a, [u8]>, LentError> {
        bits::some(self.bytes(field, part)?, rows.start, rows.len()).ok_or_else(|| short(field))
    }

    fn bytes(&self, field: &LayoutField, part: Part) -> Result<&'a [u8], LentError> {
        let from = part.offset as usize;
        let to = from.checked_add(part.length as usize);
        to.and_then(|to| self.body.get(from..to)).ok_or_else(|| short(field))
    }
}

/// Values of a fixed length, as their type has them: `wit/module/types.wit` at `data-type`.
fn fixed<'a>(field: &LayoutField, data_type: &DataType, bytes: &'a [u8]) -> Result<Values<'a>, LentError> {
    Ok(match data_type {
        DataType::TinyInt => Values::Int8(typed(field, bytes)?),
        DataType::SmallInt => Values::Int16(typed(field, bytes)?),
        DataType::Int | DataType::Date | DataType::Time(0..=3) => Values::Int32(typed(field, bytes)?),
        DataType::BigInt | DataType::Time(_) | DataType::Timestamp(_) | DataType::TimestampLtz(_) => {
            Values::Int64(typed(field, bytes)?)
        }
        DataType::Float => Values::Float32(typed(field, bytes)?),
        DataType::Double => Values::Float64(typed(field, bytes)?),
        _ => Values::Fixed(bytes),
    })
}

/// Bytes as values; fails where they do not begin at a multiple of the length of one, or are no whole number of them.
fn typed<'a, T>(field: &LayoutField, bytes: &'a [u8]) -> Result<&'a [T], LentError>
where
    T: FromBytes + Immutable,
    [T]: KnownLayout + FromBytes,
{
    if bytes.is_empty() {
        return Ok(&[]);
    }
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        return Err(short(field));
    }
    <[T]>::ref_from_bytes(bytes).map_err(|_| LentError::Misaligned { column: field.name.clone() })
}

fn short(field: &LayoutField) -> LentError {
    LentError::Short { column: field.name.clone() }
}
