//! Servers that fall silent or go away: who is asked instead, how soon, and what is said when nobody is left.

use std::time::Duration;

use thalweg_contract::{End, Event, Fate, Request, ScanSpec, TableHandle};

use crate::{
    scenarios::{ALL, scan, settle, world_with, write},
    server::address,
    world::{World, append, descriptor, ids},
};

const SECOND: u64 = 1_000_000;

/// The cluster notices that a server is gone, and its buckets get another leader.
fn depose(world: &mut World, server: i32) {
    world.cluster.servers.retain(|known| *known != server);
    let heir = world.cluster.servers[0];
    for bucket in &mut world.cluster.table("t").buckets {
        bucket.leader = bucket.leader.map(|leader| if leader == server { heir } else { leader });
    }
}

/// Appends a row for each id, one append each.
fn append_each(world: &mut World, table: TableHandle, rows: std::ops::Range<i64>) -> Vec<(u64, Vec<i64>)> {
    rows.map(|id| (append(world, table, &[id]).expect("there is room"), vec![id])).collect()
}

#[test]
fn a_silent_leader_is_left_when_the_cluster_leaves_it() {
    for seed in 0..20 {
        let (mut world, table) = world_with(seed, 3, 3, "NONE");
        let mut placed = write(&mut world, table, 0..9);
        let follow = ScanSpec { end: End::Never, ..ALL };
        let follower = world.engine.scan(world.now, table, follow).expect("a scan");
        world.demand(follower, u64::MAX);
        world.run(SECOND);
        world.silent.insert(1);
        let open = append_each(&mut world, table, 1000..1030);
        world.run(5 * SECOND);
        depose(&mut world, 1);
        let begin = world.now;
        let (late, failed) = settle(&mut world, open);
        assert_eq!((late.len(), failed.len()), (30, 0), "seed {seed}");
        assert!(world.now - begin < 6 * SECOND, "seed {seed}: it took {} us of 30 s", world.now - begin);
        placed.extend(late);
        placed.sort_unstable();
        world.run(2 * SECOND);
        let mut followed = Vec::new();
        for event in std::mem::take(&mut world.events) {
            if let Event::Rows { ticket, scanned } = event
                && ticket == follower
            {
                let rows = ids(&world, &scanned);
                let places = (scanned.offset..).zip(rows).map(|(offset, id)| (scanned.bucket.bucket, offset, id));
                followed.extend(places);
                world.consume(&scanned);
            }
        }
        followed.sort_unstable();
        assert_eq!(followed, placed, "seed {seed}: a follower misses nothing and doubles nothing");
        assert_eq!(scan(&mut world, table, ALL).expect("a scan"), placed, "seed {seed}");
        world.finish();
    }
}

#[test]
fn what_any_server_knows_is_asked_of_another_when_one_is_away_or_silent() {
    let away: [fn(&mut World); 2] = [|world| world.down.extend([0]), |world| world.silent.extend([0])];
    for (case, away) in away.into_iter().enumerate() {
        // Server 0 is the first to begin with, and the coordinator.
        let mut world = World::new(3, 3, |settings| settings.connection.bootstrap.push(address(1)));
        world.cluster.create("t", descriptor(3, "NONE"));
        for bucket in &mut world.cluster.table("t").buckets {
            bucket.leader = Some(2);
        }
        away(&mut world);
        let (table, _) = world.open_table("t").expect("another server knows it");
        let ticket = world.engine.ask(world.now, Request::ListTables { database: "db".into() });
        let answer = world.event(|event| match event {
            Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
            _ => None,
        });
        answer.expect("another server knows it");
        write(&mut world, table, 0..3);
        assert_eq!(scan(&mut world, table, ALL).expect("a scan").len(), 30);
        assert!(world.now < 12 * SECOND, "case {case}: it took {} us", world.now);
        world.finish();
    }
}

#[test]
fn rows_that_no_server_takes_fail_with_the_address_and_certainly() {
    let mut world = World::new(5, 1, |settings| settings.write.delivery_timeout = Duration::from_secs(8));
    world.cluster.create("t", descriptor(2, "NONE"));
    let (table, _) = world.open_table("t").expect("it is there");
    write(&mut world, table, 0..3);
    world.down.insert(0);
    let connections: Vec<u32> = world.links.keys().copied().collect();
    for connection in connections {
        world.links.remove(&connection);
        world.disconnected(connection, "connection reset");
    }
    let mut left = 20;
    append_each(&mut world, table, 1000..1020);
    while left > 0 {
        let fates = world.event(|event| match event {
            Event::Settled { fates, .. } => Some(fates.clone()),
            _ => None,
        });
        for (_, fate) in fates {
            left -= 1;
            let Fate::Failed { error, may_have_been_written } = fate else { panic!("nobody took it: {fate:?}") };
            assert!(error.to_string().contains(&address(0)) && error.is_retriable(), "{error}");
            assert!(!may_have_been_written, "it was never handed to a connection");
        }
    }
    assert_eq!(world.now / SECOND, 8);
    world.finish();
}
