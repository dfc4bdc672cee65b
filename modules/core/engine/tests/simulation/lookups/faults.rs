//! Lookups while connections break, leaders move, servers fall silent, and time runs out.

use std::collections::HashMap;

use thalweg_contract::{Error, ErrorCode, Event, Found, TableHandle, Ticket};
use thalweg_wire::record::BucketRule;

use crate::{
    lookups::{Key, Rows, answer, by_key, expected, keyed, put, world_with},
    world::{Faults, World},
};

const SECOND: u64 = 1_000_000;

/// Some keys, of which those with an id below 300 are there.
fn some(from: i64, count: i64) -> Vec<Key> {
    (from..from + count)
        .map(|at| if at % 2 == 0 { "a" } else { "b" })
        .zip(from..)
        .map(|(day, id)| (day, id, 1))
        .collect()
}

/// The leaders of all buckets move on.
fn move_leaders(world: &mut World) {
    let table = world.cluster.table("k");
    let partitions = table.partitions.values_mut().flat_map(|partition| &mut partition.buckets);
    for bucket in table.buckets.iter_mut().chain(partitions) {
        bucket.leader = bucket.leader.map(|leader| (leader + 1) % 3);
    }
}

fn look_up(world: &mut World, table: TableHandle, keys: &[Key], partitioned: bool) -> Ticket {
    let ticket = world.lookup(table, &Rows::new(keys).keys(partitioned), false).expect("keys");
    world.carry_out();
    ticket
}

fn found(world: &World) -> Vec<(Vec<Ticket>, Result<Found, Error>)> {
    let found = world.events.iter().filter_map(|event| match event {
        Event::Found { tickets, result } => Some((tickets.clone(), result.clone())),
        _ => None,
    });
    found.collect()
}

#[test]
fn every_lookup_is_answered_once_and_right_whatever_breaks() {
    let mut most = [1, 1];
    for seed in 0..30 {
        let partitions = if seed % 2 == 0 { &[][..] } else { &["a", "b"] };
        let (mut world, table) = world_with(seed, partitions, |lookup| {
            lookup.in_flight = 1 + (seed % 3) as u32;
            lookup.request_keys = 1 + (seed % 20) as u32;
        });
        if seed % 3 == 0 {
            world.engine.answer_together();
        }
        put(&mut world, "k", &some(0, 300), BucketRule::Fluss);
        world.faults = Faults { cut: 60, silence: 10, refusal: 100, ..Faults::default() };
        let mut open = Vec::new();
        for round in 0..120 {
            let keys = some(round * 13 % 290, 1 + round % 30);
            if seed % 4 < 2 {
                open.push((look_up(&mut world, table, &keys, !partitions.is_empty()), keys));
            } else {
                let rows = Rows::new(&keys);
                let first = world.look_up_each(table, &rows.keys(!partitions.is_empty()), false).expect("keys");
                world.carry_out();
                open.extend((first..).zip(keys).map(|(ticket, key)| (ticket, vec![key])));
            }
            world.run(1000 * (1 + seed % 7));
            if round % 20 == 19 {
                move_leaders(&mut world);
            }
        }
        world.faults = Faults::default();
        world.run(70 * SECOND);
        let mut left: HashMap<Ticket, Vec<Key>> = open.into_iter().collect();
        for (tickets, result) in found(&world) {
            let most = &mut most[usize::from(seed % 3 == 0)];
            *most = tickets.len().max(*most);
            let found = by_key(&world, result.expect("the faults were over long before the deadline"));
            let keys = tickets.iter().flat_map(|ticket| left.remove(ticket).expect("each once"));
            assert_eq!(found, expected(&keys.collect::<Vec<_>>(), |key| key.1 < 300), "seed {seed}");
        }
        assert!(left.is_empty(), "seed {seed}: without an answer: {left:?}");
        world.finish();
    }
    assert!(most[0] == 1 && most[1] > 1, "{most:?} are answered together");
}

#[test]
fn what_has_no_answer_by_its_deadline_says_why() {
    let silent: fn(&mut World) = |world| world.silent.extend(0..3);
    let leaderless: fn(&mut World) = |world| {
        world.cluster.table("k").buckets.iter_mut().for_each(|bucket| bucket.leader = None);
    };
    let garbage: fn(&mut World) = |world| world.faults.garbage = Some(&[9, 9, 9]);
    for (fault, expected) in [(silent, "in time"), (leaderless, ""), (garbage, "broke the protocol")] {
        let (mut world, table) = world_with(7, &[], |_| {});
        fault(&mut world);
        let begin = world.now;
        let ticket = look_up(&mut world, table, &some(0, 10), false);
        let error = answer(&mut world, ticket).expect_err("nobody answers");
        assert!(error.retriable && error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(world.now - begin, 60 * SECOND, "{error}");
        world.faults.garbage = None;
        world.finish();
    }
}

#[test]
fn lookups_end_with_their_table_their_ticket_and_the_engine() {
    let (mut world, table) = world_with(7, &[], |_| {});
    world.cluster.create("u", keyed(2, false));
    let (other, _) = world.open_table("u").expect("it is there");
    world.silent.extend(0..3);
    let cancelled = look_up(&mut world, table, &some(0, 10), false);
    world.engine.cancel(world.now, cancelled);
    let waiting = look_up(&mut world, other, &some(0, 10), false);
    world.run(SECOND);
    assert_eq!(found(&world), []);
    world.engine.close(world.now, world.now + SECOND);
    let error = answer(&mut world, waiting).expect_err("the engine is closed");
    assert_eq!(error.code, ErrorCode::Closed);
    world.run(SECOND);
    assert_eq!(found(&world), []);

    let (mut world, table) = world_with(7, &[], |_| {});
    world.cluster.tables.clear();
    let ticket = look_up(&mut world, table, &some(0, 10), false);
    let error = answer(&mut world, ticket).expect_err("the table is gone");
    assert!(!error.retriable && world.now < 10 * SECOND, "{error}");
    let rows = Rows::new(&some(0, 1));
    assert!(world.lookup(table, &rows.keys(false), false).is_err());
    world.finish();
}

#[test]
fn a_server_without_prefix_lookup_is_named() {
    let (mut world, table) = world_with(7, &[], |_| {});
    world.cluster.lacking.push(thalweg_wire::message::ApiKey::PrefixLookup);
    let rows = Rows::new(&some(0, 2));
    let ticket = world.prefix_lookup(table, &rows.prefixes(false)).expect("prefixes");
    let error = answer(&mut world, ticket).expect_err("it is not there");
    assert!(matches!(&error.code, ErrorCode::Unsupported(text) if text.contains("PREFIX_LOOKUP")), "{error}");
    world.finish();
}
