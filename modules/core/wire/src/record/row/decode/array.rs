//! The elements of a BinaryArray.

use super::Reader;
use crate::record::bits::bit;
use crate::record::row::compacted::checked_nanos;
use crate::record::row::cursor::Cursor;
use crate::record::row::encode::array::header;
use crate::record::row::fault::{Failed, Fault};
use crate::record::row::plan::{Node, What};
use crate::record::row::scalar::{Kind, Scalar, wide_value};

/// An array whose slots are all there.
struct Slots<'a> {
    /// All of the array, where the elements that do not fit in slots are.
    bytes: &'a [u8],
    /// How many bytes the elements may still take up: without a bound, elements that share their bytes would make
    /// a short array very long.
    left: usize,
}

impl Reader<'_> {
    /// Adds the elements, and says how many there are.
    pub(crate) fn array(&mut self, element: &Node, bytes: &[u8]) -> Result<usize, Failed> {
        let corrupt = |fault: Fault| fault.corrupt(&element.name);
        let count = Cursor::new(bytes).array().map(i32::from_le_bytes).map_err(corrupt)?;
        let count = usize::try_from(count).map_err(|_| corrupt(Fault::Length))?;
        let (width, header) = (element.slot(), header(count));
        let fixed = count.checked_mul(width).and_then(|slots| slots.checked_add(header));
        let fixed = fixed.filter(|fixed| *fixed <= bytes.len()).ok_or_else(|| corrupt(Fault::Length))?;
        let nulls = bytes.get(4..header).unwrap_or_default();
        let places = bytes.get(header..fixed).unwrap_or_default();
        let mut slots = Slots { bytes, left: bytes.len() - fixed };
        for (position, slot) in places.chunks_exact(width).enumerate() {
            if bit(nulls, position) {
                if !element.nullable {
                    return Err(corrupt(Fault::Null));
                }
                self.null(element)?;
                continue;
            }
            match &element.what {
                What::Scalar(kind) => self.scalar(element, *kind, slots.scalar(*kind, slot))?,
                _ => {
                    let bytes = Cursor::new(slot).array().map(i64::from_le_bytes).and_then(|slot| slots.pointed(slot));
                    self.nested(element, bytes.map_err(corrupt)?)?;
                }
            }
        }
        Ok(count)
    }
}

/// The value of a slot; what does not fit into one lies in `bytes`.
pub(crate) fn slot_value<'a>(bytes: &'a [u8], kind: Kind, slot: &'a [u8]) -> Result<Scalar<'a>, Fault> {
    Slots { bytes, left: bytes.len() }.scalar(kind, slot)
}

impl<'a> Slots<'a> {
    fn scalar(&mut self, kind: Kind, slot: &'a [u8]) -> Result<Scalar<'a>, Fault> {
        let mut from = Cursor::new(slot);
        Ok(match kind {
            Kind::Boolean => Scalar::Boolean(from.array()? != [0]),
            Kind::TinyInt => Scalar::TinyInt(i8::from_le_bytes(from.array()?)),
            Kind::SmallInt => Scalar::SmallInt(i16::from_le_bytes(from.array()?)),
            Kind::Int | Kind::Time(_) => Scalar::Int(i32::from_le_bytes(from.array()?)),
            Kind::Float => Scalar::Float(f32::from_le_bytes(from.array()?)),
            Kind::Double => Scalar::Double(f64::from_le_bytes(from.array()?)),
            Kind::BigInt => Scalar::BigInt(i64::from_le_bytes(from.array()?)),
            Kind::Char(_) | Kind::Text | Kind::Binary(_) | Kind::Bytes => {
                let bytes: [u8; 8] = from.array()?;
                // The highest bit says that the bytes are in the slot itself.
                if bytes[7] & 0x80 == 0 {
                    Scalar::Bytes(self.pointed(i64::from_le_bytes(bytes))?)
                } else {
                    Scalar::Bytes(
                        slot.get(..usize::from(bytes[7] & 0x7f)).filter(|own| own.len() < 8).ok_or(Fault::Length)?,
                    )
                }
            }
            Kind::Decimal(_) if kind.is_compact() => Scalar::Decimal(i128::from(i64::from_le_bytes(from.array()?))),
            Kind::Decimal(_) => {
                let bytes = self.pointed(i64::from_le_bytes(from.array()?))?;
                Scalar::Decimal(wide_value(bytes).ok_or(Fault::Wide)?)
            }
            Kind::Timestamp(_) if kind.is_compact() => {
                Scalar::Timestamp { millis: i64::from_le_bytes(from.array()?), nanos: 0 }
            }
            Kind::Timestamp(_) => {
                // The place of the milliseconds, and in the lower half the nanoseconds.
                let slot = i64::from_le_bytes(from.array()?);
                let mut millis = Cursor::new(self.piece(slot >> 32, 8)?);
                let millis = i64::from_le_bytes(millis.array()?);
                Scalar::Timestamp { millis, nanos: checked_nanos(slot as u32)? }
            }
        })
    }

    /// What a slot points to: offset in its upper half, length in its lower.
    fn pointed(&mut self, slot: i64) -> Result<&'a [u8], Fault> {
        self.piece(slot >> 32, i64::from(slot as i32))
    }

    fn piece(&mut self, offset: i64, length: i64) -> Result<&'a [u8], Fault> {
        let (Ok(offset), Ok(length)) = (usize::try_from(offset), usize::try_from(length)) else {
            return Err(Fault::Length);
        };
        self.left = self.left.checked_sub(length).ok_or(Fault::Overlap)?;
        self.bytes.get(offset..offset.saturating_add(length)).ok_or(Fault::Ends)
    }
}
