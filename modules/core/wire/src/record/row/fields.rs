//! A row taken apart into the bytes of its columns, and put together again: for partial updates and merge engines,
//! which need not decode what they keep.

use super::cursor::Cursor;
use super::fault::Fault;
use super::scalar::{Kind, Scalar};
use super::{RowFormat, compacted, indexed};
use crate::record::bits::bit;
use crate::record::place::{put, set_bit};
use crate::record::{Layout, RecordError};
use crate::table::DataType;

/// The bytes of each top-level column of a row; `None` for a null.
///
/// In a CompactedRow they include the length that stands before a value, in an IndexedRow they do not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowFields<'a> {
    fields: Vec<Option<&'a [u8]>>,
}

impl<'a> RowFields<'a> {
    /// Takes apart a CompactedRow with the columns of `layout`. See `RowFields::parse_as`.
    pub fn parse(layout: &Layout, row: &'a [u8]) -> Result<Self, RecordError> {
        Self::parse_as(layout, RowFormat::Compacted, row)
    }

    /// Takes apart a row with the columns of `layout`.
    ///
    /// Any bytes give columns or an error. What lies inside arrays, maps, rows and texts is not looked at.
    pub fn parse_as(layout: &Layout, format: RowFormat, row: &'a [u8]) -> Result<Self, RecordError> {
        let columns = || layout.tops().iter().filter_map(|&top| layout.fields().get(top));
        let kinds = || columns().map(|column| column.data_type.as_ref().and_then(Kind::of));
        let named = |fault: Fault, at: usize| *fault.corrupt(columns().nth(at).map_or("", |column| &column.name));
        let mut rest = Cursor::new(row);
        let bits = rest.bytes(layout.tops().len().div_ceil(8)).map_err(|fault| named(fault, 0))?;
        let mut lengths = Cursor::new(&[]);
        if format == RowFormat::Indexed {
            let varying = kinds().filter(|kind| kind.is_none_or(Kind::varies)).count();
            lengths = Cursor::new(rest.bytes(4 * varying).map_err(|fault| named(fault, 0))?);
        }
        let mut fields = Vec::with_capacity(layout.tops().len());
        for (at, kind) in kinds().enumerate() {
            let field = if bit(bits, at) {
                None
            } else {
                let bytes = match format {
                    RowFormat::Compacted => compacted_bytes(kind, &mut rest),
                    RowFormat::Indexed => indexed::take(kind, &mut rest, &mut lengths),
                };
                Some(bytes.map_err(|fault| named(fault, at))?)
            };
            fields.push(field);
        }
        match rest.rest() {
            [] => Ok(Self { fields }),
            _ => Err(named(Fault::Rest, fields.len().saturating_sub(1))),
        }
    }

    /// One for each top-level column.
    pub fn fields(&self) -> &[Option<&'a [u8]>] {
        &self.fields
    }

    /// One for each top-level column, to be changed.
    pub fn fields_mut(&mut self) -> &mut [Option<&'a [u8]>] {
        &mut self.fields
    }

    /// Puts a CompactedRow together from the bytes of all its columns, behind what is in `out`.
    pub fn write(fields: &[Option<&[u8]>], out: &mut Vec<u8>) {
        let begin = out.len();
        out.resize(begin + fields.len().div_ceil(8), 0);
        for (at, field) in fields.iter().enumerate() {
            match field {
                Some(bytes) => out.extend_from_slice(bytes),
                None => set_bit(out, begin, at),
            }
        }
    }

    /// Puts a row of either format together from the bytes of all its columns, behind what is in `out`.
    pub fn write_as(layout: &Layout, format: RowFormat, fields: &[Option<&[u8]>], out: &mut Vec<u8>) {
        if format == RowFormat::Compacted {
            return Self::write(fields, out);
        }
        let types = layout.tops().iter().filter_map(|&top| layout.fields().get(top));
        let varies = types.map(|column| column.data_type.as_ref().and_then(Kind::of).is_none_or(Kind::varies));
        let begin = out.len();
        let mut length_at = begin + fields.len().div_ceil(8);
        out.resize(length_at + 4 * varies.clone().filter(|varies| *varies).count(), 0);
        for (at, (field, varies)) in fields.iter().zip(varies).enumerate() {
            let Some(bytes) = field else {
                set_bit(out, begin, at);
                continue;
            };
            out.extend_from_slice(bytes);
            if varies {
                put(out, length_at, (bytes.len() as i32).to_le_bytes());
                length_at += 4;
            }
        }
    }
}

impl<'a> Scalar<'a> {
    /// The value that the bytes of a column are: see `RowFields`. Fails on bytes that are none, and on arrays, maps and
    /// rows; `column` is said in errors.
    pub fn read(column: &str, data_type: &DataType, format: RowFormat, bytes: &'a [u8]) -> Result<Self, RecordError> {
        let kind = Kind::of(data_type).ok_or(Fault::Misfit);
        let value = kind.and_then(|kind| match format {
            RowFormat::Compacted => {
                let mut from = Cursor::new(bytes);
                let value = compacted::read(kind, &mut from)?;
                if from.rest().is_empty() { Ok(value) } else { Err(Fault::Rest) }
            }
            RowFormat::Indexed => indexed::read(kind, bytes),
        });
        value.map_err(|fault| *fault.corrupt(column))
    }

    /// Adds the bytes that a column has with this value. Fails on a value that is not of the type, and on a decimal of
    /// more digits than it; `column` is said in errors.
    pub fn write(
        self,
        column: &str,
        data_type: &DataType,
        format: RowFormat,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let kind = Kind::of(data_type).filter(|kind| kind.holds(self)).ok_or(Fault::Misfit);
        let written = kind.and_then(|kind| {
            kind.check_digits(self)?;
            match format {
                RowFormat::Compacted => {
                    compacted::write(kind, self, out);
                    Ok(())
                }
                RowFormat::Indexed => indexed::write(kind, self, out),
            }
        });
        written.map_err(|fault| *fault.unfit(column, 0))
    }
}

/// The bytes of a value, with the length before it if there is one.
fn compacted_bytes<'a>(kind: Option<Kind>, rest: &mut Cursor<'a>) -> Result<&'a [u8], Fault> {
    let from = rest.rest();
    match kind {
        Some(kind) => compacted::skip(kind, rest)?,
        None => drop(rest.sized()?),
    }
    Ok(from.get(..from.len() - rest.rest().len()).unwrap_or_default())
}
