//! How an IndexedRow writes and reads one value that is no array, map or row; the lengths stand in the row's header.

use super::cursor::Cursor;
use super::fault::Fault;
use super::scalar::{Kind, Scalar, wide_bytes, wide_value};

/// Adds a value of this type.
pub(crate) fn write(kind: Kind, scalar: Scalar<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    match scalar {
        Scalar::Boolean(value) => out.push(u8::from(value)),
        Scalar::TinyInt(value) => out.push(value as u8),
        Scalar::SmallInt(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Int(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::BigInt(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Float(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Double(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Bytes(bytes) => {
            let missing = match kind {
                Kind::Char(width) | Kind::Binary(width) => {
                    (width as usize).checked_sub(bytes.len()).ok_or(Fault::Long(width))?
                }
                _ => 0,
            };
            out.extend_from_slice(bytes);
            out.resize(out.len() + missing, 0);
        }
        Scalar::Decimal(value) if kind.is_compact() => out.extend_from_slice(&(value as i64).to_le_bytes()),
        Scalar::Decimal(value) => out.extend_from_slice(wide_bytes(value, &mut [0; 16])),
        Scalar::Timestamp { millis, nanos } => {
            out.extend_from_slice(&millis.to_le_bytes());
            if !kind.is_compact() {
                out.extend_from_slice(&nanos.to_le_bytes());
            }
        }
    }
    Ok(())
}

/// How many bytes a value of this type has; `None` if that varies.
fn width(kind: Kind) -> Option<usize> {
    Some(match kind {
        Kind::Boolean | Kind::TinyInt => 1,
        Kind::SmallInt => 2,
        Kind::Int | Kind::Float | Kind::Time(_) => 4,
        Kind::BigInt | Kind::Double => 8,
        Kind::Char(width) | Kind::Binary(width) => width as usize,
        Kind::Decimal(_) if kind.is_compact() => 8,
        Kind::Timestamp(_) => {
            if kind.is_compact() {
                8
            } else {
                12
            }
        }
        Kind::Text | Kind::Bytes | Kind::Decimal(_) => return None,
    })
}

/// The bytes of a value of this type, `None` being arrays, maps and rows; `lengths` are those in the row's header.
pub(crate) fn take<'a>(kind: Option<Kind>, rest: &mut Cursor<'a>, lengths: &mut Cursor<'_>) -> Result<&'a [u8], Fault> {
    let length = match kind.and_then(width) {
        Some(width) => width,
        None => usize::try_from(i32::from_le_bytes(lengths.array()?)).map_err(|_| Fault::Length)?,
    };
    rest.bytes(length)
}

/// Reads a value of this type that takes up all of `bytes`.
pub(crate) fn read(kind: Kind, bytes: &[u8]) -> Result<Scalar<'_>, Fault> {
    let mut from = Cursor::new(bytes);
    Ok(match kind {
        Kind::Boolean => Scalar::Boolean(from.array()? != [0]),
        Kind::TinyInt => Scalar::TinyInt(i8::from_le_bytes(from.array()?)),
        Kind::SmallInt => Scalar::SmallInt(i16::from_le_bytes(from.array()?)),
        Kind::Int | Kind::Time(_) => Scalar::Int(i32::from_le_bytes(from.array()?)),
        Kind::BigInt => Scalar::BigInt(i64::from_le_bytes(from.array()?)),
        Kind::Float => Scalar::Float(f32::from_le_bytes(from.array()?)),
        Kind::Double => Scalar::Double(f64::from_le_bytes(from.array()?)),
        Kind::Char(_) => {
            let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Scalar::Bytes(bytes.get(..length).unwrap_or_default())
        }
        Kind::Text | Kind::Binary(_) | Kind::Bytes => Scalar::Bytes(bytes),
        Kind::Decimal(_) if kind.is_compact() => Scalar::Decimal(i128::from(i64::from_le_bytes(from.array()?))),
        Kind::Decimal(_) => Scalar::Decimal(wide_value(bytes).ok_or(Fault::Wide)?),
        Kind::Timestamp(_) => {
            let millis = i64::from_le_bytes(from.array()?);
            let nanos = if kind.is_compact() { 0 } else { u32::from_le_bytes(from.array()?) };
            Scalar::Timestamp { millis, nanos: super::compacted::checked_nanos(nanos)? }
        }
    })
}
