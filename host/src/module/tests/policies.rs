//! What becomes of rows that a module refuses, and of calls that fail.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, RecordBatch};

use super::hostile::{module, traps_with_one_row, wrap};
use super::*;

/// Rows 0 to `count` - 1 in `i`; `t` is null in each fifth row, else the row modulo 20.
fn rows(count: i32) -> RecordBatch {
    let i: ArrayRef = Arc::new(Int32Array::from_iter_values(0..count));
    let t = (0..count).map(|row| (row % 5 != 4).then_some((row % 20) as i8));
    let t: ArrayRef = Arc::new(arrow_array::Int8Array::from_iter(t));
    RecordBatch::try_new(arrow("i INT, t TINYINT"), vec![i, t]).expect("columns of the schema")
}

/// `t` times 10, which a TINYINT holds up to 12: 16 to 18 of each 20 rows are too large, 13 and 15 as well.
fn scaled(policy: Policy, before: &[&str]) -> Chain {
    let mut scale = stock("scale", &["column=t", "factor=10"]);
    scale.on_error = policy;
    let mut modules: Vec<ModuleSpec> =
        before.iter().map(|condition| stock("where", &[&format!("if={condition}")])).collect();
    modules.push(scale);
    load(modules, "i INT, t TINYINT", "i INT, t TINYINT").expect("a chain")
}

fn is_refused(row: &i32) -> bool {
    row % 5 != 4 && row % 20 > 12
}

fn ints(batch: &RecordBatch) -> Vec<i32> {
    batch.column(0).as_primitive::<Int32Type>().values().to_vec()
}

#[test]
fn refused_rows_are_dropped_and_named() {
    let applied = scaled(Policy::Drop, &[]).apply(&rows(20_000)).expect("applied");
    let refused: Vec<i32> = (0..20_000).filter(is_refused).collect();
    assert_eq!(ints(&applied.batch), (0..20_000).filter(|row| !is_refused(row)).collect::<Vec<_>>());
    assert_eq!(applied.tallies, [Tally { filtered: 0, dropped: refused.len() as u64, dead_lettered: 0 }]);
    let [exception] = &applied.exceptions[..] else { panic!("one exception") };
    assert_eq!(
        (exception.module.as_str(), exception.kind, &exception.policy),
        ("scale", ExceptionKind::Refused, &Policy::Drop)
    );
    assert!(exception.rows.iter().map(|row| *row as i32).eq(refused.iter().copied()));
    assert_eq!(exception.messages, ["the result does not fit TINYINT"]);
    assert_eq!(exception.causes.len(), refused.len());
    assert!(exception.dead_letters.is_none());
}

#[test]
fn refused_rows_pass_as_they_were() {
    let applied = scaled(Policy::Pass, &[]).apply(&rows(9000)).expect("applied");
    assert_eq!((ints(&applied.batch).len(), applied.tallies[0]), (9000, Tally::default()));
    let before = rows(9000);
    let (before, after) = (before.column(1).as_primitive::<arrow_array::types::Int8Type>(), applied.batch.column(1));
    let after = after.as_primitive::<arrow_array::types::Int8Type>();
    for (row, (before, after)) in before.iter().zip(after).enumerate() {
        let expected = if is_refused(&(row as i32)) { before } else { before.map(|value| value * 10) };
        assert_eq!(after, expected, "row {row}");
    }
    assert_eq!(applied.exceptions[0].rows.len(), (0..9000).filter(is_refused).count());
}

#[test]
fn dead_letters_hold_the_rows_that_entered_the_module_and_their_positions() {
    let chain = scaled(Policy::DeadLetter("rejected".into()), &["i >= 15"]);
    let applied = chain.apply(&rows(10_000)).expect("applied");
    let refused: Vec<i32> = (15..10_000).filter(is_refused).collect();
    let exception = &applied.exceptions[0];
    assert!(exception.rows.iter().map(|row| *row as i32).eq(refused.iter().copied()));
    let dead_letters = exception.dead_letters.as_ref().expect("dead letters");
    assert_eq!(ints(dead_letters), refused);
    assert!(
        dead_letters.column(1).as_primitive::<arrow_array::types::Int8Type>().values().iter().all(|value| *value > 12)
    );
    let dead_lettered = Tally { dead_lettered: refused.len() as u64, ..Tally::default() };
    assert_eq!(applied.tallies, [Tally { filtered: 15, ..Tally::default() }, dead_lettered]);
}

/// A module that traps in a call with one row, as the last of 8,193 is.
fn trapping(policy: Policy) -> Chain {
    let (_folder, path) = module(&wrap(&traps_with_one_row()));
    let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
    spec.on_failure = policy;
    let around = || stock("where", &["if=i >= 0"]);
    load(vec![around(), spec, around()], "i INT, t TINYINT", "i INT, t TINYINT").expect("a chain")
}

#[test]
fn a_failed_call_costs_its_own_rows_and_no_others() {
    let cases = [
        (Policy::Drop, 8192, Tally { dropped: 1, ..Tally::default() }),
        (Policy::DeadLetter("rejected".into()), 8192, Tally { dead_lettered: 1, ..Tally::default() }),
        (Policy::Pass, 8193, Tally::default()),
    ];
    for (policy, left, tally) in cases {
        let chain = trapping(policy.clone());
        let applied = chain.apply(&rows(8193)).expect("applied");
        assert_eq!(ints(&applied.batch), (0..left).collect::<Vec<_>>(), "{policy:?}");
        assert_eq!(applied.tallies, [Tally::default(), tally, Tally::default()], "{policy:?}");
        let [exception] = &applied.exceptions[..] else { panic!("one exception") };
        assert_eq!((exception.kind, &exception.rows[..]), (ExceptionKind::Failed, &[8192][..]));
        assert!(exception.messages[0].starts_with("it trapped (wasm `unreachable`"), "{:?}", exception.messages);
        assert_eq!(
            exception.dead_letters.as_ref().map(ints),
            matches!(policy, Policy::DeadLetter(_)).then(|| vec![8192])
        );
        let report = &chain.report()[1];
        assert_eq!((report.calls, report.failed), (2, 1));
    }
}

#[test]
fn a_module_that_always_fails_is_left_alone() {
    let chain = trapping(Policy::Drop);
    let texts: Vec<String> =
        (0..7).map(|_| chain.apply(&rows(1)).expect("applied").exceptions.remove(0).messages.remove(0)).collect();
    assert!(texts[..5].iter().all(|text| text.starts_with("it trapped")), "{texts:?}");
    assert!(
        texts[5..].iter().all(|text| text.starts_with("it failed 5 times in a row and is left alone")),
        "{texts:?}"
    );
    // A trial passes in time, and so do all that follow.
    let begun = std::time::Instant::now();
    let passes = || chain.apply(&rows(100)).is_ok_and(|applied| applied.exceptions.is_empty());
    while !passes() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "it is left alone for ever");
        std::thread::yield_now();
    }
    let applied = chain.apply(&rows(100)).expect("applied");
    assert_eq!((applied.batch.num_rows(), applied.exceptions.len()), (100, 0));
}

#[test]
fn batches_run_side_by_side() {
    let chain = scaled(Policy::Drop, &["i >= 100"]);
    let expected = ints(&chain.apply(&rows(30_000)).expect("applied").batch);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| (0..5).all(|_| ints(&chain.apply(&rows(30_000)).expect("applied").batch) == expected))
            })
            .collect();
        assert!(threads.into_iter().all(|thread| thread.join().expect("no panic")));
    });
    assert!(!chain.is_ordered());
}
