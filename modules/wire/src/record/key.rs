//! Keys of rows as bytes: CompactedKey (`fluss.md` 2.9 and 2.10).

use super::bits::bit;
use super::{Layout, RecordError, Shape};
use crate::column::{Batch, Values};
use crate::table::DataType;

/// Encodes the key of one row at a time: the key columns one after the other, none of them null.
///
/// This is what tables without a lake format (and with Lance) have as primary and bucket key; the encodings of Paimon
/// and Iceberg are others.
#[derive(Debug, Clone)]
pub struct KeyEncoder {
    columns: Vec<KeyColumn>,
}

#[derive(Debug, Clone)]
struct KeyColumn {
    /// Its position in `Batch::columns`.
    position: usize,
    name: String,
    /// Bytes a value, of `Values::Fixed`.
    width: usize,
    form: Form,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As many bytes as the type has, little-endian.
    Plain,
    /// A variable-length unsigned integer.
    Varint,
    /// Length, then bytes.
    Bytes,
    /// A decimal of at most 18 digits: a variable-length integer.
    SmallDecimal,
    /// A decimal of more than 18 digits: length, then big-endian two's complement.
    WideDecimal,
    /// Milliseconds of the day; the column has this many units in a millisecond.
    Time { per_milli: i64 },
    /// Seconds of the day, written as milliseconds.
    TimeSeconds,
    /// Seconds, written as milliseconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Milliseconds, then nanoseconds of the millisecond; the column has this many units in a millisecond.
    Fine { per_milli: i64 },
}

impl KeyEncoder {
    /// For the top-level columns at `keys`, in this order, of rows with this layout.
    ///
    /// Fails on a position without column, and on arrays, maps and rows, which cannot be keys.
    pub fn new(layout: &Layout, keys: &[usize]) -> Result<Self, RecordError> {
        let columns = keys.iter().map(|&key| {
            let field = &layout.fields()[layout.column(key)?.start];
            let width = if let Shape::Fixed(width) = field.shape { width as usize } else { 0 };
            let form = field.data_type.as_ref().map_or(Err("MAP"), form);
            let name = field.name.clone();
            match form {
                Ok(form) => Ok(KeyColumn { position: field.column, name, width, form }),
                Err(data_type) => Err(RecordError::KeyType { column: name, data_type }),
            }
        });
        Ok(Self { columns: columns.collect::<Result<_, _>>()? })
    }

    /// Adds the key of a row to `out`. Fails on a null, and on a batch that does not fit the layout; `out` may have part
    /// of the key then.
    pub fn encode(&self, batch: &Batch<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), RecordError> {
        self.columns.iter().try_for_each(|key| {
            let Some(column) = batch.columns.get(key.position) else { return Err(key.misfit(row)) };
            if column.validity.is_some_and(|validity| !bit(validity, row)) {
                return Err(RecordError::Null { column: key.name.clone(), row });
            }
            key.write(column.values, row, out).ok_or_else(|| key.misfit(row))
        })
    }
}

impl KeyColumn {
    fn write(&self, values: Values<'_>, row: usize, out: &mut Vec<u8>) -> Option<()> {
        match (values, self.form) {
            (Values::Bits(bits), Form::Plain) => out.push(u8::from(bits.get(row / 8)? >> (row % 8) & 1 != 0)),
            (Values::Int8(values), Form::Plain) => out.extend_from_slice(&values.get(row)?.to_le_bytes()),
            (Values::Int16(values), Form::Plain) => out.extend_from_slice(&values.get(row)?.to_le_bytes()),
            (Values::Float32(values), Form::Plain) => out.extend_from_slice(&values.get(row)?.to_le_bytes()),
            (Values::Float64(values), Form::Plain) => out.extend_from_slice(&values.get(row)?.to_le_bytes()),
            (Values::Int32(values), form) => write_int(*values.get(row)?, form, out)?,
            (Values::Int64(values), form) => write_long(*values.get(row)?, form, out)?,
            (Values::Spans { offsets, bytes }, Form::Bytes) => {
                let (from, to) = (*offsets.get(row)?, *offsets.get(row + 1)?);
                write_bytes(bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)?, out);
            }
            (Values::Fixed(bytes), form) => {
                let from = row.checked_mul(self.width)?;
                let value = bytes.get(from..from.checked_add(self.width)?)?;
                match form {
                    Form::Bytes => write_bytes(value, out),
                    Form::SmallDecimal => write_varint(i128::from_le_bytes(value.try_into().ok()?) as u64, out),
                    Form::WideDecimal => write_wide(i128::from_le_bytes(value.try_into().ok()?), out),
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn misfit(&self, row: usize) -> RecordError {
        let reason = format!("row {row} has no value there, or not one of its type");
        RecordError::Misfit { column: self.name.clone(), reason }
    }
}

/// How values of a type are written, or the name of a type that cannot be a key.
fn form(data_type: &DataType) -> Result<Form, &'static str> {
    Ok(match data_type {
        DataType::Boolean | DataType::TinyInt | DataType::SmallInt | DataType::Float | DataType::Double => Form::Plain,
        DataType::Int | DataType::BigInt | DataType::Date => Form::Varint,
        DataType::Decimal { precision: ..=18, .. } => Form::SmallDecimal,
        DataType::Decimal { .. } => Form::WideDecimal,
        DataType::Char(_) | DataType::String | DataType::Binary(_) | DataType::Bytes => Form::Bytes,
        DataType::Time(0) => Form::TimeSeconds,
        DataType::Time(1..=3) => Form::Time { per_milli: 1 },
        DataType::Time(4..=6) => Form::Time { per_milli: 1_000 },
        DataType::Time(_) => Form::Time { per_milli: 1_000_000 },
        DataType::Timestamp(0) | DataType::TimestampLtz(0) => Form::Seconds,
        DataType::Timestamp(1..=3) | DataType::TimestampLtz(1..=3) => Form::Millis,
        DataType::Timestamp(4..=6) | DataType::TimestampLtz(4..=6) => Form::Fine { per_milli: 1_000 },
        DataType::Timestamp(_) | DataType::TimestampLtz(_) => Form::Fine { per_milli: 1_000_000 },
        DataType::Array(_) => return Err("ARRAY"),
        DataType::Map(..) => return Err("MAP"),
        DataType::Row(_) => return Err("ROW"),
    })
}

/// INT, DATE, and TIME up to milliseconds.
fn write_int(value: i32, form: Form, out: &mut Vec<u8>) -> Option<()> {
    let value = match form {
        Form::Varint | Form::Time { per_milli: 1 } => value,
        Form::TimeSeconds => value.wrapping_mul(1000),
        _ => return None,
    };
    write_varint(u64::from(value as u32), out);
    Some(())
}

/// BIGINT, finer TIME, and timestamps.
fn write_long(value: i64, form: Form, out: &mut Vec<u8>) -> Option<()> {
    match form {
        Form::Varint | Form::Millis => write_varint(value as u64, out),
        Form::Seconds => write_varint(value.wrapping_mul(1000) as u64, out),
        Form::Time { per_milli } => write_varint(u64::from((value / per_milli) as i32 as u32), out),
        Form::Fine { per_milli } => {
            write_varint(value.div_euclid(per_milli) as u64, out);
            write_varint((value.rem_euclid(per_milli) * (1_000_000 / per_milli)) as u64, out);
        }
        _ => return None,
    }
    Some(())
}

/// LEB128.
fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write_bytes(value: &[u8], out: &mut Vec<u8>) {
    write_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// The fewest big-endian bytes that still have the sign, as Java's `BigInteger.toByteArray`.
fn write_wide(value: i128, out: &mut Vec<u8>) {
    let sign_bits = if value < 0 { value.leading_ones() } else { value.leading_zeros() };
    let spare = (sign_bits as usize - 1) / 8;
    write_bytes(value.to_be_bytes().get(spare..).unwrap_or_default(), out);
}
