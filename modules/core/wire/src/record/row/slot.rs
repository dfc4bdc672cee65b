//! Slots of a fixed width, with what does not fit in there behind all of them: in a BinaryArray, and in the rows of
//! Paimon.

use super::fault::Fault;
use super::scalar::{Kind, Scalar, wide_bytes};
use crate::record::place::put;

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// Where the array or row begins in the bytes.
    pub(crate) begin: usize,
    /// Where the slot begins, which is there and zero.
    pub(crate) at: usize,
}

impl Slot {
    /// Writes a value of this type.
    pub(crate) fn put(self, kind: Kind, scalar: Scalar<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match scalar {
            Scalar::Boolean(value) => self.fill([u8::from(value)], out),
            Scalar::TinyInt(value) => self.fill(value.to_le_bytes(), out),
            Scalar::SmallInt(value) => self.fill(value.to_le_bytes(), out),
            Scalar::Int(value) => self.fill(value.to_le_bytes(), out),
            Scalar::Float(value) => self.fill(value.to_le_bytes(), out),
            Scalar::BigInt(value) => self.fill(value.to_le_bytes(), out),
            Scalar::Double(value) => self.fill(value.to_le_bytes(), out),
            Scalar::Bytes(bytes) if bytes.len() < 8 => {
                let mut slot = [0; 8];
                slot.get_mut(..bytes.len()).unwrap_or_default().copy_from_slice(bytes);
                slot[7] = 0x80 | bytes.len() as u8;
                self.fill(slot, out);
            }
            Scalar::Bytes(bytes) => {
                let start = out.len();
                out.extend_from_slice(bytes);
                self.close(start, out)?;
            }
            Scalar::Decimal(value) if kind.is_compact() => self.fill((value as i64).to_le_bytes(), out),
            Scalar::Decimal(value) => {
                let mut bytes = [0; 16];
                let value = wide_bytes(value, &mut bytes);
                let start = out.len();
                out.extend_from_slice(value);
                out.resize(start + 16, 0);
                self.point(start, value.len(), out)?;
            }
            Scalar::Timestamp { millis, .. } if kind.is_compact() => self.fill(millis.to_le_bytes(), out),
            Scalar::Timestamp { millis, nanos } => {
                let start = out.len();
                out.extend_from_slice(&millis.to_le_bytes());
                self.point(start, nanos as usize, out)?;
            }
        }
        Ok(())
    }

    /// Ends a value that was written from `start` to the end of the bytes.
    pub(crate) fn close(self, start: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        let length = out.len() - start;
        out.resize(start + length.next_multiple_of(8), 0);
        self.point(start, length, out)
    }

    /// Writes where a value is, and below that its length, or the nanoseconds of a timestamp.
    fn point(self, start: usize, low: usize, out: &mut [u8]) -> Result<(), Fault> {
        let offset = i32::try_from(start - self.begin).map_err(|_| Fault::Full)?;
        let low = i32::try_from(low).map_err(|_| Fault::Full)?;
        self.fill((i64::from(offset) << 32 | i64::from(low)).to_le_bytes(), out);
        Ok(())
    }

    fn fill<const N: usize>(self, bytes: [u8; N], out: &mut [u8]) {
        put(out, self.at, bytes);
    }
}
