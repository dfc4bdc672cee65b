//! Tables that can be written, and what the stage knows of each.
//!
//! ```text
//! check  which changes a table takes
//! plan   how rows are written for a change: from the table's descriptor
//! ```

pub(crate) mod check;
pub(crate) mod plan;

use std::{collections::HashMap, num::NonZeroU32, sync::Arc};

use thalweg_wire::table::{AutoPartition, TablePath};

use crate::call::fatal;
use crate::write::{Change, Table, table::plan::Form};
use thalweg_contract::{Error, TableHandle, TableInfo};

/// How many forms of a table's rows are kept: a program that upserts ever other columns makes ever new ones.
const FORMS_KEPT: usize = 32;

/// A table, by its id.
#[derive(Debug)]
pub(crate) struct TableState {
    /// The handle that it was first opened with.
    pub(crate) handle: TableHandle,
    /// Its name.
    pub(crate) path: TablePath,
    /// The server's number for it.
    pub(crate) table_id: i64,
    /// How many buckets it has, or each of its partitions.
    pub(crate) buckets: NonZeroU32,
    /// Where its rows go, by position: its partitions by name; where it has none, the one of no name.
    pub(crate) partitions: HashMap<Arc<str>, usize>,
    /// How its partitions follow the time, and the partition keys; `None`: they do not, as far as is known.
    pub(crate) time: Option<(AutoPartition, Vec<String>)>,
    /// Why it takes no rows any more.
    pub(crate) gone: Option<Error>,
}

impl TableState {
    /// A table that was just opened.
    pub(crate) fn new(table: &Table) -> Self {
        Self {
            handle: table.handle,
            path: table.info.path.clone(),
            table_id: table.info.table_id,
            buckets: bucket_count(&table.info),
            partitions: HashMap::new(),
            time: auto_partition(&table.info),
            gone: None,
        }
    }

    /// What its description says now.
    pub(crate) fn learn(&mut self, info: &TableInfo) {
        self.buckets = bucket_count(info);
        self.time = auto_partition(info);
    }

    /// Its name, as errors have it.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.path.database, self.path.table)
    }
}

fn auto_partition(info: &TableInfo) -> Option<(AutoPartition, Vec<String>)> {
    let rules = info.descriptor.auto_partition().ok().filter(|rules| rules.enabled)?;
    Some((rules, info.descriptor.partition_keys.clone()))
}

/// How many buckets a table has; `Form::new` refuses one that has none.
pub(crate) fn bucket_count(info: &TableInfo) -> NonZeroU32 {
    info.descriptor.bucket_count.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

/// A table under one handle: the version of its schema that its user knows.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Which table, by position.
    pub(crate) table: usize,
    info: Arc<TableInfo>,
    forms: Vec<(Change, Result<Arc<Form>, Error>)>,
}

impl Opened {
    /// Nothing was written yet.
    pub(crate) fn new(table: usize, info: &Arc<TableInfo>) -> Self {
        Self { table, info: Arc::clone(info), forms: Vec::new() }
    }

    /// The form of rows for a change, made the first time that it is wanted.
    pub(crate) fn form(&mut self, change: &Change) -> Result<Arc<Form>, Error> {
        if let Some((_, form)) = self.forms.iter().find(|(known, _)| known == change) {
            return form.clone();
        }
        let form = Form::new(&self.info, change).map(Arc::new);
        if self.forms.len() == FORMS_KEPT {
            drop(self.forms.remove(0));
        }
        self.forms.push((change.clone(), form.clone()));
        form
    }
}

/// That nobody opened a table of this number.
pub(crate) fn unknown(handle: TableHandle) -> Error {
    fatal(thalweg_contract::ErrorCode::Invalid(format!("there is no open table {handle}")))
}
