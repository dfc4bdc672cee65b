//! What is refused or given up: servers that do not answer, settings out of range, frames that no server sends.

use std::time::Duration;

use proptest::prelude::*;
use thalweg_contract::{End, ErrorCode, Event, Request, ScanSpec, Settings};
use thalweg_engine::Engine;
use thalweg_wire::message::ApiKey;

use super::*;
use crate::{
    server::address,
    world::{World, append, descriptor},
};

#[test]
fn what_does_not_answer_is_named_when_time_is_up() {
    let cases: [(&str, Fault, u64); 4] = [
        ("did not accept a connection", |world| world.faults.unreachable = true, 20),
        ("connection refused", |world| world.down.extend([0]), 20),
        ("did not answer", |world| world.faults.silence = 1000, 20),
        ("broke the protocol", |world| world.faults.garbage = Some(b"\x07garbage"), 20),
    ];
    for (expected, fault, seconds) in cases {
        let mut world = World::new(1, 1, |settings| {
            settings.connection.command_timeout = Duration::from_secs(seconds);
            settings.connection.request_timeout = Duration::from_secs(5);
            settings.connection.connect_timeout = Duration::from_secs(3);
        });
        fault(&mut world);
        let error = world.open_table("t").expect_err("nobody answers");
        assert!(error.to_string().contains(expected) && error.to_string().contains(&address(0)), "{error}");
        assert!(error.is_retriable());
        assert_eq!(world.now / 1_000_000, seconds, "{expected}");
        let ticket = world.engine.ask(world.now, Request::ListDatabases);
        let result = world.event(|event| match event {
            Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
            _ => None,
        });
        let error = result.expect_err("nobody answers");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(world.now / 1_000_000, 2 * seconds, "{expected}");
        world.finish();
    }
}

#[test]
fn an_api_that_the_server_lacks_is_named() {
    let mut world = World::new(1, 1, |_| {});
    world.cluster.lacking = vec![ApiKey::FetchLog];
    world.cluster.create("t", descriptor(1, "NONE"));
    let (table, _) = world.open_table("t").expect("it is there");
    write(&mut world, table, 0..1);
    let error = scan(&mut world, table, ALL).expect_err("it cannot fetch");
    assert!(matches!(&error.code, ErrorCode::Unsupported(text) if text.contains("FETCH_LOG")), "{error}");
    world.finish();
}

#[test]
fn after_close_nothing_is_taken() {
    let (mut world, table) = world_with(1, 1, 1, "NONE");
    let ticket = append(&mut world, table, &[1, 2, 3]).expect("there is room");
    let scan = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
    world.engine.close(world.now, world.now + 10_000_000);
    let (placed, _) = settle(&mut world, vec![(ticket, vec![1, 2, 3])]);
    assert_eq!(placed.len(), 3, "rows that were taken are sent");
    world.event(|event| (*event == Event::Closed).then_some(()));
    assert!(world.events.iter().any(|event| matches!(event, Event::Ended { ticket, .. } if *ticket == scan)));
    assert_eq!(append(&mut world, table, &[4]).expect_err("it is closed").code, ErrorCode::Closed);
    assert!(world.links.is_empty());
}

#[test]
fn settings_out_of_range_are_refused() {
    let bad: [(&str, Change); 5] = [
        ("host:port", |settings| settings.connection.bootstrap = vec!["nowhere".into()]),
        ("at least one", |settings| settings.connection.bootstrap.clear()),
        ("in_flight", |settings| settings.write.in_flight = 6),
        ("idempotent", |settings| settings.write.acks = thalweg_contract::Acks::Leader),
        ("backoff", |settings| settings.connection.backoff = Duration::ZERO),
    ];
    for (expected, change) in bad {
        let mut settings = Settings::new(vec!["localhost:9123".into()]);
        change(&mut settings);
        let error = Engine::open(0, settings, 1).expect_err("it is out of range").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_engine_can_be_sent_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Engine>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a server sends in place of its answers, at whatever point: no panic, and the engine goes on.
    #[test]
    fn hostile_frames_do_no_harm(
        seed in 0u64..1000, good in 0u32..25,
        frames in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                // A success or an error for a request that may be under way, with any body.
                (0u8..3, 0i32..12, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, id, body)| {
                    [&[kind][..], &id.to_be_bytes(), &body].concat()
                }),
            ], 1..20),
    ) {
        let mut world = World::new(seed, 1, |_| {});
        let mut described = descriptor(2, "LZ4_FRAME");
        match seed % 4 {
            0 => {}
            1 => described.partition_keys.push("text".into()),
            _ => described.schema.primary_key.push(0),
        }
        world.cluster.create("t", described);
        if seed % 4 == 1 {
            world.cluster.add_partition("t", "a");
        }
        let table = world.open_table("t").expect("it is there").0;
        let bucket = thalweg_contract::Bucket { partition: None, bucket: 0 };
        let scan = match seed % 4 {
            2 => world.engine.limit_scan(world.now, table, bucket, 5),
            3 => world.engine.scan_current(world.now, table, bucket),
            _ => world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }),
        };
        let scan = scan.expect("it fits");
        if seed % 4 == 0 {
            append(&mut world, table, &[1, 2, 3]).expect("there is room");
        }
        world.demand(scan, 1 << 20);
        for _ in 0..good {
            world.step();
        }
        for frame in frames {
            world.carry_out();
            let Some(connection) = world.links.keys().min().copied() else { break };
            world.receive(connection, frame.into());
            world.step();
        }
        world.consume_all();
        world.events.clear();
        world.engine.cancel(world.now, scan);
        prop_assert!(world.open_table("t").is_ok());
    }
}
