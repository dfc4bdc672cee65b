//! What a module does with the columns of its input, made once in `open`.

use std::marker::PhantomData;

use crate::bindings::exports::thalweg::module::transform::{self, Source};
use crate::value::Shape;
use crate::{DataType, Error, Field, Instances, Schema, Value};

/// What a module does with the columns of its input: which it reads, which it writes.
///
/// Columns that are not written pass through. See [`Module`](crate::Module) for a whole example.
#[derive(Debug)]
pub struct Plan {
    input: Schema,
    /// Top-level columns, in the order of the batches.
    reads: Vec<usize>,
    writes: Vec<Write>,
    instances: Instances,
}

#[derive(Debug)]
struct Write {
    /// The column that it takes the place of; `None`: it is new.
    replaces: Option<usize>,
    field: Field,
}

/// A column that a module reads, found once in `open`.
#[derive(Debug)]
pub struct Input<T: ?Sized> {
    pub(crate) position: usize,
    pub(crate) shape: Shape,
    nullable: bool,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Clone for Input<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Input<T> {}

impl<T: ?Sized> Input<T> {
    /// Whether the column may hold nulls.
    pub fn is_nullable(self) -> bool {
        self.nullable
    }
}

/// A column that a module writes, settled once in `open`.
#[derive(Debug)]
pub struct Output<T: ?Sized> {
    pub(crate) ordinal: usize,
    pub(crate) shape: Shape,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Clone for Output<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Output<T> {}

impl Plan {
    /// A plan that reads nothing and writes nothing yet.
    pub fn new(input: &Schema) -> Self {
        Self { input: input.clone(), reads: Vec::new(), writes: Vec::new(), instances: Instances::Any }
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
        let position = match self.reads.iter().position(|&read| read == column) {
            Some(position) => position,
            None => {
                self.reads.push(column);
                self.reads.len() - 1
            }
        };
        Ok(Input { position, shape, nullable, kind: PhantomData })
    }

    /// Writes a column: the one of this name is replaced, or a new one added at the end. It keeps the type of the one
    /// that it replaces if `T` can be written as that.
    ///
    /// # Errors
    /// If the type does not follow from `T`, as the precision of a decimal does not: say it with
    /// [`write_as`](Plan::write_as). If a column is written twice.
    pub fn write<T: Value + ?Sized>(&mut self, name: &str, nullable: bool) -> Result<Output<T>, Error> {
        let kept =
            self.input.column(name).ok().map(|(_, field)| &field.data_type).filter(|it| T::writable(it).is_some());
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
        if self.writes.iter().any(|write| write.field.name == name) {
            return Err(Error::other(format!("column `{name}` is written twice")));
        }
        let replaces = self.input.column(name).ok().map(|(column, _)| column);
        self.writes.push(Write { replaces, field: Field { name: name.to_owned(), data_type, nullable } });
        Ok(Output { ordinal: self.writes.len() - 1, shape, kind: PhantomData })
    }

    /// Says how many instances may run; the default is any number.
    pub fn instances(&mut self, instances: Instances) {
        self.instances = instances;
    }

    /// The form that crosses the boundary, and for each written column its place among them.
    pub(crate) fn finish(self) -> (transform::Plan, Vec<usize>) {
        let (output, ranks) = if self.writes.is_empty() { (None, Vec::new()) } else { self.output() };
        let reads = self.reads.iter().map(|&column| column as u32).collect();
        (transform::Plan { reads, output, instances: self.instances }, ranks)
    }

    fn output(&self) -> (Option<(Schema, Vec<Source>)>, Vec<usize>) {
        let (mut fields, mut columns, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        let (mut primary_key, mut order) = (Vec::new(), Vec::new());
        for column in 0..self.input.columns.len() {
            let span = self.input.span(column);
            let (old, new) = (span.start as u32, fields.len() as u32);
            columns.push(new);
            let keys = self.input.primary_key.iter().enumerate().filter(|(_, key)| span.contains(&(**key as usize)));
            primary_key.extend(keys.map(|(place, &key)| (place, key - old + new)));
            if let Some(ordinal) = self.writes.iter().position(|write| write.replaces == Some(column)) {
                order.push(ordinal);
                fields.push(self.writes[ordinal].field.clone());
                sources.push(Source::Written);
            } else {
                let moved = self.input.fields.get(span).unwrap_or_default();
                fields.extend(moved.iter().map(|field| shifted(field, old, new)));
                sources.push(Source::Input(column as u32));
            }
        }
        for (ordinal, write) in self.writes.iter().enumerate().filter(|(_, write)| write.replaces.is_none()) {
            order.push(ordinal);
            columns.push(fields.len() as u32);
            fields.push(write.field.clone());
            sources.push(Source::Written);
        }
        primary_key.sort_unstable();
        let primary_key = primary_key.into_iter().map(|(_, key)| key).collect();
        let mut ranks = vec![0; order.len()];
        order.iter().enumerate().for_each(|(rank, &ordinal)| ranks[ordinal] = rank);
        (Some((Schema { fields, columns, primary_key }, sources)), ranks)
    }
}

/// A field whose column begins at `new` instead of `old`.
fn shifted(field: &Field, old: u32, new: u32) -> Field {
    let at = |index: u32| index - old + new;
    let data_type = match &field.data_type {
        DataType::Array(element) => DataType::Array(at(*element)),
        DataType::Dictionary((key, value)) => DataType::Dictionary((at(*key), at(*value))),
        DataType::Row(children) => DataType::Row(children.iter().map(|&child| at(child)).collect()),
        flat => flat.clone(),
    };
    Field { data_type, ..field.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, data_type: DataType) -> Field {
        Field { name: name.to_owned(), data_type, nullable: true }
    }

    #[test]
    fn written_columns_take_their_places_around_nested_ones() {
        let fields = vec![
            field("list", DataType::Array(1)),
            field("element", DataType::Int),
            field("a", DataType::Int),
            field("pair", DataType::Row(vec![4])),
            field("x", DataType::Text),
        ];
        let input = Schema { fields, columns: vec![0, 2, 3], primary_key: vec![2] };
        let mut plan = Plan::new(&input);
        let _: Output<i64> = plan.write("new", true).unwrap();
        let _: Output<i32> = plan.write("a", false).unwrap();
        let _: Output<i32> = plan.write("list", false).unwrap();
        assert!(plan.write::<i32>("a", false).is_err());
        let (plan, ranks) = plan.finish();
        let (schema, sources) = plan.output.unwrap();
        assert_eq!(schema.column_names().collect::<Vec<_>>(), ["list", "a", "pair", "new"]);
        assert_eq!(schema.columns, [0, 1, 2, 4]);
        assert_eq!(schema.fields[2].data_type, DataType::Row(vec![3]));
        assert_eq!(schema.primary_key, [1]);
        assert!(matches!(sources[..], [Source::Written, Source::Written, Source::Input(2), Source::Written]));
        assert_eq!(ranks, [2, 1, 0]);
    }

    #[test]
    fn reads_name_what_is_wrong() {
        let mut plan = Plan::new(&Schema::flat([("a", DataType::Int, true), ("b", DataType::Text, false)]));
        let (first, second): (Input<i32>, Input<i32>) = (plan.read("a").unwrap(), plan.read("a").unwrap());
        assert_eq!(first.position, second.position);
        assert_eq!(plan.read::<i64>("a").unwrap_err().to_string(), "column `a` is INT, but BIGINT is expected");
        let missing = plan.read::<i64>("c").unwrap_err().to_string();
        assert_eq!(missing, "there is no column `c`; the columns are `a`, `b`");
    }
}
