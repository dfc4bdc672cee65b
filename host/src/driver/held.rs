//! Bytes that the driver holds for the engine, in one piece or in several that follow each other.

use bytes::{Bytes, BytesMut};

/// Bytes in one piece or in several. What is sent without compression stays in the buffers that it was gathered in.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// One piece.
    Whole(Bytes),
    /// Pieces, none of them empty.
    Pieces(Vec<Bytes>),
}

impl From<Bytes> for Held {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl FromIterator<Bytes> for Held {
    fn from_iter<T: IntoIterator<Item = Bytes>>(pieces: T) -> Self {
        Self::Pieces(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
    }
}

impl Held {
    fn pieces(&self) -> &[Bytes] {
        match self {
            Self::Whole(bytes) => std::slice::from_ref(bytes),
            Self::Pieces(pieces) => pieces,
        }
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.pieces().iter().map(Bytes::len).sum()
    }

    /// Puts the `length` bytes at `from` behind `out`, piece by piece. False, and `out` as it was, if they are not all
    /// there.
    pub(super) fn give(&self, mut from: usize, mut length: usize, out: &mut Vec<Bytes>) -> bool {
        if self.len().checked_sub(from).is_none_or(|left| left < length) {
            return false;
        }
        for piece in self.pieces() {
            let first = from.min(piece.len());
            let last = first + length.min(piece.len() - first);
            if first < last {
                out.push(piece.slice(first..last));
            }
            from -= first;
            length -= last - first;
        }
        true
    }

    /// The `length` bytes at `from` in one piece, copied only where they are in several; `None` if they are not all there.
    pub(super) fn slice(&self, from: usize, length: usize) -> Option<Bytes> {
        let mut pieces = Vec::new();
        if !self.give(from, length, &mut pieces) {
            return None;
        }
        match pieces.as_slice() {
            [one] => Some(one.clone()),
            several => Some(several.iter().fold(BytesMut::with_capacity(length), joined).freeze()),
        }
    }
}

fn joined(mut all: BytesMut, piece: &Bytes) -> BytesMut {
    all.extend_from_slice(piece);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_is_the_same_in_one_piece_and_in_several() {
        let all = b"0123456789";
        let whole = Held::from(Bytes::from_static(all));
        let cuts: [&[&[u8]]; 4] = [&[b"0123456789"], &[b"012", b"", b"3456789"], &[b"0", b"123", b"45678", b"9"], &[]];
        for cut in cuts {
            let pieces: Held = cut.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
            for (from, length) in (0..12).flat_map(|from| (0..12).map(move |length| (from, length))) {
                let expected = all.get(from..from + length).filter(|_| !cut.is_empty() || from + length == 0);
                assert_eq!(pieces.slice(from, length).as_deref(), expected, "{cut:?} {from} {length}");
                if !cut.is_empty() {
                    assert_eq!(whole.slice(from, length).as_deref(), expected, "{from} {length}");
                }
                let mut out = Vec::new();
                assert_eq!(pieces.give(from, length, &mut out), expected.is_some());
                assert_eq!(out.concat(), expected.unwrap_or_default());
                assert!(out.iter().all(|piece| !piece.is_empty()));
            }
            assert_eq!(pieces.slice(1, usize::MAX), None);
        }
    }
}
