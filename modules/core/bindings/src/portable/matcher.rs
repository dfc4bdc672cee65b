//! Finds repeated bytes for zstd, the fast way: one table of where five bytes stood last, and the first match is taken.

use structured_zstd::encoding::{CompressionLevel, HistoryBuf, Matcher, Sequence};

/// How far back a match may lie, in bytes: what every decoder has room for.
const WINDOW: usize = 1 << 20;
/// The most entries of the table, as a power of two, and the fewest.
const LARGEST_TABLE: u32 = 15;
const SMALLEST_TABLE: u32 = 8;
/// After so many bytes without a match (as a power of two) one byte more is skipped at each step.
const PATIENCE: u32 = 7;
/// What a word is multiplied by for its hash, as zstd does it for five bytes.
const PRIME: u64 = 889_523_592_379;

/// Finds matches in one buffer.
pub(super) struct FastMatcher {
    /// All that came; what is before `start` was given.
    history: HistoryBuf,
    /// The last block.
    start: usize,
    end: usize,
    /// Where bytes with a hash stood last, plus one; 0: nowhere.
    table: Vec<u32>,
    /// The length of the hash, in bits.
    bits: u32,
    /// The offset of the last match.
    last: usize,
}

impl FastMatcher {
    /// For a buffer of this length.
    pub(super) fn new(length: usize) -> Self {
        let bits = (usize::BITS - length.leading_zeros()).clamp(SMALLEST_TABLE, LARGEST_TABLE);
        Self { history: HistoryBuf::new(), start: 0, end: 0, table: vec![0; 1 << bits], bits, last: 0 }
    }
}

/// Eight bytes; zeros where they are not all there.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk::<8>()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// How many bytes at `a` and `b` are the same, `b` being the later.
#[inline(always)]
fn common(bytes: &[u8], a: usize, b: usize) -> usize {
    let (Some(early), Some(late)) = (bytes.get(a..), bytes.get(b..)) else { return 0 };
    let (words_early, _) = early.as_chunks::<8>();
    let (words_late, rest) = late.as_chunks::<8>();
    let mut length = 0;
    for (one, other) in words_early.iter().zip(words_late) {
        let differ = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differ != 0 {
            return length + (differ.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let early = early.get(length..).unwrap_or_default();
    length + early.iter().zip(rest).take_while(|(one, other)| one == other).count()
}

impl Matcher for FastMatcher {
    fn get_last_space(&mut self) -> &[u8] {
        self.history.get(self.start..self.end).unwrap_or_default()
    }

    fn fill_in_place(
        &mut self,
        capacity: usize,
        fill: &mut dyn FnMut(&mut HistoryBuf) -> (usize, bool),
    ) -> (usize, bool) {
        self.history.reserve(capacity);
        fill(&mut self.history)
    }

    fn uncommitted_input(&self) -> &[u8] {
        self.history.get(self.end..).unwrap_or_default()
    }

    fn commit_filled(&mut self, len: usize) {
        self.start = self.end;
        self.end = (self.end + len).min(self.history.len());
    }

    fn skip_matching(&mut self) {}

    fn start_matching(&mut self, mut handle_sequence: impl FnMut(Sequence)) {
        let Self { history, table, .. } = self;
        let Some(bytes) = history.get(..self.end) else { return };
        let shift = 64 - self.bits;
        let mut note = |at: usize, word: u64| {
            let place = table.get_mut(((word << 24).wrapping_mul(PRIME) >> shift) as usize);
            place.map_or(0, |place| std::mem::replace(place, at as u32 + 1) as usize)
        };
        let (mut at, mut literals) = (self.start, self.start);
        while at + 8 <= bytes.len() {
            let here = word(bytes, at);
            let found = note(at, here);
            // The offset of the last match first, one byte on: it takes fewer bits.
            let again = at + 1;
            if self.last > 0 && again >= self.last && word(bytes, again - self.last) as u32 == (here >> 8) as u32 {
                let length = common(bytes, again - self.last, again);
                handle_sequence(Sequence::Triple {
                    literal_len: again - literals,
                    offset: self.last,
                    match_len: length,
                });
                at = again + length;
                literals = at;
                continue;
            }
            let candidate = found.wrapping_sub(1);
            if found > 0 && at - candidate <= WINDOW && word(bytes, candidate) << 24 == here << 24 {
                let mut length = common(bytes, candidate, at);
                let (mut from, mut before) = (at, candidate);
                while from > literals && before > 0 && bytes.get(from - 1) == bytes.get(before - 1) {
                    (from, before, length) = (from - 1, before - 1, length + 1);
                }
                let offset = from - before;
                handle_sequence(Sequence::Triple { literal_len: from - literals, offset, match_len: length });
                self.last = offset;
                // Two places in the match are noted too: what comes again often begins in the middle of it.
                note(at + 2, word(bytes, at + 2));
                at = from + length;
                note(at - 2, word(bytes, at - 2));
                literals = at;
                continue;
            }
            at += 1 + ((at - literals) >> PATIENCE);
        }
        if literals < bytes.len() {
            handle_sequence(Sequence::Literals { len: bytes.len() - literals });
        }
    }

    fn reset(&mut self, _: CompressionLevel) {
        if self.end > 0 {
            self.history.clear();
            self.table.fill(0);
            (self.start, self.end, self.last) = (0, 0, 0);
        }
    }

    fn window_size(&self) -> u64 {
        WINDOW as u64
    }
}
