//! A frame on its way to the socket: bytes, and between them large pieces that are not copied.

use bytes::Bytes;

/// Pieces of fewer bytes are copied: that takes less than a piece of its own.
const LARGE: usize = 4 << 10;

/// A frame.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    /// Pieces, and before which of the bytes each of them stands, in order.
    pieces: Vec<(usize, Bytes)>,
}

impl From<Vec<u8>> for Frame {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, pieces: Vec::new() }
    }
}

impl Frame {
    /// Nothing yet, and room for so many bytes that are copied.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Vec::with_capacity(bytes).into()
    }

    /// The bytes, to be added to.
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Adds a piece.
    pub(crate) fn put(&mut self, piece: Bytes) {
        if piece.len() < LARGE {
            self.bytes.extend_from_slice(&piece);
        } else {
            self.pieces.push((self.bytes.len(), piece));
        }
    }

    /// How many bytes it has in all.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.pieces.iter().map(|(_, piece)| piece.len()).sum::<usize>()
    }

    /// All of it, in order. No slice is empty.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        let pieces = self.pieces.iter().flat_map(move |(at, piece)| {
            let between = self.bytes.get(std::mem::replace(&mut from, *at)..*at).unwrap_or_default();
            [between, piece]
        });
        let last = self.pieces.last().map_or(0, |(at, _)| *at);
        let rest = self.bytes.get(last..).unwrap_or_default();
        pieces.chain(std::iter::once(rest)).filter(|slice| !slice.is_empty())
    }
}
