//! The elements of an array as a BinaryArray.

use super::super::RecordError;
use super::encode::Writer;
use super::fault::Fault;
use super::plan::{Node, What};
use super::scalar::{Kind, Scalar, wide_bytes};

/// How many bytes the count and the null bits of an array take.
pub(crate) fn header(count: usize) -> usize {
    4 + count.div_ceil(32) * 4
}

impl Writer<'_, '_> {
    /// The elements `from..to` of a column.
    pub(crate) fn array(&mut self, element: &Node, from: usize, to: usize) -> Result<(), RecordError> {
        let full = || Fault::Full.unfit(&element.name, from);
        let count = to - from;
        let (header, slot) = (header(count), element.slot());
        let fixed = slot.checked_mul(count).and_then(|slots| slots.checked_add(header + 7)).ok_or_else(full)? / 8 * 8;
        i32::try_from(fixed).map_err(|_| full())?;
        let begin = self.out.len();
        self.out.resize(begin + fixed, 0);
        self.out[begin..begin + 4].copy_from_slice(&(count as i32).to_le_bytes());
        for (position, row) in (from..to).enumerate() {
            if self.is_null(element, row)? {
                self.out[begin + 4 + position / 8] |= 1 << (position % 8);
                continue;
            }
            let at = begin + header + position * slot;
            let What::Scalar(kind) = element.what else {
                let start = self.out.len();
                self.nested(element, row)?;
                self.close(element, row, begin, start, at)?;
                continue;
            };
            let scalar = self.scalar(element, kind, row)?;
            self.element(element, kind, scalar, row, begin, at)?;
        }
        Ok(())
    }

    /// One element whose slot is at `at`, of an array that begins at `begin`.
    fn element(
        &mut self,
        element: &Node,
        kind: Kind,
        scalar: Scalar<'_>,
        row: usize,
        begin: usize,
        at: usize,
    ) -> Result<(), RecordError> {
        match scalar {
            Scalar::Boolean(value) => self.out[at] = u8::from(value),
            Scalar::TinyInt(value) => self.out[at] = value as u8,
            Scalar::SmallInt(value) => self.put(at, value.to_le_bytes()),
            Scalar::Int(value) => self.put(at, value.to_le_bytes()),
            Scalar::Float(value) => self.put(at, value.to_le_bytes()),
            Scalar::BigInt(value) => self.put(at, value.to_le_bytes()),
            Scalar::Double(value) => self.put(at, value.to_le_bytes()),
            Scalar::Bytes(bytes) if bytes.len() < 8 => {
                let mut slot = [0; 8];
                slot[..bytes.len()].copy_from_slice(bytes);
                slot[7] = 0x80 | bytes.len() as u8;
                self.put(at, slot);
            }
            Scalar::Bytes(bytes) => {
                let start = self.out.len();
                self.out.extend_from_slice(bytes);
                self.close(element, row, begin, start, at)?;
            }
            Scalar::Decimal(value) if kind.is_compact() => self.put(at, (value as i64).to_le_bytes()),
            Scalar::Decimal(value) => {
                let mut bytes = [0; 16];
                let value = wide_bytes(value, &mut bytes);
                let (start, length) = (self.out.len(), value.len());
                self.out.extend_from_slice(value);
                self.out.resize(start + 16, 0);
                self.point(element, row, at, start - begin, length)?;
            }
            Scalar::Timestamp { millis, .. } if kind.is_compact() => self.put(at, millis.to_le_bytes()),
            Scalar::Timestamp { millis, nanos } => {
                let start = self.out.len();
                self.out.extend_from_slice(&millis.to_le_bytes());
                self.point(element, row, at, start - begin, nanos as usize)?;
            }
        }
        Ok(())
    }

    /// Ends an element that was written at `start`.
    fn close(&mut self, element: &Node, row: usize, begin: usize, start: usize, at: usize) -> Result<(), RecordError> {
        let length = self.out.len() - start;
        self.out.resize(start + length.next_multiple_of(8), 0);
        self.point(element, row, at, start - begin, length)
    }

    /// Writes where an element is, and how long.
    fn point(&mut self, element: &Node, row: usize, at: usize, offset: usize, low: usize) -> Result<(), RecordError> {
        match (i32::try_from(offset), i32::try_from(low)) {
            (Ok(offset), Ok(low)) => {
                self.put(at, (i64::from(offset) << 32 | i64::from(low)).to_le_bytes());
                Ok(())
            }
            _ => Err(Fault::Full.unfit(&element.name, row)),
        }
    }

    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.out[at..at + N].copy_from_slice(&bytes);
    }
}
