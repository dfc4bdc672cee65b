//! Schemas as lists of fields: columns by name, nested types flattened depth first, and the numbering of fields.

use super::{Column, ColumnType, DataType, MAX_TYPE_DEPTH, Schema, SchemaError};

/// A column, or what is nested in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlatField<'a> {
    /// Its name: `element`, `key` and `value` beneath arrays and maps.
    pub name: &'a str,
    /// Its type; the types nested in it are the fields that follow.
    pub column_type: &'a ColumnType,
    /// 0 for a column, one more for each type that it is nested in.
    pub depth: usize,
}

impl Schema {
    /// Makes a schema without a primary key, and numbers columns and nested fields as Fluss does when a table is built
    /// column by column: from 0, depth first, a column before what is nested in it.
    ///
    /// # Errors
    /// If [`Schema::check`] finds one.
    pub fn new(columns: impl IntoIterator<Item = (String, ColumnType, Option<String>)>) -> Result<Schema, SchemaError> {
        let mut highest = -1;
        let mut numbered = Vec::new();
        for (name, mut column_type, comment) in columns {
            highest += 1;
            let id = highest;
            number(&name, &mut column_type, &mut highest, 1, true)?;
            numbered.push(Column { id, name, column_type, comment, aggregation: None });
        }
        let schema = Schema {
            columns: numbered,
            primary_key: Vec::new(),
            auto_increment: Vec::new(),
            highest_field_id: highest,
        };
        schema.check()?;
        Ok(schema)
    }

    /// The same schema with this primary key; its columns become NOT NULL, as in Fluss.
    ///
    /// # Errors
    /// If a name is no column, or is there twice.
    pub fn with_primary_key<S: AsRef<str>>(mut self, names: &[S]) -> Result<Schema, SchemaError> {
        self.primary_key = self.positions("the primary key", names)?;
        for &at in &self.primary_key {
            if let Some(column) = self.columns.get_mut(at) {
                column.column_type.nullable = false;
            }
        }
        self.check()?;
        Ok(self)
    }

    /// The same schema with one more column at its end. It and what is nested in it are numbered after all fields that the
    /// schema ever had, as Fluss does when a table is altered (`fluss.md` 3.2); the numbers of `column` do not count.
    ///
    /// # Errors
    /// If [`Schema::check`] finds one: a name that is there already among them.
    pub fn with_column(mut self, mut column: Column) -> Result<Schema, SchemaError> {
        let highest = &mut self.highest_field_id;
        *highest = highest.checked_add(1).ok_or(SchemaError::TooManyFields)?;
        column.id = *highest;
        number(&column.name, &mut column.column_type, highest, 1, true)?;
        self.columns.push(column);
        self.check()?;
        Ok(self)
    }

    /// All fields depth first, each followed by what is nested in it: parallel to the columns of a
    /// [`crate::column::Batch`] and to `schema.fields` in `wit/module/types.wit`.
    pub fn fields(&self) -> Vec<FlatField<'_>> {
        let mut fields = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            flatten(&column.name, &column.column_type, 0, &mut fields);
        }
        fields
    }

    /// The position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The names of the primary-key columns, in key order; none for a log table.
    pub fn primary_key_names(&self) -> impl Iterator<Item = &str> {
        names(&self.columns, &self.primary_key)
    }

    /// The names of the auto-increment columns.
    pub fn auto_increment_names(&self) -> impl Iterator<Item = &str> {
        names(&self.columns, &self.auto_increment)
    }

    /// The positions of these columns; `place` says in an error who named them.
    pub(super) fn positions<S: AsRef<str>>(&self, place: &'static str, names: &[S]) -> Result<Vec<usize>, SchemaError> {
        let unknown = |name: &str| {
            let columns = self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
            SchemaError::UnknownColumn { place, name: name.to_owned(), columns }
        };
        names.iter().map(|name| self.position(name.as_ref()).ok_or_else(|| unknown(name.as_ref()))).collect()
    }
}

fn names<'a>(columns: &'a [Column], positions: &'a [usize]) -> impl Iterator<Item = &'a str> {
    positions.iter().filter_map(|&at| columns.get(at)).map(|column| column.name.as_str())
}

fn flatten<'a>(name: &'a str, column_type: &'a ColumnType, depth: usize, fields: &mut Vec<FlatField<'a>>) {
    fields.push(FlatField { name, column_type, depth });
    for (child, column_type) in column_type.children() {
        flatten(child, column_type, depth + 1, fields);
    }
}

/// Gives the fields of rows within a type the numbers after `highest`: all of them, or those that have none yet.
pub(super) fn number(
    column: &str,
    column_type: &mut ColumnType,
    highest: &mut i32,
    depth: usize,
    all: bool,
) -> Result<(), SchemaError> {
    if depth > MAX_TYPE_DEPTH {
        return Err(SchemaError::TooDeep { name: column.to_owned() });
    }
    let next = |child: &mut ColumnType, highest: &mut i32| number(column, child, highest, depth + 1, all);
    match &mut column_type.data_type {
        DataType::Array(element) => next(element, highest)?,
        DataType::Map(key, value) => {
            next(key, highest)?;
            next(value, highest)?;
        }
        DataType::Row(fields) => {
            for field in fields {
                if all || field.id.is_none() {
                    *highest = highest.checked_add(1).ok_or(SchemaError::TooManyFields)?;
                    field.id = Some(*highest);
                }
                next(&mut field.column_type, highest)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_flattened_depth_first() {
        let schema = Schema::parse_sql("a INT, m MAP<STRING, ROW<x INT, y ARRAY<BIGINT>>>, z DATE").unwrap();
        let fields = schema.fields();
        let names: Vec<_> = fields.iter().map(|field| (field.depth, field.name)).collect();
        let expected = [(0, "a"), (0, "m"), (1, "key"), (1, "value"), (2, "x"), (2, "y"), (3, "element"), (0, "z")];
        assert_eq!(names, expected);
        assert_eq!(schema.columns[1].column_type.flat_len(), 6);
    }

    #[test]
    fn nested_fields_are_numbered_after_their_column() {
        let schema = Schema::parse_sql("a INT, b ROW<c INT, d ROW<e INT>, f INT>, g INT").unwrap();
        let ids: Vec<_> = schema.columns.iter().map(|column| column.id).collect();
        assert_eq!((ids, schema.highest_field_id), (vec![0, 1, 6], 6));
        let DataType::Row(fields) = &schema.columns[1].column_type.data_type else { panic!("no row") };
        assert_eq!(fields.iter().map(|field| field.id).collect::<Vec<_>>(), [Some(2), Some(3), Some(5)]);
    }

    #[test]
    fn a_column_that_is_added_is_numbered_after_all_that_there_were() {
        let schema = Schema::parse_sql("a INT, b ROW<c INT>").unwrap();
        let added = |sql: &str| Schema::parse_sql(sql).unwrap().columns.remove(0);
        let wider = schema.clone().with_column(added("d ROW<e INT>")).unwrap().with_column(added("f INT")).unwrap();
        let ids: Vec<_> = wider.columns.iter().map(|column| column.id).collect();
        assert_eq!((ids, wider.highest_field_id), (vec![0, 1, 3, 5], 5));
        let DataType::Row(fields) = &wider.columns[2].column_type.data_type else { panic!("no row") };
        assert_eq!(fields[0].id, Some(4));
        assert!(schema.with_column(added("a INT")).is_err());
    }

    #[test]
    fn a_primary_key_is_not_null_and_must_exist() {
        let schema = Schema::parse_sql("a INT, b INT").unwrap();
        let keyed = schema.clone().with_primary_key(&["b", "a"]).unwrap();
        assert_eq!(keyed.primary_key, [1, 0]);
        assert!(!keyed.columns[0].column_type.nullable);
        assert!(keyed.primary_key_names().eq(["b", "a"]));
        let error = schema.clone().with_primary_key(&["c"]).unwrap_err();
        assert_eq!(error.to_string(), "the primary key names 'c', which is no column; the columns are a, b");
        assert_eq!(schema.with_primary_key(&["a", "a"]).unwrap_err().to_string(), "the primary key has 'a' twice");
    }
}
