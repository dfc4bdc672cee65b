//! Little-endian numbers and records, taken one after the other from foreign bytes.

use super::RecordError;

/// What is left of the bytes of a batch or a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    what: &'static str,
    rest: &'a [u8],
}

macro_rules! number {
    ($($name:ident)*) => {$(
        pub(crate) fn $name(&mut self) -> Result<$name, RecordError> {
            let available = self.rest.len();
            let (bytes, rest) =
                self.rest.split_first_chunk().ok_or(cut(self.what, size_of::<$name>(), available))?;
            self.rest = rest;
            Ok($name::from_le_bytes(*bytes))
        }
    )*};
}

impl<'a> Reader<'a> {
    /// `what` is said in errors.
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    number!(i8 u8 i16 i32 u32 i64);

    /// The next `length` bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(cut(self.what, length, self.rest.len()))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// As many bytes as the 32-bit length before them says.
    fn sized(&mut self) -> Result<&'a [u8], RecordError> {
        let length = self.i32()?;
        let negative = || corrupt(self.what, format!("a record in it has length {length}"));
        self.bytes(usize::try_from(length).map_err(|_| negative())?)
    }

    /// An unsigned variable-length integer of at most 32 bits.
    pub(crate) fn varint(&mut self) -> Result<u32, RecordError> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| corrupt(self.what, "a length in it passes 32 bits".into()));
            }
        }
        Err(corrupt(self.what, "a length in it has no end".into()))
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

pub(crate) fn cut(what: &'static str, needed: usize, available: usize) -> RecordError {
    RecordError::Cut { what, needed: needed as u64, available: available as u64 }
}

pub(crate) fn corrupt(what: &'static str, reason: String) -> RecordError {
    RecordError::Corrupt { what, reason }
}

/// The length of a batch whose 32-bit length field does not count the first `overhead` bytes, if all of it is there.
pub(crate) fn whole<'a>(
    what: &'static str,
    bytes: &'a [u8],
    overhead: usize,
    header: usize,
) -> Result<&'a [u8], RecordError> {
    let length = Reader::new(what, bytes).i32()?;
    match usize::try_from(length).ok().and_then(|length| length.checked_add(overhead)) {
        Some(total) if total >= header => bytes.get(..total).ok_or(cut(what, total, bytes.len())),
        _ => Err(corrupt(what, format!("its length is {length}"))),
    }
}

/// The records of a batch, each behind its 32-bit length, in order.
///
/// After an error nothing more is given. There is one too where more or fewer records lie in the batch than it says.
#[derive(Debug, Clone)]
pub struct Records<'a, T> {
    rest: Reader<'a>,
    left: u32,
    done: bool,
    parse: fn(&'a [u8]) -> Result<T, RecordError>,
}

impl<'a, T> Records<'a, T> {
    /// The `count` records in `bytes`, each of them read by `parse`; `what` is said in errors.
    pub(crate) fn new(
        what: &'static str,
        bytes: &'a [u8],
        count: u32,
        parse: fn(&'a [u8]) -> Result<T, RecordError>,
    ) -> Self {
        Self { rest: Reader::new(what, bytes), left: count, done: false, parse }
    }
}

impl<T> Iterator for Records<'_, T> {
    type Item = Result<T, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let Some(left) = self.left.checked_sub(1) else {
            self.done = true;
            let (what, rest) = (self.rest.what, self.rest.rest.len());
            return (rest > 0).then(|| Err(corrupt(what, format!("{rest} bytes follow its last record"))));
        };
        self.left = left;
        let record = self.rest.sized().and_then(self.parse);
        self.done = record.is_err();
        Some(record)
    }
}
