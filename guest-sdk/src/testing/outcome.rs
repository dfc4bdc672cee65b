//! What became of test rows.

use super::Rows;
use crate::any::{AnyColumn, ColumnType};
use crate::bindings::exports::thalweg::module::transform::{self, Source};
use crate::bindings::thalweg::module::types;
use crate::{Batch, Bits, Error, Input, Plan, Schema, Value, json};

/// What became of test rows.
#[derive(Debug, Clone)]
pub struct Outcome {
    input: Rows,
    schema: Schema,
    columns: Vec<Out>,
    is_produced: bool,
    kept: Vec<usize>,
    /// For each row that goes on its place in the written columns.
    places: Vec<usize>,
    refused: Vec<(usize, String)>,
    read: Vec<String>,
}

/// A column that comes out, with its children.
#[derive(Debug, Clone)]
struct Out {
    column_type: ColumnType,
    is_written: bool,
    columns: Vec<types::Column>,
    rows: usize,
}

/// What became of one row of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It goes on as it was.
    Kept,
    /// It goes on with other columns or values.
    Changed,
    /// It gave so many new rows.
    Produced(usize),
    /// It was left out.
    Dropped,
    /// It was refused, with this message.
    Refused(String),
}

impl Out {
    fn view(&self) -> Result<AnyColumn<'_>, Error> {
        AnyColumn::new(&self.column_type.fields, &self.columns, self.rows)
    }
}

fn broken(what: impl std::fmt::Display) -> Error {
    Error::other(format!("the module breaks the contract: {what}"))
}

impl Outcome {
    pub(super) fn new(input: &Rows, plan: transform::Plan, answer: transform::Answer) -> Result<Self, Error> {
        let rows = input.rows.unwrap_or(0);
        let names: Vec<&str> = input.schema.column_names().collect();
        let read = plan.reads.iter().map(|&column| names[column as usize].to_owned()).collect();
        let is_produced = matches!(answer.outcome, transform::Outcome::Produced(_));
        let (mut going, written) =
            going_on(answer.outcome, rows).ok_or_else(|| broken("the origins of its new rows fall, or are no rows"))?;
        let written_rows = if is_produced { going.len() } else { rows };
        let (schema, sources) = match plan.output {
            Some(output) => output,
            None => (input.schema.clone(), (0..names.len()).map(|column| Source::Input(column as u32)).collect()),
        };
        let refused: Vec<(usize, String)> = answer.refused.map_or_else(Vec::new, |refusals| {
            let message = |&cause: &u32| refusals.messages[cause as usize].clone();
            refusals.rows.iter().map(|&row| row as usize).zip(refusals.causes.iter().map(message)).collect()
        });
        going.retain(|(row, _)| refused.iter().all(|(refused, _)| refused != row));
        let (kept, places): (Vec<_>, Vec<_>) = going.into_iter().unzip();
        let columns = columns(input, &schema, &sources, written, written_rows)?;
        for column in columns.iter().filter(|column| column.is_written && !column.column_type.is_nullable()) {
            let view = column.view()?;
            if let Some(row) = places.iter().find(|&&row| view.is_null(row)) {
                return Err(broken(format!("column `{}` is NOT NULL, but null in row {row}", view.name())));
            }
        }
        Ok(Self { input: input.clone(), schema, columns, is_produced, kept, places, refused, read })
    }

    /// The rows that go on, by their position in the input; where a module produced rows, that of the row that each comes
    /// from.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// The rows refused, with their messages.
    pub fn refused(&self) -> &[(usize, String)] {
        &self.refused
    }

    /// The columns that the module read.
    pub fn read(&self) -> &[String] {
        &self.read
    }

    /// The schema after the module.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What became of each row of the input.
    ///
    /// # Panics
    /// If a column has a type that has no form in JSON.
    pub fn fates(&self) -> Vec<Fate> {
        let rows = 0..self.input.rows.unwrap_or(0);
        let before = rows.clone().map(|row| self.input.row(row).unwrap_or_else(|error| panic!("{error}")));
        let after = self.json();
        let fate = |(row, before): (usize, String)| {
            if let Some((_, message)) = self.refused.iter().find(|(refused, _)| *refused == row) {
                return Fate::Refused(message.clone());
            }
            let mut places = self.kept.iter().zip(&after).filter(|(kept, _)| **kept == row);
            match places.next() {
                None => Fate::Dropped,
                Some(_) if self.is_produced => Fate::Produced(places.count() + 1),
                Some((_, after)) if *after == before => Fate::Kept,
                Some(_) => Fate::Changed,
            }
        };
        rows.zip(before).map(fate).collect()
    }

    /// The rows that go on as JSON, an object each, as `thalweg scan` writes them (see [`json`](mod@crate::json)).
    ///
    /// # Panics
    /// If a column has a type that has no form in JSON.
    pub fn json(&self) -> Vec<String> {
        let lines = || -> Result<Vec<String>, Error> {
            let views = self.columns.iter().map(Out::view).collect::<Result<Vec<_>, _>>()?;
            let line = |at: usize| {
                let row = |column: usize| if self.columns[column].is_written { self.places[at] } else { self.kept[at] };
                json::object(views.iter().enumerate().map(|(column, view)| (*view, row(column))))
            };
            (0..self.kept.len()).map(line).collect()
        };
        lines().unwrap_or_else(|error| panic!("{error}"))
    }

    /// A column of the rows that go on: `outcome.column::<i32, i32>("delay", |delay| delay)`. Borrowed values are turned
    /// into owned ones by `owned`, as in `outcome.column::<str, _>("origin", str::to_owned)`.
    ///
    /// # Errors
    /// If there is no such column, or it has another type or length.
    pub fn column<T: Value + ?Sized, O>(
        &self,
        name: &str,
        owned: impl Fn(T::Item<'_>) -> O,
    ) -> Result<Vec<Option<O>>, Error> {
        let (position, _) = self.schema.column(name)?;
        let input: Input<T> = Plan::new(&self.schema).read(name)?;
        let column = &self.columns[position];
        let batch = Batch::new(types::Batch { rows: column.rows as u32, columns: column.columns.clone() });
        let values = batch.column(input)?;
        let rows = if column.is_written { &self.places } else { &self.kept };
        Ok(rows.iter().map(|&row| values.get(row).map(&owned)).collect())
    }

    /// As [`column`](Outcome::column), for values that are not borrowed: `outcome.values::<i32>("delay")`.
    ///
    /// # Errors
    /// As [`column`](Outcome::column).
    pub fn values<T: for<'a> Value<Item<'a> = T>>(&self, name: &str) -> Result<Vec<Option<T>>, Error> {
        self.column::<T, T>(name, |value| value)
    }
}

/// The columns that come out, the written ones checked.
fn columns(
    input: &Rows,
    schema: &Schema,
    sources: &[Source],
    written: Vec<types::Column>,
    written_rows: usize,
) -> Result<Vec<Out>, Error> {
    let mut written = written.into_iter();
    let mut columns = Vec::with_capacity(sources.len());
    for (at, source) in sources.iter().enumerate() {
        let span = schema.span(at);
        let column_type = ColumnType::cut(&schema.fields, span.start, span.end);
        let (is_written, own, rows) = match source {
            Source::Input(column) => (false, input.column_at(*column as usize).1.to_vec(), input.rows.unwrap_or(0)),
            Source::Written => (true, written.by_ref().take(span.len()).collect(), written_rows),
        };
        let column = Out { column_type, is_written, columns: own, rows };
        column
            .view()
            .map_err(|_| broken(format!("column {at} is not as long, or not of the type, as its plan says")))?;
        columns.push(column);
    }
    match written.next() {
        None => Ok(columns),
        Some(_) => Err(broken("it gives more columns than its plan says it writes")),
    }
}

/// A row that goes on: its row in the input, and its place in the written columns.
type Going = (usize, usize);

/// The rows that go on, and the written columns. `None` if origins are not what they must be.
fn going_on(outcome: transform::Outcome, rows: usize) -> Option<(Vec<Going>, Vec<types::Column>)> {
    let selected = |selection: &transform::Selection| {
        let is_selected = |&row: &usize| match selection {
            transform::Selection::All => true,
            transform::Selection::Nothing => false,
            transform::Selection::Rows(bytes) => Bits::new(bytes, rows).is_some_and(|bits| bits.at(row)),
        };
        (0..rows).filter(is_selected).map(|row| (row, row)).collect()
    };
    match outcome {
        transform::Outcome::Kept(selection) => Some((selected(&selection), Vec::new())),
        transform::Outcome::Replaced((selection, written)) => Some((selected(&selection), written)),
        transform::Outcome::Produced(transform::Production { origins, written, .. }) => {
            let is_right = origins.is_sorted() && origins.last().is_none_or(|&last| (last as usize) < rows);
            let going = origins.iter().enumerate().map(|(place, &origin)| (origin as usize, place));
            is_right.then(|| (going.collect(), written))
        }
    }
}
