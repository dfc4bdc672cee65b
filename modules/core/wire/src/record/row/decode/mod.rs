//! Rows to Arrow's columns.

mod array;

pub(crate) use array::slot_value;

use crate::record::columns::gathered::Gathered;
use crate::record::row::cursor::Cursor;
use crate::record::row::fault::{Failed, Fault};
use crate::record::row::plan::{Node, RowPlan, What};
use crate::record::row::scalar::Kind;
use crate::record::row::{RowFormat, compacted, indexed};
use crate::record::{ColumnsBuilder, Layout, RecordError};

/// Decodes rows of a table, one at a time.
#[derive(Debug, Clone)]
pub struct RowDecoder {
    plan: RowPlan,
    /// Which of the plan's columns are wanted: `None` is all.
    wanted: Option<Vec<bool>>,
    /// Columns that rows do not have: they become null.
    absent: Vec<Node>,
    /// How many fields the layout decoded to has.
    fields: usize,
    format: RowFormat,
}

impl RowDecoder {
    /// For rows with all top-level columns of `layout`, to builders with this layout.
    pub fn new(layout: &Layout, format: RowFormat) -> Result<Self, RecordError> {
        let places: Vec<_> = layout.tops().iter().copied().map(Some).collect();
        Self::placed(layout, &places, layout.fields().len(), format)
    }

    /// For rows with all top-level columns of `layout`, to builders with only those at `columns`, which must rise:
    /// `Layout::projected`.
    pub fn projected(layout: &Layout, columns: &[usize], format: RowFormat) -> Result<Self, RecordError> {
        if columns.is_empty() || !columns.is_sorted_by(|a, b| a < b) {
            return Err(RecordError::ProjectionOrder);
        }
        let mut places = vec![None; layout.tops().len()];
        let mut next = 0;
        for &position in columns {
            let fields = layout.column(position)?;
            if let Some(place) = places.get_mut(position) {
                *place = Some(next);
            }
            next += fields.len();
        }
        Self::placed(layout, &places, next, format)
    }

    /// For rows with all top-level columns of `source`, to builders with the layout `target`. `columns` has for each of
    /// its columns the position in `source`, where it has the same type; `None` where it is null.
    pub(crate) fn adapted(
        source: &Layout,
        target: &Layout,
        columns: &[Option<usize>],
        format: RowFormat,
    ) -> Result<Self, RecordError> {
        let mut places = vec![None; source.tops().len()];
        let mut absent = Vec::new();
        for (position, (column, &top)) in columns.iter().zip(target.tops()).enumerate() {
            match column.and_then(|column| places.get_mut(column)) {
                Some(place) => *place = Some(top),
                None => absent.push(Node::of_column(target, position, None, top, format)?),
            }
        }
        Ok(Self { absent, ..Self::placed(source, &places, target.fields().len(), format)? })
    }

    /// `places` has for each column of rows its first field in the layout decoded to, which has so many `fields`.
    fn placed(
        layout: &Layout,
        places: &[Option<usize>],
        fields: usize,
        format: RowFormat,
    ) -> Result<Self, RecordError> {
        let nodes = places.iter().enumerate();
        let nodes = nodes.map(|(position, place)| Node::of_column(layout, position, None, place.unwrap_or(0), format));
        let plan = RowPlan::new(nodes.collect::<Result<_, _>>()?, format);
        let wanted: Vec<bool> = places.iter().map(Option::is_some).collect();
        let wanted = wanted.contains(&false).then_some(wanted);
        Ok(Self { plan, wanted, absent: Vec::new(), fields, format })
    }

    /// Adds a row to `out`, which must have the layout that this was made for.
    ///
    /// Any bytes give a row or an error. After an error `out` may have part of the row and is of no use any more.
    pub fn append(&self, row: &[u8], out: &mut ColumnsBuilder) -> Result<(), RecordError> {
        let found = out.layout().fields().len();
        if found != self.fields {
            return Err(RecordError::ColumnCount { expected: self.fields, found });
        }
        let mut reader = Reader { format: self.format, out: out.gathered() };
        reader.row(&self.plan, row, self.wanted.as_deref()).map_err(|failed| *failed)?;
        self.absent.iter().try_for_each(|field| reader.null(field)).map_err(|failed| *failed)?;
        out.count_row();
        Ok(())
    }
}

/// Gives values to the columns of one builder.
pub(crate) struct Reader<'a> {
    pub(crate) format: RowFormat,
    pub(crate) out: &'a mut [Gathered],
}

impl Reader<'_> {
    /// A row that takes up all of `bytes`, unless not all columns are wanted.
    pub(crate) fn row(&mut self, plan: &RowPlan, bytes: &[u8], wanted: Option<&[bool]>) -> Result<(), Failed> {
        let mut rest = Cursor::new(bytes);
        let first = || plan.fields.first().map_or("", |field| &field.name);
        let bits = rest.bytes(plan.bits).map_err(|fault| fault.corrupt(first()))?;
        let mut lengths = Cursor::new(rest.bytes(plan.header - plan.bits).map_err(|fault| fault.corrupt(first()))?);
        let last =
            wanted.map_or(plan.fields.len(), |wanted| wanted.iter().rposition(|one| *one).map_or(0, |at| at + 1));
        for (position, field) in plan.fields.iter().enumerate().take(last) {
            let wanted = wanted.is_none_or(|wanted| wanted.get(position) == Some(&true));
            if crate::record::bits::bit(bits, position) {
                match (wanted, field.nullable) {
                    (false, _) => {}
                    (true, true) => self.null(field)?,
                    (true, false) => return Err(Fault::Null.corrupt(&field.name)),
                }
            } else {
                self.field(field, &mut rest, &mut lengths, wanted)?;
            }
        }
        if wanted.is_none() && !rest.rest().is_empty() {
            let last = plan.fields.last().map_or("", |field| &field.name);
            return Err(Fault::Rest.corrupt(last));
        }
        Ok(())
    }

    /// A value that is not null.
    fn field(
        &mut self,
        field: &Node,
        rest: &mut Cursor<'_>,
        lengths: &mut Cursor<'_>,
        wanted: bool,
    ) -> Result<(), Failed> {
        let corrupt = |fault: Fault| fault.corrupt(&field.name);
        if let (RowFormat::Compacted, What::Scalar(kind)) = (self.format, &field.what) {
            if !wanted {
                return compacted::skip(*kind, rest).map_err(corrupt);
            }
            let scalar = compacted::read(*kind, rest).map_err(corrupt)?;
            return self.scalar(field, *kind, Ok(scalar));
        }
        let bytes = match self.format {
            RowFormat::Compacted => rest.sized(),
            RowFormat::Indexed => indexed::take(field.kind(), rest, lengths),
        };
        let bytes = bytes.map_err(corrupt)?;
        match &field.what {
            _ if !wanted => Ok(()),
            What::Scalar(kind) => self.scalar(field, *kind, indexed::read(*kind, bytes)),
            _ => self.nested(field, bytes),
        }
    }

    pub(crate) fn scalar(
        &mut self,
        field: &Node,
        kind: Kind,
        scalar: Result<crate::record::row::Scalar<'_>, Fault>,
    ) -> Result<(), Failed> {
        let out = self.out.get_mut(field.place).ok_or(Fault::Misfit);
        scalar.and_then(|scalar| kind.give(scalar, out?)).map_err(|fault| fault.corrupt(&field.name))
    }

    /// An array, map or row that takes up all of `bytes`.
    pub(crate) fn nested(&mut self, field: &Node, bytes: &[u8]) -> Result<(), Failed> {
        let corrupt = |fault: Fault| fault.corrupt(&field.name);
        let count = match &field.what {
            What::Scalar(_) => return Err(corrupt(Fault::Misfit)),
            What::Row(plan) => {
                self.row(plan, bytes, None)?;
                if let Some(out) = self.out.get_mut(field.place) {
                    out.push_valid();
                }
                return Ok(());
            }
            What::Array(element) => self.array(element, bytes)?,
            What::Map(entry) => {
                let mut rest = Cursor::new(bytes);
                let length = rest.array().map(i32::from_le_bytes).map_err(corrupt)?;
                let keys = usize::try_from(length).map_err(|_| Fault::Length).and_then(|length| rest.bytes(length));
                let count = self.array(&entry.0, keys.map_err(corrupt)?)?;
                if self.array(&entry.1, rest.rest())? != count {
                    return Err(corrupt(Fault::Length));
                }
                if let Some(entries) = self.out.get_mut(field.place + 1) {
                    entries.validity.extend_set(count);
                    entries.length += count;
                }
                count
            }
        };
        let added = self.out.get_mut(field.place).and_then(|out| out.push_list(count));
        added.ok_or_else(|| corrupt(Fault::Full))
    }

    /// A null, of a row also in all that lies in it.
    pub(crate) fn null(&mut self, field: &Node) -> Result<(), Failed> {
        let added = self.out.get_mut(field.place).and_then(|out| out.push_null(field.shape));
        added.ok_or_else(|| Fault::Full.corrupt(&field.name))?;
        match &field.what {
            What::Row(plan) => plan.fields.iter().try_for_each(|field| self.null(field)),
            _ => Ok(()),
        }
    }
}
