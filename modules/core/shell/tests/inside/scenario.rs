//! What a user does with tables of every type, and what comes of it, whatever the options are.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use thalweg_contract::{
    Bucket, Command, End, Event, Fate, HostOptions, Input, Layout as Layouts, Operation, Piece, RowSelection, ScanSpec,
    Start, Ticket,
};
use thalweg_shell::columns::lend;
use thalweg_wire::{
    frame,
    message::{self, ApiKey, ProduceLogRequest},
    record::{ColumnsBuilder, Layout, PlainMessage, RowEncoder, RowFormat, message_of},
    table::{ColumnType, DataType, Schema, TableDescriptor},
};

use crate::{
    common::{
        Random, borrow, every_type, of, random_batch,
        read::{layout, read, read_plain},
        schema,
    },
    host::{Feed, Host},
};

const FIRST: Bucket = Bucket { partition: None, bucket: 0 };

/// What came of a run.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The rows that each scan and lookup gave, in their order, each batch with its offset and what it cost.
    pub(crate) rows: Vec<Vec<(u64, RecordBatch, u64)>>,
    /// The rows of each lookup's keys.
    pub(crate) counts: Vec<Vec<u32>>,
    pub(crate) fates: Vec<(RowSelection, Fate)>,
    /// Each request; of rows that were written, these instead of their compressed bytes.
    pub(crate) requests: Vec<Request>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Plain(Bytes),
    Rows(i32, Vec<(i32, RecordBatch)>),
}

/// Every column of the tables.
fn types() -> Vec<ColumnType> {
    [of(DataType::BigInt, false)].into_iter().chain(every_type()).collect()
}

fn descriptor(compression: &str, keyed: bool) -> TableDescriptor {
    let columns = types().into_iter().enumerate().map(|(at, column_type)| (format!("c{at}"), column_type, None));
    let schema = Schema::new(columns).expect("columns");
    let mut descriptor =
        TableDescriptor::new(if keyed { schema.with_primary_key(&["c0"]).expect("a key") } else { schema });
    descriptor.bucket_count = Some(1);
    descriptor.properties.insert("table.log.arrow.compression.type".into(), compression.into());
    descriptor
}

/// Runs it: appends, a scan of all columns, one of some, some rows, current rows, lookups. `breaks_at` is a request over
/// which the connection ends.
pub(crate) fn run(options: HostOptions, feed: Feed, compression: &str, seed: u64, breaks_at: Option<usize>) -> Outcome {
    let mut host = Host::new(options, feed, |settings| settings.write.batch_rows = 100);
    host.breaks_at = breaks_at;
    let mut outcome = Outcome { rows: Vec::new(), counts: Vec::new(), fates: Vec::new(), requests: Vec::new() };
    log(&mut host, compression, seed, &mut outcome);
    // A scan of current rows does not survive its connection.
    host.breaks_at = None;
    keys(&mut host, seed, &mut outcome);
    outcome.requests = std::mem::take(&mut host.sent).into_iter().map(decoded).collect();
    host.finish();
    outcome
}

fn log(host: &mut Host, compression: &str, seed: u64, outcome: &mut Outcome) {
    host.cluster.create("log", descriptor(compression, false));
    let table = host.open_table("log");
    let (all, types, mut random) = (schema(&types()), types(), Random(seed));
    for _ in 0..4 {
        let rows = random.below(60);
        let batch = random_batch(&all, rows, &mut random);
        let command = Command { table, operation: Operation::Append, rows: borrow(&batch) };
        let tickets = host.shell.submit(host.now, &[command]);
        assert!(tickets.iter().all(Result::is_ok), "they fit");
        host.step();
    }
    let flushed = host.shell.flush(host.now);
    host.event(|event| matches!(event, Event::Flushed { ticket } if *ticket == flushed).then_some(()));
    for event in std::mem::take(&mut host.events) {
        match event {
            Event::Settled { fates, .. } => outcome.fates.extend(fates),
            other => panic!("not expected: {other:?}"),
        }
    }
    for columns in [None, Some(vec![44, 3, 52, 3]), Some(vec![0]), Some((40..58).collect::<Vec<u32>>())] {
        let start = Start::Offset(if columns.is_none() { 0 } else { random.below(20) as u64 });
        let spec =
            ScanSpec { columns: columns.clone(), buckets: Vec::new(), partitions: Vec::new(), start, end: End::Latest };
        let ticket = host.shell.scan(host.now, table, spec).expect("it fits");
        host.give(Input::Demand { ticket, bytes: u64::MAX });
        let wanted: Vec<usize> =
            (0..types.len()).filter(|at| columns.as_ref().is_none_or(|some| some.contains(&(*at as u32)))).collect();
        outcome.rows.push(scanned(host, ticket, &all, &types, &wanted));
    }
    let ticket = host.shell.limit_scan(host.now, table, FIRST, 17).expect("it fits");
    outcome.rows.push(scanned(host, ticket, &all, &types, &(0..types.len()).collect::<Vec<_>>()));
}

fn keys(host: &mut Host, seed: u64, outcome: &mut Outcome) {
    let described = descriptor("NONE", true);
    let columns = described.schema.clone();
    host.cluster.create("keys", described);
    let (all, types, mut random) = (schema(&types()), types(), Random(!seed));
    let batch = random_batch(&all, 20, &mut random);
    let encoder = RowEncoder::new(&Layout::of_schema(&columns), None, RowFormat::Compacted).expect("columns");
    let bucket = &mut host.cluster.table("keys").buckets[0];
    for row in 0..20 {
        let mut value = 1i16.to_le_bytes().to_vec();
        encoder.encode(&borrow(&batch), row, &mut value).expect("it fits");
        bucket.values.push(value.clone());
        // A key of one BIGINT in the key format of Fluss is found whatever its bytes are: see below.
        bucket.found.insert((row as i64).to_le_bytes().to_vec(), value);
    }
    let table = host.open_table("keys");
    let every: Vec<usize> = (0..types.len()).collect();
    let ticket = host.shell.scan_current(host.now, table, FIRST).expect("it fits");
    host.give(Input::Demand { ticket, bytes: 3000 });
    host.step();
    host.give(Input::Demand { ticket, bytes: u64::MAX });
    outcome.rows.push(scanned(host, ticket, &all, &types, &every));
    let ticket = host.shell.limit_scan(host.now, table, FIRST, 5).expect("it fits");
    outcome.rows.push(scanned(host, ticket, &all, &types, &every));

    let keys: Vec<i64> = vec![3, 99, 0, 3, 19];
    let column = thalweg_wire::column::Column { validity: None, values: thalweg_wire::column::Values::Int64(&keys) };
    let rows = thalweg_wire::column::Batch { rows: keys.len(), columns: vec![column] };
    let commands = [
        Command { table, operation: Operation::Lookup(false), rows: rows.clone() },
        Command { table: table + 1, operation: Operation::Lookup(false), rows: rows.clone() },
        Command { table, operation: Operation::Lookup(false), rows: rows_of(&rows, 0) },
    ];
    let tickets = host.shell.submit(host.now, &commands);
    assert!(tickets[1].is_err(), "there is no such table");
    for ticket in [&tickets[0], &tickets[2]].map(|ticket| *ticket.as_ref().expect("keys")) {
        let found = host.event(|event| match event {
            Event::Found { tickets, result } if *tickets == [ticket] => Some(result.clone().expect("an answer")),
            _ => None,
        });
        let body = Piece::Inline(found.body);
        let batch = arrow(host, &found.layout, &body, &all, &types, &every, 0..found.rows as usize);
        outcome.rows.push(vec![(0, batch, 0)]);
        outcome.counts.push(found.counts);
    }
}

/// The first rows of keys.
fn rows_of<'a>(batch: &thalweg_wire::column::Batch<'a>, rows: usize) -> thalweg_wire::column::Batch<'a> {
    let columns = batch.columns.iter().map(|column| match column.values {
        thalweg_wire::column::Values::Int64(keys) => {
            thalweg_wire::column::Column { validity: None, values: thalweg_wire::column::Values::Int64(&keys[..rows]) }
        }
        _ => *column,
    });
    thalweg_wire::column::Batch { rows, columns: columns.collect() }
}

/// The rows of a scan until it ends.
fn scanned(
    host: &mut Host,
    ticket: Ticket,
    all: &SchemaRef,
    types: &[ColumnType],
    wanted: &[usize],
) -> Vec<(u64, RecordBatch, u64)> {
    let mut batches = Vec::new();
    loop {
        let event = host.event(|event| match event {
            Event::Rows { ticket: of, .. } | Event::Ended { ticket: of, .. } if *of == ticket => Some(event.clone()),
            Event::Snapshot { ticket: of, .. } if *of == ticket => Some(event.clone()),
            _ => None,
        });
        match event {
            Event::Rows { scanned, .. } => {
                let rows = scanned.first as usize..(scanned.first + scanned.rows) as usize;
                let batch = arrow(host, &scanned.layout, &scanned.body, all, types, wanted, rows);
                assert!(scanned.cost > 0);
                batches.push((scanned.offset, batch, scanned.cost));
                host.consume(&scanned);
            }
            Event::Snapshot { .. } => {}
            Event::Ended { result, .. } => {
                result.expect("it is complete");
                return batches;
            }
            _ => unreachable!("it was not picked"),
        }
    }
}

/// Some rows, read as the options have them.
fn arrow(
    host: &Host,
    layouts: &Layouts,
    body: &Piece,
    all: &SchemaRef,
    types: &[ColumnType],
    wanted: &[usize],
    rows: std::ops::Range<usize>,
) -> RecordBatch {
    let body = host.piece(body);
    let schema = std::sync::Arc::new(all.project(wanted).expect("columns"));
    match layouts {
        Layouts::Message(metadata) => {
            let message = PlainMessage { metadata: metadata.clone(), body };
            read_plain(&message, &schema).expect("sound rows").slice(rows.start, rows.len())
        }
        Layouts::Columns(columns) => {
            let types: Vec<ColumnType> = wanted.iter().map(|at| types[*at].clone()).collect();
            let layout = layout(&types);
            // Outside of the shell nobody promises where parts begin.
            let (columns, body) = crate::same::movable(host.options, columns, &body);
            let lent = lend(&layout, &columns, &body, rows).expect("sound rows");
            let mut builder = ColumnsBuilder::new(layout);
            let batch = lent.batch();
            builder.append_range(&batch, 0, batch.rows).expect("they fit");
            read_plain(&message_of(&mut builder), &schema).expect("sound rows")
        }
    }
}

/// A request without what compression makes of it.
fn decoded(request: Bytes) -> Request {
    let (header, body) = frame::decode_request(request.clone()).expect("a whole frame");
    if header.api_key != ApiKey::ProduceLog.code() {
        return Request::Plain(request);
    }
    let produced: ProduceLogRequest = message::decode(body).expect("well formed");
    let (types, all) = (types(), schema(&types()));
    let batches = produced.buckets_req.iter().map(|entry| {
        let rows = read(&entry.records, &layout(&types), &all).expect("sound rows");
        (entry.bucket_id, rows)
    });
    Request::Rows(header.request_id, batches.collect())
}
