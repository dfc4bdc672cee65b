//! The aggregation merge engine: each column of two rows is combined by its function.

use thalweg_wire::record::{Layout, RecordError, RowFields, RowFormat};

use super::function::{Combined, Function};
use super::partial::Partial;
use crate::table::column_field;

/// How the columns of rows are combined.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    functions: Vec<Function>,
    /// The columns that are written; `None`: all.
    target: Option<Partial>,
}

impl Aggregate {
    /// All columns are combined.
    pub(super) fn whole(functions: Vec<Function>) -> Self {
        Self { functions, target: None }
    }

    /// Only some columns are combined.
    pub(super) fn partial(functions: Vec<Function>, target: Partial) -> Self {
        Self { functions, target: Some(target) }
    }

    /// The columns that are written; `None`: all.
    pub(super) fn target(&self) -> Option<&Partial> {
        self.target.as_ref()
    }

    /// Adds to `out` what two rows become.
    pub(super) fn merge(
        &self,
        layout: &Layout,
        format: RowFormat,
        old: &[u8],
        new: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let old = RowFields::parse_as(layout, format, old)?;
        let new = RowFields::parse_as(layout, format, new)?;
        let mut made = Vec::new();
        let mut taken = Vec::with_capacity(self.functions.len());
        for (position, function) in self.functions.iter().enumerate() {
            let begin = made.len();
            let how = if self.target.as_ref().is_none_or(|target| target.writes(position)) {
                let field = column_field(layout, position)?;
                let (old, new) = (at(&old, position), at(&new, position));
                function.combine(field, format, old, new, &mut made)?
            } else {
                Combined::Old
            };
            taken.push((how, begin..made.len()));
        }
        let field = |(position, (how, range)): (usize, &(Combined, std::ops::Range<usize>))| match how {
            Combined::Old => at(&old, position),
            Combined::New => at(&new, position),
            Combined::Made => made.get(range.clone()),
        };
        let fields: Vec<Option<&[u8]>> = taken.iter().enumerate().map(field).collect();
        RowFields::write_as(layout, format, &fields, out);
        Ok(())
    }
}

fn at<'a>(row: &RowFields<'a>, position: usize) -> Option<&'a [u8]> {
    row.fields().get(position).copied().flatten()
}
