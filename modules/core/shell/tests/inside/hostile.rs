//! Frames and bytes that should not be: the connection ends with a reason, and nothing is held for it.

use bytes::Bytes;
use proptest::prelude::*;
use thalweg_contract::{
    BufferId, Buffers, Command, Error, ErrorCode, Event, Frame, HostOptions, Input, Operation, RowForm, TablePath,
    WorkOutput, Workplace,
};
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::{Schema, TableDescriptor},
};

use crate::host::{Feed, Host};

const INSIDE: HostOptions = HostOptions { work: Workplace::Inside, rows: RowForm::Columns };

/// A host whose first connection was made, and its number.
fn connected(options: HostOptions) -> (Host, u32) {
    let mut host = Host::new(options, Feed::Bytes(1 << 16), |settings| {
        settings.connection.frame_limit = 10_000;
        settings.connection.command_timeout = std::time::Duration::from_secs(3);
    });
    host.shell.open_table(0, TablePath { database: "db".into(), table: "t".into() });
    host.step();
    let connection = *host.links.keys().next().expect("it connects");
    host.give(Input::Connected(connection));
    host.step();
    (host, connection)
}

/// What the user was told of the table that it wants.
fn refusal(host: &mut Host) -> Error {
    host.event(|event| match event {
        Event::Opened { result, .. } => Some(result.clone().map(drop).expect_err("no server answers")),
        _ => None,
    })
}

#[test]
fn a_frame_that_is_too_long_or_negative_ends_its_connection_with_a_reason() {
    for (length, reason) in
        [(10_001, "longer than the limit of 10000 bytes"), (i32::MAX, "`frame_limit`"), (-1, "-1 bytes")]
    {
        let (mut host, connection) = connected(INSIDE);
        let prefix = Bytes::copy_from_slice(&length.to_be_bytes());
        for byte in prefix.chunks(1) {
            host.give(Input::Bytes { connection, bytes: prefix.slice_ref(byte) });
            host.step();
        }
        assert_eq!(host.closed, [connection]);
        // What comes behind is of no use any more.
        host.give(Input::Bytes { connection, bytes: Bytes::from(vec![0; 5000]) });
        host.step();
        assert_eq!((host.shell.footprint().bytes, host.closed.len()), (0, 1));
        // Other tries meet a server that is not there.
        host.cluster.servers.clear();
        while host.events.is_empty() {
            let links: Vec<u32> = host.links.keys().copied().collect();
            for link in links {
                host.give(Input::Bytes { connection: link, bytes: prefix.clone() });
            }
            assert!(host.go_on());
        }
        let error = refusal(&mut host);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn bytes_without_work_inside_end_the_connection() {
    let (mut host, connection) = connected(HostOptions { work: Workplace::Outside, rows: RowForm::Message });
    host.give(Input::Bytes { connection, bytes: Bytes::from_static(&[0, 0, 0, 1, 7]) });
    host.step();
    assert_eq!(host.closed, [connection]);
}

/// A host that lost what it held.
struct Empty;

impl Buffers for Empty {
    fn read(&mut self, _: BufferId, _: u32, _: u32) -> Bytes {
        Bytes::new()
    }
}

#[test]
fn what_a_host_says_of_buffers_that_it_does_not_hold_means_nothing_inside() {
    let (mut host, connection) = connected(INSIDE);
    let before = host.shell.footprint();
    let output = |buffer| WorkOutput::Encoded { buffer, lengths: vec![1], checksum: 0 };
    for number in (0..20).chain([u64::MAX]) {
        host.give(Input::Consumed(number));
        host.give(Input::Done { work: number, output: output(number) });
        host.give(Input::Done { work: number, output: WorkOutput::Decoded { buffer: Some(number), checksum: 0 } });
    }
    host.step();
    assert_eq!((host.shell.footprint(), host.closed.len()), (before, 0));
    // A frame of which the host has only the head is damaged, not waited for.
    let frame = |length| Input::Received(Frame { connection, buffer: 1, length, head: Bytes::from_static(&[0, 0]) });
    let actions = host.shell.step(host.now, [frame(100)], &mut Empty);
    assert!(actions.iter().any(|action| matches!(action, thalweg_contract::Action::Close { .. })), "{actions:?}");
    let (mut host, connection) = connected(INSIDE);
    let frame = |length| Input::Received(Frame { connection, buffer: 1, length, head: Bytes::from_static(&[0, 0]) });
    let actions = host.shell.step(host.now, [frame(u32::MAX)], &mut Empty);
    assert!(actions.iter().any(|action| matches!(action, thalweg_contract::Action::Close { .. })), "{actions:?}");
    assert_eq!(host.shell.footprint().buffers, 0);
}

#[test]
fn a_body_whose_parts_begin_anywhere_is_put_in_order_and_one_that_repeats_itself_is_refused() {
    for (shift, repeat) in [(1, 1), (3, 1), (0, 1), (1, 400)] {
        let mut host = Host::new(INSIDE, Feed::Bytes(100), |settings| settings.scan.batch_limit = 100_000);
        let columns: Vec<String> = (0..repeat).map(|at| format!("c{at} BIGINT")).collect();
        let mut descriptor = TableDescriptor::new(Schema::parse_sql(&columns.join(", ")).expect("columns"));
        descriptor.bucket_count = Some(1);
        host.cluster.create("t", descriptor);
        let ids: Vec<i64> = (0..100).collect();
        let batch = crate::unkind::batch(repeat, &ids, shift);
        host.cluster.table("t").buckets[0].append(&batch, 1).expect("a server takes it");
        let table = host.open_table("t");
        let spec = thalweg_contract::ScanSpec {
            columns: None,
            buckets: Vec::new(),
            partitions: Vec::new(),
            start: thalweg_contract::Start::Earliest,
            end: thalweg_contract::End::Latest,
        };
        let ticket = host.shell.scan(host.now, table, spec).expect("it fits");
        host.give(Input::Demand { ticket, bytes: u64::MAX });
        let mut rows = Vec::new();
        let result = loop {
            match host.event(|event| Some(event.clone())) {
                Event::Rows { scanned, .. } => rows.push(scanned),
                Event::Ended { result, .. } => break result,
                other => panic!("not expected: {other:?}"),
            }
        };
        if repeat > 1 {
            let error = result.expect_err("400 columns in one");
            assert!(matches!(&error.code, ErrorCode::Corrupt(text) if text.contains("lie in each other")), "{error}");
            assert!(rows.is_empty());
        } else {
            result.expect("it is sound");
            let [scanned] = &rows[..] else { panic!("{rows:?}") };
            let thalweg_contract::Layout::Columns(parts) = &scanned.layout else { panic!("columns") };
            let values = parts[0].values.expect("numbers");
            assert_eq!(values.offset % 8, 0);
            let body = host.piece(&scanned.body);
            let found = &body[values.offset as usize..(values.offset + values.length) as usize];
            let expected: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            assert_eq!(found, expected);
        }
        host.finish();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_of_a_server_end_its_connection_or_wait_for_more(
        parts in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 0..12),
    ) {
        let (mut host, connection) = connected(INSIDE);
        let mut came = 0;
        for (framed, part) in parts {
            let prefix = (part.len() as u32).to_be_bytes();
            let bytes = if framed { [&prefix[..], &part].concat() } else { part };
            came += bytes.len();
            host.give(Input::Bytes { connection, bytes: Bytes::from(bytes) });
            host.step();
            prop_assert!(host.shell.footprint().bytes <= 2 * came + 16);
            prop_assert_eq!(host.shell.footprint().buffers, 0);
        }
    }
}

#[test]
fn commands_that_do_not_fit_leave_nothing_behind() {
    let (mut host, _) = connected(INSIDE);
    let rows = Batch { rows: 1, columns: vec![Column { validity: None, values: Values::Int64(&[1]) }] };
    let command = |operation| Command { table: 7, operation, rows: rows.clone() };
    let operations = [Operation::Append, Operation::Lookup(false), Operation::PrefixLookup, Operation::Delete];
    let refused = host.shell.submit(host.now, &operations.map(command));
    assert!(refused.iter().all(Result::is_err));
    assert_eq!(host.shell.footprint().reading, 0);
}
