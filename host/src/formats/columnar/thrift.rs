//! Thrift's compact protocol, as far as it takes to look through what Parquet says of itself: no value is kept, and no
//! length believed beyond the bytes that are there.

use std::io::{self, ErrorKind, Read};

/// How deep values may be nested.
const DEPTH: u32 = 32;

/// The type of a value, as the protocol numbers it.
pub(super) type Kind = u8;
pub(super) const I32: Kind = 5;
pub(super) const LIST: Kind = 9;
pub(super) const STRUCT: Kind = 12;

/// Reads values from bytes of which so many are left.
pub(super) struct Compact<R> {
    bytes: R,
    left: u64,
}

impl<R: Read> Compact<R> {
    pub(super) fn new(bytes: R, left: u64) -> Self {
        Self { bytes, left }
    }

    /// How many bytes were not read.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.left = self.left.checked_sub(1).ok_or(ErrorKind::UnexpectedEof)?;
        let mut byte = [0];
        self.bytes.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn pass(&mut self, length: u64) -> io::Result<()> {
        self.left = self.left.checked_sub(length).ok_or(ErrorKind::UnexpectedEof)?;
        let passed = io::copy(&mut self.bytes.by_ref().take(length), &mut io::sink())?;
        if passed == length { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ErrorKind::InvalidData.into())
    }

    /// A whole number of any width.
    pub(super) fn integer(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The number and type of the next field of a struct, whose last one had the number `last`; `None` at its end.
    pub(super) fn field(&mut self, last: &mut i64) -> io::Result<Option<(i64, Kind)>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *last = match head >> 4 {
            0 => self.integer()?,
            more => last.saturating_add(i64::from(more)),
        };
        Ok(Some((*last, head & 0x0f)))
    }

    /// The number and type of the elements of a list. Each takes a byte at least.
    pub(super) fn list(&mut self) -> io::Result<(u64, Kind)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        if count > self.left { Err(ErrorKind::UnexpectedEof.into()) } else { Ok((count, head & 0x0f)) }
    }

    /// Passes over the value of a field.
    pub(super) fn skip(&mut self, kind: Kind) -> io::Result<()> {
        self.skip_nested(kind, DEPTH, false)
    }

    fn skip_nested(&mut self, kind: Kind, depth: u32, is_element: bool) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or(ErrorKind::InvalidData)?;
        match kind {
            // A boolean field has its value in its type.
            1 | 2 if !is_element => Ok(()),
            1..=3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            9 | 10 => {
                let (count, element) = self.list()?;
                (0..count).try_for_each(|_| self.skip_nested(element, depth, true))
            }
            11 => {
                let count = self.varint()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.skip_nested(kinds >> 4, depth, true)?;
                    self.skip_nested(kinds & 0x0f, depth, true)
                })
            }
            12 => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip_nested(kind, depth, false)?;
                }
                Ok(())
            }
            13 => self.pass(16),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_passed_over_and_lengths_not_believed() {
        // 1: -3, 2: "ab", 5: [true, false], 6: {1: {}}
        let bytes = [0x15, 5, 0x18, 2, b'a', b'b', 0x39, 0x21, 1, 2, 0x1b, 1, 0x8c, 0, 0x1c, 0, 0];
        let mut compact = Compact::new(&bytes[..], bytes.len() as u64);
        let mut last = 0;
        assert_eq!(compact.field(&mut last).expect("a field"), Some((1, I32)));
        assert_eq!(compact.integer().expect("a number"), -3);
        for number in [2, 5] {
            let (found, kind) = compact.field(&mut last).expect("a field").expect("there is one");
            assert_eq!(found, number);
            compact.skip(kind).expect("it is whole");
        }
        let long_text = [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let long_list = [0x19, 0xf3, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let deep = [0x1c; 1000];
        for bytes in [&long_text[..], &long_list, &deep] {
            assert!(Compact::new(bytes, bytes.len() as u64).skip(STRUCT).is_err());
        }
    }
}
