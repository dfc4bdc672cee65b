//! What is measured: each case with so many things open, and always the same to do.

use thalweg_contract::{Bucket, End, Event, Input, Operation, Piece, ScanSpec, Scanned, Start, TableHandle};
use thalweg_wire::{column::Values, table::Schema};

use crate::host::{Cost, FAR, Far, Host, NEAR};

/// How often something is done to be measured.
const TIMES: usize = 200;

/// What one thing costs.
pub(crate) struct Figure {
    /// In nanoseconds, the median.
    pub(crate) time: u128,
    /// How often memory was asked for, the median.
    pub(crate) allocations: i64,
}

/// A case: with so many things open.
pub(crate) type Case = fn(usize) -> Figure;

/// Name, the most that is open, and the case.
pub(crate) const CASES: &[(&str, usize, Case)] = &[
    ("a step without input, buckets written before", 10_000, |open| idle(written(open, 1))),
    ("a step without input, buckets with a batch under way", 10_000, |open| idle(under_way(open, 1))),
    ("a step without input, buckets in back-off", 10_000, |open| idle(in_back_off(open))),
    ("a step without input, partitions written before", 1_000, |open| idle(partitions(open))),
    ("a batch and its answer, buckets written before", 10_000, |open| write(written(open, 1))),
    ("a batch and its answer, buckets with a batch under way", 10_000, |open| write(under_way(open, 1))),
    ("a batch and its answer, buckets in back-off", 10_000, |open| write(in_back_off(open))),
    ("a batch and its answer, tables written before", 1_000, |open| write(written(1, open))),
    ("a batch and its answer, tables with a batch under way", 1_000, |open| write(under_way(1, open))),
    ("a batch and its answer, partitions written before", 1_000, write_to_partition),
    ("a wake, buckets in back-off", 10_000, wake),
    ("a batch fetched, buckets of another leader followed", 10_000, |open| fetch(open, FAR)),
    ("a batch fetched, buckets of its own leader followed", 10_000, |open| fetch(open, NEAR)),
    ("a batch fetched, scans of other tables", 1_000, fetch_among_scans),
    ("a lookup, buckets known", 10_000, |open| lookup(open, 1)),
    ("a lookup, tables known", 1_000, |open| lookup(1, open)),
    ("a table opened, tables open", 1_000, open_one_more),
];

/// Does something again and again; the median of what it costs.
fn measure(host: &mut Host, mut work: impl FnMut(&mut Host)) -> Figure {
    let mut costs: Vec<Cost> = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        host.cost = Cost::default();
        work(host);
        costs.push(host.cost);
    }
    costs.sort_by_key(|cost| cost.time);
    let median = costs[TIMES / 2];
    Figure { time: median.time.as_nanos(), allocations: median.allocations }
}

/// Tables of so many buckets at the far server, and one row or more written to each bucket.
fn spread(host: &mut Host, buckets: usize, tables: usize) {
    let names: Vec<String> = (0..tables).map(|table| format!("busy{table}")).collect();
    let opened: Vec<TableHandle> = names
        .iter()
        .map(|name| host.table(name, buckets as u32, FAR, |table| table.bucket_keys = vec!["id".into()]))
        .collect();
    for table in opened {
        write_everywhere(host, table, buckets);
    }
    host.settle();
}

fn write_everywhere(host: &mut Host, table: TableHandle, buckets: usize) {
    let ids: Vec<i64> = (0..buckets as i64 * 12).collect();
    for ids in ids.chunks(50_000) {
        host.submit(table, Operation::Append, ids);
    }
}

/// A host whose far server was asked for something, so that it is connected.
fn host(far: Far) -> (Host, TableHandle) {
    let mut host = Host::new(|_| {});
    let quick = host.table("quick", 1, NEAR, |_| {});
    let other = host.table("other", 1, FAR, |_| {});
    host.submit(quick, Operation::Append, &[1]);
    if far != Far::Away {
        host.submit(other, Operation::Append, &[1]);
    }
    host.settle();
    host.far = far;
    (host, quick)
}

/// Buckets that were written to, and have no batch now.
fn written(buckets: usize, tables: usize) -> (Host, TableHandle) {
    let (mut host, quick) = host(Far::Answers);
    spread(&mut host, buckets, tables);
    (host, quick)
}

/// Buckets with a batch under way, and rows that gather behind it.
fn under_way(buckets: usize, tables: usize) -> (Host, TableHandle) {
    let (mut host, quick) = host(Far::Silent);
    spread(&mut host, buckets, tables);
    for table in 0..tables as u32 {
        write_everywhere(&mut host, quick + 2 + table, buckets);
    }
    host.settle();
    (host, quick)
}

/// Buckets with a batch whose server cannot be reached.
fn in_back_off(buckets: usize) -> (Host, TableHandle) {
    let (mut host, quick) = host(Far::Away);
    spread(&mut host, buckets, 1);
    (host, quick)
}

/// A table of so many partitions, each with a row.
fn partitions(count: usize) -> (Host, TableHandle) {
    let mut host = Host::new(|_| {});
    let table = host.table("parts", 1, NEAR, |table| {
        table.schema = Schema::parse_sql("id BIGINT NOT NULL, p STRING NOT NULL").expect("columns");
        table.partition_keys = vec!["p".into()];
    });
    for number in 0..count {
        host.cluster.add_partition("parts", &number.to_string());
    }
    for number in 0..count {
        to_partition(&mut host, table, number);
    }
    (host, table)
}

fn to_partition(host: &mut Host, table: TableHandle, number: usize) {
    let name = number.to_string();
    let offsets = [0, name.len() as i32];
    let columns = vec![Values::Int64(&[1]), Values::Spans { offsets: &offsets, bytes: name.as_bytes() }];
    host.submit_columns(table, Operation::Append, 1, columns);
    host.settle();
}

fn idle((mut host, _): (Host, TableHandle)) -> Figure {
    measure(&mut host, Host::step)
}

/// A row of the quick table, from `submit` to its fate.
fn write((mut host, quick): (Host, TableHandle)) -> Figure {
    measure(&mut host, |host| {
        host.events.clear();
        host.submit(quick, Operation::Append, &[1]);
        host.settle();
        assert!(matches!(host.events[..], [Event::Settled { .. }]), "{:?}", host.events);
    })
}

fn write_to_partition(count: usize) -> Figure {
    let (mut host, table) = partitions(count);
    measure(&mut host, |host| {
        host.events.clear();
        to_partition(host, table, 0);
        assert!(matches!(host.events[..], [Event::Settled { .. }]), "{:?}", host.events);
    })
}

/// The clock moves to the next time that the engine named.
fn wake(buckets: usize) -> Figure {
    let (mut host, _) = in_back_off(buckets);
    measure(&mut host, |host| {
        if let Some(at) = host.wake.take() {
            host.now = host.now.max(at);
        }
        host.settle();
    })
}

fn follow() -> ScanSpec {
    let (start, end) = (Start::Offset(0), End::Never);
    ScanSpec { columns: None, buckets: Vec::new(), partitions: Vec::new(), start, end }
}

/// Starts a scan of all buckets, with demand for all that may come.
fn scan(host: &mut Host, table: TableHandle) {
    let ticket = host.call(|engine, now| engine.scan(now, table, follow())).expect("it fits");
    host.inputs.push(Input::Demand { ticket, bytes: 1 << 40 });
    host.settle();
}

/// A batch of one row as the model keeps it.
fn batch(host: &mut Host, table: TableHandle, name: &str) -> Vec<u8> {
    host.submit(table, Operation::Append, &[1]);
    host.settle();
    host.cluster.table(name).buckets[0].batches[0].2.clone()
}

/// A batch arrives in the first bucket of a table whose fetch waits for it: from the answer to the rows and the next fetch.
fn fetched(mut host: Host, name: &str, bytes: &[u8]) -> Figure {
    measure(&mut host, |host| {
        host.events.clear();
        let bucket = &mut host.cluster.table(name).buckets[0];
        bucket.append(bytes, 1).expect("it is whole");
        // The model need not keep them all.
        bucket.batches.drain(..bucket.batches.len() - 1);
        host.answer_waiting();
        host.settle();
        let [Event::Rows { scanned: Scanned { body: Piece::Held(body), .. }, .. }] = host.events[..] else {
            panic!("{:?}", host.events)
        };
        host.inputs.push(Input::Consumed(body.buffer));
    })
}

fn fetch(buckets: usize, others: i32) -> Figure {
    let mut host = Host::new(|settings| settings.write.idempotent = false);
    let quick = host.table("quick", 1, NEAR, |_| {});
    let bytes = batch(&mut host, quick, "quick");
    let table = host.table("log", buckets as u32 + 1, others, |_| {});
    // The engine asks anew who leads.
    host.cluster.table("log").buckets[0].leader = Some(NEAR);
    let bucket = Bucket { partition: None, bucket: 0 };
    assert!(host.call(|engine, now| engine.limit_scan(now, table, bucket, 1)).is_ok());
    for _ in 0..4 {
        host.now += 1_000_000;
        host.settle();
    }
    scan(&mut host, table);
    fetched(host, "log", &bytes)
}

fn fetch_among_scans(scans: usize) -> Figure {
    let mut host = Host::new(|settings| settings.write.idempotent = false);
    let quick = host.table("quick", 1, NEAR, |_| {});
    let bytes = batch(&mut host, quick, "quick");
    scan(&mut host, quick);
    for other in 0..scans {
        let table = host.table(&format!("other{other}"), 1, FAR, |_| {});
        host.far = Far::Silent;
        scan(&mut host, table);
        host.far = Far::Answers;
    }
    host.settle();
    fetched(host, "quick", &bytes)
}

fn lookup(buckets: usize, tables: usize) -> Figure {
    let mut host = Host::new(|_| {});
    let keyed = |host: &mut Host, number: usize| {
        host.table(&format!("keyed{number}"), buckets as u32, NEAR, |table| {
            table.schema.primary_key = vec![0];
            table.bucket_keys = vec!["id".into()];
        })
    };
    let opened: Vec<TableHandle> = (0..tables).map(|number| keyed(&mut host, number)).collect();
    for table in &opened {
        host.submit(*table, Operation::Lookup(false), &(0..buckets as i64).collect::<Vec<_>>());
        host.settle();
    }
    measure(&mut host, |host| {
        host.events.clear();
        host.submit(opened[0], Operation::Lookup(false), &[7]);
        host.settle();
        assert!(matches!(host.events[..], [Event::Found { result: Ok(_), .. }]), "{:?}", host.events);
    })
}

fn open_one_more(tables: usize) -> Figure {
    let mut host = Host::new(|_| {});
    for table in 0..tables {
        host.table(&format!("open{table}"), 1, NEAR, |_| {});
    }
    let mut number = 0;
    measure(&mut host, |host| {
        number += 1;
        host.table(&format!("more{number}"), 1, NEAR, |_| {});
    })
}

/// What is held for each of some things, in bytes: the difference that so many more make.
pub(crate) fn held() -> Vec<(&'static str, i64)> {
    let each = |few: usize, many: usize, held: &dyn Fn(usize) -> i64| (held(many) - held(few)) / (many - few) as i64;
    let followed = |buckets: usize| {
        let mut host = Host::new(|_| {});
        let table = host.table("log", buckets as u32, NEAR, |_| {});
        scan(&mut host, table);
        host.held()
    };
    let known = |buckets: usize| {
        let mut host = Host::new(|_| {});
        host.table("log", buckets as u32, NEAR, |_| {});
        host.held()
    };
    let tables = |tables: usize| {
        let mut host = Host::new(|_| {});
        for table in 0..tables {
            host.table(&format!("open{table}"), 1, NEAR, |_| {});
        }
        host.held()
    };
    vec![
        ("a bucket of an open table", each(1_000, 9_000, &known)),
        ("a bucket written before", each(1_000, 9_000, &|buckets| written(buckets, 1).0.held())),
        ("a bucket with a batch under way and rows behind it", each(1_000, 9_000, &|n| under_way(n, 1).0.held())),
        ("a bucket that a scan follows", each(1_000, 9_000, &followed)),
        ("an open table", each(100, 900, &tables)),
        ("a table written before", each(100, 900, &|tables| written(1, tables).0.held())),
        ("a partition written before", each(100, 900, &|count| partitions(count).0.held())),
    ]
}
