//! Rows of a scan as they come, through its modules.

use std::{cell::Cell, rc::Rc};

use thalweg_chain::{Tally, column::OwnedColumn};
use thalweg_contract::{Bucket, Error, Piece, Scanned, Ticket};
use thalweg_wire::{record::ChangeType, table::Schema};

use crate::{
    chain::{ExceptionOf, Loaded, exceptions, invalid},
    rows::{Rows, columns, corrupt, of_arrays, read},
    session::{Shared, turns::Turns, waiters::Scan},
};

/// What a scan reads ahead, in bytes of batches.
const AHEAD: u64 = 8 << 20;

/// Rows that a scan gives.
#[derive(Debug, Clone)]
pub struct ScanRows {
    /// Where they come from.
    pub bucket: Bucket,
    /// The offset of the first row that the server gave.
    pub offset: u64,
    /// When the server took them, in milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: i64,
    /// Behind modules, for each row its place among those that the server gave; `None`: every row goes on, once.
    pub origins: Option<Vec<u32>>,
    /// The change of each row; `None`: all are appended.
    pub changes: Option<Vec<ChangeType>>,
    /// For each module, how many rows ended there.
    pub tallies: Vec<Tally>,
    /// The rows that policies dealt with.
    pub exceptions: Vec<ExceptionOf>,
    /// The rows, with the columns of the reader.
    pub rows: Rows,
}

/// Rows as they come. Dropping it ends the scan.
pub struct Reader {
    shared: Rc<Shared>,
    ticket: Ticket,
    scan: Rc<Scan>,
    /// The columns that the server gives, in rising order of their position in the table.
    given: Schema,
    /// Where each column wanted stands among those given; `None`: in the same order.
    order: Option<Vec<usize>>,
    output: Schema,
    chain: Option<Loaded>,
    over: Cell<bool>,
    /// One call of `next` after the other.
    turns: Turns,
}

impl Reader {
    /// A scan that gives these columns of the table (`wanted`, by position; `None`: all), through these modules.
    pub(crate) fn new(
        shared: Rc<Shared>,
        ticket: Ticket,
        scan: Rc<Scan>,
        schema: Schema,
        wanted: Option<Vec<usize>>,
        chain: Option<Loaded>,
    ) -> Reader {
        shared.demand(ticket, AHEAD);
        let (given, order) = match wanted {
            Some(wanted) if !wanted.is_sorted() => rising(&schema, &wanted),
            _ => (schema.clone(), None),
        };
        let output = chain.as_ref().map_or(schema, |chain| chain.output().clone());
        Reader { shared, ticket, scan, given, order, output, chain, over: Cell::new(false), turns: Turns::default() }
    }

    /// The columns of its rows.
    pub fn schema(&self) -> &Schema {
        &self.output
    }

    /// The next rows; `None` at the end of a bounded scan.
    ///
    /// # Errors
    /// Why the scan failed; it has ended then.
    pub async fn next(&self) -> Result<Option<ScanRows>, Error> {
        let _turn = self.turns.take().await;
        while !self.over.get() {
            let next = self.scan.rows.borrow_mut().pop_front();
            if let Some(scanned) = next {
                self.shared.demand(self.ticket, scanned.cost);
                let rows = self.rows(scanned);
                self.over.set(rows.is_err());
                return rows.map(Some);
            }
            let ended = self.scan.ended.borrow_mut().take();
            match ended {
                Some(result) => {
                    self.over.set(true);
                    result?;
                }
                None => self.scan.bell.heard().await,
            }
        }
        Ok(None)
    }

    /// Waits for the offset that a scan of current rows begins with.
    pub(crate) async fn snapshot(&self) -> Result<u64, Error> {
        loop {
            if let Some(offset) = self.scan.snapshot.get() {
                return Ok(offset);
            }
            let ended = self.scan.ended.borrow_mut().take();
            if let Some(ended) = ended {
                ended?;
                return Err(corrupt("the server gave no offset with the current rows of a bucket"));
            }
            self.scan.bell.heard().await;
        }
    }

    fn rows(&self, scanned: Scanned) -> Result<ScanRows, Error> {
        let Scanned { bucket, offset, timestamp, first, rows, changes, layout, body, .. } = scanned;
        let Piece::Inline(body) = body else { return Err(corrupt("the rows of a scan are not there")) };
        let types = self.given.columns.iter().map(|column| &column.column_type);
        let rows = read(types, columns(&layout)?, &body, first as usize, rows as usize).map_err(corrupt)?;
        let rows = self.reorder(rows);
        let (tallies, exceptions) = Default::default();
        let given = ScanRows { bucket, offset, timestamp, origins: None, changes, tallies, exceptions, rows };
        match &self.chain {
            Some(chain) => through(chain, given),
            None => Ok(given),
        }
    }

    /// Puts the columns in the order wanted.
    fn reorder(&self, rows: Rows) -> Rows {
        let Some(order) = &self.order else { return rows };
        let mut columns = rows.columns.into_iter();
        let mut groups: Vec<Vec<OwnedColumn>> = self
            .given
            .columns
            .iter()
            .map(|column| columns.by_ref().take(column.column_type.flat_len()).collect())
            .collect();
        let taken = |at: &usize| groups.get_mut(*at).map(std::mem::take).unwrap_or_default();
        Rows { rows: rows.rows, columns: order.iter().flat_map(taken).collect() }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.cancel(self.ticket);
    }
}

/// A scan of one bucket that asks for no demand.
pub(crate) fn bounded(shared: Rc<Shared>, ticket: Ticket, scan: Rc<Scan>, schema: Schema) -> Reader {
    Reader::new(shared, ticket, scan, schema, None, None)
}

/// The columns in rising order of their position, and where each of those wanted stands there.
fn rising(schema: &Schema, wanted: &[usize]) -> (Schema, Option<Vec<usize>>) {
    let mut by_position: Vec<usize> = (0..wanted.len()).collect();
    by_position.sort_by_key(|at| wanted.get(*at).copied());
    let mut given = schema.clone();
    given.columns = by_position.iter().filter_map(|at| schema.columns.get(*at).cloned()).collect();
    let mut order = vec![0; wanted.len()];
    for (place, at) in by_position.iter().enumerate() {
        if let Some(slot) = order.get_mut(*at) {
            *slot = place;
        }
    }
    (given, Some(order))
}

/// Runs scanned rows through modules.
fn through(chain: &Loaded, given: ScanRows) -> Result<ScanRows, Error> {
    let applied = chain.run(given.rows)?;
    let rows = of_arrays(&applied.batch).map_err(invalid)?;
    let changes = match (&given.changes, &applied.origins) {
        (Some(changes), Some(origins)) => {
            Some(origins.iter().filter_map(|origin| changes.get(*origin as usize).copied()).collect())
        }
        (changes, _) => changes.clone(),
    };
    let exceptions = exceptions(chain, applied.exceptions);
    Ok(ScanRows { origins: applied.origins, changes, tallies: applied.tallies, exceptions, rows, ..given })
}
