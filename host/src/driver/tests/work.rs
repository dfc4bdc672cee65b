//! Work, the bytes that the driver holds, and the alarm.

use std::time::Duration;

use thalweg_contract::{Action, Codec, Range, Work, WorkOutput};

use super::{super::task::Ended, Call, Rig, nothing, settings, within};

#[tokio::test]
async fn an_engine_that_names_bytes_it_does_not_have_is_stopped() {
    let rig = Rig::start(settings(), |call| match call {
        Call::Ask => {
            let checked = Some(Range { buffer: 77, offset: u32::MAX, length: u32::MAX });
            let work = Work::Decode { checked, codec: Codec::None, buffers: vec![] };
            Ok((Ok(1), vec![Action::Work { id: 1, work }]))
        }
        _ => nothing(),
    });
    assert!(within(rig.ask()).await.is_err());
    assert!(matches!(rig.ended.get(), Some(Ended::Trapped(cause)) if cause.contains("buffer 77")));
}

#[tokio::test]
async fn work_is_done_small_and_large_and_its_output_is_held() {
    let mut rig = Rig::start(settings(), |call| match call {
        Call::Ask => {
            let encode = |bytes: usize| Work::Encode { codec: Codec::Zstd, level: 3, buffers: vec![vec![5; bytes]] };
            let works = [encode(100), encode(1 << 20)].into_iter().zip(1..);
            Ok((Ok(1), works.map(|(work, id)| Action::Work { id, work }).collect()))
        }
        Call::Done(WorkOutput::Encoded { buffer, lengths, .. }) => {
            let encoded = Range { buffer: *buffer, offset: 0, length: lengths[0] };
            let work = Work::Decode { checked: Some(encoded), codec: Codec::Zstd, buffers: vec![(encoded, 100)] };
            let small = (lengths[0] < 40).then_some(Action::Work { id: 9, work });
            Ok((Ok(1), small.into_iter().collect()))
        }
        _ => nothing(),
    });
    let _answer = rig.ask();
    rig.call().await;
    let mut done = [rig.call().await, rig.call().await, rig.call().await];
    done.sort_by_key(|call| !matches!(call, Call::Done(WorkOutput::Decoded { .. })));
    assert!(matches!(done[0], Call::Done(WorkOutput::Decoded { buffer: Some(_), checksum: 1.. })), "{done:?}");
    assert!(done[1..].iter().all(|call| matches!(call, Call::Done(WorkOutput::Encoded { .. }))), "{done:?}");
}

#[tokio::test]
async fn the_engine_is_woken_when_it_wants_to_be() {
    let mut rig = Rig::start(settings(), |call| match call {
        Call::Ask => Ok((Ok(1), vec![Action::WakeAt(40_000), Action::WakeAt(20_000)])),
        _ => nothing(),
    });
    let _answer = rig.ask();
    assert_eq!((rig.call().await, rig.call().await), (Call::Ask, Call::Tick));
    // Once, for the last wish replaces the one before.
    let more = tokio::time::timeout(Duration::from_millis(60), rig.calls.recv()).await;
    assert!(more.is_err(), "{more:?}");
}
