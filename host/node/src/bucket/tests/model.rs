//! Keys and changelog against a model, with the node ending between any two steps.

use std::collections::BTreeMap;

use proptest::prelude::*;
use thalweg_wire::record::ChangeType;
use thalweg_wire::table::ChangelogImage;

use super::{Opened, Record, put, table};
use crate::keys::Put;
use crate::table::keyed::KeyedTable;

/// Tables that differ in how they keep rows and changes.
const TABLES: [&[(&str, &str)]; 7] = [
    &[],
    &[("table.changelog.image", "WAL")],
    &[("table.log.format", "COMPACTED")],
    &[("table.log.arrow.compression.type", "NONE")],
    &[("table.log.arrow.compression.type", "LZ4_FRAME")],
    &[("table.kv.format", "INDEXED")],
    &[("table.kv.format", "INDEXED"), ("table.log.format", "INDEXED"), ("table.changelog.image", "WAL")],
];

/// What the model says that a batch does: the changes, in order.
fn model(
    image: ChangelogImage,
    rows: &mut BTreeMap<i32, Option<i64>>,
    records: &[Record],
) -> Vec<(ChangeType, i32, Option<i64>)> {
    let mut changes = Vec::new();
    for (id, value) in records {
        match (value, rows.get(id).copied()) {
            (Some(new), _) if image == ChangelogImage::Wal => changes.push((ChangeType::UpdateAfter, *id, *new)),
            (Some(new), None) => changes.push((ChangeType::Insert, *id, *new)),
            (Some(new), Some(old)) => {
                changes.extend([(ChangeType::UpdateBefore, *id, old), (ChangeType::UpdateAfter, *id, *new)])
            }
            (None, Some(old)) => changes.push((ChangeType::Delete, *id, old)),
            (None, None) => {}
        }
        match value {
            Some(new) => rows.insert(*id, *new),
            None => rows.remove(id),
        };
    }
    changes
}

fn record() -> impl Strategy<Value = Record> {
    let value = prop_oneof![3 => any::<Option<i64>>().prop_map(Some), 1 => Just(None)];
    (prop_oneof![-3i32..10, any::<i32>()], value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Batches are put, sent again and lost between log and keys; the node ends between any two of them.
    #[test]
    fn keys_and_changelog_are_what_the_model_says(
        properties in 0..TABLES.len(),
        steps in proptest::collection::vec(
            (proptest::collection::vec(record(), 0..12), any::<bool>(), any::<bool>(), 0u8..4), 1..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let table = table(TABLES[properties]);
        let mut opened = Opened::open(folder.path(), &table);
        let (mut rows, mut expected, mut end) = (BTreeMap::new(), Vec::new(), 0);
        for (sequence, (records, repeated, applied, fate)) in steps.iter().enumerate() {
            let put = put(&table, (5, sequence as i32), records);
            let changes = model(table.image, &mut rows, records);
            let first = end;
            end += changes.len().max(1) as i64;
            expected.extend(changes.into_iter().enumerate().map(|(at, (change, id, n))| (first + at as i64, change, id, n)));
            prop_assert_eq!(opened.put(&put, *applied).unwrap(), end);
            if *fate == 1 {
                opened.store.flush().unwrap();
            }
            // Without the keys behind it, the log goes on only after a restart.
            if !*applied || *fate == 0 {
                drop(opened);
                opened = Opened::open(folder.path(), &table);
            }
            if *repeated {
                prop_assert_eq!(opened.put(&put, true).unwrap(), end);
            }
            prop_assert_eq!(&opened.rows(), &rows);
            prop_assert_eq!(opened.keys.rows(), (table.image == ChangelogImage::Full).then_some(rows.len() as i64));
        }
        prop_assert_eq!(opened.changes(), expected);
        prop_assert!(opened.put(&put_gap(&table, steps.len()), true).is_err());
    }
}

fn put_gap(table: &KeyedTable, sequence: usize) -> Put {
    put(table, (5, sequence as i32 + 1), &[(1, Some(None))])
}
