//! How a row is merged with the one before it: the merge engines and partial updates (`fluss.md` 3.5).

mod aggregate;
mod function;
mod partial;
#[cfg(test)]
mod tests;
mod versioned;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::record::{Layout, RecordError, RowFormat};
use thalweg_wire::table::{MergeEngine, TableDescriptor, TableProperties};

use aggregate::Aggregate;
use function::Function;
use partial::Partial;
use versioned::Versioned;

use crate::failure::Failure;

/// The merge engine of a table (`table.merge-engine`).
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// The last row stays.
    Last,
    /// The first row stays.
    First,
    /// The row with the highest version stays.
    Versioned {
        /// The position of the version column.
        column: usize,
    },
    /// Columns are combined: how, by position.
    Aggregation(Vec<Function>),
}

/// How rows are merged.
#[derive(Debug, Clone)]
pub(crate) enum Merger {
    /// The new row stays.
    Last,
    /// The old row stays.
    First,
    /// The row with the higher version stays, the new one if they are the same.
    Versioned(Versioned),
    /// Some columns are taken from the new row.
    Partial(Partial),
    /// Columns are combined.
    Aggregate(Aggregate),
}

/// What became of two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merged {
    /// Nothing changed.
    Old,
    /// The new row as it is.
    New,
    /// The row that was written.
    Made,
}

impl Engine {
    /// The engine of a table.
    pub(crate) fn of(descriptor: &TableDescriptor, properties: &TableProperties) -> Result<Self, Failure> {
        match properties.merge_engine {
            None => Ok(Self::Last),
            Some(MergeEngine::FirstRow) => Ok(Self::First),
            Some(MergeEngine::Versioned) => {
                let Some(name) = &properties.version_column else {
                    const KEY: &str = TableProperties::VERSION_COLUMN;
                    return Err(Failure::invalid_config(format!("'{KEY}' must be set for versioned merge engine.")));
                };
                let Some(column) = descriptor.schema.columns.iter().position(|column| column.name == *name) else {
                    return Err(Failure::invalid_config(format!(
                        "The version column '{name}' for versioned merge engine doesn't exist in schema."
                    )));
                };
                versioned::check(descriptor, column)?;
                Ok(Self::Versioned { column })
            }
            Some(MergeEngine::Aggregation) => Ok(Self::Aggregation(function::of_columns(&descriptor.schema)?)),
        }
    }

    /// For rows with all columns.
    pub(crate) fn whole(&self) -> Merger {
        match self {
            Self::Last => Merger::Last,
            Self::First => Merger::First,
            Self::Versioned { column } => Merger::Versioned(Versioned { column: *column }),
            Self::Aggregation(functions) => Merger::Aggregate(Aggregate::whole(functions.clone())),
        }
    }

    /// For rows with the columns at `target` only.
    pub(crate) fn partial(&self, layout: &Layout, primary_key: &[usize], target: &[i32]) -> Result<Merger, Failure> {
        let refused = |engine: &str| {
            let text = format!("Partial update is not supported for the {engine} merge engine.");
            Err(Failure::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, text))
        };
        match self {
            Self::First => refused("first_row"),
            Self::Versioned { .. } => refused("versioned"),
            Self::Last => {
                let partial = Partial::new(layout, primary_key, target)?;
                Ok(if partial.has_all() { Merger::Last } else { Merger::Partial(partial) })
            }
            Self::Aggregation(functions) => {
                let partial = Partial::new(layout, primary_key, target)?;
                Ok(Merger::Aggregate(Aggregate::partial(functions.clone(), partial)))
            }
        }
    }
}

impl Merger {
    /// Whether rows are merged without a look at the ones before them.
    pub(crate) fn is_blind(&self) -> bool {
        matches!(self, Self::Last)
    }

    /// Merges a row into the one before it, if there is one. What is neither of them is added to `out`.
    pub(crate) fn merge(
        &self,
        layout: &Layout,
        format: RowFormat,
        old: Option<&[u8]>,
        new: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Merged, RecordError> {
        match (self, old) {
            (Self::Last, _) | (Self::First | Self::Versioned(_) | Self::Aggregate(_), None) => Ok(Merged::New),
            (Self::First, Some(_)) => Ok(Merged::Old),
            (Self::Versioned(versioned), Some(old)) => versioned.merge(layout, format, old, new),
            (Self::Partial(partial), old) => partial.merge(layout, format, old, new, out),
            (Self::Aggregate(aggregate), Some(old)) => {
                aggregate.merge(layout, format, old, new, out).map(|()| Merged::Made)
            }
        }
    }

    /// Deletes a row, or only some columns of it: then what is left is added to `out`, and this is true.
    pub(crate) fn delete(
        &self,
        layout: &Layout,
        format: RowFormat,
        old: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, RecordError> {
        let partial = match self {
            Self::Partial(partial) => Some(partial),
            Self::Aggregate(aggregate) => aggregate.target(),
            _ => None,
        };
        partial.map_or(Ok(false), |partial| partial.delete(layout, format, old, out))
    }
}
