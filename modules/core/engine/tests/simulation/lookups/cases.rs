//! What lookups find: whole keys and prefixes, rows of older schemas, and what does not fit.

use thalweg_contract::{Error, ErrorCode, Ticket};
use thalweg_wire::{column::Column, record::BucketRule, table::TableDescriptor};

use super::*;
use crate::world::{World, descriptor};

#[test]
fn each_key_gets_its_row_in_the_order_of_the_keys() {
    for partitions in [&[][..], &["a", "b"]] {
        let (mut world, table) = world_with(3, partitions, |lookup| lookup.request_keys = 7);
        let day = |id: i64| if id % 3 == 0 { "a" } else { "b" };
        let there: Vec<Key> = (0..200).map(|id| (day(id), id, 1)).collect();
        put(&mut world, "k", &there, BucketRule::Fluss);
        // Some are not there, some come twice, and none is in order.
        let keys: Vec<Key> = (0..400).map(|at| at * 7919 % 300).map(|id| (day(id), id, 1)).collect();
        let found = look_up(&mut world, table, &keys, !partitions.is_empty());
        assert_eq!(found, expected(&keys, |key| key.1 < 200));
        assert_eq!(look_up(&mut world, table, &[], !partitions.is_empty()), Vec::<Vec<_>>::new());
        assert!(world.cluster.looked_up.iter().all(|keys| *keys <= 7), "{:?}", world.cluster.looked_up);
        world.finish();
    }
}

#[test]
fn a_lookup_leaves_at_once_and_what_comes_meanwhile_leaves_together() {
    let (mut world, table) = world_with(5, &[], |lookup| lookup.in_flight = 1);
    // One bucket, so that one server has them all.
    world.cluster.create("one", keyed(1, false));
    let (one, _) = world.open_table("one").expect("it is there");
    let keys: Vec<Key> = (0..100).map(|id| ("a", id, 0)).collect();
    put(&mut world, "one", &keys, BucketRule::Fluss);
    let lookup = |world: &mut World, key: Key| {
        let ticket = world.lookup(one, &Rows::new(&[key]).keys(false), false).expect("a key");
        world.carry_out();
        ticket
    };
    // The first opens the connection.
    let first = lookup(&mut world, keys[0]);
    assert_eq!(answer(&mut world, first).expect("it is there"), [[Some(0)]]);
    let before = world.now;
    let alone = lookup(&mut world, keys[1]);
    let together: Vec<Ticket> = keys[2..].iter().map(|key| lookup(&mut world, *key)).collect();
    assert_eq!(answer(&mut world, alone).expect("it is there"), [[Some(100)]]);
    assert!(world.now - before <= 1_000, "a round trip and no more: {}", world.now - before);
    for (ticket, key) in together.into_iter().zip(&keys[2..]) {
        assert_eq!(answer(&mut world, ticket).expect("it is there"), expected(&[*key], |_| true));
    }
    assert_eq!(world.cluster.looked_up, [1, 1, 98]);
    assert_eq!(look_up(&mut world, table, &keys[..1], false), [[]], "tables do not mix");
    world.finish();
}

#[test]
fn of_lookups_that_are_answered_together_a_broken_one_fails_alone() {
    [false, true].into_iter().for_each(a_broken_one_fails_alone);
}

fn a_broken_one_fails_alone(each: bool) {
    let (mut world, _) = world_with(5, &[], |lookup| lookup.in_flight = 1);
    world.engine.answer_together();
    world.cluster.create("one", keyed(1, false));
    let (one, _) = world.open_table("one").expect("it is there");
    let keys: Vec<Key> = (0..20).map(|id| ("a", id, 0)).collect();
    put(&mut world, "one", &keys[..15], BucketRule::Fluss);
    let broken = world.cluster.table("one").buckets[0].found.values_mut().nth(7).expect("there are 15");
    broken.truncate(3);
    let tickets: Vec<Ticket> = match each {
        true => {
            let first = world.look_up_each(one, &Rows::new(&keys).keys(false), false).expect("keys");
            (first..).take(keys.len()).collect()
        }
        false => {
            let lookup = |key: &Key| world.lookup(one, &Rows::new(&[*key]).keys(false), false).expect("a key");
            keys.iter().map(lookup).collect()
        }
    };
    world.run(1_000_000);
    let found = world.events.iter().filter_map(|event| match event {
        Event::Found { tickets, result } => Some((tickets.clone(), result.clone())),
        _ => None,
    });
    let (mut failed, mut told) = (Vec::new(), Vec::new());
    for (of, result) in found.collect::<Vec<_>>() {
        let place = |ticket: &Ticket| tickets.iter().position(|other| other == ticket).expect("it was asked for");
        let keys: Vec<Key> = of.iter().map(|ticket| keys[place(ticket)]).collect();
        told.extend(of);
        match result {
            Ok(found) => assert_eq!(by_key(&world, found), expected(&keys, |key| key.1 < 15)),
            Err(error) => failed.push(error),
        }
    }
    told.sort_unstable();
    assert_eq!(told, tickets, "each has one answer");
    let [error] = &failed[..] else { panic!("one fails: {failed:?}") };
    assert!(matches!(&error.code, ErrorCode::Corrupt(text) if text.contains("for the key in row 0")), "{error}");
    world.finish();
}

#[test]
fn prefixes_find_every_row_that_begins_with_them() {
    for partitions in [&[][..], &["a", "b"]] {
        let (mut world, table) = world_with(9, partitions, |_| {});
        let there: Vec<Key> = (0..40).flat_map(|id| (0..id % 4).map(move |part| ("a", id, part as i32))).collect();
        put(&mut world, "k", &there, BucketRule::Fluss);
        let asked: Vec<Key> = [3, 0, 7, 3, 39, 1000].map(|id| ("a", id, 0)).to_vec();
        let prefixes = Rows::new(&asked);
        let prefixes = prefixes.prefixes(!partitions.is_empty());
        let ticket = world.prefix_lookup(table, &prefixes).expect("prefixes");
        let rows = |id: i64| (0..id % 4).map(|part| Some(n_of(id, part as i32))).collect::<Vec<_>>();
        let expected = [rows(3), rows(0), rows(7), rows(3), rows(39), vec![]];
        assert_eq!(answer(&mut world, ticket).expect("an answer"), expected);
        world.finish();
    }
}

#[test]
fn partitions_that_are_missing_appear_and_change_are_found() {
    let (mut world, table) = world_with(11, &["a"], |_| {});
    let keys: [Key; 3] = [("a", 1, 1), ("new", 1, 1), ("a", 2, 1)];
    put(&mut world, "k", &[keys[0], keys[2]], BucketRule::Fluss);
    assert_eq!(look_up(&mut world, table, &keys, true), expected(&keys, |key| key.0 == "a"));
    world.cluster.add_partition("k", "new");
    put(&mut world, "k", &keys, BucketRule::Fluss);
    assert_eq!(look_up(&mut world, table, &keys, true), expected(&keys, |_| true));
    // It comes again under another number.
    world.cluster.table("k").partitions.remove("new");
    world.cluster.add_partition("k", "new");
    put(&mut world, "k", &[("new", 1, 1)], BucketRule::Fluss);
    assert_eq!(look_up(&mut world, table, &keys, true), expected(&keys, |_| true));
    world.cluster.table("k").partitions.remove("a");
    assert_eq!(look_up(&mut world, table, &keys, true), expected(&keys, |key| key.0 == "new"));
    world.finish();
}

#[test]
fn what_fluss_rs_misplaced_is_found_where_that_is_asked_for() {
    // `fluss.md` 2.11: an id of 128 and more ends in a byte that counts otherwise there. As a BIGINT that is many of them.
    let keys: Vec<Key> = (0..500).map(|id| ("a", id, 1)).collect();
    let (theirs, ours) = keys.split_at(250);
    for misplaced in [false, true] {
        let (mut world, table) = world_with(13, &[], |lookup| lookup.misplaced = misplaced);
        put(&mut world, "k", theirs, BucketRule::FlussRs);
        put(&mut world, "k", ours, BucketRule::Fluss);
        let found = look_up(&mut world, table, &keys, false);
        let whole = expected(&keys, |_| true);
        assert_eq!(found == whole, misplaced, "{found:?}");
        let prefixes = Rows::new(&keys);
        let ticket = world.prefix_lookup(table, &prefixes.prefixes(false)).expect("prefixes");
        assert_eq!(answer(&mut world, ticket).expect("an answer") == whole, misplaced);
        world.finish();
    }
}

#[test]
fn rows_are_made_where_the_server_has_that() {
    for (misplaced, servers_make) in [(false, true), (true, true), (false, false)] {
        let (mut world, table) = world_with(17, &[], |lookup| lookup.misplaced = misplaced);
        let keys: Vec<Key> = (0..300).map(|id| ("a", id, 1)).collect();
        put(&mut world, "k", &keys[..100], BucketRule::Fluss);
        put(&mut world, "k", &keys[100..200], BucketRule::FlussRs);
        let made = world.cluster.table("k").buckets.iter().find_map(|bucket| bucket.found.values().next().cloned());
        world.cluster.made = made.filter(|_| servers_make);
        let rows = |world: &mut World| world.cluster.table("k").buckets.iter().map(|bucket| bucket.found.len()).sum();
        let ticket = world.lookup(table, &Rows::new(&keys).keys(false), true).expect("keys");
        match answer(&mut world, ticket) {
            Ok(found) => {
                assert!(servers_make && found.iter().all(|rows| rows.len() == 1));
                let count: usize = rows(&mut world);
                assert_eq!(count == 300, misplaced, "what is elsewhere is not made again: {count}");
            }
            Err(error) => {
                assert!(!servers_make, "{error}");
                assert!(matches!(&error.code, ErrorCode::Unsupported(text) if text.contains("upsert")), "{error}");
            }
        }
        world.finish();
    }
}

#[test]
fn rows_of_other_schemas_have_the_columns_of_the_table() {
    let (mut world, _) = world_with(19, &[], |_| {});
    put(&mut world, "k", &[("a", 1, 1), ("a", 2, 1)], BucketRule::Fluss);
    let mut altered = keyed(5, false).schema;
    let mut added = altered.columns[0].clone();
    (added.name, added.id) = ("m".into(), altered.highest_field_id + 1);
    altered.columns.insert(0, added);
    altered.highest_field_id += 1;
    altered.primary_key.iter_mut().for_each(|at| *at += 1);
    world.cluster.alter("k", altered);
    // A client that opens it now has the new schema, and reads rows of the old one.
    let mut late = World::new(19, 3, |_| {});
    std::mem::swap(&mut late.cluster, &mut world.cluster);
    let (table, info) = late.open_table("k").expect("it is there");
    assert_eq!(info.schema_id, 2);
    let keys: [Key; 3] = [("a", 2, 1), ("a", 3, 1), ("a", 1, 1)];
    assert_eq!(look_up(&mut late, table, &keys, false), [vec![None], vec![], vec![None]], "the new column is null");
    late.finish();
}

#[test]
fn what_does_not_fit_says_where() {
    let (mut world, partitioned) = world_with(23, &["a"], |_| {});
    world.cluster.create("plain", keyed(2, false));
    world.cluster.create("log", descriptor(2, "NONE"));
    let whole = TableDescriptor { bucket_keys: Vec::new(), ..keyed(2, false) };
    world.cluster.create("whole", whole);
    world.cluster.create("tail", TableDescriptor { bucket_keys: vec!["part".into()], ..keyed(2, false) });
    let open = |world: &mut World, name: &str| world.open_table(name).expect("it is there").0;
    let [plain, log, whole, tail] = ["plain", "log", "whole", "tail"].map(|name| open(&mut world, name));
    let rows = Rows::new(&[("a", 1, 1), ("a b", 2, 1)]);
    let (all, prefixes) = (rows.keys(false), rows.prefixes(false));
    let null = Column { validity: Some(&[0b01]), ..rows.id() };
    let (nulls, wrong) = (rows.batch(vec![null, rows.part()]), rows.batch(vec![rows.part(), rows.part()]));
    let cases: [(&str, Result<Ticket, Error>); 9] = [
        ("db.plain: the column id may not be null but row 1 is", world.lookup(plain, &nulls, false)),
        ("db.plain: the column id does not fit", world.lookup(plain, &wrong, false)),
        ("keys of db.plain are given in the columns id, part", world.lookup(plain, &prefixes, false)),
        ("db.log has no primary key", world.lookup(log, &all, false)),
        ("db.log has no primary key", world.prefix_lookup(log, &prefixes)),
        ("keys of db.plain are given in the columns id,", world.prefix_lookup(plain, &all)),
        ("the bucket key of db.whole is its whole key (id, part)", world.prefix_lookup(whole, &prefixes)),
        ("the bucket key (part) of db.tail is no prefix of its key (id, part)", world.prefix_lookup(tail, &all)),
        ("db.k: the column day has in row 1 the value 'a b'", world.lookup(partitioned, &rows.keys(true), false)),
    ];
    for (expected, result) in cases {
        let error = result.expect_err(expected);
        assert!(matches!(&error.code, ErrorCode::Invalid(text) if text.contains(expected)), "{expected}: {error}");
    }
    let error = world.lookup(partitioned, &Rows::new(&[("a", 1, 1)]).keys(true), true);
    let error = error.expect_err("servers of Fluss make other rows there");
    assert!(matches!(&error.code, ErrorCode::Unsupported(text) if text.contains("db.k has partitions")), "{error}");
    world.finish();
}
