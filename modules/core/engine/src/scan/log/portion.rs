//! Which buckets of a leader a fetch asks for, and for how much of each.
//!
//! A server fills its answer bucket by bucket up to the limit of the whole, in an order of its own whatever that of the
//! request, and cuts each at its limit in the middle of a batch. Only the first bucket that has anything gets a whole
//! batch at any rate. So a request asks for no more buckets than fit into an answer, those that waited longest, and for a
//! bucket that got no whole batch all the same alone.

use thalweg_contract::{Bucket, ScanSettings};

/// What an answer takes beside the records of one bucket, at most.
const AROUND: u32 = 1024;
/// How often in a row a bucket may get no whole batch: among others, alone, and with all the room that a frame has.
pub(crate) const TRIES: u8 = 3;

/// How much may be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// The whole answer.
    total: u32,
    /// Each bucket.
    bucket: u32,
    /// The largest batch that fits into a frame.
    most: u32,
}

impl Room {
    /// The room that the settings leave for `wanted` bytes.
    pub(crate) fn new(settings: &ScanSettings, frame_limit: u32, wanted: u64) -> Self {
        let most = largest_batch(frame_limit);
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).max(1);
        let total = settings.fetch_bytes.min(wanted).min(most);
        Self { total, bucket: settings.bucket_bytes.min(total), most }
    }

    /// What is asked of a bucket: room for the batch that comes next, as far as that is known.
    fn portion(self, due: &Due) -> Portion {
        let bytes = if due.fruitless > 1 { self.most } else { self.bucket.max(due.batch).min(self.most) };
        Portion { bucket: due.bucket, position: due.position, bytes }
    }
}

/// The largest batch that fits into a frame of at most `frame_limit` bytes.
pub(crate) fn largest_batch(frame_limit: u32) -> u32 {
    frame_limit.min(i32::MAX as u32).saturating_sub(AROUND).max(1)
}

/// A bucket that can be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) bucket: Bucket,
    /// The offset to read from.
    pub(crate) position: u64,
    /// The length of the batch there, as far as it can be told; 0: unknown.
    pub(crate) batch: u32,
    /// Whether the server is known to have rows from there on.
    pub(crate) has_more: bool,
    /// How many answers in a row had room for a batch of it, and none.
    pub(crate) fruitless: u8,
    /// The number of the request that asked for it last; 0: it comes first.
    pub(crate) last: u64,
}

/// What is asked of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portion {
    pub(crate) bucket: Bucket,
    pub(crate) position: u64,
    /// The most of it, in bytes.
    pub(crate) bytes: u32,
}

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portions {
    pub(crate) list: Vec<Portion>,
    /// The longest answer, in bytes.
    pub(crate) total: u32,
}

impl Portions {
    /// Chooses among the buckets of a leader, of which there is at least one.
    pub(crate) fn choose(mut due: Vec<Due>, room: Room) -> Self {
        if let Some(hard) = due.iter().filter(|due| due.fruitless > 0).min_by_key(|due| due.last) {
            let portion = room.portion(hard);
            return Self { list: vec![portion], total: room.total.max(portion.bytes) };
        }
        due.sort_by_key(|due| due.last);
        let (mut left, mut fit) = (room.total, 0);
        for due in &due {
            let bytes = room.portion(due).bytes;
            if fit > 0 && bytes > left {
                break;
            }
            left = left.saturating_sub(bytes);
            fit += 1;
        }
        // Where none of them has rows for sure, the server waits until any bucket has.
        if due.iter().take(fit).any(|due| due.has_more) {
            due.truncate(fit);
        }
        let list: Vec<Portion> = due.iter().map(|due| room.portion(due)).collect();
        let total = list.first().map_or(room.total, |first| room.total.max(first.bytes));
        Self { list, total }
    }

    /// Whether an answer has room for what is asked of each bucket.
    pub(crate) fn fit(&self) -> bool {
        self.list.iter().map(|portion| u64::from(portion.bytes)).sum::<u64>() <= u64::from(self.total)
    }

    /// The most of the one bucket, if only one is asked for.
    pub(crate) fn alone(&self) -> Option<u32> {
        match self.list[..] {
            [portion] => Some(portion.bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: u32 = 128 << 20;

    fn due(bucket: u32, last: u64) -> Due {
        let bucket = Bucket { partition: None, bucket };
        Due { bucket, position: 0, batch: 0, has_more: true, fruitless: 0, last }
    }

    fn room(fetch_bytes: u32, bucket_bytes: u32, frame_limit: u32, wanted: u64) -> Room {
        let settings = thalweg_contract::Settings::new(Vec::new()).scan;
        Room::new(&ScanSettings { fetch_bytes, bucket_bytes, ..settings }, frame_limit, wanted)
    }

    /// Each bucket with its bytes, and those of the whole.
    fn chosen(due: Vec<Due>, room: Room) -> (Vec<(u32, u32)>, u32) {
        let portions = Portions::choose(due, room);
        (portions.list.iter().map(|portion| (portion.bucket.bucket, portion.bytes)).collect(), portions.total)
    }

    #[test]
    fn as_many_are_asked_for_as_fit_and_those_that_waited_longest() {
        let all = || (0..6).map(|bucket| due(bucket, [9, 4, 0, 9, 3, 0][bucket as usize])).collect::<Vec<_>>();
        assert_eq!(chosen(all(), room(100, 30, FRAME, u64::MAX)), (vec![(2, 30), (5, 30), (4, 30)], 100));
        assert_eq!(chosen(all(), room(100, 100, FRAME, u64::MAX)), (vec![(2, 100)], 100));
        assert_eq!(chosen(all(), room(100, 500, FRAME, u64::MAX)), (vec![(2, 100)], 100));
        // No more than is wanted, but a byte at least.
        assert_eq!(chosen(all(), room(100, 30, FRAME, 40)), (vec![(2, 30)], 40));
        assert_eq!(chosen(all(), room(100, 30, FRAME, 0)), (vec![(2, 1)], 1));
        // No more than a frame has room for.
        assert_eq!(chosen(all(), room(1 << 20, 1 << 20, 5000, u64::MAX)), (vec![(2, 3976)], 3976));
        let few: Vec<Due> = all().into_iter().take(2).collect();
        assert_eq!(chosen(few, room(100, 30, FRAME, u64::MAX)), (vec![(1, 30), (0, 30)], 100));
    }

    #[test]
    fn a_batch_that_was_announced_gets_its_room() {
        let with = |batch| vec![Due { batch, ..due(0, 1) }, due(1, 2), due(2, 3)];
        assert_eq!(chosen(with(60), room(100, 30, FRAME, u64::MAX)), (vec![(0, 60), (1, 30)], 100));
        assert_eq!(chosen(with(5), room(100, 30, FRAME, u64::MAX)).0, [(0, 30), (1, 30), (2, 30)]);
        assert_eq!(chosen(with(700), room(100, 30, FRAME, u64::MAX)), (vec![(0, 700)], 700));
    }

    #[test]
    fn where_no_row_is_known_of_all_are_asked() {
        let quiet: Vec<Due> = (0..4).map(|bucket| Due { has_more: false, ..due(bucket, u64::from(bucket)) }).collect();
        let portions = Portions::choose(quiet.clone(), room(100, 60, FRAME, u64::MAX));
        assert_eq!((portions.list.len(), portions.fit(), portions.alone()), (4, false, None));
        let mut one = quiet;
        one[0].has_more = true;
        let portions = Portions::choose(one, room(100, 60, FRAME, u64::MAX));
        assert_eq!((portions.list.len(), portions.fit(), portions.alone()), (1, true, Some(60)));
    }

    #[test]
    fn one_that_got_no_whole_batch_is_asked_alone_and_then_for_all_that_a_frame_holds() {
        let with = |fruitless, batch| {
            vec![due(0, 0), Due { fruitless, batch, ..due(1, 7) }, Due { fruitless: 1, ..due(2, 8) }]
        };
        let room = room(100, 30, 5000, u64::MAX);
        assert_eq!(chosen(with(1, 0), room), (vec![(1, 30)], 100));
        assert_eq!(chosen(with(1, 400), room), (vec![(1, 400)], 400));
        assert_eq!(chosen(with(2, 400), room), (vec![(1, 3976)], 3976));
    }
}
