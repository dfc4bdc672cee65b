//! Who waits for rows and answers is told, however it ends.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use thalweg_contract::{Action, Error, ErrorCode, Event, Fate, RowSelection};
use tokio::sync::oneshot;

use super::{
    super::{Command, RowCounts, engine::Trap, task::Ended},
    Call, Rig, acknowledged, nothing, settings, within,
};

#[tokio::test]
async fn rows_wait_for_room_in_their_order() {
    let room = Arc::new(Mutex::new(false));
    let has_room = Arc::clone(&room);
    let mut tickets = 0;
    let mut rig = Rig::start(settings(), move |call| match call {
        Call::Append(_) if !*has_room.lock().unwrap() => {
            Ok((Err(Error { code: ErrorCode::Full { needed: 9 }, retriable: true }), vec![]))
        }
        Call::Append(rows) => {
            tickets += 1;
            Ok((Ok(tickets), vec![acknowledged(tickets, *rows as u32)]))
        }
        Call::Ask => Ok((Ok(99), vec![Action::Event(Event::Writable)])),
        _ => nothing(),
    });
    let (first, given_up, second) = (rig.append(3), rig.append(4), rig.append(5));
    assert_eq!(rig.call().await, Call::Append(3));
    drop(given_up);
    *room.lock().unwrap() = true;
    let _answer = rig.ask();
    // The engine was not asked again until it said that there is room.
    assert_eq!(rig.call().await, Call::Ask);
    for told in [first, second] {
        let settled = within(told).await.unwrap().unwrap();
        assert_eq!(within(settled).await.unwrap().len(), 1);
    }
    assert_eq!((rig.call().await, rig.call().await), (Call::Append(3), Call::Append(5)));
}

#[tokio::test]
async fn rows_larger_than_the_whole_buffer_are_refused() {
    let rig = Rig::start(settings(), |call| match call {
        Call::Append(_) => Ok((Err(Error { code: ErrorCode::Full { needed: 9 }, retriable: true }), vec![])),
        _ => nothing(),
    });
    rig.buffered.store(0, Ordering::Relaxed);
    let refused = within(rig.append(3)).await.unwrap().unwrap_err();
    assert!(!refused.is_retriable() && refused.to_string().contains("write fewer rows"), "{refused}");
}

#[tokio::test]
async fn a_trap_tells_every_waiter() {
    let mut tickets = 0;
    let rig = Rig::start(settings(), move |call| match call {
        Call::Append(13) => Err(Trap("unreachable executed".to_owned())),
        Call::Append(_) => {
            tickets += 1;
            Ok((Ok(tickets), vec![]))
        }
        _ => Ok((Ok(50), vec![])),
    });
    let answer = rig.ask();
    let settled = within(rig.append(2)).await.unwrap().unwrap();
    // The one that broke it was not taken.
    assert!(within(rig.append(13)).await.is_err());
    let fates = within(settled).await.unwrap();
    let [(RowSelection::Span { first: 0, count: 2 }, Fate::Failed { error, may_have_been_written: true })] = &fates[..]
    else {
        panic!("{fates:?}")
    };
    assert!(error.to_string().contains("unreachable executed"), "{error}");
    assert!(within(answer).await.is_err());
    assert_eq!(rig.ended.get(), Some(&Ended::Trapped("unreachable executed".to_owned())));
    assert!(within(rig.append(1)).await.is_err());
}

#[tokio::test]
async fn a_panic_of_the_driver_tells_everybody_who_waits() {
    let mut tickets = 0;
    let rig = Rig::start(settings(), move |call| match call {
        Call::Append(13) => panic!("out of order"),
        Call::Append(_) => {
            tickets += 1;
            Ok((Ok(tickets), vec![]))
        }
        _ => Ok((Ok(50), vec![])),
    });
    let answer = rig.ask();
    let settled = within(rig.append(2)).await.unwrap().unwrap();
    assert!(within(rig.append(13)).await.is_err());
    let fates = within(settled).await.unwrap();
    let [(_, Fate::Failed { error, may_have_been_written: true })] = &fates[..] else { panic!("{fates:?}") };
    assert!(error.to_string().contains("it panicked: out of order"), "{error}");
    assert!(within(answer).await.is_err());
    // Whoever comes later finds why.
    assert!(within(rig.append(1)).await.is_err());
    assert_eq!(rig.ended.get(), Some(&Ended::Trapped("it panicked: out of order".to_owned())));
}

#[tokio::test]
async fn a_close_ends_after_its_deadline_whatever_the_engine_does() {
    let rig = Rig::start(settings(), |call| match call {
        Call::Append(_) => Ok((Ok(3), vec![])),
        _ => nothing(),
    });
    let settled = within(rig.append(6)).await.unwrap().unwrap();
    let (reply, counts) = oneshot::channel();
    let _ = rig.commands.send(Command::Close { within: Duration::from_millis(20), reply });
    let counts = within(counts).await.unwrap();
    assert_eq!(counts, RowCounts { acknowledged: 0, failed: 0, unknown: 6 });
    assert!(matches!(within(settled).await.unwrap()[0].1, Fate::Failed { may_have_been_written: true, .. }));
    assert_eq!(rig.ended.get(), Some(&Ended::Closed));
}

#[tokio::test]
async fn a_driver_that_nobody_can_command_ends() {
    let Rig { commands, mut calls, .. } = Rig::start(settings(), |_| nothing());
    drop(commands);
    assert_eq!(within(calls.recv()).await, None);
}
