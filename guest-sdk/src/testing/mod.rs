//! Runs a module on rows from literals or JSON, without a host.
//!
//! Rows are made of columns, or of lines of JSON with a schema in Fluss SQL:
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
//!
//! let rows = Rows::json(
//!     "delay INT, origin STRING, tags ARRAY<STRING>",
//!     r#"
//!         {"delay": 10, "origin": "SEA", "tags": ["a", "b"]}
//!         {"delay": 45, "origin": "PDX"}
//!     "#,
//! );
//! let outcome = rows.run::<Late>("{}").unwrap();
//! assert_eq!(outcome.json(), [r#"{"delay":45,"origin":"PDX","tags":null}"#]);
//! ```

mod cell;
mod outcome;

use crate::any::{AnyColumn, ColumnType, Node};
use crate::bindings::exports::thalweg::module::transform;
use crate::bindings::thalweg::module::types;
use crate::json::{self, JsonError, members};
use crate::module::Instance;
use crate::{DataType, Error, Module, Operation, Output, Plan, Schema, Value};

pub use cell::Cell;
pub use outcome::{Fate, Outcome};

/// Rows to run a module on.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    schema: Schema,
    /// Parallel to the schema's fields.
    columns: Vec<types::Column>,
    rows: Option<usize>,
}

impl Rows {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows of a schema in Fluss SQL, from lines of JSON: an object each, as `thalweg append` reads them (see
    /// [`json`](mod@crate::json)). Blank lines do not count.
    ///
    /// # Panics
    /// If the schema or a line is not right; says which and why.
    #[track_caller]
    pub fn json(schema: &str, lines: &str) -> Self {
        Self::read(schema, lines).unwrap_or_else(|error| panic!("{error}"))
    }

    fn read(schema: &str, lines: &str) -> Result<Self, Error> {
        let schema = Schema::parse(schema)?;
        let names: Vec<&str> = schema.column_names().collect();
        let types = names.iter().map(|name| schema.column_type(name)).collect::<Result<Vec<_>, _>>()?;
        let mut nodes: Vec<Node> = types.iter().map(Node::of).collect();
        let mut rows = 0;
        for (number, line) in (1..).zip(lines.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            push_row(&names, &mut nodes, rows, line)
                .map_err(|error| Error::other(format!("line {number}: {error}")))?;
            rows += 1;
        }
        let mut columns = Vec::with_capacity(schema.fields.len());
        nodes.into_iter().for_each(|node| node.finish(&mut columns));
        Ok(Self { schema, columns, rows: Some(rows) })
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
        self.schema.columns.push(fields.len() as u32 - 1);
        self.schema.fields = fields;
        self.columns.extend(builder.finish().columns);
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
        let columns = plan.reads.iter().flat_map(|&column| &self.columns[self.schema.span(column as usize)]);
        let columns = columns.cloned().collect();
        let answer = instance.apply(types::Batch { rows: rows as u32, columns })?;
        Outcome::new(self, plan, answer)
    }

    /// One row as a JSON object.
    fn row(&self, row: usize) -> Result<String, Error> {
        let columns: Vec<_> = (0..self.schema.columns.len()).map(|column| self.column_at(column)).collect();
        let mut views = Vec::with_capacity(columns.len());
        for (column_type, columns) in &columns {
            views.push((AnyColumn::new(&column_type.fields, columns, self.rows.unwrap_or(0))?, row));
        }
        json::object(views.into_iter())
    }

    /// A column with all that is nested in it.
    fn column_at(&self, column: usize) -> (ColumnType, &[types::Column]) {
        let span = self.schema.span(column);
        (ColumnType::cut(&self.schema.fields, span.start, span.end), &self.columns[span])
    }
}

/// Adds the row of one line behind `rows` others.
fn push_row(names: &[&str], nodes: &mut [Node], rows: usize, line: &str) -> Result<(), JsonError> {
    let mut done = Ok(());
    members(line, |name, json| {
        let part = match names.iter().position(|known| *known == name) {
            Some(at) if nodes[at].len() == rows => nodes[at].push_json(json),
            Some(_) => Err(JsonError::new("it stands there twice")),
            None => Err(JsonError::new(format!("there is no such column; the columns are {}", names.join(", ")))),
        };
        if done.is_ok() {
            done = part.map_err(|error| error.within(format_args!(".{name}")));
        }
    })?;
    done?;
    for (name, node) in names.iter().zip(nodes).filter(|(_, node)| node.len() == rows) {
        node.push_json("null").map_err(|error| error.within(format_args!(".{name}")))?;
    }
    Ok(())
}
