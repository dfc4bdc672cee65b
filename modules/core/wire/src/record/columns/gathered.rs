//! The values of one field, gathered from many batches into Arrow buffers.

use arrow_buffer::ToByteSlice;

use crate::column::{Column, Values};
use crate::record::Shape;
use crate::record::bits::Bits;

// Values are copied as they lie in memory, which is how Arrow has them only on a little-endian machine.
const _: () = assert!(cfg!(target_endian = "little"));

/// What was gathered of one field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered {
    pub(crate) length: usize,
    pub(crate) nulls: usize,
    pub(crate) validity: Bits,
    pub(crate) bits: Bits,
    /// The bytes of `Fixed`, or those that `offsets` point into.
    pub(crate) data: Vec<u8>,
    /// Of `Spans` and `Lists`, one more than values; the first is 0. In bytes, as the buffer has them.
    pub(crate) offsets: Vec<u8>,
    /// The last of the offsets.
    end: i32,
    /// How many values there may be in the end; 0: nobody knows.
    expected: usize,
}

/// How many times what there is may be reserved for what is expected, at most: expectations can be wrong.
const EXPECTED_AT_MOST: usize = 8;

/// Makes room for `more` bytes; where there is none, also for what else is expected when `length` values take what there
/// is with them.
fn make_room(bytes: &mut Vec<u8>, more: usize, length: usize, expected: usize) {
    if bytes.capacity() - bytes.len() >= more {
        return;
    }
    let needed = bytes.len() + more;
    // One value in sixteen more, as values are not all of one length.
    let all = (expected + expected / 16) as u64 * needed as u64 / length.max(1) as u64;
    match usize::try_from(all) {
        Ok(all) if all > needed => bytes.reserve_exact(all.min(needed.saturating_mul(EXPECTED_AT_MOST)) - bytes.len()),
        _ => bytes.reserve(more),
    }
}

/// Which rows are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a> {
    Range { first: usize, count: usize },
    Gather(&'a [u32]),
}

/// What came of adding values.
pub(crate) enum Added<'a> {
    All,
    /// The children are to follow, by these offsets.
    Lists(&'a [i32]),
    /// The children are to follow, row by row.
    Group,
    Full,
    Misfit,
}

impl Gathered {
    pub(crate) fn new(shape: Shape) -> Self {
        let offsets = if matches!(shape, Shape::Spans { .. } | Shape::Lists) { vec![0; 4] } else { Vec::new() };
        Self { offsets, ..Self::default() }
    }

    /// As `new`, for about so many values.
    pub(crate) fn expecting(shape: Shape, values: usize) -> Self {
        Self { expected: values, ..Self::new(shape) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.validity.byte_length() + self.bits.byte_length() + self.data.len() + self.offsets.len()
    }

    /// Counts one more value, which is not null and was added.
    #[inline]
    pub(crate) fn push_valid(&mut self) {
        self.validity.push(true);
        self.length += 1;
    }

    /// Adds a null; the children, if any, are not touched. `None`, and adds nothing, if the values pass 2 GiB.
    pub(crate) fn push_null(&mut self, shape: Shape) -> Option<()> {
        match shape {
            Shape::Bits => self.bits.push(false),
            Shape::Fixed(width) => self.push_zeros(width as usize)?,
            Shape::Spans { .. } | Shape::Lists => self.offsets.extend_from_slice(&self.end.to_le_bytes()),
            Shape::Group => {}
        }
        self.validity.push(false);
        self.length += 1;
        self.nulls += 1;
        Some(())
    }

    /// Adds zeros to the bytes of values; `None`, and adds nothing, if they pass 2 GiB.
    pub(crate) fn push_zeros(&mut self, count: usize) -> Option<()> {
        let end = self.data.len().checked_add(count).filter(|end| i32::try_from(*end).is_ok())?;
        self.data.resize(end, 0);
        Some(())
    }

    /// Adds the bytes of a value; `None`, and adds nothing, if they pass 2 GiB.
    #[inline]
    pub(crate) fn push_span(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.data.len().checked_add(bytes.len()).and_then(|end| i32::try_from(end).ok())?;
        self.data.extend_from_slice(bytes);
        self.end = end;
        self.offsets.extend_from_slice(&end.to_le_bytes());
        Some(())
    }

    /// Adds an array or map of so many entries; `None`, and adds nothing, if they pass 2^31.
    pub(crate) fn push_list(&mut self, count: usize) -> Option<()> {
        self.end = i32::try_from(count).ok().and_then(|count| self.end.checked_add(count))?;
        self.offsets.extend_from_slice(&self.end.to_le_bytes());
        self.push_valid();
        Some(())
    }

    pub(crate) fn add_validity(&mut self, column: &Column<'_>, rows: Rows<'_>, count: usize) {
        self.nulls += match (column.validity, rows) {
            (None, _) => {
                self.validity.extend_set(count);
                0
            }
            (Some(validity), Rows::Range { first, count }) => self.validity.extend_from(validity, first, count),
            (Some(validity), Rows::Gather(rows)) => self.validity.extend_gathered(validity, rows),
        };
    }

    pub(crate) fn add_values<'a>(&mut self, shape: Shape, values: Values<'a>, rows: Rows<'_>) -> Added<'a> {
        let width = if let Shape::Fixed(width) = shape { width as usize } else { 0 };
        let added = match (shape, values) {
            (Shape::Bits, Values::Bits(source)) => {
                match rows {
                    Rows::Range { first, count } => self.bits.extend_from(source, first, count),
                    Rows::Gather(rows) => self.bits.extend_gathered(source, rows),
                };
                Some(())
            }
            (Shape::Fixed(1), Values::Int8(source)) => self.add_fixed::<1>(source.to_byte_slice(), rows),
            (Shape::Fixed(2), Values::Int16(source)) => self.add_fixed::<2>(source.to_byte_slice(), rows),
            (Shape::Fixed(4), Values::Int32(source)) => self.add_fixed::<4>(source.to_byte_slice(), rows),
            (Shape::Fixed(4), Values::Float32(source)) => self.add_fixed::<4>(source.to_byte_slice(), rows),
            (Shape::Fixed(8), Values::Int64(source)) => self.add_fixed::<8>(source.to_byte_slice(), rows),
            (Shape::Fixed(8), Values::Float64(source)) => self.add_fixed::<8>(source.to_byte_slice(), rows),
            (Shape::Fixed(16), Values::Fixed(source)) => self.add_fixed::<16>(source, rows),
            (Shape::Fixed(_), Values::Fixed(source)) => self.add_wide(source, width, rows),
            (Shape::Spans { .. }, Values::Spans { offsets, bytes }) => return self.add_spans(offsets, bytes, rows),
            (Shape::Lists, Values::Offsets(offsets)) => return self.add_lists(offsets, rows),
            (Shape::Group, Values::None) => return Added::Group,
            _ => None,
        };
        added.map_or(Added::Misfit, |()| Added::All)
    }

    /// Values of a width that the compiler knows.
    fn add_fixed<const WIDTH: usize>(&mut self, source: &[u8], rows: Rows<'_>) -> Option<()> {
        let Rows::Gather(rows) = rows else { return self.add_wide(source, WIDTH, rows) };
        let (source, _) = source.as_chunks::<WIDTH>();
        let from = self.data.len();
        make_room(&mut self.data, rows.len() * WIDTH, self.length, self.expected);
        self.data.resize(from + rows.len() * WIDTH, 0);
        let (places, _) = self.data.get_mut(from..)?.as_chunks_mut::<WIDTH>();
        for (place, &row) in places.iter_mut().zip(rows) {
            *place = *source.get(row as usize)?;
        }
        Some(())
    }

    /// Values of any width.
    fn add_wide(&mut self, source: &[u8], width: usize, rows: Rows<'_>) -> Option<()> {
        match rows {
            Rows::Range { first, count } => {
                let (from, to) = (first.checked_mul(width)?, (first + count).checked_mul(width)?);
                let source = source.get(from..to)?;
                make_room(&mut self.data, source.len(), self.length, self.expected);
                self.data.extend_from_slice(source);
            }
            Rows::Gather(rows) => {
                make_room(&mut self.data, rows.len().checked_mul(width)?, self.length, self.expected);
                for &row in rows {
                    let from = (row as usize).checked_mul(width)?;
                    self.data.extend_from_slice(source.get(from..from.checked_add(width)?)?);
                }
            }
        }
        Some(())
    }

    fn add_spans<'a>(&mut self, offsets: &'a [i32], bytes: &[u8], rows: Rows<'_>) -> Added<'a> {
        match rows {
            Rows::Range { count: 0, .. } => {}
            Rows::Range { first, count } => {
                let Some(taken) = offsets.get(first..=first + count) else { return Added::Misfit };
                let (Some(&from), Some(&to)) = (taken.first(), taken.last()) else { return Added::Misfit };
                let Some(source) = bytes.get(from as usize..to as usize) else { return Added::Misfit };
                if self.add_offsets(taken).is_none() {
                    return Added::Full;
                }
                make_room(&mut self.data, source.len(), self.length, self.expected);
                self.data.extend_from_slice(source);
            }
            Rows::Gather(rows) => {
                make_room(&mut self.offsets, rows.len() * 4, self.length, self.expected);
                for &row in rows {
                    let row = row as usize;
                    let (Some(&from), Some(&to)) = (offsets.get(row), offsets.get(row + 1)) else {
                        return Added::Misfit;
                    };
                    let Some(source) = bytes.get(from as usize..to as usize) else { return Added::Misfit };
                    self.data.extend_from_slice(source);
                    let Ok(end) = i32::try_from(self.data.len()) else { return Added::Full };
                    self.offsets.extend_from_slice(&end.to_le_bytes());
                    self.end = end;
                }
            }
        }
        Added::All
    }

    fn add_lists<'a>(&mut self, offsets: &'a [i32], rows: Rows<'_>) -> Added<'a> {
        let mut add = |first: usize, last: usize| match offsets.get(first..=last) {
            Some(taken) => self.add_offsets(taken).ok_or(Added::Full),
            None => Err(Added::Misfit),
        };
        let added = match rows {
            Rows::Range { count: 0, .. } => Ok(()),
            Rows::Range { first, count } => add(first, first + count),
            Rows::Gather(rows) => rows.iter().try_for_each(|&row| add(row as usize, row as usize + 1)),
        };
        added.map_or_else(|error| error, |()| Added::Lists(offsets))
    }

    /// Adds offsets of consecutive values, moved to where ours end; the first of them is only where they begin.
    fn add_offsets(&mut self, taken: &[i32]) -> Option<()> {
        let (&from, rest) = taken.split_first()?;
        let shift = self.end.checked_sub(from)?;
        self.end = rest.last().copied().unwrap_or(from).checked_add(shift)?;
        let length = self.offsets.len();
        make_room(&mut self.offsets, rest.len() * 4, self.length, self.expected);
        self.offsets.resize(length + rest.len() * 4, 0);
        let (places, _) = self.offsets.get_mut(length..)?.as_chunks_mut::<4>();
        // No offset is past the last, which was checked.
        places.iter_mut().zip(rest).for_each(|(place, offset)| *place = offset.wrapping_add(shift).to_le_bytes());
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_2_gib_is_refused_and_leaves_nothing_behind() {
        let shape = Shape::Fixed(1 << 31);
        let mut gathered = Gathered::new(shape);
        assert_eq!(gathered.push_null(shape), None);
        assert_eq!((gathered.length, gathered.nulls, gathered.bytes()), (0, 0, 0));
        let mut lists = Gathered::new(Shape::Lists);
        assert_eq!(lists.push_list(i32::MAX as usize), Some(()));
        assert_eq!(lists.push_list(1), None);
        assert_eq!((lists.length, lists.bytes()), (1, 9));
    }

    #[test]
    fn room_is_made_for_what_is_expected_and_not_for_far_more_than_there_is() {
        // Bytes there are and more, values of these, values expected; and the room that is made.
        let cases = [
            ((0, 1000, 10, 80), 8000),
            ((0, 1000, 10, 40), 4200),
            ((0, 1000, 10, 100_000), 8000),
            ((4000, 1000, 50, 100), 10_600),
            ((0, 1000, 10, 0), 1000),
            ((0, 1000, 10, 10), 1000),
            ((0, 0, 0, 10), 0),
        ];
        for ((there, more, length, expected), room) in cases {
            let mut bytes = vec![0; there];
            make_room(&mut bytes, more, length, expected);
            assert_eq!(bytes.capacity(), room, "{there} and {more} bytes of {length} values, {expected} expected");
        }
    }
}
