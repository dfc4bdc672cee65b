//! Runs a module on rows from literals, without a host.
//!
//! ```
//! # use thalweg_module::{Answer, Batch, Context, Description, Error, Input, Module, Plan, Selection};
//! # struct Late { delay: Input<i32> }
//! # impl Module for Late {
//! #     fn describe() -> Description { Description::new("keeps late flights") }
//! #     fn open(context: &Context) -> Result<(Self, Plan), Error> {
//! #         let mut plan = Plan::new(context.input());
//! #         let delay = plan.read("delay")?;
//! #         Ok((Self { delay }, plan))
//! #     }
//! #     fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
//! #         let delay = batch.column(self.delay)?;
//! #         Ok(Answer::kept(Selection::from_fn_where(delay.validity(), batch.rows(), |row| delay.value(row) > 30)))
//! #     }
//! # }
//! use thalweg_module::testing::Rows;
//!
//! let rows = Rows::new().column("delay", [Some(10), None, Some(45)]).column("origin", ["SEA", "PDX", "SEA"]);
//! let outcome = rows.run::<Late>("{}").unwrap();
//! assert_eq!(outcome.kept(), [2]);
//! ```

use crate::bindings::exports::thalweg::module::transform::{self, Source};
use crate::bindings::thalweg::module::types;
use crate::guest::Instance;
use crate::value::{Date, Time, Timestamp, TimestampLtz};
use crate::{Bits, DataType, Decimal, Error, Input, Module, Operation, Output, Plan, Schema, Value};

/// Rows to run a module on.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    schema: Schema,
    columns: Vec<types::Column>,
    rows: Option<usize>,
}

/// A literal in a column of test rows: a value, or an `Option` of one.
pub trait Cell {
    /// What the column is read as.
    type Value: Value + ?Sized;
    /// Whether a column of such cells may hold nulls.
    const NULLABLE: bool = false;

    /// The value; `None` is null.
    fn value(&self) -> Option<<Self::Value as Value>::Item<'_>>;
}

macro_rules! cell {
    ($($type:ty),*) => {$(
        impl Cell for $type {
            type Value = $type;

            fn value(&self) -> Option<$type> {
                Some(*self)
            }
        }
    )*};
}
cell!(bool, i8, i16, i32, i64, f32, f64, Decimal, Date, Time, Timestamp, TimestampLtz);

impl Cell for &str {
    type Value = str;

    fn value(&self) -> Option<&str> {
        Some(self)
    }
}

impl Cell for &[u8] {
    type Value = [u8];

    fn value(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<const N: usize> Cell for &[u8; N] {
    type Value = [u8];

    fn value(&self) -> Option<&[u8]> {
        Some(self.as_slice())
    }
}

impl<C: Cell> Cell for Option<C> {
    type Value = C::Value;
    const NULLABLE: bool = true;

    fn value(&self) -> Option<<C::Value as Value>::Item<'_>> {
        self.as_ref().and_then(Cell::value)
    }
}

impl Rows {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column whose type follows from its cells: INT for `i32`, and so on. It may hold nulls if the cells are
    /// `Option`s.
    ///
    /// # Panics
    /// If the columns have different lengths, or the cells have a precision: see [`column_as`](Rows::column_as).
    #[must_use]
    pub fn column<C: Cell>(self, name: &str, cells: impl IntoIterator<Item = C>) -> Self {
        let data_type = C::Value::NATURAL.expect("a decimal, time or timestamp needs its precision: use `column_as`");
        self.column_as(name, data_type, cells)
    }

    /// Adds a column of a type.
    ///
    /// ```
    /// use thalweg_module::{DataType, Decimal, testing::Rows};
    /// let rows = Rows::new().column_as("price", DataType::Decimal((10, 2)), [Decimal::new(1250, 2)]);
    /// ```
    ///
    /// # Panics
    /// If the columns have different lengths, or a cell does not fit the type.
    #[must_use]
    pub fn column_as<C: Cell>(mut self, name: &str, data_type: DataType, cells: impl IntoIterator<Item = C>) -> Self {
        let output: Output<C::Value> = Plan::new(&Schema::default())
            .write_as(name, data_type.clone(), C::NULLABLE)
            .unwrap_or_else(|error| panic!("{error}"));
        let mut builder = output.builder(0);
        let mut rows = 0;
        for cell in cells {
            match cell.value() {
                Some(value) => builder.push(value).unwrap_or_else(|unfit| panic!("row {rows} of `{name}`: {unfit}")),
                None => builder.push_null(),
            }
            rows += 1;
        }
        assert_eq!(*self.rows.get_or_insert(rows), rows, "column `{name}` has {rows} rows");
        let mut fields = std::mem::take(&mut self.schema.fields);
        fields.push(types::Field { name: name.to_owned(), data_type, nullable: C::NULLABLE });
        self.schema.columns = (0..fields.len() as u32).collect();
        self.schema.fields = fields;
        self.columns.push(builder.finish().column);
        self
    }

    /// Opens the module for these rows' schema with a configuration (a JSON object), and runs it on them as one batch of
    /// an `append` to table `test.rows`.
    ///
    /// # Errors
    /// The module's own, and [`Error::Other`] if its plan or answer breaks the contract.
    pub fn run<M: Module>(&self, config: &str) -> Result<Outcome, Error> {
        let context = transform::Context {
            table: "test.rows".to_owned(),
            operation: Operation::Append,
            input: self.schema.clone(),
            config: config.to_owned(),
        };
        let (mut instance, plan) = Instance::<M>::open(context)?;
        let rows = self.rows.unwrap_or(0);
        let columns = plan.reads.iter().map(|&column| self.columns[column as usize].clone()).collect();
        let answer = instance.apply(types::Batch { rows: rows as u32, columns })?;
        self.outcome(plan, answer)
    }

    fn outcome(&self, plan: transform::Plan, answer: transform::Answer) -> Result<Outcome, Error> {
        let broken = |what: &str| Error::other(format!("the module breaks the contract: {what}"));
        let rows = self.rows.unwrap_or(0);
        let names: Vec<&str> = self.schema.column_names().collect();
        let read = plan.reads.iter().map(|&column| names[column as usize].to_owned()).collect();
        let is_produced = matches!(answer.outcome, transform::Outcome::Produced(_));
        let (mut going, written) =
            going_on(answer.outcome, rows).ok_or_else(|| broken("the origins of its new rows fall, or are no rows"))?;
        let produced = is_produced.then_some(going.len());
        let (schema, sources) = match plan.output {
            Some(output) => output,
            None => (self.schema.clone(), self.schema.columns.iter().map(|&column| Source::Input(column)).collect()),
        };
        let expected = sources.iter().filter(|source| matches!(source, Source::Written)).count();
        if expected != written.len() {
            return Err(broken(&format!("{} columns were written, the plan says {expected}", written.len())));
        }
        let refused: Vec<(usize, String)> = answer.refused.map_or_else(Vec::new, |refusals| {
            let message = |&cause: &u32| refusals.messages[cause as usize].clone();
            refusals.rows.iter().map(|&row| row as usize).zip(refusals.causes.iter().map(message)).collect()
        });
        going.retain(|(row, _)| refused.iter().all(|(refused, _)| refused != row));
        let mut written = written.into_iter();
        let columns = sources.iter().filter_map(|source| match source {
            Source::Input(column) => Some((false, self.columns.get(*column as usize)?.clone())),
            Source::Written => Some((true, written.next()?)),
        });
        let columns = columns.collect();
        let (kept, places) = going.into_iter().unzip();
        Ok(Outcome { schema, columns, rows, produced, kept, places, refused, read })
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

/// What became of test rows.
#[derive(Debug, Clone)]
pub struct Outcome {
    schema: Schema,
    /// With whether the module wrote it.
    columns: Vec<(bool, types::Column)>,
    /// How many rows a column of the input has.
    rows: usize,
    /// How many rows a written column has, if rows were produced.
    produced: Option<usize>,
    kept: Vec<usize>,
    places: Vec<usize>,
    refused: Vec<(usize, String)>,
    read: Vec<String>,
}

impl Outcome {
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
        let (is_written, column) = self.columns[position].clone();
        let rows = self.produced.filter(|_| is_written).unwrap_or(self.rows) as u32;
        let batch = crate::Batch::new(types::Batch { rows, columns: vec![column] });
        let column = batch.column(input)?;
        let rows = if is_written { &self.places } else { &self.kept };
        Ok(rows.iter().map(|&row| column.get(row).map(&owned)).collect())
    }

    /// As [`column`](Outcome::column), for values that are not borrowed: `outcome.values::<i32>("delay")`.
    ///
    /// # Errors
    /// As [`column`](Outcome::column).
    pub fn values<T: for<'a> Value<Item<'a> = T>>(&self, name: &str) -> Result<Vec<Option<T>>, Error> {
        self.column::<T, T>(name, |value| value)
    }
}
