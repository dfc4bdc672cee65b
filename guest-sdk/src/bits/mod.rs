//! Bitmaps: one bit a row, least significant bit of the first byte first.

/// A borrowed bitmap, as it came over the boundary.
///
/// ```
/// use thalweg_module::Bits;
/// let bits = Bits::new(&[0b101], 3).unwrap();
/// assert_eq!(bits.iter().collect::<Vec<_>>(), [true, false, true]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    rows: usize,
}

impl<'a> Bits<'a> {
    /// The first `rows` bits of `bytes`; `None` if there are not that many.
    pub fn new(bytes: &'a [u8], rows: usize) -> Option<Self> {
        Some(Self { bytes: bytes.get(..rows.div_ceil(8))?, rows })
    }

    /// How many bits there are.
    pub fn len(self) -> usize {
        self.rows
    }

    /// Whether there is no bit.
    pub fn is_empty(self) -> bool {
        self.rows == 0
    }

    /// The bit of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn at(self, row: usize) -> bool {
        self.bytes[row / 8] >> (row % 8) & 1 == 1
    }

    /// Bits `64 * index` and up, the first one lowest. Bits past the last row are clear.
    pub fn word(self, index: usize) -> u64 {
        let start = (index * 8).min(self.bytes.len());
        let rest = &self.bytes[start..];
        let word = match rest.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        word & last_word_mask(self.rows, index)
    }

    /// The bits in order.
    pub fn iter(self) -> impl Iterator<Item = bool> + use<'a> {
        (0..self.rows).map(move |row| self.at(row))
    }

    /// A copy that can be changed.
    pub fn to_bitmap(self) -> Bitmap {
        Bitmap { words: (0..self.rows.div_ceil(64)).map(|index| self.word(index)).collect(), rows: self.rows }
    }
}

/// An owned bitmap. Bits past the last row are always clear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bitmap {
    words: Vec<u64>,
    rows: usize,
}

impl Bitmap {
    /// A bit for each row, as `f` says. `f` is called once a row, in order.
    ///
    /// ```
    /// use thalweg_module::Bitmap;
    /// let even = Bitmap::from_fn(100, |row| row % 2 == 0);
    /// assert_eq!(even.count(), 50);
    /// ```
    pub fn from_fn(rows: usize, mut f: impl FnMut(usize) -> bool) -> Self {
        let mut words = Vec::with_capacity(rows.div_ceil(64));
        for start in (0..rows / 64).map(|index| index * 64) {
            words.push((0..64).fold(0, |word, bit| word | u64::from(f(start + bit)) << bit));
        }
        if !rows.is_multiple_of(64) {
            let start = rows - rows % 64;
            words.push((0..rows % 64).fold(0, |word, bit| word | u64::from(f(start + bit)) << bit));
        }
        Self { words, rows }
    }

    /// A bit for each row that is set in `mask`, as `f` says; `f` is asked about no other row.
    pub fn from_fn_where(mask: &Self, mut f: impl FnMut(usize) -> bool) -> Self {
        let word = |(index, &mask): (usize, &u64)| {
            let start = index * 64;
            if mask == u64::MAX {
                return (0..64).fold(0, |word, bit| word | u64::from(f(start + bit)) << bit);
            }
            let (mut left, mut word) = (mask, 0);
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                word |= u64::from(f(start + bit)) << bit;
                left &= left - 1;
            }
            word
        };
        Self { words: mask.words.iter().enumerate().map(word).collect(), rows: mask.rows }
    }

    /// A bit for each value, as `f` says: the fastest way from one column to a bitmap.
    ///
    /// ```
    /// use thalweg_module::Bitmap;
    /// let late = Bitmap::from_values(&[10, 40, 50], |delay| delay > 30);
    /// assert_eq!(late.iter().collect::<Vec<_>>(), [false, true, true]);
    /// ```
    pub fn from_values<T: Copy>(values: &[T], f: impl Fn(T) -> bool) -> Self {
        let pack =
            |chunk: &[T]| chunk.iter().enumerate().fold(0, |word, (bit, &value)| word | u64::from(f(value)) << bit);
        let (chunks, rest) = values.as_chunks::<64>();
        let mut words = Vec::with_capacity(values.len().div_ceil(64));
        words.extend(chunks.iter().map(|chunk| pack(chunk)));
        if !rest.is_empty() {
            words.push(pack(rest));
        }
        Self { words, rows: values.len() }
    }

    /// Every bit set, or none.
    pub fn filled(rows: usize, value: bool) -> Self {
        let fill = if value { u64::MAX } else { 0 };
        Self { words: (0..rows.div_ceil(64)).map(|index| fill & last_word_mask(rows, index)).collect(), rows }
    }

    /// How many bits there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no bit.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many bits are set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bit of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn at(&self, row: usize) -> bool {
        assert!(row < self.rows, "row {row} of a bitmap of {}", self.rows);
        self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// Sets or clears the bit of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn set(&mut self, row: usize, value: bool) {
        assert!(row < self.rows, "row {row} of a bitmap of {}", self.rows);
        let bit = 1 << (row % 64);
        if value {
            self.words[row / 64] |= bit;
        } else {
            self.words[row / 64] &= !bit;
        }
    }

    /// Adds a bit at the end.
    pub fn push(&mut self, value: bool) {
        if self.rows.is_multiple_of(64) {
            self.words.push(0);
        }
        self.rows += 1;
        self.set(self.rows - 1, value);
    }

    /// The bits in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.rows).map(|row| self.at(row))
    }

    /// The rows whose bit is set, rising.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let next = |word: &u64| Some(word & (word - 1)).filter(|&rest| rest != 0);
            std::iter::successors(Some(word).filter(|&word| word != 0), next)
                .map(move |word| index * 64 + word.trailing_zeros() as usize)
        })
    }

    /// Clears the bits that are clear in `other`, which must be as long.
    pub fn and(&mut self, other: &Self) {
        debug_assert_eq!(self.rows, other.rows);
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// The bits that are set in both; `None` has all of them set.
    pub(crate) fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(mut one), Some(other)) => {
                one.and(&other);
                Some(one)
            }
            (one, other) => one.or(other),
        }
    }

    /// Sets the bits that are set in `other`, which must be as long.
    pub fn or(&mut self, other: &Self) {
        debug_assert_eq!(self.rows, other.rows);
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Clears the bits that are clear in `other`, which must be as long: how nulls leave a bitmap.
    pub fn and_bits(&mut self, other: Bits<'_>) {
        debug_assert_eq!(self.rows, other.rows);
        self.words.iter_mut().enumerate().for_each(|(index, word)| *word &= other.word(index));
    }

    /// Every bit the other way round.
    pub fn invert(&mut self) {
        let rows = self.rows;
        self.words.iter_mut().enumerate().for_each(|(index, word)| *word = !*word & last_word_mask(rows, index));
    }

    /// Calls `f` with the rows whose bit is set, rising. Whether a bit is set is not asked one by one: bits at random would
    /// make that slow.
    pub(crate) fn for_each_one(&self, mut f: impl FnMut(usize)) {
        for (start, &word) in (0..).step_by(64).zip(&self.words) {
            if word == u64::MAX {
                (start..start + 64).for_each(&mut f);
                continue;
            }
            let mut left = word;
            while left != 0 {
                f(start + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }

    /// The bytes that cross the boundary.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.words.len() * 8);
        self.words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes.truncate(self.rows.div_ceil(8));
        bytes
    }
}

/// The bits of word `index` that belong to a row.
fn last_word_mask(rows: usize, index: usize) -> u64 {
    match rows.saturating_sub(index * 64) {
        0 => 0,
        left @ 1..64 => (1 << left) - 1,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests;
