//! Logs that hold more than appended rows of one schema: changes of keys, single rows, and older and newer schemas.

use thalweg_contract::{Error, ErrorCode, Event, ScanSpec, Scanned, Start, TableHandle};
use thalweg_wire::{
    record::{
        ChangeType::{Append, Delete, Insert, UpdateAfter, UpdateBefore},
        RowFormat,
    },
    table::{Schema, TableDescriptor},
};

use crate::{
    batches::{arrow_batch, row_batch},
    scenarios::ALL,
    world::{World, descriptor, numbers},
};

/// Scans until the end.
fn scan(world: &mut World, table: TableHandle, spec: ScanSpec) -> Result<Vec<Scanned>, Error> {
    let ticket = world.engine.scan(world.now, table, spec)?;
    world.demand(ticket, u64::MAX);
    let mut all = Vec::new();
    loop {
        let next = world.event(|event| match event {
            Event::Rows { ticket: of, scanned } if *of == ticket => Some(Ok(scanned.clone())),
            Event::Ended { ticket: of, result } if *of == ticket => Some(Err(result.clone())),
            _ => None,
        });
        match next {
            Ok(scanned) => all.push(scanned),
            Err(result) => return result.map(|()| all),
        }
    }
}

/// A table with one bucket, and these batches in it.
fn world_with(seed: u64, descriptor: TableDescriptor, batches: &[Vec<u8>]) -> (World, TableHandle) {
    let mut world = World::new(seed, 1, |_| {});
    world.cluster.create("t", descriptor);
    fill(&mut world, batches);
    let (table, _) = world.open_table("t").expect("it is there");
    (world, table)
}

fn fill(world: &mut World, batches: &[Vec<u8>]) {
    for batch in batches {
        world.cluster.clock += 1;
        let clock = world.cluster.clock;
        world.cluster.table("t").buckets[0].append(batch, clock).expect("it is sound");
    }
}

fn schema(sql: &str) -> Schema {
    Schema::parse_sql(sql).expect("columns")
}

/// The numbers in a column of all rows, in order.
fn column(world: &World, scanned: &[Scanned], column: usize) -> Vec<Option<i64>> {
    scanned.iter().flat_map(|scanned| numbers(world, scanned, column)).collect()
}

fn some(numbers: impl IntoIterator<Item = i64>) -> Vec<Option<i64>> {
    numbers.into_iter().map(Some).collect()
}

fn finish(mut world: World, scanned: &[Scanned]) {
    scanned.iter().for_each(|scanned| world.consume(scanned));
    world.finish();
}

#[test]
fn the_changes_of_a_keyed_table_are_scanned() {
    let mut keyed = descriptor(1, "NONE");
    keyed.schema = schema("id BIGINT NOT NULL, text STRING");
    keyed.schema.primary_key = vec![0];
    let batches = [
        arrow_batch(&keyed.schema, 1, &[1, 2, 3], Some(&[Insert; 3])),
        // A batch of keys that changes nothing takes an offset up.
        arrow_batch(&keyed.schema, 1, &[], Some(&[])),
        arrow_batch(&keyed.schema, 1, &[2, 2, 3], Some(&[UpdateBefore, UpdateAfter, Delete])),
    ];
    let (mut world, table) = world_with(1, keyed, &batches);
    let all = scan(&mut world, table, ALL).expect("a scan");
    let seen: Vec<_> = all.iter().map(|part| (part.offset, part.rows, part.changes.clone())).collect();
    assert_eq!(seen, [(0, 3, Some(vec![Insert; 3])), (4, 3, Some(vec![UpdateBefore, UpdateAfter, Delete]))]);
    assert_eq!(column(&world, &all, 0), some([1, 2, 3, 2, 2, 3]));
    let part = scan(&mut world, table, ScanSpec { start: Start::Offset(5), ..ALL }).expect("a scan");
    assert_eq!((part[0].offset, part[0].rows, part[0].changes.clone()), (5, 2, Some(vec![UpdateAfter, Delete])));
    assert_eq!(column(&world, &part, 0), some([2, 3]));
    finish(world, &[all, part].concat());
}

#[test]
fn logs_of_single_rows_are_scanned() {
    for (name, format) in [("INDEXED", RowFormat::Indexed), ("compacted", RowFormat::Compacted)] {
        let mut rows = descriptor(1, "NONE");
        rows.properties.insert("table.log.format".into(), name.into());
        let batch = |ids: &[i64], change| row_batch(&rows.schema, 1, format, ids, change);
        let batches =
            [batch(&[1, 2, 3], Append), batch(&[4, 5], UpdateAfter), batch(&(6..1000).collect::<Vec<_>>(), Append)];
        let (mut world, table) = world_with(2, rows.clone(), &batches);
        let all = scan(&mut world, table, ALL).expect("a scan");
        assert_eq!(column(&world, &all, 0), some(1..1000), "{name}");
        assert_eq!(
            all.iter().map(|part| part.changes.clone()).collect::<Vec<_>>(),
            [None, Some(vec![UpdateAfter; 2]), None]
        );
        let spec = ScanSpec { columns: Some(vec![0]), start: Start::Offset(4), ..ALL };
        let part = scan(&mut world, table, spec).expect("a scan");
        assert_eq!(column(&world, &part, 0), some(5..1000), "{name}: the engine projects");
        assert_eq!((part[0].offset, part[0].first, part[0].rows), (4, 0, 1));
        // The last row but one is cut: its checksum is wrong, and nothing behind it is given.
        let bytes = &mut world.cluster.table("t").buckets[0].batches[1].2;
        *bytes.last_mut().expect("it has bytes") ^= 1;
        let error = scan(&mut world, table, ALL).expect_err("a row is not what it was");
        assert!(matches!(&error.code, ErrorCode::Corrupt(text) if text.contains("offset 3 of bucket 0")), "{error}");
        world.consume_all();
        finish(world, &[all, part].concat());
    }
}

#[test]
fn rows_that_would_take_too_much_are_refused() {
    let mut rows = descriptor(1, "NONE");
    rows.properties.insert("table.log.format".into(), "COMPACTED".into());
    rows.schema = schema(&(0..200).map(|at| format!("n{at} BIGINT")).collect::<Vec<_>>().join(", "));
    // Rows of nulls: 25 bytes each, and 1600 as columns.
    let mut nulls = thalweg_wire::record::LogRowsBuilder::new();
    (0..2000).for_each(|_| nulls.push(Append, &[0xff; 25]).expect("it is short"));
    let (records, body) = (nulls.records(), nulls.into_bytes());
    let content = thalweg_wire::record::RowsContent {
        schema_id: 1,
        writer: thalweg_wire::record::NO_WRITER,
        records,
        append_only: true,
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    };
    let head = thalweg_wire::record::BatchHead::of_rows(&content).expect("it is short");
    let mut world = World::new(1, 1, |settings| settings.scan.batch_limit = 1 << 20);
    world.cluster.create("t", rows);
    fill(&mut world, &[[head.bytes(), &body].concat()]);
    let (table, _) = world.open_table("t").expect("it is there");
    let error = scan(&mut world, table, ALL).expect_err("it is too much");
    assert!(error.to_string().contains("at most 1048576 are allowed"), "{error}");
    world.finish();
}

#[test]
fn rows_of_other_schemas_are_read_as_the_table_was_opened() {
    let old = descriptor(1, "NONE").schema;
    let new = schema("id BIGINT, text STRING, more BIGINT");
    let newer = schema("id BIGINT, text STRING, more BIGINT, most BIGINT");
    for format in [None, Some(("INDEXED", RowFormat::Indexed)), Some(("COMPACTED", RowFormat::Compacted))] {
        let mut table = descriptor(1, "NONE");
        table.properties.extend(format.map(|(name, _)| ("table.log.format".to_owned(), name.to_owned())));
        let batch = |schema: &Schema, id, ids: &[i64]| match format {
            None => arrow_batch(schema, id, ids, None),
            Some((_, format)) => row_batch(schema, id, format, ids, Append),
        };
        let mut world = World::new(3, 1, |_| {});
        world.cluster.create("t", table);
        fill(&mut world, &[batch(&old, 1, &[1, 2, 3]), batch(&old, 1, &[4, 5])]);
        world.cluster.alter("t", new.clone());
        fill(&mut world, &[batch(&new, 2, &[6, 7])]);
        let (table, info) = world.open_table("t").expect("it is there");
        assert_eq!(info.schema_id, 2);
        world.cluster.alter("t", newer.clone());
        fill(&mut world, &[batch(&newer, 3, &[8, 9]), batch(&old, 1, &[10, 11])]);
        let mut given = Vec::new();
        for (columns, places) in
            [(None, vec![0, 2]), (Some(vec![0, 2]), vec![0, 1]), (Some(vec![2]), vec![0]), (Some(vec![0]), vec![0])]
        {
            let spec = ScanSpec { columns: columns.clone(), ..ALL };
            let all = scan(&mut world, table, spec).expect("a scan");
            let (before, more) = ([None; 5], [Some(6), Some(7), Some(8), Some(9), None, None]);
            let more = [&before[..], &more].concat();
            for place in places {
                let added = columns.as_ref().map_or(place, |columns| columns[place] as usize) == 2;
                let expected = if added { more.clone() } else { some(1..12) };
                assert_eq!(column(&world, &all, place), expected, "{format:?} {columns:?} {place}");
            }
            given.extend(all);
        }
        let asked = world.cluster.calls["GET_TABLE_SCHEMA"];
        assert_eq!(asked, 2, "each schema is asked for once");
        finish(world, &given);
    }
}

#[test]
fn rows_of_a_schema_that_cannot_be_had_or_does_not_fit_fail_the_scan() {
    let old = descriptor(1, "NONE").schema;
    let (mut world, table) = world_with(4, descriptor(1, "NONE"), &[arrow_batch(&old, 7, &[1], None)]);
    let error = scan(&mut world, table, ALL).expect_err("there is no schema 7");
    assert!(matches!(error.code, ErrorCode::Server { code: 9, .. }), "{error}");
    let mut other = schema("id INT, text STRING");
    other.columns[0].id = old.columns[0].id;
    world.cluster.table("t").schemas.insert(7, other);
    let error = scan(&mut world, table, ALL).expect_err("the column has another type");
    assert!(matches!(&error.code, ErrorCode::Unsupported(text) if text.contains("id does not fit")), "{error}");
    world.finish();
}
