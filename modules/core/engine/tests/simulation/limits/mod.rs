//! Scans by small limits: answers that end within batches, buckets that an answer has no room for, batches that are larger
//! than a limit.
//!
//! ```text
//! cut       batches that are cut
//! progress  everything is read, and no bucket starves
//! ```

mod cut;
mod progress;

use std::time::Duration;

use thalweg_contract::TableHandle;

use crate::{
    batches::arrow_batch,
    world::{World, descriptor},
};

const SECOND: u64 = 1_000_000;

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A world with these limits of an answer and of a bucket, and a table with these batches of so many rows in each bucket;
/// the rows that are to be read.
fn world_with(
    seed: u64,
    servers: i32,
    (fetch_bytes, bucket_bytes): (u32, u32),
    batches: &[Vec<usize>],
) -> (World, TableHandle, Vec<(u32, u64, i64)>) {
    let mut world = World::new(seed, servers, |settings| {
        settings.scan.fetch_bytes = fetch_bytes;
        settings.scan.bucket_bytes = bucket_bytes;
        // The model does not end a wait when rows come.
        settings.scan.max_wait = Duration::from_millis(5);
    });
    world.cluster.create("t", descriptor(batches.len() as u32, "NONE"));
    let mut rows = Vec::new();
    for (bucket, lengths) in (0..).zip(batches) {
        for &length in lengths {
            fill(&mut world, bucket, length, &mut rows);
        }
    }
    rows.sort_unstable();
    let (table, _) = world.open_table("t").expect("it is there");
    (world, table, rows)
}

/// Puts a batch of this many rows behind the others of a bucket.
fn fill(world: &mut World, bucket: u32, length: usize, rows: &mut Vec<(u32, u64, i64)>) {
    let begin = rows.len() as i64;
    let ids: Vec<i64> = (begin..begin + length as i64).collect();
    let batch = arrow_batch(&descriptor(1, "NONE").schema, 1, &ids, None);
    let first = world.cluster.table("t").buckets[bucket as usize].append(&batch, 1).expect("it is sound");
    rows.extend(ids.into_iter().enumerate().map(|(at, id)| (bucket, first as u64 + at as u64, id)));
}

fn fetches(world: &World) -> u32 {
    world.cluster.calls.get("FETCH_LOG").copied().unwrap_or(0)
}
