//! Keys that come together, each a lookup of its own: none waits for another.

use thalweg_contract::{Command, ErrorCode, Operation};

use super::*;
use crate::world::Faults;

const SECOND: u64 = 1_000_000;

/// What each of these lookups found, or the error's text; `None`: it has no answer.
fn answers(world: &World, first: Ticket, count: u64) -> Vec<Option<Result<Vec<Option<i64>>, String>>> {
    let of = |ticket: Ticket| {
        let mut own = world.events.iter().filter_map(|event| match event {
            Event::Found { tickets, result } => {
                Some((tickets.iter().position(|other| *other == ticket)?, result.clone()))
            }
            _ => None,
        });
        let answer = own.next();
        assert!(own.next().is_none(), "ticket {ticket} has two answers");
        let (at, result) = answer?;
        Some(result.map(|found| by_key(world, found).swap_remove(at)).map_err(|error| error.to_string()))
    };
    (first..first + count).map(of).collect()
}

#[test]
fn a_key_does_not_wait_for_those_that_nobody_has() {
    let (mut world, table) = world_with(3, &[], |_| {});
    let keys: Vec<Key> = (0..50).map(|id| ("a", id, 1)).collect();
    put(&mut world, "k", &keys[..40], BucketRule::Fluss);
    // One bucket has no leader for a while.
    let lost = world.cluster.table("k").buckets[2].leader.take();
    assert!(lost.is_some());
    let first = world.look_up_each(table, &Rows::new(&keys).keys(false), false).expect("keys");
    world.run(SECOND);
    let told = answers(&world, first, 50);
    let waiting = told.iter().filter(|answer| answer.is_none()).count();
    assert!((1..50).contains(&waiting), "those of one bucket of five wait: {waiting}");
    world.cluster.table("k").buckets[2].leader = lost;
    world.run(20 * SECOND);
    let expected = expected(&keys, |key| key.1 < 40);
    let found: Vec<_> =
        answers(&world, first, 50).into_iter().map(|answer| answer.expect("told").expect("found")).collect();
    assert_eq!(found, expected);
    world.finish();
}

#[test]
fn one_is_cancelled_and_the_others_go_on_to_their_answer_or_deadline() {
    let (mut world, table) = world_with(3, &[], |_| {});
    let keys: Vec<Key> = (0..4).map(|id| ("a", id, 1)).collect();
    // What the server says of a key that nobody waits for any more is left out.
    let first = world.look_up_each(table, &Rows::new(&keys).keys(false), false).expect("keys");
    world.carry_out();
    world.engine.cancel(world.now, first + 2);
    world.run(10 * SECOND);
    let told: Vec<_> = answers(&world, first, 4).iter().map(Option::is_some).collect();
    assert_eq!(told, [true, true, false, true]);
    world.faults = Faults { silence: 1000, ..Faults::default() };
    let first = world.look_up_each(table, &Rows::new(&keys).keys(false), false).expect("keys");
    world.carry_out();
    world.engine.cancel(world.now, first + 1);
    world.run(200 * SECOND);
    let told = answers(&world, first, 4);
    assert!(told[1].is_none(), "{told:?}");
    for at in [0, 2, 3] {
        assert!(matches!(&told[at], Some(Err(text)) if text.contains("no answer to a lookup in db.k")), "{told:?}");
    }
    world.faults = Faults::default();
    let first = world.look_up_each(table, &Rows::new(&keys).keys(false), false).expect("keys");
    (0..4).for_each(|at| world.engine.cancel(world.now, first + at));
    world.run(SECOND);
    assert!(answers(&world, first, 4).iter().all(Option::is_none));
    world.finish();
}

#[test]
fn keys_of_partitions_that_are_missing_have_no_rows_and_those_of_others_theirs() {
    let (mut world, table) = world_with(11, &["a"], |_| {});
    let keys: [Key; 4] = [("a", 1, 1), ("new", 1, 1), ("a", 2, 1), ("new", 7, 1)];
    put(&mut world, "k", &[keys[0]], BucketRule::Fluss);
    let first = world.look_up_each(table, &Rows::new(&keys).keys(true), false).expect("keys");
    world.run(5 * SECOND);
    let told: Vec<_> =
        answers(&world, first, 4).into_iter().map(|answer| answer.expect("told").expect("found")).collect();
    assert_eq!(told, expected(&keys, |key| *key == keys[0]));
    world.finish();
}

#[test]
fn what_fluss_rs_misplaced_is_found_key_by_key() {
    let (mut world, table) = world_with(13, &[], |lookup| lookup.misplaced = true);
    let keys: Vec<Key> = (0..500).map(|id| ("a", id, 1)).collect();
    put(&mut world, "k", &keys[..250], BucketRule::FlussRs);
    put(&mut world, "k", &keys[250..400], BucketRule::Fluss);
    let first = world.look_up_each(table, &Rows::new(&keys).keys(false), false).expect("keys");
    world.run(5 * SECOND);
    let told: Vec<_> =
        answers(&world, first, 500).into_iter().map(|answer| answer.expect("told").expect("found")).collect();
    assert_eq!(told, expected(&keys, |key| key.1 < 400));
    world.finish();
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let (mut world, table) = world_with(3, &[], |_| {});
    let rows = Rows::new(&[("a", 1, 1)]);
    let mut refused = |operation, rows: Batch<'_>| {
        let command = Command { table, operation, rows };
        match world.engine.look_up_each(world.now, &command).expect_err("it does not fit").code {
            ErrorCode::Invalid(text) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(Operation::Lookup(false), Rows::new(&[]).keys(false)), "there are no keys to be looked up");
    assert!(refused(Operation::Append, rows.keys(false)).contains("no lookup"));
    assert!(refused(Operation::Lookup(false), rows.prefixes(false)).contains("keys of db.k are given in the columns"));
    world.finish();
}
