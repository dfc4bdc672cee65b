//! Answers that are too large: in bytes, in rows, and in what they would have the host copy.

use arrow_array::StringArray;

use super::image::*;
use super::shapes::{good, plan};
use super::*;
use Word::Is;

/// A chain of the good modules and one that gives this answer to bad rows.
fn answering(answer: fn(&mut Image) -> Answer, on_failure: Policy) -> Chain {
    let mut image = Image::default();
    let (plan, good, bad) = (plan(&mut image, ""), good(&mut image, ""), answer(&mut image));
    surrounded(&wrap(&core(&HARMLESS, image, plan, good, Some(bad))), on_failure)
}

/// An answer, and what is told of it.
type Case = (fn(&mut Image) -> Answer, &'static str);

/// Applies until the module is no longer left alone.
fn recovers(chain: &Chain) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if chain.apply(&rows(100)).is_ok_and(|applied| applied.exceptions.is_empty()) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn answers_that_are_always_too_large_cost_their_own_rows() {
    let cases: [Case; 3] = [
        (|_| kept(by_bitmap(List(ZEROS, Is(200_000)))), "its answer holds more than 196608 bytes"),
        (|_| produced(Is(20_001), List(ZEROS, Is(20_001)), NOTHING), "its answer has more than 20000 rows"),
        (|_| produced(Is(1 << 31), NOTHING, NOTHING), "its answer has more than 20000 rows"),
    ];
    for (answer, told) in cases {
        let text = error(answering(answer, Policy::Fail).apply(&rows(ROWS)));
        assert_eq!(text, format!("module hostile failed: {told}"));

        let chain = answering(answer, Policy::Drop);
        let applied = chain.apply(&rows(ROWS)).expect("applied");
        let hurt = ROWS - N as i32;
        assert_eq!(ints(&applied.batch), good_rows(hurt), "{told}");
        let dropped = Tally { dropped: u64::from(N), ..Tally::default() };
        assert_eq!(applied.tallies[1], dropped, "{told}");
        let exception = &applied.exceptions[0];
        assert!(exception.rows.iter().map(|row| *row as i32).eq(hurt..ROWS), "{told}");
        assert_eq!(exception.messages[0], told);
        // 1807, 903, .. and 1 rows; four more rows; then it is left alone.
        assert_eq!(chain.report()[1].calls, 1 + 11 + 4, "{told}");
        assert!(exception.messages[1].starts_with("it failed 5 times in a row"), "{:?}", exception.messages);
        assert!(recovers(&chain), "{told}");
    }
}

/// A module that makes 1,000 rows of the first of each call. Nothing of `t` goes through it.
fn copies() -> Vec<u8> {
    let mut image = Image::default();
    let (plan, good) = (plan(&mut image, ""), produced(Is(1000), List(ZEROS, Is(1000)), NOTHING));
    wrap(&core(&HARMLESS, image, plan, good, None))
}

fn copying(output: usize, on_failure: Policy) -> Chain {
    let (_folder, path) = module(&copies());
    let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
    (spec.on_failure, spec.limits) = (on_failure, Limits { output, ..limits() });
    load(vec![spec], "i INT, t STRING", "i INT, t STRING").expect("a chain")
}

/// Rows of which each has a text of so many bytes.
fn texts(count: i32, bytes: usize) -> RecordBatch {
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(|_| "x".repeat(bytes))));
    RecordBatch::try_new(arrow("i INT, t STRING"), vec![Arc::clone(rows(count).column(0)), texts]).expect("columns")
}

#[test]
fn texts_that_a_few_numbers_would_multiply_are_counted_before_they_are_copied() {
    // 1,000 copies of 1 KB are within 2 MB, of 10 KB they are not, however few rows a call has.
    let chain = copying(2 << 20, Policy::Drop);
    assert_eq!(chain.apply(&texts(3, 1000)).expect("applied").batch.num_rows(), 1000);
    let applied = chain.apply(&texts(3, 10_000)).expect("applied");
    assert_eq!((applied.batch.num_rows(), applied.tallies[0].dropped), (0, 3));
    assert_eq!(applied.exceptions[0].messages[0], "its answer holds more than 2097152 bytes");
}

#[test]
fn many_answers_to_one_batch_are_counted_together() {
    // 12 KB of numbers a call, and 1 MB of texts: two such calls are more than 16 times 100 KB, one is not.
    let chain = copying(1 << 20, Policy::Drop);
    let count = 8192 * 20;
    let applied = chain.apply(&texts(count, 1000)).expect("applied");
    let told =
        "its answers to one batch hold more than 16777216 bytes; give it smaller batches, or allow it more output";
    assert_eq!(applied.exceptions[0].messages, [told]);
    let calls = chain.report()[0].calls;
    assert!((16..=17).contains(&calls), "nothing is called after that: {calls}");
    assert_eq!(applied.batch.num_rows() as u64, (calls - 1) * 1000);
    assert_eq!(chain.apply(&texts(10, 10)).expect("applied").batch.num_rows(), 1000, "the next batch passes");
}
