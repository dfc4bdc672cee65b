//! A growing row of bits, least significant bit of the first byte first: validity and booleans.

/// Bits in whole bytes; those past the last are clear.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    length: usize,
}

impl Bits {
    /// How many bytes they take.
    pub(crate) fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Adds one bit.
    pub(crate) fn push(&mut self, bit: bool) {
        let place = self.length % 8;
        if place == 0 {
            self.bytes.push(u8::from(bit));
        } else if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << place;
        }
        self.length += 1;
    }

    /// Adds `count` set bits.
    pub(crate) fn extend_set(&mut self, count: usize) {
        let place = self.length % 8;
        if place != 0
            && let Some(last) = self.bytes.last_mut()
        {
            *last |= 0xff << place;
        }
        self.length += count;
        self.bytes.resize(self.length.div_ceil(8), 0xff);
        self.clear_tail();
    }

    /// Adds the bits `first..first + count` of `source`, which has as many, and says how many of them are clear.
    pub(crate) fn extend_from(&mut self, source: &[u8], first: usize, count: usize) -> usize {
        let mut set = 0;
        let mut position = first;
        let end = first + count;
        // Bit by bit up to a whole byte of ours; from there on, byte by byte.
        while position < end && !self.length.is_multiple_of(8) {
            let one = bit(source, position);
            self.push(one);
            set += usize::from(one);
            position += 1;
        }
        let rest = end - position;
        let whole = rest.div_ceil(8);
        let from = self.bytes.len();
        let (byte, shift) = (position / 8, position % 8);
        let source = source.get(byte..).unwrap_or_default();
        if shift == 0 {
            self.bytes.extend(source.iter().take(whole));
        } else {
            self.bytes.extend(source.iter().take(whole).map(|low| low >> shift));
            let high = source.iter().skip(1);
            self.bytes
                .get_mut(from..)
                .unwrap_or_default()
                .iter_mut()
                .zip(high)
                .for_each(|(place, high)| *place |= high << (8 - shift));
        }
        self.length += rest;
        self.bytes.resize(self.length.div_ceil(8), 0);
        self.clear_tail();
        set += self.bytes.get(from..).unwrap_or_default().iter().map(|byte| byte.count_ones() as usize).sum::<usize>();
        count - set
    }

    /// Adds the bits of `source` at `rows`, and says how many of them are clear.
    pub(crate) fn extend_gathered(&mut self, source: &[u8], rows: &[u32]) -> usize {
        let mut set = 0;
        let (head, rest) = rows.split_at(rows.len().min((8 - self.length % 8) % 8));
        for &row in head {
            let one = bit(source, row as usize);
            self.push(one);
            set += usize::from(one);
        }
        // `rest` is empty unless we stand at a whole byte.
        self.bytes.extend(rest.chunks(8).map(|rows| {
            let one = |byte, (place, &row): (usize, &u32)| byte | u8::from(bit(source, row as usize)) << place;
            let byte = rows.iter().enumerate().fold(0u8, one);
            set += byte.count_ones() as usize;
            byte
        }));
        self.length += rest.len();
        rows.len() - set
    }

    fn clear_tail(&mut self) {
        let used = self.length % 8;
        if used != 0
            && let Some(last) = self.bytes.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }
}

/// The bit at `position`; clear past the end.
pub(crate) fn bit(bytes: &[u8], position: usize) -> bool {
    bytes.get(position / 8).is_some_and(|byte| byte >> (position % 8) & 1 != 0)
}

/// The first clear bit of the first `count`.
pub(crate) fn first_clear(bytes: &[u8], count: usize) -> Option<usize> {
    let whole = bytes.iter().take(count / 8).position(|byte| *byte != 0xff);
    let from = whole.unwrap_or(count / 8) * 8;
    (from..count).find(|position| !bit(bytes, *position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(bool),
        Set(usize),
        Range(Vec<u8>, usize, usize),
        Gather(Vec<u8>, Vec<u32>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let source = || proptest::collection::vec(any::<u8>(), 1..40);
        prop_oneof![
            any::<bool>().prop_map(Step::Push),
            (0usize..40).prop_map(Step::Set),
            (source(), any::<proptest::sample::Index>(), any::<proptest::sample::Index>()).prop_map(
                |(source, a, b)| {
                    let first = a.index(source.len() * 8);
                    let count = b.index(source.len() * 8 - first + 1);
                    Step::Range(source, first, count)
                }
            ),
            (source(), proptest::collection::vec(0u32..8, 0..20)).prop_map(|(source, rows)| Step::Gather(source, rows)),
        ]
    }

    proptest! {
        #[test]
        fn bits_are_those_of_a_list_of_booleans(steps in proptest::collection::vec(step(), 0..12)) {
            let mut bits = Bits::default();
            let mut model: Vec<bool> = Vec::new();
            for step in steps {
                let (clear, added): (usize, Vec<bool>) = match step {
                    Step::Push(one) => { bits.push(one); (usize::from(!one), vec![one]) }
                    Step::Set(count) => { bits.extend_set(count); (0, vec![true; count]) }
                    Step::Range(source, first, count) => (
                        bits.extend_from(&source, first, count),
                        (first..first + count).map(|at| source[at / 8] & (1 << (at % 8)) != 0).collect(),
                    ),
                    Step::Gather(source, rows) => (
                        bits.extend_gathered(&source, &rows),
                        rows.iter().map(|&at| source[at as usize / 8] & (1 << (at % 8)) != 0).collect(),
                    ),
                };
                prop_assert_eq!(clear, added.iter().filter(|one| !**one).count());
                model.extend(added);
            }
            let mut expected = vec![0u8; model.len().div_ceil(8)];
            for (at, one) in model.iter().enumerate() {
                expected[at / 8] |= u8::from(*one) << (at % 8);
            }
            prop_assert_eq!(first_clear(&expected, model.len()), model.iter().position(|one| !one));
            prop_assert_eq!(bits.byte_length(), expected.len());
            prop_assert_eq!(bits.into_bytes(), expected);
        }
    }
}
