//! The bytes of a row, taken one after the other.

use super::fault::Fault;

/// What is left of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `length` bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Fault::Ends)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Ends)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// An unsigned variable-length integer of 32 bits.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u32, Fault> {
        self.leb128(5).and_then(|value| u32::try_from(value).map_err(|_| Fault::Wide))
    }

    /// An unsigned variable-length integer of 64 bits.
    #[inline]
    pub(crate) fn varlong(&mut self) -> Result<u64, Fault> {
        self.leb128(10)
    }

    /// As many bytes as the variable-length integer before them says.
    pub(crate) fn sized(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.varint()?;
        self.bytes(length as usize)
    }

    #[inline]
    fn leb128(&mut self, most: usize) -> Result<u64, Fault> {
        let mut value = 0;
        for (at, &byte) in self.rest.iter().take(most).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                if at == 9 && byte > 1 {
                    return Err(Fault::Wide);
                }
                self.rest = self.rest.get(at + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(if self.rest.len() < most { Fault::Ends } else { Fault::Wide })
    }
}
