//! What is carried out by who brings it, and what is left to the task.

use std::time::Duration;

use thalweg_contract::Action;
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::{
    super::{engine::Trap, task::Ended},
    Call, Rig, acknowledged,
    lookups::{KEY, counts, found, look_up},
    nothing, settings, within,
};

/// A rig whose task has begun.
async fn begun(script: impl FnMut(&Call) -> super::Reply + Send + 'static) -> Rig {
    let mut rig = Rig::start(settings(), script);
    rig.ask();
    assert_eq!(rig.call().await, Call::Ask);
    rig
}

#[tokio::test]
async fn a_call_of_an_idle_driver_is_carried_out_by_its_caller() {
    let mut rig = begun(|call| match call {
        Call::Lookup(1, false) => Ok((Ok(7), vec![])),
        Call::Lookup(2, false) => Ok((Ok(8), vec![found(vec![7, 8], &[1, 0, 1])])),
        Call::Append(rows) => Ok((Ok(9), vec![acknowledged(9, *rows as u32)])),
        _ => nothing(),
    })
    .await;
    // Nothing is awaited: what the engine was called with, it was called with here.
    let first = look_up(&rig, 1, KEY, 1);
    assert_eq!(rig.calls.try_recv(), Ok(Call::Lookup(1, false)));
    let mut settled = rig.append(5).try_recv().expect("taken already").expect("taken");
    assert_eq!(rig.calls.try_recv(), Ok(Call::Append(5)));
    assert_eq!(settled.try_recv().expect("settled already").len(), 1);
    // With a lookup under way the next goes to the task, to go together with others.
    let second = look_up(&rig, 1, KEY, 2);
    assert!(rig.calls.try_recv().is_err());
    // And so does what comes behind it, and what is large.
    let third = rig.append(5);
    assert!(rig.calls.try_recv().is_err());
    assert!(within(third).await.is_ok());
    assert_eq!([counts(first).await, counts(second).await], [vec![1], vec![0, 1]]);
    assert_eq!((rig.call().await, rig.call().await), (Call::Lookup(2, false), Call::Append(5)));
    let large = rig.append(10_000);
    assert!(rig.calls.try_recv().is_err());
    assert!(within(large).await.is_ok());
}

#[tokio::test]
async fn nothing_is_carried_out_before_the_task_has_begun() {
    let mut rig = Rig::start(settings(), |_| nothing());
    let first = rig.append(1);
    assert!(rig.calls.try_recv().is_err(), "nobody would hear of the sockets");
    assert!(within(first).await.is_ok());
}

#[tokio::test]
async fn an_engine_that_breaks_in_other_hands_ends_the_driver() {
    for panics in [false, true] {
        let rig = begun(move |call| match call {
            Call::Lookup(..) if panics => panic!("out of order"),
            Call::Lookup(..) => Err(Trap("unreachable executed".to_owned())),
            _ => nothing(),
        })
        .await;
        let answer = look_up(&rig, 1, KEY, 1);
        // It takes nothing more, though its task does not know yet.
        let next = rig.append(1);
        assert!(within(answer).await.is_err());
        assert!(within(next).await.is_err());
        within(rig.commands.closed()).await;
        let why = if panics { "it panicked: out of order" } else { "unreachable executed" };
        assert_eq!(rig.ended.get(), Some(&Ended::Trapped(why.to_owned())));
    }
}

#[tokio::test]
async fn an_alarm_that_a_caller_sets_is_kept_by_the_task() {
    let mut rig = begun(|call| match call {
        Call::Lookup(..) => Ok((Ok(1), vec![Action::WakeAt(30_000)])),
        _ => nothing(),
    })
    .await;
    let _answer = look_up(&rig, 1, KEY, 1);
    assert_eq!((rig.call().await, rig.call().await), (Call::Lookup(1, false), Call::Tick));
}

#[tokio::test]
async fn frames_of_a_connection_keep_their_order_whoever_takes_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Small ones between one that is left to the task, sixteen times.
    let sizes: Vec<usize> = [5, 100 << 10, 6, 7].repeat(16);
    let sent = sizes.clone();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        for size in sent {
            socket.write_all(&(size as u32).to_be_bytes()).await.unwrap();
            socket.write_all(&vec![7; size]).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    });
    let mut rig = begun(move |call| match call {
        Call::Lookup(..) => Ok((Ok(1), vec![Action::Connect { connection: 4, address: address.clone() }])),
        _ => nothing(),
    })
    .await;
    let _answer = look_up(&rig, 1, KEY, 1);
    let mut received = Vec::new();
    while received.len() < sizes.len() {
        if let Call::Received(_, frame) = rig.call().await {
            received.push(frame.len());
        }
    }
    assert_eq!(received, sizes);
}
