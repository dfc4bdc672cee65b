//! The statistics of a log batch of version 1 (`fluss.md` 2.5): of some columns how many rows are null, and the least and
//! the greatest value. By them a server leaves out batches that no row of fits a filter.
//!
//! Version (1 byte, 1), how many columns (i16), their positions (i16 each), how many nulls (i32 each), then the least values
//! and the greatest, each as a length (i32) and a row: null bits behind one byte, a slot of 8 bytes for each column, and
//! behind those what does not fit into a slot.

use super::RecordError;
use super::bits::bit;
use super::place::set_bit;
use super::row::{Kind, Slot, slot_value};
use crate::record::Scalar;
use crate::table::DataType;

/// The version that is known.
const VERSION: u8 = 1;
/// The bits before the null bits of a row.
const HEADER_BITS: usize = 8;
const SLOT: usize = 8;
const WHAT: &str = "statistics of a log batch";

/// The statistics of a batch, read where they lie.
#[derive(Debug, Clone, Copy)]
pub struct Statistics<'a> {
    positions: &'a [[u8; 2]],
    nulls: &'a [[u8; 4]],
    least: &'a [u8],
    greatest: &'a [u8],
}

/// What is known of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnStatistics<'a> {
    /// How many rows are null; `None`: nobody counted them.
    pub nulls: Option<u32>,
    /// The least value.
    pub least: Option<Scalar<'a>>,
    /// The greatest value.
    pub greatest: Option<Scalar<'a>>,
}

impl<'a> Statistics<'a> {
    /// Reads them; `None` where there are none, or of a version that is not known. Values are not looked at.
    ///
    /// # Errors
    /// When they end before what they say they have.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, RecordError> {
        let Some((version, rest)) = bytes.split_first() else { return Ok(None) };
        if *version != VERSION {
            return Ok(None);
        }
        let (count, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let count = usize::try_from(i16::from_le_bytes(*count)).map_err(|_| cut())?;
        let (positions, rest) = rest.split_at_checked(2 * count).ok_or_else(cut)?;
        let (nulls, rest) = rest.split_at_checked(4 * count).ok_or_else(cut)?;
        let (least, rest) = sized(rest)?;
        let (greatest, _) = sized(rest)?;
        Ok(Some(Self { positions: positions.as_chunks().0, nulls: nulls.as_chunks().0, least, greatest }))
    }

    /// What is known of the column at this position, which has this type; `None`: nothing.
    pub fn column(&self, position: usize, data_type: &DataType) -> Option<ColumnStatistics<'a>> {
        let wanted = i16::try_from(position).ok()?.to_le_bytes();
        let at = self.positions.iter().position(|one| *one == wanted)?;
        let nulls = self.nulls.get(at).and_then(|nulls| u32::try_from(i32::from_le_bytes(*nulls)).ok());
        let value = |row| self.value(row, at, data_type);
        Some(ColumnStatistics { nulls, least: value(self.least), greatest: value(self.greatest) })
    }

    /// A value of a row; `None` where it is null, or cannot be read.
    fn value(&self, row: &'a [u8], at: usize, data_type: &DataType) -> Option<Scalar<'a>> {
        let kind = Kind::of(data_type)?;
        let slots = header(self.positions.len());
        if row.len() < slots || bit(row, HEADER_BITS + at) {
            return None;
        }
        let slot = row.get(slots + SLOT * at..slots + SLOT * (at + 1))?;
        slot_value(row, kind, slot).ok()
    }
}

/// The bytes before the slots of a row.
fn header(columns: usize) -> usize {
    (columns + HEADER_BITS).div_ceil(64) * 8
}

/// A row with its length before it.
fn sized(bytes: &[u8]) -> Result<(&[u8], &[u8]), RecordError> {
    let (length, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| cut())?;
    rest.split_at_checked(length).ok_or_else(cut)
}

fn cut() -> RecordError {
    RecordError::Corrupt { what: WHAT, reason: "they end before what they say they have".to_owned() }
}

/// Writes the statistics of columns, each with its position and type, behind what is in `out`.
///
/// # Errors
/// When there are more columns than a position can name, or a value is not of its column's type.
pub fn encode_statistics(
    columns: &[(usize, &DataType, ColumnStatistics<'_>)],
    out: &mut Vec<u8>,
) -> Result<(), RecordError> {
    let wrong = |reason: &str| RecordError::Corrupt { what: WHAT, reason: reason.to_owned() };
    let number = |at: usize| i16::try_from(at).map_err(|_| wrong("there are too many columns"));
    out.push(VERSION);
    out.extend_from_slice(&number(columns.len())?.to_le_bytes());
    for (position, ..) in columns {
        out.extend_from_slice(&number(*position)?.to_le_bytes());
    }
    for (.., known) in columns {
        let nulls = known.nulls.and_then(|nulls| i32::try_from(nulls).ok()).unwrap_or(-1);
        out.extend_from_slice(&nulls.to_le_bytes());
    }
    encode_row(columns.iter().map(|(_, data_type, known)| known.least.map(|value| (*data_type, value))), out)?;
    encode_row(columns.iter().map(|(_, data_type, known)| known.greatest.map(|value| (*data_type, value))), out)
}

/// Writes a row of values with its length before it.
fn encode_row<'v>(
    values: impl ExactSizeIterator<Item = Option<(&'v DataType, Scalar<'v>)>>,
    out: &mut Vec<u8>,
) -> Result<(), RecordError> {
    let wrong = |reason: &str| RecordError::Corrupt { what: WHAT, reason: reason.to_owned() };
    let length_at = out.len();
    let begin = length_at + 4;
    let slots = begin + header(values.len());
    out.resize(slots + SLOT * values.len(), 0);
    for (at, value) in values.enumerate() {
        let Some((data_type, value)) = value else {
            set_bit(out, begin, HEADER_BITS + at);
            continue;
        };
        let kind = Kind::of(data_type).filter(|kind| kind.holds(value));
        let kind = kind.ok_or_else(|| wrong("a value is not of the type of its column"))?;
        Slot { begin, at: slots + SLOT * at }.put(kind, value, out).map_err(|_| wrong("a value is too long"))?;
    }
    let length = i32::try_from(out.len() - begin).map_err(|_| wrong("the values are too long"))?;
    super::place::put(out, length_at, length.to_le_bytes());
    Ok(())
}
