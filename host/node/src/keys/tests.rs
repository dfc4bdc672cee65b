//! What the keys of many buckets take of memory, and what the books say of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use thalweg_wire::table::{Schema, TableDescriptor, TableProperties};

use super::bucket_keys::BucketKeys;
use super::memory::{Hash, Mark, Row, Rows};
use super::store::Store;
use crate::ids::PhysicalTable;
use crate::options::LEAST_MEMORY;
use crate::table::keyed::KeyedTable;

const BUCKETS: u32 = 4;

/// The keys of some tables, without logs.
struct Opened {
    store: Store,
    keys: Vec<BucketKeys>,
}

impl Opened {
    fn new(folder: &std::path::Path, tables: i64) -> Self {
        let mut schema = Schema::parse_sql("id INT NOT NULL, n BIGINT").unwrap();
        schema.primary_key = vec![0];
        let descriptor = TableDescriptor::new(schema);
        let properties = TableProperties::parse(&descriptor.properties).unwrap();
        let table = Arc::new(KeyedTable::new(&descriptor, &properties, 1, &BTreeMap::new()).unwrap());
        let store = Store::open(folder, LEAST_MEMORY, &HashSet::new()).unwrap();
        let new = |id| store.new_buckets(PhysicalTable { table: id, partition: None }, &table, BUCKETS);
        let keys = (0..tables).flat_map(new).collect();
        Self { store, keys }
    }

    /// Has every bucket take rows of `from` to `to`.
    fn write(&self, from: u32, to: u32) {
        for keys in &self.keys {
            let mut changes = Rows::default();
            for n in from..to {
                let key = n.wrapping_mul(0x9e37_79b9).to_be_bytes();
                changes.insert(Hash::of(&key), Row { key: &key, value: Some(&[7; 40]) }).unwrap();
            }
            keys.wait_for_room().unwrap();
            keys.write(changes, Mark { applied: to.into(), rows: to.into() }).unwrap();
        }
    }

    /// What the rows that files have not take, as the allocator sees it.
    fn allocated(&self) -> usize {
        let of = |keys: &BucketKeys| keys.recent().dirty().map(Rows::allocated).sum::<usize>();
        self.keys.iter().map(of).sum()
    }
}

#[test]
fn the_books_say_what_rows_take() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path(), 2);
    let memory = opened.store.memory();
    for from in (0..2000).step_by(50) {
        opened.write(from, from + 50);
        // Somebody asks for them in order, which takes memory too.
        let _ = opened.keys[1].view(&[1], usize::MAX).unwrap();
        let (counted, allocated) = (memory.all().dirty(), opened.allocated());
        assert!((allocated..=allocated * 5 / 4).contains(&counted), "{counted} bytes counted, {allocated} allocated");
    }
    opened.store.flush().unwrap();
    assert_eq!((memory.all().dirty(), opened.allocated()), (0, 0));
    let kept: usize = opened.keys.iter().map(|keys| keys.recent().clean().map_or(0, Rows::memory)).sum();
    assert_eq!(memory.all().clean(), kept);
    assert!(kept > 0, "rows stay while there is room");
    drop(opened.keys);
    assert_eq!((memory.all().dirty(), memory.all().clean()), (0, 0));
}

#[test]
fn rows_stay_within_their_bound_whatever_the_number_of_buckets() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path(), 3);
    let memory = opened.store.memory();
    let mut most = 0;
    for from in (0..30_000).step_by(1000) {
        opened.write(from, from + 1000);
        most = most.max(memory.all().dirty() + memory.all().clean());
    }
    // One batch may pass the bound, and what sorting takes.
    assert!(most < memory.limit() + memory.limit() / 2, "{most} bytes, of {} that may be", memory.limit());
    opened.store.flush().unwrap();
    assert_eq!(memory.all().dirty(), 0);
    for keys in &opened.keys {
        for n in (0..30_000u32).step_by(997) {
            let key = n.wrapping_mul(0x9e37_79b9).to_be_bytes();
            assert!(keys.get(&key, &mut Vec::new()).unwrap().is_some(), "{n}");
        }
        assert_eq!(keys.get(b"none", &mut Vec::new()).unwrap(), None);
    }
}
