//! Arrow's columns to rows.

pub(crate) mod array;

use crate::column::{Batch, Values};
use crate::record::bits::bit;
use crate::record::place::{put, set_bit};
use crate::record::read::corrupt;
use crate::record::row::fault::{Failed, Fault};
use crate::record::row::plan::{Node, RowPlan, What};
use crate::record::row::{RowFormat, compacted};
use crate::record::{Layout, RecordError};

/// Encodes rows of a table, one at a time.
#[derive(Debug, Clone)]
pub struct RowEncoder {
    plan: RowPlan,
    format: RowFormat,
}

impl RowEncoder {
    /// For rows of all top-level columns of `layout`. `columns`: the batches given have only these, in this order, and
    /// all others are null.
    ///
    /// Fails on a position without column, and if a column is left out that may not be null.
    pub fn new(layout: &Layout, columns: Option<&[usize]>, format: RowFormat) -> Result<Self, RecordError> {
        // Where each column's fields begin in the batches given.
        let mut given = vec![None; layout.tops().len()];
        let mut next = 0;
        for position in 0..columns.map_or(given.len(), <[usize]>::len) {
            let position = columns.map_or(Some(position), |columns| columns.get(position).copied()).unwrap_or_default();
            let fields = layout.fields().get(layout.column(position)?).unwrap_or_default();
            if let Some(place) = given.get_mut(position) {
                *place = Some(next);
            }
            next += fields.iter().filter(|field| field.data_type.is_some()).count();
        }
        let node = |(position, column)| {
            let node = Node::of_column(layout, position, column, 0, format)?;
            match column {
                None if !node.nullable => Err(RecordError::LeftOut { column: node.name }),
                _ => Ok(node),
            }
        };
        let fields = given.into_iter().enumerate().map(node).collect::<Result<_, _>>()?;
        Ok(Self { plan: RowPlan::new(fields, format), format })
    }

    /// Adds a row's bytes to `out`, which stays as it is on an error.
    ///
    /// Batches must have passed `Layout::check` of the columns given; one that does not fit fails without a panic.
    /// Times finer than a millisecond lose what is finer, as everywhere in Fluss.
    pub fn encode(&self, batch: &Batch<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let begin = out.len();
        let mut writer = Writer { batch, format: self.format, out };
        let written = writer.row(&self.plan, row).and_then(|()| match i32::try_from(writer.out.len() - begin) {
            Ok(_) => Ok(()),
            Err(_) => Err(Box::new(corrupt("row", format!("row {row} would pass 2 GiB; split its values")))),
        });
        if written.is_err() {
            out.truncate(begin);
        }
        written.map_err(|failed| *failed)
    }
}

/// Writes the values of one batch.
pub(crate) struct Writer<'a, 'b> {
    pub(crate) batch: &'a Batch<'b>,
    pub(crate) format: RowFormat,
    pub(crate) out: &'a mut Vec<u8>,
}

impl<'b> Writer<'_, 'b> {
    pub(crate) fn row(&mut self, plan: &RowPlan, row: usize) -> Result<(), Failed> {
        let begin = self.out.len();
        self.out.resize(begin + plan.header, 0);
        let mut length_at = begin + plan.bits;
        for (position, field) in plan.fields.iter().enumerate() {
            let Some(values) = self.values(field, row)? else {
                set_bit(self.out, begin, position);
                continue;
            };
            match self.format {
                RowFormat::Compacted => self.compacted(field, values, row)?,
                RowFormat::Indexed => {
                    let from = self.out.len();
                    self.indexed(field, values, row)?;
                    if field.varies() {
                        let length = (self.out.len() - from) as i32;
                        put(self.out, length_at, length.to_le_bytes());
                        length_at += 4;
                    }
                }
            }
        }
        Ok(())
    }

    fn compacted(&mut self, field: &Node, values: Values<'b>, row: usize) -> Result<(), Failed> {
        if let What::Scalar(kind) = field.what {
            let scalar = kind.take(values, row).map_err(|fault| fault.unfit(&field.name, row))?;
            compacted::write(kind, scalar, self.out);
            return Ok(());
        }
        // Its length goes before it, in as few bytes as it takes.
        let from = self.out.len();
        self.nested(field, values, row)?;
        let to = self.out.len();
        compacted::write_varint((to - from) as u64, self.out);
        let length = self.out.len() - to;
        self.out.get_mut(from..).unwrap_or_default().rotate_right(length);
        Ok(())
    }

    fn indexed(&mut self, field: &Node, values: Values<'b>, row: usize) -> Result<(), Failed> {
        let What::Scalar(kind) = field.what else { return self.nested(field, values, row) };
        let scalar = kind.take(values, row);
        let written = scalar.and_then(|scalar| crate::record::row::indexed::write(kind, scalar, self.out));
        written.map_err(|fault| fault.unfit(&field.name, row))
    }

    /// An array, map or row, without its length.
    pub(crate) fn nested(&mut self, field: &Node, values: Values<'b>, row: usize) -> Result<(), Failed> {
        let misfit = || Fault::Misfit.unfit(&field.name, row);
        match &field.what {
            What::Row(plan) => self.row(plan, row),
            What::Array(element) => {
                let (from, to) = entries(values, row).ok_or_else(misfit)?;
                self.array(element, from, to)
            }
            What::Map(entry) => {
                let (from, to) = entries(values, row).ok_or_else(misfit)?;
                let begin = self.out.len();
                self.out.extend_from_slice(&[0; 4]);
                self.array(&entry.0, from, to)?;
                let keys = self.out.len() - begin - 4;
                let length = i32::try_from(keys).map_err(|_| Fault::Full.unfit(&field.name, row))?;
                put(self.out, begin, length.to_le_bytes());
                self.array(&entry.1, from, to)
            }
            What::Scalar(_) => Err(misfit()),
        }
    }

    /// Whether a column is long enough to have a value at `row`.
    pub(crate) fn is_there(&self, field: &Node, row: usize) -> bool {
        let column = field.column.and_then(|column| self.batch.columns.get(column));
        column.is_some_and(|column| match &field.what {
            What::Scalar(kind) => kind.take(column.values, row) != Err(Fault::Misfit),
            What::Array(_) | What::Map(_) => entries(column.values, row).is_some(),
            What::Row(plan) => plan.fields.first().is_none_or(|field| self.is_there(field, row)),
        })
    }

    /// The values of a column which has one at `row`; `None` if that is null.
    #[inline]
    pub(crate) fn values(&self, field: &Node, row: usize) -> Result<Option<Values<'b>>, Failed> {
        let Some(position) = field.column else { return Ok(None) };
        let fault = match self.batch.columns.get(position) {
            Some(column) if column.validity.is_none_or(|validity| bit(validity, row)) => {
                return Ok(Some(column.values));
            }
            Some(_) if field.nullable => return Ok(None),
            Some(_) => Fault::Null,
            None => Fault::Misfit,
        };
        Err(fault.unfit(&field.name, row))
    }
}

/// Where the entries of an array or map begin and end in its children.
fn entries(values: Values<'_>, row: usize) -> Option<(usize, usize)> {
    let Values::Offsets(offsets) = values else { return None };
    let at = |row: usize| usize::try_from(*offsets.get(row)?).ok();
    let (from, to) = (at(row)?, at(row + 1)?);
    (from <= to).then_some((from, to))
}
