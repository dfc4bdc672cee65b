//! What stays the same for as long as a table is open: what the ways to write and read it share.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use thalweg_contract::{PartitionInfo, TableHandle, TableInfo};
use thalweg_wire::table::{self, TableDescriptor, TablePath};

use super::{Client, Error};
use crate::{
    driver::Command,
    module::{Chain, ChainContext, ChainSpec, Operation},
    runtime::off_the_runtime,
};

/// A table that is open.
pub(super) struct OpenTable {
    client: Client,
    handle: TableHandle,
    info: TableInfo,
    schema: SchemaRef,
    /// The columns of its primary key, in key order; none for a log table.
    key: SchemaRef,
    /// The columns of the prefix that it can be looked up by, where it has one.
    prefix: Option<SchemaRef>,
}

impl OpenTable {
    /// Opens a table.
    pub(super) async fn open(client: &Client, path: &TablePath) -> Result<Arc<Self>, Error> {
        let opened = client.call(|reply| Command::OpenTable { path: path.clone(), reply }).await?;
        let (handle, info) = opened?;
        Ok(Arc::new(Self::new(client.clone(), handle, *info)?))
    }

    fn new(client: Client, handle: TableHandle, info: TableInfo) -> Result<Self, Error> {
        let schema = Arc::new(Schema::from(&info.descriptor.schema));
        let key = Arc::new(schema.project(&info.descriptor.schema.primary_key)?);
        let prefix = match prefix_columns(&info.descriptor) {
            Some(columns) => Some(Arc::new(schema.project(&columns)?)),
            None => None,
        };
        Ok(Self { client, handle, info, schema, key, prefix })
    }

    /// The session.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn handle(&self) -> TableHandle {
        self.handle
    }

    /// What the server said of the table when it was opened.
    pub(super) fn info(&self) -> &TableInfo {
        &self.info
    }

    /// `database.table`.
    pub(super) fn name(&self) -> String {
        self.info.path.to_string()
    }

    /// Its columns in Arrow's types.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn key_schema(&self) -> &SchemaRef {
        &self.key
    }

    pub(super) fn prefix_schema(&self) -> Option<&SchemaRef> {
        self.prefix.as_ref()
    }

    pub(super) fn is_keyed(&self) -> bool {
        !self.info.descriptor.schema.primary_key.is_empty()
    }

    pub(super) fn is_partitioned(&self) -> bool {
        !self.info.descriptor.partition_keys.is_empty()
    }

    pub(super) fn must_be_keyed(&self, so: &str) -> Result<(), Error> {
        match self.is_keyed() {
            true => Ok(()),
            false => Err(Error::invalid(format!("table {} has no primary key, so {so}", self.name()))),
        }
    }

    /// The positions of columns by name.
    pub(super) fn positions<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<usize>, Error> {
        positions(&self.name(), &self.schema, names)
    }

    /// The columns that rows are looked up by: with `prefix` those of `prefix_schema`, else those of `key_schema`. Fails
    /// on a table that has no such rows.
    pub(super) fn lookup_schema(&self, prefix: bool) -> Result<&SchemaRef, Error> {
        self.must_be_keyed("no rows of it can be looked up")?;
        if !prefix {
            return Ok(&self.key);
        }
        self.prefix_schema().ok_or_else(|| {
            Error::invalid(format!(
                "table {} cannot be looked up by a prefix: its bucket key must be the beginning of its primary key and \
                 shorter; look rows up by the whole key",
                self.name()
            ))
        })
    }

    /// The partitions that the table has, by name.
    pub(super) async fn partitions(&self) -> Result<Vec<PartitionInfo>, Error> {
        self.client.list_partitions(&self.info.path).await
    }

    /// The table's columns that an Arrow schema names, as a schema of their own.
    pub(super) fn columns_of(&self, named: &SchemaRef) -> Result<table::Schema, Error> {
        let all = &self.info.descriptor.schema;
        if *named == self.schema {
            return Ok(all.clone());
        }
        let columns = named.fields().iter().filter_map(|field| all.columns.get(all.position(field.name())?));
        let columns = columns.map(|c| (c.name.clone(), c.column_type.clone(), c.comment.clone()));
        let key: Vec<&str> = all.primary_key_names().collect();
        let schema = table::Schema::new(columns.collect::<Vec<_>>()).and_then(|schema| schema.with_primary_key(&key));
        schema.map_err(|error| Error::invalid(format!("table {}: {error}", self.name())))
    }

    /// The columns at these positions, as a schema without keys; `None`: the table's whole schema.
    pub(super) fn schema_of(&self, positions: Option<&[usize]>) -> Result<table::Schema, Error> {
        let all = &self.info.descriptor.schema;
        let Some(positions) = positions else { return Ok(all.clone()) };
        let columns = positions.iter().filter_map(|&position| all.columns.get(position));
        let columns = columns.map(|c| (c.name.clone(), c.column_type.clone(), c.comment.clone()));
        let schema = table::Schema::new(columns.collect::<Vec<_>>());
        schema.map_err(|error| Error::invalid(format!("table {}: {error}", self.name())))
    }

    /// Loads a chain that is given these columns of the table.
    pub(super) async fn load_chain(
        self: &Arc<Self>,
        spec: &ChainSpec,
        operation: Operation,
        input: table::Schema,
        output: Option<table::Schema>,
    ) -> Result<Chain, Error> {
        let (spec, table) = (spec.clone(), Arc::clone(self));
        // Modules may have to be compiled.
        off_the_runtime(move || {
            let context = ChainContext { table: &table.info.path, operation, input: &input, output: output.as_ref() };
            Ok(Chain::load(table.client.runtime()?.as_ref(), &spec, &context)?)
        })
        .await
    }
}

/// The positions of columns in a schema.
pub(super) fn positions<S: AsRef<str>>(table: &str, schema: &Schema, names: &[S]) -> Result<Vec<usize>, Error> {
    let position = |name: &S| {
        let name = name.as_ref();
        schema.fields().iter().position(|field| field.name() == name).ok_or_else(|| Error::NoColumn {
            table: table.to_owned(),
            column: name.to_owned(),
            known: schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", "),
        })
    };
    names.iter().map(position).collect()
}

/// The columns that rows of a table are looked up by with a prefix, by position: the partition columns, then the bucket
/// columns. `None` where the bucket follows from the whole key, or the key does not begin with them.
fn prefix_columns(table: &TableDescriptor) -> Option<Vec<usize>> {
    let prefix = table.prefix_key()?;
    let partition = table.partition_keys.iter().map(|name| table.schema.position(name));
    partition.chain(prefix.into_iter().map(Some)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_partition_and_a_bucket_key_that_the_key_begins_with() {
        type Names = &'static [&'static str];
        let cases: &[(Names, Names, Names, Option<&[usize]>)] = &[
            (&["a", "b"], &[], &["a"], Some(&[0])),
            (&["a", "b", "c"], &[], &["a", "b"], Some(&[0, 1])),
            (&["c", "a", "b"], &["a"], &["c"], Some(&[0, 2])),
            (&["a", "b"], &[], &["a", "b"], None),
            (&["a", "b"], &[], &["b"], None),
            (&["a", "b"], &[], &[], None),
            (&["a", "b"], &["b"], &["a"], None),
            (&[], &[], &["a"], None),
        ];
        for (key, partition, bucket, expected) in cases {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let schema = table::Schema::parse_sql("a INT NOT NULL, b INT NOT NULL, c INT NOT NULL").unwrap();
            let table = TableDescriptor {
                partition_keys: owned(partition),
                bucket_keys: owned(bucket),
                ..TableDescriptor::new(schema.with_primary_key(key).unwrap())
            };
            assert_eq!(prefix_columns(&table).as_deref(), *expected, "{key:?} {partition:?} {bucket:?}");
        }
    }
}
