//! What tables and databases are created with, and the name of a table.

use std::collections::BTreeMap;

use super::Schema;

/// `database.table`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TablePath {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

/// What a table is created with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDescriptor {
    /// Columns and primary key.
    pub schema: Schema,
    /// A text for people.
    pub comment: Option<String>,
    /// Names of the partition columns; empty if not partitioned.
    pub partition_keys: Vec<String>,
    /// Names of the bucket columns; empty: the server's default.
    pub bucket_keys: Vec<String>,
    /// `None`: the server's default.
    pub bucket_count: Option<u32>,
    /// Fluss's own properties, `table.*`.
    pub properties: BTreeMap<String, String>,
    /// The user's properties.
    pub custom_properties: BTreeMap<String, String>,
}

impl TableDescriptor {
    /// A table with this schema, and everything else left to the server.
    pub fn new(schema: Schema) -> TableDescriptor {
        TableDescriptor {
            schema,
            comment: None,
            partition_keys: Vec::new(),
            bucket_keys: Vec::new(),
            bucket_count: None,
            properties: BTreeMap::new(),
            custom_properties: BTreeMap::new(),
        }
    }

    /// Positions of the columns that a key is made of within its partition, in key order: the primary key without the
    /// partition columns. Empty for a log table.
    pub fn physical_primary_key(&self) -> Vec<usize> {
        let partition = |position: &usize| {
            self.schema.columns.get(*position).is_some_and(|column| self.partition_keys.contains(&column.name))
        };
        self.schema.primary_key.iter().copied().filter(|position| !partition(position)).collect()
    }

    /// Whether the bucket follows from the whole key: what a server takes where no bucket columns are named. Of a log
    /// table: whether no bucket columns are named.
    pub fn has_default_bucket_key(&self) -> bool {
        let name = |position: usize| self.schema.columns.get(position).map(|column| &column.name);
        self.bucket_keys.is_empty()
            || self.physical_primary_key().into_iter().map(name).eq(self.bucket_keys.iter().map(Some))
    }

    /// Positions of the bucket columns where the key, within its partition, begins with them and has more: then rows can
    /// be looked up by these (`PrefixKeyLookuper` of the Java client).
    pub fn prefix_key(&self) -> Option<Vec<usize>> {
        let prefix = self.bucket_keys.iter().map(|name| self.schema.position(name));
        let prefix: Vec<usize> = prefix.collect::<Option<_>>()?;
        let key = self.physical_primary_key();
        (!prefix.is_empty() && prefix.len() < key.len() && key.starts_with(&prefix)).then_some(prefix)
    }
}

/// What a database is created with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatabaseDescriptor {
    /// A text for people.
    pub comment: Option<String>,
    /// The user's properties.
    pub custom_properties: BTreeMap<String, String>,
}
