//! Rows of many batches gathered into the buffers of one Arrow message.

use arrow_buffer::ToByteSlice;

use super::bits::Bits;
use super::{Layout, Node, RecordError, Shape};
use crate::column::{Batch, Column, Values};

// Values are copied as they lie in memory, which is how Arrow has them only on a little-endian machine.
const _: () = assert!(cfg!(target_endian = "little"));

/// Gathers rows for one bucket; gives the nodes and buffers of an Arrow message.
///
/// Batches must have passed `Layout::check`. One that does not fit fails without a panic, but may leave part of its
/// rows behind: the builder is then of no use any more.
#[derive(Debug, Clone)]
pub struct ColumnsBuilder {
    layout: Layout,
    fields: Vec<Gathered>,
    rows: usize,
}

/// What was gathered of one field.
#[derive(Debug, Clone, Default)]
struct Gathered {
    length: usize,
    nulls: usize,
    validity: Bits,
    bits: Bits,
    /// The bytes of `Fixed`, or those that `offsets` point into.
    data: Vec<u8>,
    /// Of `Spans` and `Lists`, one more than values; its first is 0.
    offsets: Vec<i32>,
}

/// Which rows are taken.
#[derive(Debug, Clone, Copy)]
enum Rows<'a> {
    Range { first: usize, count: usize },
    Gather(&'a [u32]),
}

impl ColumnsBuilder {
    /// A builder without rows.
    pub fn new(layout: Layout) -> Self {
        let fields = layout.fields().iter().map(|field| Gathered::new(field.shape)).collect();
        Self { layout, fields, rows: 0 }
    }

    /// The fields that it was made with.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What the buffers take, in bytes, without padding.
    pub fn bytes(&self) -> usize {
        self.fields.iter().map(Gathered::bytes).sum()
    }

    /// Adds the rows `first..first + count`.
    pub fn append_range(&mut self, batch: &Batch<'_>, first: usize, count: usize) -> Result<(), RecordError> {
        if first.checked_add(count).is_none_or(|end| end > batch.rows) {
            return Err(self.misfit(0, "the rows asked for are not all there"));
        }
        self.append(batch, Rows::Range { first, count }, count)
    }

    /// Adds the rows at these positions, in this order.
    pub fn append_rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), RecordError> {
        if rows.iter().any(|&row| row as usize >= batch.rows) {
            return Err(self.misfit(0, "the rows asked for are not all there"));
        }
        self.append(batch, Rows::Gather(rows), rows.len())
    }

    /// The nodes and buffers, in the layout's order; the builder is empty again.
    ///
    /// Every field has a validity buffer, as Java writes it.
    pub fn finish(&mut self) -> (Vec<Node>, Vec<Vec<u8>>) {
        self.rows = 0;
        let mut buffers = Vec::with_capacity(self.layout.buffer_count());
        let fields = self.layout.fields().iter().zip(&mut self.fields);
        let nodes = fields.map(|(field, gathered)| {
            let done = std::mem::replace(gathered, Gathered::new(field.shape));
            buffers.push(done.validity.into_bytes());
            match field.shape {
                Shape::Bits => buffers.push(done.bits.into_bytes()),
                Shape::Fixed(_) => buffers.push(done.data),
                Shape::Spans { .. } => buffers.extend([done.offsets.to_byte_slice().to_vec(), done.data]),
                Shape::Lists => buffers.push(done.offsets.to_byte_slice().to_vec()),
                Shape::Group => {}
            }
            Node { length: done.length as u32, nulls: done.nulls as u32 }
        });
        (nodes.collect(), buffers)
    }

    fn append(&mut self, batch: &Batch<'_>, rows: Rows<'_>, count: usize) -> Result<(), RecordError> {
        if batch.columns.len() != self.layout.column_count() {
            let (expected, found) = (self.layout.column_count(), batch.columns.len());
            return Err(RecordError::ColumnCount { expected, found });
        }
        let mut place = 0;
        while let Some(field) = self.layout.fields().get(place) {
            let next = field.end;
            self.append_field(batch, place, rows, count)?;
            place = next;
        }
        self.rows += count;
        Ok(())
    }

    /// Adds rows of the field at `place` and of all that lies in it.
    fn append_field(
        &mut self,
        batch: &Batch<'_>,
        place: usize,
        rows: Rows<'_>,
        count: usize,
    ) -> Result<(), RecordError> {
        let (Some(field), Some(gathered)) = (self.layout.fields().get(place), self.fields.get_mut(place)) else {
            return Ok(());
        };
        let (shape, end) = (field.shape, field.end);
        if gathered.length + count > i32::MAX as usize {
            return Err(RecordError::ColumnFull { column: field.name.clone() });
        }
        gathered.length += count;
        if field.data_type.is_none() {
            gathered.validity.extend_set(count);
            return self.append_children(batch, place + 1, end, rows, count);
        }
        let fits = batch.columns.get(field.column).map(|column| {
            gathered.add_validity(column, rows, count);
            gathered.add_values(shape, column.values, rows)
        });
        match fits {
            Some(Added::All) => Ok(()),
            Some(Added::Lists(offsets)) => self.append_lists(batch, place, end, offsets, rows),
            Some(Added::Group) => self.append_children(batch, place + 1, end, rows, count),
            Some(Added::Full) => Err(RecordError::ColumnFull { column: field.name.clone() }),
            Some(Added::Misfit) | None => Err(self.misfit(place, "its values are not what its type has")),
        }
    }

    fn append_children(
        &mut self,
        batch: &Batch<'_>,
        mut child: usize,
        end: usize,
        rows: Rows<'_>,
        count: usize,
    ) -> Result<(), RecordError> {
        while child < end {
            self.append_field(batch, child, rows, count)?;
            child = self.layout.fields().get(child).map_or(end, |field| field.end);
        }
        Ok(())
    }

    /// Adds what lies in the arrays or maps: one range for rows that stand together, else one for each row.
    fn append_lists(
        &mut self,
        batch: &Batch<'_>,
        place: usize,
        end: usize,
        offsets: &[i32],
        rows: Rows<'_>,
    ) -> Result<(), RecordError> {
        let mut add = |first: usize, count: usize| {
            let (Some(&from), Some(&to)) = (offsets.get(first), offsets.get(first + count)) else { return Ok(()) };
            let (first, count) = (from.max(0) as usize, to.saturating_sub(from).max(0) as usize);
            match count {
                0 => Ok(()),
                _ => self.append_children(batch, place + 1, end, Rows::Range { first, count }, count),
            }
        };
        match rows {
            Rows::Range { first, count } => add(first, count),
            Rows::Gather(rows) => rows.iter().try_for_each(|&row| add(row as usize, 1)),
        }
    }

    fn misfit(&self, place: usize, reason: &str) -> RecordError {
        let column = self.layout.fields().get(place).map_or_else(String::new, |field| field.name.clone());
        RecordError::Misfit { column, reason: reason.into() }
    }
}

/// What came of adding values.
enum Added<'a> {
    All,
    /// The children are to follow, by these offsets.
    Lists(&'a [i32]),
    /// The children are to follow, row by row.
    Group,
    Full,
    Misfit,
}

impl Gathered {
    fn new(shape: Shape) -> Self {
        let offsets = if matches!(shape, Shape::Spans { .. } | Shape::Lists) { vec![0] } else { Vec::new() };
        Self { offsets, ..Self::default() }
    }

    fn bytes(&self) -> usize {
        self.validity.byte_length() + self.bits.byte_length() + self.data.len() + self.offsets.len() * 4
    }

    fn add_validity(&mut self, column: &Column<'_>, rows: Rows<'_>, count: usize) {
        self.nulls += match (column.validity, rows) {
            (None, _) => {
                self.validity.extend_set(count);
                0
            }
            (Some(validity), Rows::Range { first, count }) => self.validity.extend_from(validity, first, count),
            (Some(validity), Rows::Gather(rows)) => self.validity.extend_gathered(validity, rows),
        };
    }

    fn add_values<'a>(&mut self, shape: Shape, values: Values<'a>, rows: Rows<'_>) -> Added<'a> {
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
        self.data.resize(from + rows.len() * WIDTH, 0);
        let (places, _) = self.data[from..].as_chunks_mut::<WIDTH>();
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
                self.data.extend_from_slice(source.get(from..to)?);
            }
            Rows::Gather(rows) => {
                self.data.reserve(rows.len().checked_mul(width)?);
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
                let (from, to) = (taken[0], taken[count]);
                let Some(source) = bytes.get(from as usize..to as usize) else { return Added::Misfit };
                if self.add_offsets(taken).is_none() {
                    return Added::Full;
                }
                self.data.extend_from_slice(source);
            }
            Rows::Gather(rows) => {
                self.offsets.reserve(rows.len());
                for &row in rows {
                    let row = row as usize;
                    let (Some(&from), Some(&to)) = (offsets.get(row), offsets.get(row + 1)) else {
                        return Added::Misfit;
                    };
                    let Some(source) = bytes.get(from as usize..to as usize) else { return Added::Misfit };
                    self.data.extend_from_slice(source);
                    let Ok(end) = i32::try_from(self.data.len()) else { return Added::Full };
                    self.offsets.push(end);
                }
            }
        }
        Added::All
    }

    fn add_lists<'a>(&mut self, offsets: &'a [i32], rows: Rows<'_>) -> Added<'a> {
        let added = match rows {
            Rows::Range { count: 0, .. } => Some(()),
            Rows::Range { first, count } => match offsets.get(first..=first + count) {
                Some(taken) => self.add_offsets(taken),
                None => return Added::Misfit,
            },
            Rows::Gather(rows) => rows.iter().try_for_each(|&row| {
                let row = row as usize;
                self.add_offsets(offsets.get(row..row + 2)?)
            }),
        };
        added.map_or(Added::Full, |()| Added::Lists(offsets))
    }

    /// Adds offsets of consecutive values, moved to where ours end; the first of them is only where they begin.
    fn add_offsets(&mut self, taken: &[i32]) -> Option<()> {
        let (&from, rest) = taken.split_first()?;
        let end = self.offsets.last().copied().unwrap_or_default();
        let shift = end.checked_sub(from)?;
        rest.last().copied().unwrap_or(from).checked_add(shift)?;
        // No offset is past the last, which was checked.
        self.offsets.extend(rest.iter().map(|offset| offset.wrapping_add(shift)));
        Some(())
    }
}
