//! Lookups of single keys go into the engine together, and each is told what is its own.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use thalweg_contract::{Action, Error, ErrorCode, Event, Found, Layout};
use tokio::sync::oneshot;

use super::{
    super::{Command, FoundShare, Lookup, LookupBy},
    Call, Rig, settings, within,
};

type Answer = oneshot::Receiver<Result<FoundShare, Error>>;

pub(super) const KEY: LookupBy = LookupBy::Key { insert: false };

/// Looks so many keys up.
pub(super) fn look_up(rig: &Rig, table: u32, by: LookupBy, keys: usize) -> Answer {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1; keys]));
    let keys = RecordBatch::try_from_iter([("a", column)]).expect("a column");
    let (reply, answer) = oneshot::channel();
    rig.give(Command::Lookup(Lookup { table, keys, by, reply }));
    answer
}

pub(super) fn found(tickets: Vec<u64>, counts: &[u32]) -> Action {
    let (counts, rows) = (counts.to_vec(), counts.iter().sum());
    let result = Ok(Found { counts, rows, layout: Layout::Message(Vec::new()), body: Vec::new() });
    Action::Event(Event::Found { tickets, result })
}

pub(super) async fn counts(answer: Answer) -> Vec<u32> {
    within(answer).await.expect("it is told").expect("found").counts().to_vec()
}

#[tokio::test]
async fn keys_of_many_callers_cross_together_and_part_again() {
    let mut rig = Rig::start(settings(), |call| match call {
        // Some are answered in another order, and the last one later.
        Call::LookUpEach(3) => Ok((Ok(20), vec![found(vec![21, 20], &[1, 0])])),
        Call::LookUpEach(2) => Ok((Ok(40), vec![found(vec![40, 41], &[0, 1])])),
        Call::Lookup(5, false) => Ok((Ok(30), vec![found(vec![22, 30], &[7, 1, 0, 1, 0, 2])])),
        call => panic!("{call:?}"),
    });
    let (first, second) = (look_up(&rig, 1, KEY, 1), look_up(&rig, 1, KEY, 1));
    let many = look_up(&rig, 1, KEY, 5);
    let (other, prefix) = (look_up(&rig, 2, KEY, 1), look_up(&rig, 2, KEY, 1));
    let third = look_up(&rig, 1, KEY, 1);
    assert_eq!([counts(first).await, counts(second).await, counts(third).await], [[0], [1], [7]]);
    assert_eq!(counts(many).await, [1, 0, 1, 0, 2]);
    assert_eq!([counts(other).await, counts(prefix).await], [[0], [1]]);
    let calls = [rig.call().await, rig.call().await, rig.call().await];
    assert_eq!(calls, [Call::Lookup(5, false), Call::LookUpEach(3), Call::LookUpEach(2)]);
}

#[tokio::test]
async fn what_is_refused_together_is_looked_up_one_by_one() {
    let refused = || Error { code: ErrorCode::Invalid("a null".to_owned()), retriable: false };
    let mut tickets = 50;
    let rig = Rig::start(settings(), move |call| match call {
        Call::LookUpEach(_) => Ok((Err(refused()), vec![])),
        Call::PrefixLookup(1) if tickets == 51 => {
            tickets += 1;
            Ok((Err(refused()), vec![]))
        }
        Call::PrefixLookup(1) => {
            tickets += 1;
            Ok((Ok(tickets), vec![found(vec![tickets], &[2])]))
        }
        call => panic!("{call:?}"),
    });
    let lookups = [(); 3].map(|()| look_up(&rig, 1, LookupBy::Prefix, 1));
    let mut told = Vec::new();
    for lookup in lookups {
        told.push(within(lookup).await.expect("it is told").map(|found| found.counts().to_vec()));
    }
    assert_eq!(told, [Ok(vec![2]), Err(refused()), Ok(vec![2])]);
}
