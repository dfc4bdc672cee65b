//! What a module does with the columns of its input, made once in `open`.

mod handle;
mod output;

use crate::bindings::exports::thalweg::module::transform::Instances;
use crate::{DataType, Error, Field, Schema, Value};

pub use handle::{Input, Output};

/// What a module does with the columns of its input: which it reads, writes, drops or renames.
///
/// Whatever is not named passes through. [`read`](Plan::read) finds columns by their names in the input; the others work on
/// the columns of the output as they stand so far, which begin as those of the input.
///
/// ```
/// # use thalweg_module::{DataType, Error, Input, Output, Plan, Schema};
/// let input = Schema::flat([("a", DataType::Int, true), ("b", DataType::Int, true), ("c", DataType::Text, true)]);
/// let mut plan = Plan::new(&input);
/// let a: Input<i32> = plan.read("a")?;
/// let double: Output<i64> = plan.write("double", true)?;
/// plan.rename("c", "text")?;
/// plan.drop("b")?;
/// assert_eq!(plan.output_names().collect::<Vec<_>>(), ["a", "text", "double"]);
/// # Ok::<(), Error>(())
/// ```
///
/// See [`Module`](crate::Module) for a whole module.
#[derive(Debug)]
pub struct Plan {
    input: Schema,
    /// Top-level columns, in the order of the batches.
    reads: Vec<usize>,
    /// The columns of the output.
    columns: Vec<Column>,
    /// How many columns are written.
    written: usize,
    /// Whether anything differs from the input.
    is_changed: bool,
    instances: Instances,
}

/// A column of the output.
#[derive(Debug)]
struct Column {
    name: String,
    origin: Origin,
    /// The column of the input that it is, or took the place of.
    input: Option<usize>,
}

#[derive(Debug)]
enum Origin {
    /// A top-level column of the input.
    Input(usize),
    /// A written one: its number in the order of the calls, and its field with its children, which name each other by
    /// position in this list.
    Written(usize, Vec<Field>),
}

impl Plan {
    /// A plan that reads nothing and passes everything through.
    pub fn new(input: &Schema) -> Self {
        let column =
            |(at, name): (usize, &str)| Column { name: name.to_owned(), origin: Origin::Input(at), input: Some(at) };
        Self {
            columns: input.column_names().enumerate().map(column).collect(),
            input: input.clone(),
            reads: Vec::new(),
            written: 0,
            is_changed: false,
            instances: Instances::Any,
        }
    }

    /// Reads a column. Only columns that are read are copied into the module.
    ///
    /// # Errors
    /// If there is no such column, or it has another type.
    pub fn read<T: Value + ?Sized>(&mut self, name: &str) -> Result<Input<T>, Error> {
        let (column, field) = self.input.column(name)?;
        let shape = T::readable(&field.data_type).ok_or_else(|| {
            Error::input(format!("column `{name}` is {}, but {} is expected", field.data_type, T::EXPECTED))
        })?;
        let nullable = field.nullable;
        Ok(Input::new(self.position(column), shape, nullable))
    }

    /// The schema that the plan is for.
    pub(crate) fn input(&self) -> &Schema {
        &self.input
    }

    /// Where a column of the input stands in the batches: its fields begin there.
    pub(crate) fn position(&mut self, column: usize) -> usize {
        let mut position = 0;
        for &read in &self.reads {
            if read == column {
                return position;
            }
            position += self.input.span(read).len();
        }
        self.reads.push(column);
        position
    }

    /// Writes a column: the one of this name is replaced, or a new one added at the end. It keeps the type of the one
    /// that it replaces if `T` can be written as that.
    ///
    /// # Errors
    /// If the type does not follow from `T`, as the precision of a decimal does not: say it with
    /// [`write_as`](Plan::write_as). If a column is written twice.
    pub fn write<T: Value + ?Sized>(&mut self, name: &str, nullable: bool) -> Result<Output<T>, Error> {
        let kept = self.replaced(name).map(|field| &field.data_type).filter(|it| T::writable(it).is_some());
        let data_type = kept.cloned().or(T::NATURAL).ok_or_else(|| {
            Error::input(format!("there is no {} column `{name}` whose precision a new one could take", T::EXPECTED))
        })?;
        self.write_as(name, data_type, nullable)
    }

    /// As [`write`](Plan::write), with a type.
    ///
    /// # Errors
    /// If `T` cannot be written as that type, or a column is written twice.
    pub fn write_as<T: Value + ?Sized>(
        &mut self,
        name: &str,
        data_type: DataType,
        nullable: bool,
    ) -> Result<Output<T>, Error> {
        let shape = T::writable(&data_type)
            .ok_or_else(|| Error::other(format!("column `{name}` is written as {data_type}, from {}", T::EXPECTED)))?;
        let ordinal = self.write_fields(vec![Field { name: name.to_owned(), data_type, nullable }])?;
        Ok(Output::new(ordinal, shape))
    }

    /// Writes a column with all its fields, the first of which names it.
    pub(crate) fn write_fields(&mut self, fields: Vec<Field>) -> Result<usize, Error> {
        let name = fields.first().map(|field| field.name.clone()).unwrap_or_default();
        let origin = Origin::Written(self.written, fields);
        match self.columns.iter_mut().find(|column| column.name == name) {
            Some(Column { origin: Origin::Written(..), .. }) => {
                return Err(Error::other(format!("column `{name}` is written twice")));
            }
            Some(column) => column.origin = origin,
            None => self.columns.push(Column { name, origin, input: None }),
        }
        self.is_changed = true;
        self.written += 1;
        Ok(self.written - 1)
    }

    /// Leaves a column out.
    ///
    /// # Errors
    /// If there is no such column, or it is written.
    pub fn drop(&mut self, name: &str) -> Result<(), Error> {
        let at = self.moved(name)?;
        self.columns.remove(at);
        self.is_changed = true;
        Ok(())
    }

    /// Gives a column another name.
    ///
    /// # Errors
    /// If there is no such column, it is written, or the new name is taken.
    pub fn rename(&mut self, name: &str, new: &str) -> Result<(), Error> {
        let at = self.moved(name)?;
        if name != new && self.columns.iter().any(|column| column.name == new) {
            return Err(Error::input(format!("column `{name}` cannot be named `{new}`: there is one of that name")));
        }
        new.clone_into(&mut self.columns[at].name);
        self.is_changed = true;
        Ok(())
    }

    /// Keeps these columns, in this order, and leaves the others out.
    ///
    /// # Errors
    /// If there is no such column, one is named twice, or a written one would be left out.
    pub fn select<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), Error> {
        let mut left: Vec<Option<Column>> = self.columns.drain(..).map(Some).collect();
        let mut kept = Vec::with_capacity(names.len());
        let mut wrong = None;
        for name in names.iter().map(AsRef::as_ref) {
            let slot = left.iter_mut().find(|slot| slot.as_ref().is_some_and(|column| column.name == name));
            match slot.and_then(Option::take) {
                Some(column) => kept.push(column),
                None => wrong = wrong.or(Some(name)),
            }
        }
        let lost = left.iter().flatten().find(|column| matches!(column.origin, Origin::Written(..)));
        if let Some(lost) = lost {
            return Err(Error::other(format!("column `{}` is written and left out", lost.name)));
        }
        self.columns = kept;
        self.is_changed = true;
        match wrong {
            Some(name) => {
                let twice = self.columns.iter().any(|column| column.name == name);
                let reason = if twice { "is named twice" } else { "is not there" };
                Err(Error::input(format!("column `{name}` {reason}")))
            }
            None => Ok(()),
        }
    }

    /// The names of the columns that come out, as things stand.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Says how many instances may run; the default is any number.
    pub fn instances(&mut self, instances: Instances) {
        self.instances = instances;
    }

    /// The field of the input that a written column of this name takes the place of.
    fn replaced(&self, name: &str) -> Option<&Field> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        self.input.top_level().nth(column.input?)
    }

    /// The place of a column that is not written.
    fn moved(&self, name: &str) -> Result<usize, Error> {
        match self.columns.iter().position(|column| column.name == name) {
            Some(at) if matches!(self.columns[at].origin, Origin::Input(_)) => Ok(at),
            Some(_) => Err(Error::other(format!("column `{name}` is written, and cannot be dropped or renamed"))),
            None => {
                let names: Vec<_> = self.output_names().map(|name| format!("`{name}`")).collect();
                Err(Error::input(format!("there is no column `{name}`; the columns are {}", names.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests;
