//! Rows of many batches gathered into the buffers of one Arrow message.

use crate::column::Batch;
use crate::record::columns::gathered::{Added, Gathered, Rows};
use crate::record::{Layout, LayoutField, Node, RecordError, Shape};

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

impl ColumnsBuilder {
    /// A builder without rows.
    pub fn new(layout: Layout) -> Self {
        let fields = layout.fields().iter().map(|field| Gathered::new(field.shape)).collect();
        Self { layout, fields, rows: 0 }
    }

    /// A builder without rows, which about so many are expected for: room for them is made early, at most 8 times as much
    /// as there are rows for.
    pub fn expecting(layout: Layout, rows: usize) -> Self {
        let fields = layout.fields();
        let top = |place| layout.tops().binary_search(&place).is_ok();
        let expecting =
            |(place, field): (usize, &LayoutField)| Gathered::expecting(field.shape, if top(place) { rows } else { 0 });
        let fields = fields.iter().enumerate().map(expecting).collect();
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

    /// What was gathered of each field of the layout.
    pub(crate) fn gathered(&mut self) -> &mut [Gathered] {
        &mut self.fields
    }

    /// Counts a row of which a value was added to each column.
    pub(crate) fn count_row(&mut self) {
        self.rows += 1;
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
                Shape::Spans { .. } => buffers.extend([done.offsets, done.data]),
                Shape::Lists => buffers.push(done.offsets),
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
        if gathered.length.saturating_add(count) > i32::MAX as usize {
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
