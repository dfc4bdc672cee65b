//! Inputs made of good ones by a few changes; a number decides them.

use crate::common::Random;

/// Numbers that decoders are likely to trip over.
const NUMBERS: [i64; 18] = [
    0,
    1,
    -1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    0x7fff,
    0x8000,
    0xffff,
    i32::MAX as i64,
    i32::MIN as i64,
    u32::MAX as i64,
    i64::MAX,
    i64::MIN,
];

/// Where inputs come from.
pub(crate) struct Inputs<'a> {
    /// Good ones.
    pub(crate) seeds: &'a [Vec<u8>],
    /// Texts that mean something in this format.
    pub(crate) words: &'a [&'a str],
}

impl Inputs<'_> {
    /// The input with this number: in one case of eight a good one as it is.
    pub(crate) fn of(&self, case: u64) -> Vec<u8> {
        let mut random = Random(case.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut bytes = self.seed(&mut random).to_vec();
        for _ in 0..random.below(8) {
            self.change(&mut bytes, &mut random);
        }
        bytes
    }

    fn seed(&self, random: &mut Random) -> &[u8] {
        &self.seeds[random.below(self.seeds.len())]
    }

    fn change(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(bytes.len() + 1);
        let most = 1 << random.below(9);
        let length = random.below(1 + (bytes.len() - at).min(most));
        match random.below(11) {
            0 => flip(bytes, at, random),
            1 => put(bytes, at, &[random.number() as u8]),
            2..=4 => put_number(bytes, at, random),
            5 => bytes.truncate(at),
            6 => drop(bytes.drain(at..at + length)),
            7 => {
                let copied = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            8 => {
                let other = self.seed(random);
                let from = random.below(other.len() + 1);
                let until = from + random.below(1 + (other.len() - from).min(64));
                bytes.splice(at..at + length, other[from..until].iter().copied());
            }
            9 => {
                let other = self.seed(random);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ if self.words.is_empty() => put_number(bytes, at, random),
            _ => {
                let word = self.words[random.below(self.words.len())];
                bytes.splice(at..at + length, word.bytes());
            }
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, random: &mut Random) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn put(bytes: &mut [u8], at: usize, with: &[u8]) {
    bytes.iter_mut().skip(at).zip(with).for_each(|(byte, with)| *byte = *with);
}

/// A number of some width and either byte order: a telling one, a length near the input's own, or the one that stands
/// there and a little more or less.
fn put_number(bytes: &mut [u8], at: usize, random: &mut Random) {
    let width = 1 << random.below(4);
    let little = random.below(4) > 0;
    let mut there = [0; 8];
    let found = bytes.get(at..).unwrap_or_default();
    let found = &found[..found.len().min(width)];
    there.iter_mut().zip(found).for_each(|(byte, found)| *byte = *found);
    let near = random.below(9) as i64 - 4;
    let number = match random.below(4) {
        0 => NUMBERS[random.below(NUMBERS.len())],
        1 => bytes.len() as i64 + near,
        2 => random.number() as i64 >> random.below(64),
        _ => i64::from_le_bytes(there).wrapping_add(near),
    };
    let number = number.to_le_bytes();
    match little {
        true => put(bytes, at, &number[..width]),
        false => put(bytes, at, &number[..width].iter().rev().copied().collect::<Vec<u8>>()),
    }
}
