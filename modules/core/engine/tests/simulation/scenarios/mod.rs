//! What must hold, with a network that works and with one that does not.
//!
//! ```text
//! refusals  what is refused or given up
//! rows      rows that are appended and scanned
//! tables    tables that come and go, and the catalogue
//! ```

mod refusals;
mod rows;
mod tables;

use thalweg_contract::{End, Error, Event, Fate, RowSelection, ScanSpec, Settings, Start, TableHandle, Ticket};

use crate::world::{World, append, descriptor, ids};

pub(crate) const ALL: ScanSpec =
    ScanSpec { columns: None, buckets: Vec::new(), partitions: Vec::new(), start: Start::Earliest, end: End::Latest };

/// The id of a row that failed, and whether it may have been written.
pub(crate) type Lost = (i64, bool);
/// What goes wrong in a world.
type Fault = fn(&mut World);
/// What is wrong with settings.
type Change = fn(&mut Settings);
/// A row: its bucket, its offset, its id.
pub(crate) type Row = (u32, u64, i64);

pub(crate) fn world_with(seed: u64, servers: i32, buckets: u32, compression: &str) -> (World, TableHandle) {
    let mut world = World::new(seed, servers, |_| {});
    world.cluster.create("t", descriptor(buckets, compression));
    let (handle, _) = world.open_table("t").expect("it is there");
    (world, handle)
}

/// Waits until every row of these writes has a fate; the ids of those acknowledged with their places.
pub(crate) fn settle(world: &mut World, mut open: Vec<(Ticket, Vec<i64>)>) -> (Vec<Row>, Vec<Lost>) {
    let (mut placed, mut failed) = (Vec::new(), Vec::new());
    let mut left: usize = open.iter().map(|(_, ids)| ids.len()).sum();
    while left > 0 {
        let (ticket, fates) = world.event(|event| match event {
            Event::Settled { ticket, fates } => Some((*ticket, fates.clone())),
            _ => None,
        });
        let (_, ids) = open.iter_mut().find(|(of, _)| *of == ticket).expect("a ticket of ours");
        for (selection, fate) in fates {
            let rows: Vec<u32> = match selection {
                RowSelection::Span { first, count } => (first..first + count).collect(),
                RowSelection::Rows(rows) => rows,
            };
            left -= rows.len();
            for (at, row) in rows.into_iter().enumerate() {
                let id = ids[row as usize];
                match &fate {
                    Fate::Acknowledged { bucket, first, .. } => {
                        placed.push((bucket.bucket, first.expect("a log table") + at as u64, id));
                    }
                    Fate::Failed { may_have_been_written, .. } => failed.push((id, *may_have_been_written)),
                }
            }
        }
    }
    placed.sort_unstable();
    (placed, failed)
}

/// Scans until the end; every row with its bucket and offset, sorted.
pub(crate) fn scan(world: &mut World, table: TableHandle, spec: ScanSpec) -> Result<Vec<Row>, Error> {
    let ticket = world.engine.scan(world.now, table, spec)?;
    world.demand(ticket, u64::MAX);
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let next = world.event(|event| match event {
            Event::Rows { ticket: of, scanned } if *of == ticket => Some(Ok(scanned.clone())),
            Event::Ended { ticket: of, result } if *of == ticket => Some(Err(result.clone())),
            _ => None,
        });
        match next {
            Ok(scanned) => {
                let bucket = scanned.bucket.bucket;
                let before = rows.iter().rev().find(|row| row.0 == bucket).map(|row| row.1);
                assert!(before.is_none_or(|before| before < scanned.offset), "a bucket is given in order");
                let ids = ids(world, &scanned);
                assert_eq!(ids.len(), scanned.rows as usize);
                rows.extend(ids.into_iter().enumerate().map(|(at, id)| (bucket, scanned.offset + at as u64, id)));
                world.consume(&scanned);
            }
            Err(result) => {
                result?;
                rows.sort_unstable();
                return Ok(rows);
            }
        }
    }
}

pub(crate) fn write(world: &mut World, table: TableHandle, batches: std::ops::Range<i64>) -> Vec<Row> {
    let mut open = Vec::new();
    for batch in batches {
        let ids: Vec<i64> = (batch * 10..batch * 10 + 10).collect();
        open.push((append(world, table, &ids).expect("there is room"), ids));
        if batch % 3 == 0 {
            world.run(500);
        }
    }
    let (placed, failed) = settle(world, open);
    assert_eq!(failed, [], "nothing fails for good");
    placed
}
