//! The frame of an answer, read where it lies: the host holds it, and hands over what is asked for.

use std::ops::Range;

use bytes::Bytes;
use thalweg_wire::record::{LogBatch, RecordError};

use crate::call::Body;
use thalweg_contract::{BufferId, Buffers};

/// What is read at once where less is asked for: enough for most heads of batches.
const AHEAD: usize = 2 << 10;
/// A batch of up to this length is read whole.
const SMALL: usize = 8 << 10;

/// A frame.
pub(crate) struct Source<'a> {
    /// Its number at the host.
    pub(crate) buffer: BufferId,
    length: usize,
    /// Its beginning.
    head: Bytes,
    buffers: &'a mut dyn Buffers,
    /// What was read of it last, and where that begins.
    last: (usize, Bytes),
}

impl<'a> Source<'a> {
    /// The frame of an answer.
    pub(crate) fn new(body: &Body, buffers: &'a mut dyn Buffers) -> Self {
        let (head, length) = (body.frame.clone(), body.length);
        Self { buffer: body.buffer, length, head, buffers, last: (0, Bytes::new()) }
    }

    /// How many bytes the frame has.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Some bytes of it; `None`: it does not have them, or the host does not give them.
    pub(crate) fn read(&mut self, range: Range<usize>) -> Option<Bytes> {
        self.read_ahead(range, AHEAD)
    }

    /// The same for a few bytes that are not followed by others of interest.
    pub(crate) fn read_few(&mut self, range: Range<usize>) -> Option<Bytes> {
        self.read_ahead(range, 0)
    }

    fn read_ahead(&mut self, range: Range<usize>, ahead: usize) -> Option<Bytes> {
        let wanted = range.end.checked_sub(range.start)?;
        if range.end <= self.head.len() {
            return Some(self.head.slice(range));
        }
        let (from, last) = &self.last;
        if let (Some(start), Some(end)) = (range.start.checked_sub(*from), range.end.checked_sub(*from))
            && end <= last.len()
        {
            return Some(last.slice(start..end));
        }
        let left = self.length.checked_sub(range.start).filter(|left| wanted <= *left)?;
        let length = wanted.max(ahead).min(left);
        let bytes = self.buffers.read(self.buffer, u32::try_from(range.start).ok()?, u32::try_from(length).ok()?);
        if bytes.len() != length {
            return None;
        }
        self.last = (range.start, bytes.clone());
        Some(bytes.slice(..wanted))
    }

    /// The beginning of the batch that begins at `range`, as far as it is needed to read it; no further than the range.
    pub(crate) fn beginning(&mut self, range: Range<usize>) -> Result<Option<Bytes>, RecordError> {
        let part = |length: usize| range.start..range.end.min(range.start.saturating_add(length));
        let mut bytes = self.read(part(AHEAD));
        while let Some(there) = bytes.as_ref().filter(|there| there.len() < range.len()) {
            let needed = match LogBatch::length_of(there)? {
                Some(length) if length <= SMALL => length,
                _ => LogBatch::needed(there)?,
            };
            if there.len() >= needed.min(range.len()) {
                break;
            }
            bytes = self.read(part(needed));
        }
        Ok(bytes)
    }
}
