//! A table's columns, compiled once for encoding and decoding rows.

use super::RowFormat;
use super::scalar::Kind;
use crate::record::{Layout, RecordError, Shape};
use crate::table::DataType;

/// A value: a column, or what lies in one.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Its name, of what lies in a column with dots.
    pub(crate) name: String,
    /// Its position in `Batch::columns` of what is encoded; `None` where the column is left out.
    pub(crate) column: Option<usize>,
    /// Its position in the fields of the layout that is decoded to.
    pub(crate) place: usize,
    pub(crate) nullable: bool,
    pub(crate) shape: Shape,
    pub(crate) what: What,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Scalar(Kind),
    Array(Box<Node>),
    Map(Box<(Node, Node)>),
    Row(RowPlan),
}

/// The values of a row, and how its header looks.
#[derive(Debug, Clone)]
pub(crate) struct RowPlan {
    pub(crate) fields: Vec<Node>,
    /// How many bytes the null bits take.
    pub(crate) bits: usize,
    /// How many bytes the header takes: the null bits, and in an IndexedRow the lengths of what varies.
    pub(crate) header: usize,
}

impl RowPlan {
    pub(crate) fn new(fields: Vec<Node>, format: RowFormat) -> Self {
        let bits = fields.len().div_ceil(8);
        let header = match format {
            RowFormat::Compacted => bits,
            RowFormat::Indexed => bits + 4 * fields.iter().filter(|field| field.varies()).count(),
        };
        Self { fields, bits, header }
    }
}

impl Node {
    /// The top-level column at `position`, whose own and inner fields begin at `column` in the batch to encode and at
    /// `place` in the layout to decode to.
    pub(crate) fn of_column(
        layout: &Layout,
        position: usize,
        column: Option<usize>,
        place: usize,
        format: RowFormat,
    ) -> Result<Self, RecordError> {
        let top = layout.column(position)?.start;
        let first = layout.top(position)?.column;
        let column = column.map(|column| (first, column));
        Ok(Self::of_field(layout, top, &Shift { column, place: (top, place), format }))
    }

    #[expect(clippy::indexing_slicing, reason = "places of fields are those that the layout itself gives")]
    fn of_field(layout: &Layout, at: usize, shift: &Shift) -> Self {
        let field = &layout.fields()[at];
        let child = |at: &usize| Self::of_field(layout, *at, shift);
        let children: Vec<usize> = layout.children(at).collect();
        // A map has one child, its entries, and these have a key and a value.
        let entry: Vec<usize> = children.first().map_or_else(Vec::new, |entries| layout.children(*entries).collect());
        let what = match (&field.data_type, &children[..], &entry[..]) {
            (Some(DataType::Array(_)), [element], _) => What::Array(Box::new(child(element))),
            (Some(DataType::Map(..)), _, [key, value]) => What::Map(Box::new((child(key), child(value)))),
            (data_type, ..) => match data_type.as_ref().and_then(Kind::of) {
                Some(kind) => What::Scalar(kind),
                None => What::Row(RowPlan::new(children.iter().map(child).collect(), shift.format)),
            },
        };
        let column = shift.column.map(|(from, to)| field.column - from + to);
        let place = at - shift.place.0 + shift.place.1;
        Self { name: field.name.clone(), column, place, nullable: field.nullable, shape: field.shape, what }
    }

    /// `None` for arrays, maps and rows.
    pub(crate) fn kind(&self) -> Option<Kind> {
        if let What::Scalar(kind) = self.what { Some(kind) } else { None }
    }

    /// Whether an IndexedRow has a length for it.
    pub(crate) fn varies(&self) -> bool {
        self.kind().is_none_or(Kind::varies)
    }

    /// How many bytes each element of this kind has in an array.
    pub(crate) fn slot(&self) -> usize {
        match self.what {
            What::Scalar(Kind::Boolean | Kind::TinyInt) => 1,
            What::Scalar(Kind::SmallInt) => 2,
            What::Scalar(Kind::Int | Kind::Float | Kind::Time(_)) => 4,
            _ => 8,
        }
    }
}

/// Where a column goes: from, to.
struct Shift {
    column: Option<(usize, usize)>,
    place: (usize, usize),
    format: RowFormat,
}
