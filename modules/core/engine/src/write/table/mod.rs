//! Tables that can be written, and what the stage knows of each.
//!
//! ```text
//! check  which changes a table takes
//! plan   how rows are written for a change: from the table's descriptor
//! unfit  why rows cannot be written
//! ```

pub(crate) mod check;
pub(crate) mod plan;
pub(crate) mod unfit;

use std::{collections::HashMap, num::NonZeroU32, sync::Arc};

use thalweg_wire::table::{AutoPartition, TablePath};

use crate::call::fatal;
use crate::write::{
    Change, Table,
    arena::{PartitionId, TableId},
    table::plan::Plan,
};
use thalweg_contract::{Error, TableHandle, TableInfo};

/// How many plans are remembered for a table: a program that upserts ever other columns makes ever new ones.
const PLANS_KEPT: usize = 32;

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
    /// Where its rows go: its partitions by name; where it has none, the one of no name.
    pub(crate) partitions: HashMap<Arc<str>, PartitionId>,
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

/// How many buckets a table has; `Plan::new` refuses one that has none.
pub(crate) fn bucket_count(info: &TableInfo) -> NonZeroU32 {
    info.descriptor.bucket_count.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

/// A table under one handle: the version of its schema that its user knows.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Which table.
    pub(crate) table: TableId,
    info: Arc<TableInfo>,
    plans: Vec<(Change, Result<Arc<Plan>, Error>)>,
}

impl Opened {
    /// Nothing was written yet.
    pub(crate) fn new(table: TableId, info: &Arc<TableInfo>) -> Self {
        Self { table, info: Arc::clone(info), plans: Vec::new() }
    }

    /// How rows are written for a change; made the first time that it is wanted.
    pub(crate) fn plan(&mut self, change: &Change) -> Result<Arc<Plan>, Error> {
        if let Some((_, plan)) = self.plans.iter().find(|(known, _)| known == change) {
            return plan.clone();
        }
        let plan = Plan::new(&self.info, change).map(Arc::new);
        if self.plans.len() == PLANS_KEPT {
            drop(self.plans.remove(0));
        }
        self.plans.push((change.clone(), plan.clone()));
        plan
    }
}

/// That nobody opened a table of this number.
pub(crate) fn unknown(handle: TableHandle) -> Error {
    fatal(thalweg_contract::ErrorCode::Invalid(format!("there is no open table {handle}")))
}
