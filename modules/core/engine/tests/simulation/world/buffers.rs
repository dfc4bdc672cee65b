//! The buffers that the engine refers to, and the work on them.

use rows::{compress, decompress};

use bytes::Bytes;
use thalweg_contract::{Codec, Event, Input, Piece, Range, Scanned, Work, WorkOutput};

use super::*;

impl World {
    pub(super) fn piece(&self, piece: &Piece) -> Vec<u8> {
        match piece {
            Piece::Inline(bytes) => bytes.clone(),
            Piece::Held(range) => self.bytes(range).to_vec(),
        }
    }

    /// The user is done with rows that it was given.
    pub(crate) fn consume(&mut self, scanned: &Scanned) {
        if let Piece::Held(body) = &scanned.body {
            self.consumed(body.buffer);
        }
    }

    /// The same for all that nobody looked at.
    pub(crate) fn consume_all(&mut self) {
        let held = self.events.iter().filter_map(|event| match event {
            Event::Rows { scanned: Scanned { body: Piece::Held(body), .. }, .. } => Some(Input::Consumed(body.buffer)),
            _ => None,
        });
        self.inputs.extend(held);
    }

    pub(crate) fn bytes(&self, range: &Range) -> Bytes {
        let buffer = self.buffers.get(&range.buffer).expect("the buffer was not released");
        buffer.slice(range.offset as usize..(range.offset + range.length) as usize)
    }

    pub(crate) fn keep(&mut self, bytes: impl Into<Bytes>) -> u64 {
        self.next_buffer += 1;
        self.buffers.insert(self.next_buffer, bytes.into());
        self.next_buffer
    }

    pub(super) fn work(&mut self, work: &Work) -> WorkOutput {
        match work {
            Work::Encode { codec, buffers, .. } => {
                let (mut body, mut lengths) = (Vec::new(), Vec::new());
                for buffer in buffers {
                    let encoded = compress(*codec, buffer);
                    lengths.push(encoded.len() as u32);
                    body.extend_from_slice(&encoded);
                    body.resize(body.len().next_multiple_of(8), 0);
                }
                let checksum = crc32c::crc32c(&body);
                WorkOutput::Encoded { buffer: self.keep(body), lengths, checksum }
            }
            Work::Keep(bytes) => {
                let (lengths, checksum) = (vec![bytes.len() as u32], crc32c::crc32c(bytes));
                WorkOutput::Encoded { buffer: self.keep(bytes.clone()), lengths, checksum }
            }
            Work::Decode { checked, codec, buffers } => {
                let checksum = checked.as_ref().map_or(0, |range| crc32c::crc32c(&self.bytes(range)));
                if buffers.is_empty() {
                    return WorkOutput::Decoded { buffer: None, checksum };
                }
                let mut body = Vec::new();
                for (range, length) in buffers {
                    let bytes = self.bytes(range);
                    let plain = match codec {
                        _ if bytes.is_empty() => vec![0; *length as usize],
                        Codec::None => bytes.to_vec(),
                        _ => decompress(&bytes),
                    };
                    assert_eq!(plain.len(), *length as usize);
                    body.extend_from_slice(&plain);
                    body.resize(body.len().next_multiple_of(64), 0);
                }
                WorkOutput::Decoded { buffer: Some(self.keep(body)), checksum }
            }
        }
    }
}
