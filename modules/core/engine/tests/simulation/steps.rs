//! The engine's two calls: commands that are given together, and frames of which it reads what it needs.

use thalweg_contract::{Command, Error, ErrorCode, Operation};
use thalweg_wire::column::{Batch, Column, Values};

use crate::{
    scenarios::{ALL, scan, settle, world_with},
    world::{Handing, World, append, descriptor},
};

#[test]
fn of_the_rows_of_a_scan_the_engine_reads_next_to_nothing() {
    for compression in ["NONE", "LZ4_FRAME"] {
        let (mut world, table) = world_with(3, 1, 2, compression);
        world.handing.head = Some(64);
        let mut open = Vec::new();
        for batch in 0..20 {
            // Numbers that do not compress.
            let ids: Vec<i64> = (batch * 10_000..batch * 10_000 + 10_000)
                .map(|id: i64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64))
                .collect();
            open.push((append(&mut world, table, &ids).expect("there is room"), ids));
            world.run(50_000);
        }
        let (mut placed, _) = settle(&mut world, open);
        placed.sort_unstable();
        world.handing = Handing { head: Some(64), ..Handing::default() };
        assert_eq!(scan(&mut world, table, ALL).expect("a scan"), placed);
        let Handing { carried, given, .. } = world.handing;
        assert!(carried > 1_600_000 && given < carried / 20, "{compression}: {given} of {carried} bytes were read");
        world.finish();
    }
}

#[test]
fn a_host_that_gives_too_few_bytes_ends_scans_or_connections_and_nothing_else() {
    for short in 2..12 {
        let (mut world, table) = world_with(short, 2, 2, "NONE");
        let ids: Vec<i64> = (0..5000).collect();
        let ticket = append(&mut world, table, &ids).expect("there is room");
        let (mut placed, _) = settle(&mut world, vec![(ticket, ids)]);
        placed.sort_unstable();
        world.handing = Handing { head: Some(10), short, ..Handing::default() };
        match scan(&mut world, table, ALL) {
            Ok(rows) => assert_eq!(rows, placed),
            Err(Error { code: ErrorCode::Corrupt(_) | ErrorCode::Unavailable(_), .. }) => {}
            Err(error) => panic!("{error}"),
        }
        world.handing.short = 0;
        assert_eq!(scan(&mut world, table, ALL).expect("a scan"), placed, "one in {short} reads");
        world.finish();
    }
}

#[test]
fn after_a_write_without_room_no_later_one_of_the_list_is_taken() {
    let mut world = World::new(1, 1, |settings| settings.write.buffer_limit = 20_000);
    world.cluster.create("t", descriptor(1, "NONE"));
    let (table, _) = world.open_table("t").expect("it is there");
    let (ids, offsets) = (vec![7i64; 1000], vec![0i32; 1001]);
    let rows = |rows: usize| {
        let id = Column { validity: None, values: Values::Int64(&ids[..rows]) };
        let text = Column { validity: None, values: Values::Spans { offsets: &offsets[..=rows], bytes: &[] } };
        Command { table, operation: Operation::Append, rows: Batch { rows, columns: vec![id, text] } }
    };
    let prefix = Command { operation: Operation::PrefixLookup, ..rows(1) };
    let taken = world.engine.submit(world.now, &[rows(1000), rows(1000), prefix, rows(10), rows(1)]);
    let full =
        |taken: &Result<u64, Error>| matches!(taken, Err(Error { code: ErrorCode::Full { .. }, retriable: true }));
    assert!(taken[0].is_ok() && full(&taken[1]) && full(&taken[3]) && full(&taken[4]), "{taken:?}");
    assert!(
        matches!(&taken[2], Err(Error { code: ErrorCode::Invalid(_), .. })),
        "a lookup is judged by itself: {taken:?}"
    );
    let again = world.engine.submit(world.now, &[rows(10), rows(1)]);
    let tickets = [&taken[0], &again[0], &again[1]].map(|taken| *taken.as_ref().expect("there is room"));
    let open = tickets.into_iter().zip([1000, 10, 1]).map(|(ticket, rows)| (ticket, ids[..rows].to_vec()));
    let (placed, failed) = settle(&mut world, open.collect());
    assert_eq!((placed.len(), failed.len()), (1011, 0));
    assert!(world.engine.submit(world.now, &[]).is_empty());
    world.finish();
}
