//! A table: rows written through its modules, rows read.

use std::{cell::RefCell, rc::Rc};

use thalweg_chain::{Operation as ModuleOperation, Tally, column::OwnedColumn};
use thalweg_contract::{Bucket, Command, Error, Operation, ScanSpec, TableHandle, TableInfo};
use thalweg_wire::{
    column::Batch,
    table::{Schema, TablePath},
};

use crate::{
    chain::{ExceptionOf, Loaded, ModuleSpec, exceptions, invalid},
    modules::Modules,
    reader::{Reader, ScanRows, bounded},
    rows::{Rows, columns, corrupt, of_arrays, read},
    session::{Shared, waiters::Fates},
};

/// One table of a session.
pub struct Table {
    shared: Rc<Shared>,
    handle: TableHandle,
    info: Rc<TableInfo>,
    modules: Rc<dyn Modules>,
    specs: Vec<ModuleSpec>,
    /// The chains that were opened so far, by what they are for.
    chains: RefCell<Vec<(Operation, Rc<Loaded>)>>,
}

/// What became of the rows of a write.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Rows that were sent, and their fates; in terms of the rows that the modules gave.
    pub fates: Fates,
    /// For each row that was sent the row of the call that it came from; `None`: every row was sent, once.
    pub origins: Option<Vec<u32>>,
    /// For each module, how many rows ended there.
    pub tallies: Vec<Tally>,
    /// The rows that policies dealt with; dead letters are with them.
    pub exceptions: Vec<ExceptionOf>,
}

/// Rows that a lookup found: all columns of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundRows {
    /// For each key how many of the rows are its own.
    pub counts: Vec<u32>,
    /// The rows.
    pub rows: Rows,
}

impl Table {
    pub(crate) async fn open(
        shared: Rc<Shared>,
        path: TablePath,
        modules: Rc<dyn Modules>,
        specs: Vec<ModuleSpec>,
    ) -> Result<Table, Error> {
        let (handle, info) = shared.open_table(path).await?;
        let info = Rc::from(info);
        let table = Table { shared, handle, info, modules, specs, chains: RefCell::default() };
        // What does not fit is said now, and not at the first row.
        let usual = if table.is_keyed() { Operation::Upsert(None) } else { Operation::Append };
        table.chain(&usual)?;
        Ok(table)
    }

    /// What the server says of the table.
    pub fn info(&self) -> &TableInfo {
        &self.info
    }

    fn schema(&self) -> &Schema {
        &self.info.descriptor.schema
    }

    fn is_keyed(&self) -> bool {
        !self.schema().primary_key.is_empty()
    }

    /// Appends rows to a log table, and waits for their fates; first for room in the write buffer.
    ///
    /// # Errors
    /// When the rows do not fit, a module refuses them under the policy `fail`, or the session is closed: nothing is written.
    pub async fn append(&self, rows: &Batch<'_>) -> Result<Outcome, Error> {
        self.write(Operation::Append, rows).await
    }

    /// Writes rows of a keyed table: all columns, or those at these positions; otherwise as `append`.
    ///
    /// # Errors
    /// As `append`.
    pub async fn upsert(&self, columns: Option<Vec<u32>>, rows: &Batch<'_>) -> Result<Outcome, Error> {
        self.write(Operation::Upsert(columns), rows).await
    }

    /// Deletes rows of a keyed table by their keys; otherwise as `append`.
    ///
    /// # Errors
    /// As `append`.
    pub async fn delete(&self, keys: &Batch<'_>) -> Result<Outcome, Error> {
        self.write(Operation::Delete, keys).await
    }

    async fn write(&self, operation: Operation, rows: &Batch<'_>) -> Result<Outcome, Error> {
        let table = self.handle;
        let Some(chain) = self.chain(&operation)? else {
            let fates = self.shared.write(Command { table, operation, rows: rows.clone() }).await?;
            return Ok(Outcome { fates, ..Outcome::default() });
        };
        let given = Rows { rows: rows.rows, columns: rows.columns.iter().map(OwnedColumn::from).collect() };
        let applied = chain.run(given)?;
        let through = of_arrays(&applied.batch).map_err(invalid)?;
        let exceptions = exceptions(&chain, applied.exceptions);
        let fates = match through.rows {
            0 => Vec::new(),
            _ => self.shared.write(Command { table, operation, rows: through.batch() }).await?,
        };
        Ok(Outcome { fates, origins: applied.origins, tallies: applied.tallies, exceptions })
    }

    /// The modules for an operation, opened when it is first used; `None`: there are none.
    fn chain(&self, operation: &Operation) -> Result<Option<Rc<Loaded>>, Error> {
        if self.specs.is_empty() {
            return Ok(None);
        }
        if let Some((_, loaded)) = self.chains.borrow().iter().find(|(known, _)| known == operation) {
            return Ok(Some(Rc::clone(loaded)));
        }
        let schema = match operation {
            Operation::Delete => project(self.schema(), &self.schema().primary_key)?,
            Operation::Upsert(Some(columns)) => {
                let columns: Vec<usize> = columns.iter().map(|column| *column as usize).collect();
                project(self.schema(), &columns)?
            }
            _ => self.schema().clone(),
        };
        let module_operation = match operation {
            Operation::Delete => ModuleOperation::Delete,
            Operation::Upsert(_) => ModuleOperation::Upsert,
            _ => ModuleOperation::Append,
        };
        let (path, output) = (&self.info.path, Some(&schema));
        let loaded = Loaded::open(&self.modules, &self.specs, path, module_operation, &schema, output)?;
        let loaded = Rc::new(loaded);
        self.chains.borrow_mut().push((operation.clone(), Rc::clone(&loaded)));
        Ok(Some(loaded))
    }

    /// Looks rows up by primary key. With `insert`, a key that the table does not have becomes a row.
    ///
    /// # Errors
    /// When the keys do not fit, the table has none, or no server answers in time.
    pub async fn lookup(&self, keys: &Batch<'_>, insert: bool) -> Result<FoundRows, Error> {
        self.find(Operation::Lookup(insert), keys).await
    }

    /// Looks rows up by a prefix of their primary key.
    ///
    /// # Errors
    /// As `lookup`, and where the table cannot be looked up so.
    pub async fn prefix_lookup(&self, prefixes: &Batch<'_>) -> Result<FoundRows, Error> {
        self.find(Operation::PrefixLookup, prefixes).await
    }

    async fn find(&self, operation: Operation, keys: &Batch<'_>) -> Result<FoundRows, Error> {
        let found = self.shared.lookup(Command { table: self.handle, operation, rows: keys.clone() }).await?;
        let types = self.schema().columns.iter().map(|column| &column.column_type);
        let rows = read(types, columns(&found.layout)?, &found.body, 0, found.rows as usize).map_err(corrupt)?;
        Ok(FoundRows { counts: found.counts, rows })
    }

    /// Scans the log of the table, through these modules.
    ///
    /// # Errors
    /// When the spec does not fit the table, or the modules do not fit it.
    pub fn scan(&self, spec: ScanSpec, specs: &[ModuleSpec]) -> Result<Reader, Error> {
        let columns = spec.columns.clone();
        let wanted: Option<Vec<usize>> = columns.map(|columns| columns.iter().map(|column| *column as usize).collect());
        let schema = match &wanted {
            Some(columns) => project(self.schema(), columns)?,
            None => self.schema().clone(),
        };
        if let Some(spec) = specs.iter().find(|spec| spec.has_dead_letters()) {
            return Err(invalid(format!(
                "module {} has the policy dead-letter, but a scan writes nothing; use fail, drop or pass",
                spec.name
            )));
        }
        let operation = if self.is_keyed() { ModuleOperation::Changelog } else { ModuleOperation::Scan };
        let chain = match specs {
            [] => None,
            specs => Some(Loaded::open(&self.modules, specs, &self.info.path, operation, &schema, None)?),
        };
        let (ticket, scan) = self.shared.scan(self.handle, spec)?;
        Ok(Reader::new(Rc::clone(&self.shared), ticket, scan, schema, wanted, chain))
    }

    /// Reads some rows of a bucket, at most `limit`.
    ///
    /// # Errors
    /// When the table has no such bucket, or no server answers in time.
    pub async fn limit_scan(&self, bucket: Bucket, limit: u32) -> Result<Vec<ScanRows>, Error> {
        let (ticket, scan) = self.shared.limit_scan(self.handle, bucket, limit)?;
        let reader = bounded(Rc::clone(&self.shared), ticket, scan, self.schema().clone());
        let mut all = Vec::new();
        while let Some(rows) = reader.next().await? {
            all.push(rows);
        }
        Ok(all)
    }

    /// Reads the current rows of a bucket of a keyed table; gives the offset from which on its changes follow.
    ///
    /// # Errors
    /// When the server cannot do it, or the table has no such bucket.
    pub async fn scan_current(&self, bucket: Bucket) -> Result<(u64, Reader), Error> {
        let (ticket, scan) = self.shared.scan_current(self.handle, bucket)?;
        let reader = Reader::new(Rc::clone(&self.shared), ticket, scan, self.schema().clone(), None, None);
        let offset = reader.snapshot().await?;
        Ok((offset, reader))
    }
}

/// Some columns of a table as a schema of their own; its key where they hold it whole.
fn project(schema: &Schema, columns: &[usize]) -> Result<Schema, Error> {
    let column = |at: &usize| {
        let none = || invalid(format!("there is no column {at}; the table has {}", schema.columns.len()));
        let column = schema.columns.get(*at).ok_or_else(none)?;
        Ok((column.name.clone(), column.column_type.clone(), column.comment.clone()))
    };
    let chosen = columns.iter().map(column).collect::<Result<Vec<_>, Error>>()?;
    let made = Schema::new(chosen);
    let key: Vec<&str> = schema.primary_key_names().collect();
    let made = match schema.primary_key.iter().all(|at| columns.contains(at)) && !key.is_empty() {
        true => made.and_then(|made| made.with_primary_key(&key)),
        false => made,
    };
    made.map_err(|error| invalid(error.to_string()))
}
