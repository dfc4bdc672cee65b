//! What a bucket remembers of its writers: the last five batches of each, to answer a repeated one with its first
//! fate and to refuse a gap (`fluss.md` 3.4).

use std::collections::HashMap;

use bytes::{Buf, BufMut};

use super::batch::{Batch, Header};

/// Batches remembered of a writer; also the most that a client may have on the way.
const REMEMBERED: usize = 5;

/// A batch that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct TakenBatch {
    sequence: i32,
    first_offset: i64,
    /// One past the last.
    end: i64,
    timestamp: i64,
}

/// The last batches of one writer, the newest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Writer {
    taken: [TakenBatch; REMEMBERED],
    count: u8,
}

impl Writer {
    fn batches(&self) -> &[TakenBatch] {
        self.taken.get(..usize::from(self.count)).unwrap_or_default()
    }

    fn push(&mut self, taken: TakenBatch) {
        match self.taken.get_mut(usize::from(self.count)) {
            Some(free) => {
                *free = taken;
                self.count += 1;
            }
            None => {
                self.taken.rotate_left(1);
                self.taken[REMEMBERED - 1] = taken;
            }
        }
    }
}

/// What is to be done with the batches of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They are new and in order.
    New,
    /// One was taken before, with this first offset.
    Repeated(i64),
}

/// A batch that does not follow its writer's last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Out of order batch sequence for writer {writer}: {found} came in, {}", expectation(*last))]
pub(crate) struct OutOfOrder {
    writer: i64,
    found: i32,
    last: Option<i32>,
}

fn expectation(last: Option<i32>) -> String {
    match last {
        Some(last) => format!("and the last one taken is {last}"),
        None => "and the writer is not known here, so that 0 must come first".to_owned(),
    }
}

/// The writers of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Writers {
    writers: HashMap<i64, Writer>,
}

impl Writers {
    /// Judges the batches of one append. A repeated batch among them makes all of them repeated, as Fluss does.
    pub(crate) fn check(&self, batches: &[Batch]) -> Result<Verdict, OutOfOrder> {
        let counted = || batches.iter().map(|batch| &batch.header).filter(|header| header.writer_id >= 0);
        for header in counted() {
            let known = self.writers.get(&header.writer_id).map_or(&[][..], Writer::batches);
            if let Some(taken) = known.iter().find(|taken| taken.sequence == header.sequence) {
                return Ok(Verdict::Repeated(taken.first_offset));
            }
        }
        // The batches of one append stand against each other too.
        let mut before: HashMap<i64, i32> = HashMap::new();
        for header in counted() {
            let writer = header.writer_id;
            let in_append = before.get(&writer).copied();
            let last = in_append.or_else(|| self.writers.get(&writer)?.batches().last().map(|taken| taken.sequence));
            if !follows(last, header.sequence) {
                return Err(OutOfOrder { writer, found: header.sequence, last });
            }
            before.insert(writer, header.sequence);
        }
        Ok(Verdict::New)
    }

    /// Judges a batch that is about to be made: the end offset of one that was taken before, `None` for a new one.
    pub(crate) fn judge(&self, writer: i64, sequence: i32) -> Result<Option<i64>, OutOfOrder> {
        if writer < 0 {
            return Ok(None);
        }
        let known = self.writers.get(&writer).map_or(&[][..], Writer::batches);
        if let Some(taken) = known.iter().find(|taken| taken.sequence == sequence) {
            return Ok(Some(taken.end));
        }
        let last = known.last().map(|taken| taken.sequence);
        if follows(last, sequence) { Ok(None) } else { Err(OutOfOrder { writer, found: sequence, last }) }
    }

    /// Takes note of a batch that was written with this header. Returns what was known of its writer before.
    pub(crate) fn note(&mut self, header: &Header) -> Option<Known> {
        if header.writer_id < 0 {
            return None;
        }
        let before = self.writers.get(&header.writer_id).copied();
        let taken = TakenBatch {
            sequence: header.sequence,
            first_offset: header.base_offset,
            end: header.next_offset(),
            timestamp: header.timestamp,
        };
        self.writers.entry(header.writer_id).or_default().push(taken);
        Some(Known { writer: header.writer_id, before })
    }

    /// Takes a note back.
    pub(crate) fn restore(&mut self, known: Known) {
        match known.before {
            Some(before) => self.writers.insert(known.writer, before),
            None => self.writers.remove(&known.writer),
        };
    }

    /// Forgets writers that have been silent since before `horizon`, and the longest silent ones beyond `most`.
    pub(crate) fn expire(&mut self, horizon: i64, most: usize) {
        let last = |writer: &Writer| writer.batches().last().map_or(i64::MIN, |taken| taken.timestamp);
        self.writers.retain(|_, writer| last(writer) >= horizon);
        if self.writers.len() > most {
            let mut ages: Vec<(i64, i64)> = self.writers.iter().map(|(id, writer)| (last(writer), *id)).collect();
            ages.sort_unstable();
            for (_, id) in ages.iter().take(self.writers.len() - most) {
                self.writers.remove(id);
            }
        }
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.writers.len()
    }

    /// Appends all that is remembered to `bytes`.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32_le(u32::try_from(self.writers.len()).unwrap_or(u32::MAX));
        for (id, writer) in &self.writers {
            bytes.put_i64_le(*id);
            bytes.put_u8(writer.count);
            for taken in writer.batches() {
                bytes.put_i32_le(taken.sequence);
                bytes.put_i64_le(taken.first_offset);
                bytes.put_i64_le(taken.end);
                bytes.put_i64_le(taken.timestamp);
            }
        }
    }

    /// Reads what `encode` wrote.
    pub(crate) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut writers = HashMap::new();
        for _ in 0..bytes.try_get_u32_le().ok()? {
            let id = bytes.try_get_i64_le().ok()?;
            let mut writer = Writer::default();
            for _ in 0..bytes.try_get_u8().ok()? {
                writer.push(TakenBatch {
                    sequence: bytes.try_get_i32_le().ok()?,
                    first_offset: bytes.try_get_i64_le().ok()?,
                    end: bytes.try_get_i64_le().ok()?,
                    timestamp: bytes.try_get_i64_le().ok()?,
                });
            }
            writers.insert(id, writer);
        }
        Some(Self { writers })
    }
}

/// What was known of a writer before a note.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    writer: i64,
    before: Option<Writer>,
}

/// Whether a sequence follows the last one; behind the highest comes 0, and an unknown writer begins with 0.
fn follows(last: Option<i32>, next: i32) -> bool {
    match last {
        None | Some(i32::MAX) => next == 0,
        Some(last) => next == last.wrapping_add(1) && next >= 0,
    }
}
