//! How a CompactedRow, and a CompactedKey, writes and reads one value that is no array, map or row.

use super::cursor::Cursor;
use super::fault::Fault;
use super::scalar::{Kind, Scalar, wide_bytes, wide_value};

/// Adds a value of this type.
#[inline]
pub(crate) fn write(kind: Kind, scalar: Scalar<'_>, out: &mut Vec<u8>) {
    match scalar {
        Scalar::Boolean(value) => out.push(u8::from(value)),
        Scalar::TinyInt(value) => out.push(value as u8),
        Scalar::SmallInt(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Int(value) => write_varint(u64::from(value as u32), out),
        Scalar::BigInt(value) => write_varint(value as u64, out),
        Scalar::Float(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Double(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Bytes(bytes) => write_sized(bytes, out),
        Scalar::Decimal(value) if kind.is_compact() => write_varint(value as u64, out),
        Scalar::Decimal(value) => write_sized(wide_bytes(value, &mut [0; 16]), out),
        Scalar::Timestamp { millis, nanos } => {
            write_varint(millis as u64, out);
            if !kind.is_compact() {
                write_varint(u64::from(nanos), out);
            }
        }
    }
}

/// Reads a value of this type.
#[inline]
pub(crate) fn read<'a>(kind: Kind, from: &mut Cursor<'a>) -> Result<Scalar<'a>, Fault> {
    Ok(match kind {
        Kind::Boolean => Scalar::Boolean(from.array()? != [0]),
        Kind::TinyInt => Scalar::TinyInt(i8::from_le_bytes(from.array()?)),
        Kind::SmallInt => Scalar::SmallInt(i16::from_le_bytes(from.array()?)),
        Kind::Int | Kind::Time(_) => Scalar::Int(from.varint()? as i32),
        Kind::BigInt => Scalar::BigInt(from.varlong()? as i64),
        Kind::Float => Scalar::Float(f32::from_le_bytes(from.array()?)),
        Kind::Double => Scalar::Double(f64::from_le_bytes(from.array()?)),
        Kind::Char(_) | Kind::Text | Kind::Binary(_) | Kind::Bytes => Scalar::Bytes(from.sized()?),
        Kind::Decimal(_) if kind.is_compact() => Scalar::Decimal(i128::from(from.varlong()? as i64)),
        Kind::Decimal(_) => Scalar::Decimal(wide_value(from.sized()?).ok_or(Fault::Wide)?),
        Kind::Timestamp(_) => {
            let millis = from.varlong()? as i64;
            let nanos = if kind.is_compact() { 0 } else { from.varint()? };
            Scalar::Timestamp { millis, nanos: checked_nanos(nanos)? }
        }
    })
}

/// Passes over a value of this type.
pub(crate) fn skip(kind: Kind, from: &mut Cursor<'_>) -> Result<(), Fault> {
    match kind {
        Kind::Boolean | Kind::TinyInt => from.bytes(1).map(drop),
        Kind::SmallInt => from.bytes(2).map(drop),
        Kind::Float => from.bytes(4).map(drop),
        Kind::Double => from.bytes(8).map(drop),
        Kind::Int | Kind::Time(_) => from.varint().map(drop),
        Kind::BigInt => from.varlong().map(drop),
        Kind::Char(_) | Kind::Text | Kind::Binary(_) | Kind::Bytes => from.sized().map(drop),
        Kind::Decimal(_) if kind.is_compact() => from.varlong().map(drop),
        Kind::Decimal(_) => from.sized().map(drop),
        Kind::Timestamp(_) => {
            from.varlong()?;
            if kind.is_compact() { Ok(()) } else { from.varint().map(drop) }
        }
    }
}

/// Nanoseconds of a millisecond.
pub(crate) fn checked_nanos(nanos: u32) -> Result<u32, Fault> {
    if nanos < 1_000_000 { Ok(nanos) } else { Err(Fault::Range) }
}

/// LEB128.
#[inline]
pub(crate) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn write_sized(value: &[u8], out: &mut Vec<u8>) {
    write_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}
