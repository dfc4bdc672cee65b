//! The same scenario under every option.

use proptest::prelude::*;
use thalweg_contract::{ColumnParts, HostOptions, RowForm, Workplace};

use crate::{host::Feed, scenario::run};

const OUTSIDE: HostOptions = HostOptions { work: Workplace::Outside, rows: RowForm::Message };

/// What a host gets, and every other way to have it.
fn others() -> Vec<(HostOptions, Feed)> {
    let options = |work, rows| HostOptions { work, rows };
    let inside = |rows| options(Workplace::Inside, rows);
    vec![
        (options(Workplace::Outside, RowForm::Columns), Feed::Heads(40)),
        (inside(RowForm::Message), Feed::Frames),
        (inside(RowForm::Columns), Feed::Heads(0)),
        (inside(RowForm::Columns), Feed::Bytes(1 << 16)),
        (inside(RowForm::Columns), Feed::Bytes(7)),
    ]
}

/// Parts and their body as they can be lent. With work inside every part begins at a multiple of 8; elsewhere they are
/// moved here.
pub(crate) fn movable(options: HostOptions, columns: &[ColumnParts], body: &[u8]) -> (Vec<ColumnParts>, Vec<u8>) {
    let (mut columns, mut moved) = (columns.to_vec(), body.to_vec());
    let parts = columns.iter_mut().flat_map(|column| [&mut column.validity, &mut column.offsets, &mut column.values]);
    let mut parts = parts.flatten();
    if options.work == Workplace::Inside {
        assert!(parts.all(|part| part.offset % 8 == 0), "every part begins at a multiple of 8");
        drop(parts);
        return (columns, moved);
    }
    moved.clear();
    for part in parts {
        let bytes = &body[part.offset as usize..(part.offset + part.length) as usize];
        part.offset = moved.len() as u32;
        moved.extend_from_slice(bytes);
        moved.resize(moved.len().next_multiple_of(8), 0);
    }
    (columns, moved)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_requests_are_the_same(
        seed: u64,
        compression in prop::sample::select(vec!["ZSTD", "LZ4_FRAME", "NONE"]),
        breaks_at in prop::option::of(4usize..25),
    ) {
        let expected = run(OUTSIDE, Feed::Frames, compression, seed, breaks_at);
        prop_assert!(expected.rows.iter().flatten().any(|(_, batch, _)| batch.num_rows() > 0));
        for (options, feed) in others() {
            let found = run(options, feed, compression, seed, breaks_at);
            prop_assert_eq!(&found.fates, &expected.fates, "{:?} {:?}", options, feed);
            prop_assert_eq!(&found.counts, &expected.counts, "{:?} {:?}", options, feed);
            prop_assert!(found.rows == expected.rows, "rows differ with {options:?} {feed:?}");
            prop_assert!(found.requests == expected.requests, "requests differ with {options:?} {feed:?}");
        }
    }
}
