//! The order in which a tablet server fills an answer: that of Java's hash map, whatever the order of the request.
//!
//! A server takes what is asked of each bucket into a `HashMap` by table, bucket and partition. Who comes late in it gets
//! what the limit of the answer leaves, and no client can choose who that is.

use crate::ids::BucketId;

/// Java's maps begin with this many slots, and double them when they are three quarters full.
const FIRST_SLOTS: usize = 16;

/// Sorts what is asked of buckets, of which each is there once.
pub(super) fn sort<T>(parts: &mut [T], id: impl Fn(&T) -> BucketId) {
    let mut slots = FIRST_SLOTS;
    while parts.len() > slots / 4 * 3 {
        slots *= 2;
    }
    // What shares a slot stays in the order in which it came.
    parts.sort_by_key(|part| spread(hash(id(part))) as usize & (slots - 1));
}

/// `TableBucket.hashCode`: that of a list of table, bucket and partition.
fn hash(id: BucketId) -> u32 {
    let partition = id.partition.map_or(0, of_long);
    let members = [of_long(id.table), id.bucket as u32, partition];
    members.into_iter().fold(1, |hash: u32, member| hash.wrapping_mul(31).wrapping_add(member))
}

fn of_long(value: i64) -> u32 {
    (value ^ (value as u64 >> 32) as i64) as u32
}

/// What a hash map makes of a hash before it takes the slot from it.
fn spread(hash: u32) -> u32 {
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(table: i64, partition: Option<i64>, buckets: i32) -> Vec<i32> {
        let mut ids: Vec<i32> = (0..buckets).collect();
        sort(&mut ids, |bucket| BucketId { table, partition, bucket: *bucket });
        ids
    }

    // Printed by a Java 17 program that puts `Objects.hash(table, bucket, partition)` into a `HashMap`.
    #[test]
    fn it_is_the_order_of_a_java_hash_map() {
        type Case = (i64, Option<i64>, i32, &'static [i32]);
        let cases: [Case; 6] = [
            (0, None, 4, &[3, 2, 1, 0]),
            (7, None, 12, &[6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7]),
            (7, None, 13, &[6, 5, 4, 3, 2, 1, 0, 12, 11, 10, 9, 8, 7]),
            (5_000_000_000, None, 16, &[15, 13, 14, 11, 12, 9, 10, 7, 8, 5, 6, 3, 4, 1, 2, 0]),
            (3, Some(41), 8, &[7, 6, 5, 4, 3, 2, 1, 0]),
            (-9, Some(-2), 6, &[5, 4, 3, 2, 1, 0]),
        ];
        for (table, partition, buckets, expected) in cases {
            assert_eq!(sorted(table, partition, buckets), expected, "table {table}");
        }
    }
}
