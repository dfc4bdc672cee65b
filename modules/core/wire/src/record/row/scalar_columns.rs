//! Values taken from Arrow's columns, and given to them.

use super::fault::Fault;
use super::scalar::{Kind, Scalar, Unit};
use crate::column::Values;
use crate::record::bits::bit;
use crate::record::columns::gathered::Gathered;

/// The powers of ten that decimals of 1 to 38 digits stay below.
const POWERS: [u128; 39] = powers();

#[expect(clippy::indexing_slicing, reason = "the compiler runs it, and would say so")]
const fn powers() -> [u128; 39] {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
}

impl Kind {
    /// The value at `row`, which is not null.
    #[inline]
    pub(crate) fn take<'a>(self, values: Values<'a>, row: usize) -> Result<Scalar<'a>, Fault> {
        fn at<T: Copy>(values: &[T], row: usize) -> Result<T, Fault> {
            values.get(row).copied().ok_or(Fault::Misfit)
        }
        Ok(match (self, values) {
            (Self::Boolean, Values::Bits(bits)) if row / 8 < bits.len() => Scalar::Boolean(bit(bits, row)),
            (Self::TinyInt, Values::Int8(values)) => Scalar::TinyInt(at(values, row)?),
            (Self::SmallInt, Values::Int16(values)) => Scalar::SmallInt(at(values, row)?),
            (Self::Int | Self::Time(Unit::Millis), Values::Int32(values)) => Scalar::Int(at(values, row)?),
            (Self::BigInt, Values::Int64(values)) => Scalar::BigInt(at(values, row)?),
            (Self::Float, Values::Float32(values)) => Scalar::Float(at(values, row)?),
            (Self::Double, Values::Float64(values)) => Scalar::Double(at(values, row)?),
            (Self::Time(Unit::Seconds), Values::Int32(values)) => {
                Scalar::Int(at(values, row)?.checked_mul(1000).ok_or(Fault::Range)?)
            }
            (Self::Time(unit), Values::Int64(values)) => {
                let millis = at(values, row)? / if unit == Unit::Micros { 1_000 } else { 1_000_000 };
                Scalar::Int(i32::try_from(millis).map_err(|_| Fault::Range)?)
            }
            (Self::Timestamp(unit), Values::Int64(values)) => timestamp(at(values, row)?, unit)?,
            (Self::Char(_) | Self::Text | Self::Bytes, Values::Spans { offsets, bytes }) => {
                let (from, to) = (at(offsets, row)?, offsets.get(row + 1).copied().ok_or(Fault::Misfit)?);
                Scalar::Bytes(bytes.get(from as usize..to as usize).ok_or(Fault::Misfit)?)
            }
            (Self::Binary(width), Values::Fixed(bytes)) => Scalar::Bytes(fixed(bytes, row, width as usize)?),
            (Self::Decimal(precision), Values::Fixed(bytes)) => {
                let value = fixed(bytes, row, 16)?.try_into().map_err(|_| Fault::Misfit)?;
                let value = Scalar::Decimal(i128::from_le_bytes(value));
                Self::Decimal(precision).check_digits(value)?;
                value
            }
            _ => return Err(Fault::Misfit),
        })
    }

    /// Whether a decimal has no more digits than it may have.
    pub(crate) fn check_digits(self, scalar: Scalar<'_>) -> Result<(), Fault> {
        let (Self::Decimal(precision), Scalar::Decimal(value)) = (self, scalar) else { return Ok(()) };
        match POWERS.get(usize::from(precision)) {
            Some(power) if value.unsigned_abs() < *power => Ok(()),
            _ => Err(Fault::Digits(precision)),
        }
    }

    /// Adds a value to a column of this type.
    #[inline]
    pub(crate) fn give(self, scalar: Scalar<'_>, out: &mut Gathered) -> Result<(), Fault> {
        match (self, scalar) {
            (Self::Boolean, Scalar::Boolean(value)) => out.bits.push(value),
            (Self::TinyInt, Scalar::TinyInt(value)) => out.data.push(value as u8),
            (Self::SmallInt, Scalar::SmallInt(value)) => out.data.extend_from_slice(&value.to_le_bytes()),
            (Self::Int | Self::Time(Unit::Millis), Scalar::Int(value)) => {
                out.data.extend_from_slice(&value.to_le_bytes());
            }
            (Self::BigInt, Scalar::BigInt(value)) => out.data.extend_from_slice(&value.to_le_bytes()),
            (Self::Float, Scalar::Float(value)) => out.data.extend_from_slice(&value.to_le_bytes()),
            (Self::Double, Scalar::Double(value)) => out.data.extend_from_slice(&value.to_le_bytes()),
            (Self::Time(Unit::Seconds), Scalar::Int(millis)) => {
                out.data.extend_from_slice(&millis.div_euclid(1000).to_le_bytes());
            }
            (Self::Time(unit), Scalar::Int(millis)) => {
                let value = i64::from(millis) * if unit == Unit::Micros { 1_000 } else { 1_000_000 };
                out.data.extend_from_slice(&value.to_le_bytes());
            }
            (Self::Timestamp(unit), Scalar::Timestamp { millis, nanos }) => {
                let value = count(millis, nanos, unit).ok_or(Fault::Range)?;
                out.data.extend_from_slice(&value.to_le_bytes());
            }
            (Self::Decimal(_), Scalar::Decimal(value)) => out.data.extend_from_slice(&value.to_le_bytes()),
            (Self::Binary(width), Scalar::Bytes(bytes)) => {
                // Fluss keeps shorter values as they are; Arrow has them with zeros behind.
                let missing = (width as usize).checked_sub(bytes.len()).ok_or(Fault::Long(width))?;
                out.data.extend_from_slice(bytes);
                out.push_zeros(missing).ok_or(Fault::Full)?;
            }
            (Self::Char(_) | Self::Text, Scalar::Bytes(bytes)) => {
                std::str::from_utf8(bytes).map_err(|_| Fault::Text)?;
                out.push_span(bytes).ok_or(Fault::Full)?;
            }
            (Self::Bytes, Scalar::Bytes(bytes)) => out.push_span(bytes).ok_or(Fault::Full)?,
            _ => return Err(Fault::Misfit),
        }
        out.push_valid();
        Ok(())
    }
}

fn fixed(bytes: &[u8], row: usize, width: usize) -> Result<&[u8], Fault> {
    let from = row.checked_mul(width).ok_or(Fault::Misfit)?;
    bytes.get(from..from.saturating_add(width)).ok_or(Fault::Misfit)
}

fn timestamp(value: i64, unit: Unit) -> Result<Scalar<'static>, Fault> {
    let per_milli = match unit {
        Unit::Seconds => {
            let millis = value.checked_mul(1000).ok_or(Fault::Range)?;
            return Ok(Scalar::Timestamp { millis, nanos: 0 });
        }
        Unit::Millis => 1,
        Unit::Micros => 1_000,
        Unit::Nanos => 1_000_000,
    };
    let nanos = value.rem_euclid(per_milli) * (1_000_000 / per_milli);
    Ok(Scalar::Timestamp { millis: value.div_euclid(per_milli), nanos: nanos as u32 })
}

/// A time in a unit, rounded down; `None` if 64 bits are too few.
fn count(millis: i64, nanos: u32, unit: Unit) -> Option<i64> {
    let (per_milli, nanos) = match unit {
        Unit::Seconds => return Some(millis.div_euclid(1000)),
        Unit::Millis => return Some(millis),
        Unit::Micros => (1_000, i64::from(nanos / 1_000)),
        Unit::Nanos => (1_000_000, i64::from(nanos)),
    };
    // Past the middle of a range's last millisecond only one of the two orders fits.
    match millis.checked_mul(per_milli) {
        Some(whole) => whole.checked_add(nanos),
        None => (millis + 1).checked_mul(per_milli)?.checked_add(nanos - per_milli),
    }
}
