//! Logins: servers that want one, servers that have none, and servers that do not keep to the rules.

use std::time::Duration;

use proptest::prelude::*;
use thalweg_contract::{End, Error, Event, Fate, Login, Request, ScanSpec};
use thalweg_wire::message::ApiKey;

use crate::{
    scenarios::{ALL, scan, settle, write},
    server::address,
    world::{Gate, Manner, World, append, descriptor},
};

const SECRET: &str = "s3cret";

/// A world of three servers with this gate, in which `login` logs in: user and password.
fn world(gate: Gate, login: Option<(&str, &str)>) -> World {
    let mut world = World::new(1, 3, |settings| {
        settings.connection.login = login.map(|(user, password)| Login::new(user, password).expect("it is fine"));
        settings.connection.command_timeout = Duration::from_secs(20);
        settings.connection.request_timeout = Duration::from_secs(5);
    });
    world.gate = Some(gate);
    world.cluster.create("t", descriptor(3, "NONE"));
    world
}

fn asked(world: &mut World, request: Request) -> Result<(), Error> {
    let ticket = world.engine.ask(world.now, request);
    world.event(|event| match event {
        Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone().map(drop)),
        _ => None,
    })
}

fn list() -> Request {
    Request::ListTables { database: "db".into() }
}

/// Ends every connection, as a server does that starts anew, and lets in this one from now on.
fn changed(world: &mut World, password: &str) {
    world.gate = Some(Gate::new(Manner::Sound, "bob", password));
    for connection in world.links.keys().copied().collect::<Vec<_>>() {
        world.links.remove(&connection);
        world.disconnected(connection, "connection reset");
    }
}

/// The error of every row of a write.
fn failed(world: &mut World, table: u32) -> (Error, bool) {
    let ticket = append(world, table, &[1, 2, 3]).expect("there is room");
    world.event(|event| match event {
        Event::Settled { ticket: of, fates } if *of == ticket => match &fates[0].1 {
            Fate::Failed { error, may_have_been_written } => Some((error.clone(), *may_have_been_written)),
            Fate::Acknowledged { .. } => panic!("it is not let in"),
        },
        _ => None,
    })
}

#[test]
fn every_connection_logs_in_once() {
    for manner in [Manner::Sound, Manner::Challenging, Manner::Busy(3), Manner::Late(2_000_000)] {
        let mut world = world(Gate::new(manner, "alice", SECRET), Some(("alice", SECRET)));
        let (table, _) = world.open_table("t").expect("it is let in");
        let written = write(&mut world, table, 0..3);
        assert_eq!(scan(&mut world, table, ALL).expect("it is let in"), written, "{manner:?}");
        assert_eq!(asked(&mut world, list()), Ok(()));
        let mut logins = world.gate.as_ref().expect("it is there").logins.clone();
        logins.sort_unstable();
        let busy = if manner == Manner::Busy(3) { 3 } else { 0 };
        logins.drain(..busy);
        assert_eq!(logins, [0, 1, 2], "{manner:?}");
        world.finish();
    }
}

#[test]
fn who_is_not_let_in_is_told_at_once_and_not_tried_again() {
    let cases = [
        (
            Manner::Sound,
            Some(("alice", SECRET)),
            "the login of user `alice`: check the name of the user and the password",
        ),
        (Manner::Sound, Some(("mallory", "pass")), "the login of user `mallory`"),
        (Manner::Sound, None, "wants a login: connect with a user and a password (`--user`)"),
        (Manner::Insatiable, Some(("bob", "right")), "wants a login"),
        (Manner::Plain, Some(("bob", "right")), "takes no login with a password"),
    ];
    for (manner, login, expected) in cases {
        let mut world = world(Gate::new(manner, "bob", "right"), login);
        for _ in 0..2 {
            let from = world.now;
            let error = world.open_table("t").expect_err("it is not let in");
            let shown = error.to_string();
            assert!(shown.contains(expected) && shown.contains(&address(0)), "{shown}");
            assert!(!shown.contains(SECRET) && !shown.contains("pass)"), "{shown}");
            assert!(error.is_login_refused() && !error.is_retriable());
            assert_eq!(asked(&mut world, list()).expect_err("it is not let in").code, error.code);
            // What only the coordinator can do, which nobody says where it is.
            let drop = Request::DropTable { path: crate::world::path("t"), if_exists: false };
            assert_eq!(asked(&mut world, drop).expect_err("it is not let in").code, error.code);
            assert!(world.now - from < 1_000_000, "{expected}: {} us", world.now - from);
        }
        let before = world.sent.len();
        world.run(600_000_000);
        assert_eq!(world.sent.len(), before, "nobody wants anything");
        world.finish();
    }
}

#[test]
fn a_server_without_the_call_takes_no_login() {
    let mut world = world(Gate::new(Manner::Sound, "bob", "right"), Some(("bob", "right")));
    world.cluster.lacking = vec![ApiKey::Authenticate];
    let error = world.open_table("t").expect_err("there is no login").to_string();
    assert!(error.contains("takes no login with a password"), "{error}");
    world.finish();
}

#[test]
fn servers_that_do_not_keep_to_the_rules_are_given_up_in_time() {
    let cases = [
        (Manner::Busy(u32::MAX), "could not check the login of user `bob` now (it says: Later.)"),
        (Manner::Late(6_000_000), "did not answer AUTHENTICATE within the request timeout"),
        (Manner::Silent, "did not answer AUTHENTICATE within the request timeout"),
        (Manner::Twice, "an answer to request 1, which was not made or is answered already"),
        (Manner::Astray, "an answer to request 8, which was not made or is answered already"),
        (Manner::Garbage, "broke the protocol"),
        (Manner::Closing, "lost the connection"),
    ];
    for (manner, expected) in cases {
        let mut world = world(Gate::new(manner, "bob", "right"), Some(("bob", "right")));
        let error = world.open_table("t").expect_err("nobody is let in");
        assert!(error.to_string().contains(expected) && error.is_retriable(), "{manner:?}: {error}");
        assert_eq!(world.now / 1_000_000, 20, "{manner:?}");
        let tries = world.gate.as_ref().map_or(0, |gate| gate.logins.len());
        assert!((2..60).contains(&tries), "{manner:?}: {tries} logins in 20 s");
        world.gate = Some(Gate::new(Manner::Sound, "bob", "right"));
        assert!(world.open_table("t").is_ok(), "{manner:?}: it goes on once the server is sound");
        world.finish();
    }
}

#[test]
fn one_server_that_does_not_let_in_harms_only_its_own_rows() {
    let mut world = world(Gate::new(Manner::Sound, "bob", "other"), Some(("bob", "right")));
    world.gate.as_mut().expect("it is there").servers = vec![1];
    let (table, _) = world.open_table("t").expect("the first server lets in");
    let from = world.now;
    let (mut placed, mut lost) = (Vec::new(), Vec::new());
    for row in 0..40 {
        let ticket = append(&mut world, table, &[row]).expect("there is room");
        let (some, others) = settle(&mut world, vec![(ticket, vec![row])]);
        placed.extend(some);
        lost.extend(others);
    }
    assert!(!placed.is_empty() && placed.iter().all(|(bucket, ..)| *bucket != 1), "{placed:?}");
    assert!(!lost.is_empty() && lost.iter().all(|(_, perhaps)| !perhaps), "{lost:?}");
    let error = scan(&mut world, table, ALL).expect_err("a bucket cannot be read");
    assert!(error.is_login_refused(), "{error}");
    assert!(world.now - from < 5_000_000, "{} us", world.now - from);
    world.finish();
}

#[test]
fn a_password_that_is_changed_ends_what_waits_and_the_new_one_is_taken() {
    let mut world = world(Gate::new(Manner::Sound, "bob", "old"), Some(("bob", "old")));
    let (table, _) = world.open_table("t").expect("it is let in");
    let before = write(&mut world, table, 0..2);
    let spec = ScanSpec { end: End::Never, ..ALL };
    let following = world.engine.scan(world.now, table, spec).expect("it fits");
    world.run(1_000_000);
    changed(&mut world, "new");
    let from = world.now;
    let (error, perhaps) = failed(&mut world, table);
    assert!(error.is_login_refused() && !perhaps, "{error}");
    world.demand(following, u64::MAX);
    let ended = world.event(|event| match event {
        Event::Ended { ticket, result } if *ticket == following => Some(result.clone()),
        _ => None,
    });
    assert!(ended.expect_err("it is not let in").is_login_refused());
    assert!(world.now - from < 3_000_000, "{} us", world.now - from);
    world.engine.log_in(Login::new("bob", "new").expect("it is fine"));
    world.run(5_000_000);
    let after = write(&mut world, table, 2..4);
    assert_eq!(scan(&mut world, table, ALL).expect("it is let in").len(), before.len() + after.len());
    world.finish();
}

#[test]
fn leaders_that_could_not_be_asked_for_are_asked_for_again() {
    let mut world = world(Gate::new(Manner::Sound, "bob", "old"), Some(("bob", "old")));
    world.cluster.table("t").leaderless = 1000;
    let (table, _) = world.open_table("t").expect("it is let in");
    changed(&mut world, "new");
    // The second time it is for these rows that leaders are asked for.
    for _ in 0..2 {
        let (error, perhaps) = failed(&mut world, table);
        assert!(error.is_login_refused() && !perhaps, "{error}");
        world.run(5_000_000);
    }
    let from = world.now;
    world.cluster.table("t").leaderless = 0;
    world.engine.log_in(Login::new("bob", "new").expect("it is fine"));
    world.run(5_000_000);
    write(&mut world, table, 0..2);
    assert!(world.now - from < 10_000_000, "{} us", world.now - from);
    world.finish();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes in the place of answers to a handshake with a login: no panic, and the next login is taken.
    #[test]
    fn hostile_frames_in_a_login_do_no_harm(
        good in 0u32..6,
        frames in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                (0u8..3, 0i32..3, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, id, body)| {
                    [&[kind][..], &id.to_be_bytes(), &body].concat()
                }),
                // A success for the login, with a challenge or what looks like one.
                proptest::collection::vec(any::<u8>(), 0..40).prop_map(|challenge| {
                    [&[0, 0, 0, 0, 1, 10, challenge.len() as u8][..], &challenge].concat()
                }),
            ], 1..20),
    ) {
        let mut world = world(Gate::new(Manner::Silent, "bob", "right"), Some(("bob", "right")));
        let ticket = world.engine.open_table(world.now, crate::world::path("t"));
        world.carry_out();
        for _ in 0..good {
            world.step();
        }
        for frame in frames {
            world.carry_out();
            let Some(connection) = world.links.keys().min().copied() else { break };
            world.receive(connection, frame.into());
            world.step();
        }
        world.engine.cancel(world.now, ticket);
        world.gate = Some(Gate::new(Manner::Sound, "bob", "right"));
        world.run(30_000_000);
        prop_assert!(world.open_table("t").is_ok());
    }
}
