//! Nothing is left behind, however long it goes on.

use thalweg_contract::{
    Command, End, Event, HostOptions, Input, Operation, Piece, RowForm, ScanSpec, Start, TableHandle, Workplace,
};
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::{Schema, TableDescriptor},
};

use crate::host::{Feed, Host};

/// How many batches go through: enough to see that nothing grows. `THALWEG_BATCHES` is another number, or `full` for
/// 2,000,000.
fn batches() -> u64 {
    match std::env::var("THALWEG_BATCHES").as_deref() {
        Ok("full") => 2_000_000,
        Ok(number) => number.parse().expect("THALWEG_BATCHES is a number or `full`"),
        Err(_) => 1_000,
    }
}

fn append(host: &mut Host, table: TableHandle, first: i64) {
    let ids: Vec<i64> = (first..first + 50).collect();
    let rows = Batch { rows: 50, columns: vec![Column { validity: None, values: Values::Int64(&ids) }] };
    let tickets = host.shell.submit(host.now, &[Command { table, operation: Operation::Append, rows }]);
    assert!(tickets.iter().all(Result::is_ok), "there is room");
    host.step();
}

#[test]
fn what_is_held_does_not_grow_over_many_batches() {
    for compression in ["ZSTD", "NONE"] {
        let options = HostOptions { work: Workplace::Inside, rows: RowForm::Columns };
        let mut host = Host::new(options, Feed::Bytes(500), |_| {});
        let mut descriptor = TableDescriptor::new(Schema::parse_sql("id BIGINT NOT NULL").expect("a column"));
        descriptor.properties.insert("table.log.arrow.compression.type".into(), compression.into());
        descriptor.bucket_count = Some(1);
        host.cluster.create("t", descriptor);
        let table = host.open_table("t");
        let spec = ScanSpec {
            columns: None,
            buckets: Vec::new(),
            partitions: Vec::new(),
            start: Start::Earliest,
            end: End::Never,
        };
        let ticket = host.shell.scan(host.now, table, spec).expect("it fits");
        let (mut next, mut most) = (0, 0);
        for batch in 0..batches() / 2 {
            append(&mut host, table, batch as i64 * 50);
            host.give(Input::Demand { ticket, bytes: 4000 });
            while next <= batch as i64 * 50 {
                most = most.max(host.shell.footprint().bytes);
                let scanned = host.event(|event| match event {
                    Event::Rows { scanned, .. } => Some(scanned.clone()),
                    _ => None,
                });
                assert!(matches!(&scanned.body, Piece::Inline(body) if body.len() >= 400));
                assert_eq!(scanned.offset, next as u64);
                next += i64::from(scanned.rows);
            }
            // The model forgets what was read.
            let bucket = &mut host.cluster.table("t").buckets[0];
            bucket.first = bucket.end;
            bucket.batches.clear();
            host.cluster.fetches.clear();
            host.sent.clear();
            host.events.clear();
        }
        assert!(most < 100_000, "{most} bytes were held");
        assert_eq!(host.shell.statistics().rows_scanned, batches() / 2 * 50);
        host.shell.cancel(host.now, ticket);
        host.finish();
    }
}
