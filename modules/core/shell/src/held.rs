//! The buffers that stay inside, and the work on them.

use std::collections::HashMap;

use bytes::Bytes;
use thalweg_bindings::Portable;
use thalweg_contract::{BufferId, Piece, Range, Work, WorkOutput};

/// Bytes that the engine refers to and no host holds. Their numbers are of no host: nothing that stays inside is named to it.
#[derive(Debug, Default)]
pub(crate) struct Held {
    buffers: HashMap<BufferId, Buffer>,
    last: BufferId,
}

#[derive(Debug)]
enum Buffer {
    /// A frame, or what is to be sent: parts of it are copied out.
    Shared(Bytes),
    /// What decode work made: rows of one batch, which leave as they are.
    Decoded(Vec<u8>),
}

impl Buffer {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
        }
    }
}

impl Held {
    /// Holds a frame, and gives its number.
    pub(crate) fn frame(&mut self, frame: Bytes) -> BufferId {
        self.hold(Buffer::Shared(frame))
    }

    /// Lets go of a buffer.
    pub(crate) fn release(&mut self, buffer: BufferId) {
        self.buffers.remove(&buffer);
    }

    /// How many buffers are held.
    pub(crate) fn count(&self) -> usize {
        self.buffers.len()
    }

    /// How many bytes are held.
    pub(crate) fn bytes(&self) -> usize {
        self.buffers.values().map(|buffer| buffer.bytes().len()).sum()
    }

    /// A copy of a part; `None` if it is not there.
    pub(crate) fn copy(&self, range: &Range) -> Option<Vec<u8>> {
        self.part(range).map(<[u8]>::to_vec)
    }

    /// The rows that lie in a part: they leave without a copy where they have the buffer for themselves.
    pub(crate) fn take(&mut self, range: &Range) -> Option<Vec<u8>> {
        match self.buffers.get_mut(&range.buffer) {
            Some(Buffer::Decoded(bytes)) if range.offset == 0 && range.length as usize == bytes.len() => {
                Some(std::mem::take(bytes))
            }
            _ => self.copy(range),
        }
    }

    /// A piece with its bytes in it; `None` if they are not there.
    pub(crate) fn inline(&self, piece: Piece) -> Option<Piece> {
        match piece {
            Piece::Held(range) => self.copy(&range).map(Piece::Inline),
            inline @ Piece::Inline(_) => Some(inline),
        }
    }

    /// Does work at once.
    pub(crate) fn work(&mut self, work: Work) -> WorkOutput {
        let done = match work {
            Work::Encode { codec, level, buffers } => {
                let encoded = thalweg_codec::encode::<Portable>(codec, level, &buffers);
                encoded.map_err(|error| error.to_string()).map(|encoded| WorkOutput::Encoded {
                    buffer: self.hold(Buffer::Shared(Bytes::from(encoded.body))),
                    lengths: encoded.lengths,
                    checksum: encoded.checksum,
                })
            }
            Work::Keep(bytes) => {
                let checksum = thalweg_codec::checksum(&bytes);
                u32::try_from(bytes.len()).map_err(|_| "the bytes to be kept pass 4 GiB".to_owned()).map(|length| {
                    let buffer = self.hold(Buffer::Shared(Bytes::from(bytes)));
                    WorkOutput::Encoded { buffer, lengths: vec![length], checksum }
                })
            }
            Work::Decode { checked, codec, buffers } => self.decode(checked.as_ref(), codec, &buffers),
        };
        done.unwrap_or_else(WorkOutput::Failed)
    }

    fn decode(
        &mut self,
        checked: Option<&Range>,
        codec: thalweg_contract::Codec,
        buffers: &[(Range, u32)],
    ) -> Result<WorkOutput, String> {
        let missing = || "the bytes to be decoded are not held any more".to_owned();
        let checksum = match checked {
            Some(range) => thalweg_codec::checksum(self.part(range).ok_or_else(missing)?),
            None => 0,
        };
        if buffers.is_empty() {
            return Ok(WorkOutput::Decoded { buffer: None, checksum });
        }
        let parts = buffers.iter().map(|(range, length)| self.part(range).map(|part| (part, *length)));
        let parts: Vec<(&[u8], u32)> = parts.collect::<Option<_>>().ok_or_else(missing)?;
        let body = thalweg_codec::decode::<Portable>(codec, &parts).map_err(|error| error.to_string())?;
        Ok(WorkOutput::Decoded { buffer: Some(self.hold(Buffer::Decoded(body))), checksum })
    }

    fn part(&self, range: &Range) -> Option<&[u8]> {
        let bytes = self.buffers.get(&range.buffer)?.bytes();
        let from = range.offset as usize;
        bytes.get(from..from.checked_add(range.length as usize)?)
    }

    fn hold(&mut self, buffer: Buffer) -> BufferId {
        self.last += 1;
        self.buffers.insert(self.last, buffer);
        self.last
    }
}
