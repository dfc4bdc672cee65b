//! Tables that are not there, made anew or dropped, and requests to the catalogue.

use thalweg_contract::{Answer, End, ErrorCode, Event, Request, ScanSpec};

use super::*;
use crate::world::{append, descriptor, path};

#[test]
fn a_table_that_is_not_there_is_named() {
    let (mut world, _) = world_with(1, 2, 1, "NONE");
    world.cluster.create("other", descriptor(1, "NONE"));
    let absent = world.engine.open_table(world.now, path("absent"));
    let other = world.engine.open_table(world.now, path("other"));
    let mut results = std::collections::BTreeMap::new();
    while results.len() < 2 {
        let (ticket, result) = world.event(|event| match event {
            Event::Opened { ticket, result } => Some((*ticket, result.clone())),
            _ => None,
        });
        results.insert(ticket, result);
    }
    let error = results.remove(&absent).expect("it was answered").expect_err("it is not there");
    assert!(
        matches!(&error.code, ErrorCode::Server { code: 7, message, .. } if message.contains("db.absent")),
        "{error}"
    );
    results.remove(&other).expect("it was answered").expect("one that is missing must not fail another");
    assert!(world.now < 5_000_000, "nobody waits for a deadline");
    world.finish();
}

#[test]
fn a_table_made_anew_is_another() {
    let (mut world, table) = world_with(1, 1, 1, "NONE");
    write(&mut world, table, 0..2);
    let following = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
    world.demand(following, 1 << 20);
    world.run(100_000);
    let drop = world.engine.ask(world.now, Request::DropTable { path: path("t"), if_exists: false });
    let answer = world.event(|event| match event {
        Event::Answered { ticket, result } if *ticket == drop => Some(result.clone()),
        _ => None,
    });
    assert_eq!(answer, Ok(Answer::Done));
    world.cluster.create("t", descriptor(1, "NONE"));
    let ended = world.event(|event| match event {
        Event::Ended { ticket, result } if *ticket == following => Some(result.clone()),
        _ => None,
    });
    assert!(ended.expect_err("its table is gone").to_string().contains("created anew"));
    assert!(append(&mut world, table, &[1]).expect_err("its table is gone").to_string().contains("created anew"));
    let (anew, _) = world.open_table("t").expect("it is there again");
    assert_ne!(anew, table);
    assert_eq!(write(&mut world, anew, 0..1).len(), 10);
    world.consume_all();
    world.finish();
}

#[test]
fn what_was_dropped_and_made_by_this_engine_is_opened_anew_at_once() {
    let (mut world, table) = world_with(4, 1, 1, "NONE");
    write(&mut world, table, 0..2);
    let drop = world.engine.ask(world.now, Request::DropTable { path: path("t"), if_exists: false });
    world.event(|event| matches!(event, Event::Answered { ticket, .. } if *ticket == drop).then_some(()));
    assert!(world.open_table("t").is_err(), "it was dropped");
    world.cluster.create("t", descriptor(1, "NONE"));
    let (anew, _) = world.open_table("t").expect("it is there again");
    assert_ne!(anew, table);
    world.finish();
}

#[test]
fn catalogue_requests_are_answered() {
    let (mut world, _) = world_with(2, 2, 3, "NONE");
    world.cluster.create("a", descriptor(1, "NONE"));
    world.cluster.table("a").leaderless = 3;
    let (table, _) = world.open_table("a").expect("it is there");
    write(&mut world, table, 0..1);
    let mut ask = |request| {
        let ticket = world.engine.ask(world.now, request);
        world.event(|event| match event {
            Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
            _ => None,
        })
    };
    let names = ask(Request::ListTables { database: "db".into() });
    assert_eq!(names, Ok(Answer::Names(vec!["a".into(), "t".into()])));
    let Ok(Answer::Table(info)) = ask(Request::ShowTable { path: path("t") }) else { panic!("it is there") };
    assert_eq!(info.descriptor, descriptor(3, "NONE"));
    let Ok(Answer::Offsets(offsets)) = ask(Request::ListOffsets { path: path("a") }) else { panic!("it is there") };
    assert_eq!(offsets.iter().map(|bucket| (bucket.earliest, bucket.latest)).collect::<Vec<_>>(), [(0, 10)]);
    let error = ask(Request::DropTable { path: path("absent"), if_exists: false }).expect_err("it is not there");
    assert!(matches!(error.code, ErrorCode::Server { code: 7, .. }), "{error}");
    world.finish();
}
