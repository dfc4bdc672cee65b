//! The Arrow IPC message in a batch, verified against the columns that it must have (`fluss.md` 2.6).

use std::ops::Range;

use arrow_ipc::{CompressionType, Message, MessageHeader, RecordBatch, root_as_message_with_opts};
use flatbuffers::VerifierOptions;

use crate::record::columns::message::encode_metadata;
use crate::record::{Compression, Layout, LogBatch, Node, RecordError, Shape};

/// The alignment of buffers in the output of decode work, in bytes.
pub const PLAIN_ALIGNMENT: u64 = 64;
/// How an uncompressed buffer in a compressed message begins, in place of its length.
const STORED: i64 = -1;

/// One buffer of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferSpan {
    /// Where it is, in the bytes that were given; in a compressed message with its 8-byte length prefix.
    pub range: Range<usize>,
    /// Its length without compression, in bytes.
    pub length: u32,
    /// How many of these its field needs: the others are left out of `CheckedMessage::plain_metadata`, since arrow-rs
    /// panics on offsets that are not a whole number of them.
    pub used: u32,
}

/// A message whose metadata can be relied on: the right number of nodes and buffers, every buffer inside the body and
/// long enough for its field.
///
/// What lies in the buffers is not looked at: offsets and UTF-8 are for the Arrow reader to validate, once decompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedMessage {
    /// How many rows there are.
    pub rows: u32,
    /// How its buffers are compressed.
    pub compression: Compression,
    /// One for each field of the layout.
    pub nodes: Vec<Node>,
    /// The buffers, in the layout's order.
    pub buffers: Vec<BufferSpan>,
    /// The body, in the bytes that were given.
    pub body: Range<usize>,
}

impl CheckedMessage {
    /// Reads the message of a batch that is not only a header, and checks its changes; ranges count from the beginning of
    /// the batch.
    ///
    /// `limit` is the most that the buffers may take together, decompressed, in bytes.
    pub fn of_batch(batch: &LogBatch<'_>, layout: &Layout, limit: u32) -> Result<Self, RecordError> {
        Self::of_beginning(batch, layout, limit, &mut |_| None)
    }

    /// The same of a batch of which not all is at hand, but what `LogBatch::needed` says. Of the body nothing is looked at
    /// but the length prefixes of compressed buffers: `prefix` gives the 8 bytes at a position from the beginning of the
    /// batch, within its length; `None`: they cannot be had.
    pub fn of_beginning(
        batch: &LogBatch<'_>,
        layout: &Layout,
        limit: u32,
        prefix: &mut dyn FnMut(usize) -> Option<[u8; 8]>,
    ) -> Result<Self, RecordError> {
        batch.check_changes()?;
        let mut given = Given { bytes: batch.bytes(), length: batch.length(), prefix };
        Self::read(&mut given, batch.rows_range().start, batch.records, layout, limit)
    }

    /// Reads the message at `at` in `bytes`, which must have `rows` rows; ranges count from the beginning of `bytes`.
    ///
    /// `limit` is the most that the buffers may take together, decompressed, in bytes.
    pub fn decode(bytes: &[u8], at: usize, rows: u32, layout: &Layout, limit: u32) -> Result<Self, RecordError> {
        Self::read(&mut Given { bytes, length: bytes.len(), prefix: &mut |_| None }, at, rows, layout, limit)
    }

    fn read(given: &mut Given<'_>, at: usize, rows: u32, layout: &Layout, limit: u32) -> Result<Self, RecordError> {
        let (message, body) = open(given, at, layout)?;
        let batch = message.header_as_record_batch().ok_or_else(|| corrupt("it is not a record batch"))?;
        if batch.length() != i64::from(rows) {
            return Err(corrupt(format!("it has {} rows but its batch says {rows}", batch.length())));
        }
        let compression = match batch.compression().map(|compression| compression.codec()) {
            None => Compression::None,
            Some(CompressionType::LZ4_FRAME) => Compression::Lz4Frame,
            Some(CompressionType::ZSTD) => Compression::Zstd,
            Some(CompressionType(other)) => return Err(corrupt(format!("it has the unknown compression {other}"))),
        };
        let nodes = nodes(&batch, layout, rows)?;
        let mut buffers = buffers(&batch, given, body.clone(), compression)?;
        check_lengths(layout, &nodes, &mut buffers)?;
        let checked = Self { rows, compression, nodes, buffers, body };
        let needed = checked.plain_offsets().1;
        if needed > u64::from(limit) {
            return Err(RecordError::TooLarge { needed, limit: u64::from(limit) });
        }
        Ok(checked)
    }

    /// Whether the body can be read as it is: nothing in it must be decompressed.
    pub fn is_plain(&self) -> bool {
        self.compression == Compression::None || self.to_decode().next().is_none()
    }

    /// What decode work is to be given: each buffer that is not empty, with its length prefix, and its uncompressed
    /// length. Its output is the body of `plain_metadata`. Empty if `is_plain`.
    pub fn to_decode(&self) -> impl Iterator<Item = (Range<usize>, u32)> + '_ {
        let compressed = self.compression != Compression::None;
        let buffers = self.buffers.iter().filter(move |buffer| compressed && buffer.length > 0);
        buffers.map(|buffer| (buffer.range.clone(), buffer.length))
    }

    /// The metadata of the same rows without compression: a flatbuffer without prefix.
    ///
    /// If `is_plain`, its body is `body`; otherwise it is the output of decode work on `to_decode`, where each buffer
    /// begins at a multiple of 64.
    pub fn plain_metadata(&self) -> Vec<u8> {
        let (offsets, length) = self.plain_offsets();
        encode_metadata(self.rows, &self.nodes, &offsets, Compression::None, length)
    }

    /// Offset and length of each buffer in the body of `plain_metadata`, and the length of that body.
    fn plain_offsets(&self) -> (Vec<(u64, u64)>, u64) {
        let mut end = 0;
        let place = |buffer: &BufferSpan| {
            let (length, used) = (u64::from(buffer.length), u64::from(buffer.used));
            if self.compression == Compression::None {
                return ((buffer.range.start - self.body.start) as u64, used);
            }
            let at = end;
            end += length.next_multiple_of(PLAIN_ALIGNMENT);
            (at, used)
        };
        let offsets = self.buffers.iter().map(place).collect();
        let length = if self.compression == Compression::None { self.body.len() as u64 } else { end };
        (offsets, length)
    }
}

/// The bytes that a message is in.
struct Given<'a> {
    /// From the beginning, as far as they are at hand.
    bytes: &'a [u8],
    /// How many there are.
    length: usize,
    /// The 8 bytes at a position that is not at hand.
    prefix: &'a mut dyn FnMut(usize) -> Option<[u8; 8]>,
}

impl Given<'_> {
    fn prefix(&mut self, at: usize) -> Result<[u8; 8], RecordError> {
        let there = self.bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
        there.or_else(|| (self.prefix)(at)).ok_or_else(|| cut("length prefix of a buffer", 8, 0))
    }
}

/// Finds the metadata, verifies the flatbuffer, and finds the body.
fn open<'a>(given: &Given<'a>, at: usize, layout: &Layout) -> Result<(Message<'a>, Range<usize>), RecordError> {
    let rest = given.bytes.get(at..).unwrap_or_default();
    let (prefix, rest) = rest.split_first_chunk::<8>().ok_or_else(|| cut("Arrow message", 8, rest.len()))?;
    let [a, b, c, d, length @ ..] = *prefix;
    if [a, b, c, d] != [0xff; 4] {
        return Err(corrupt("it does not begin with 0xFFFFFFFF"));
    }
    let length = u32::from_le_bytes(length) as usize;
    let metadata = rest.get(..length).ok_or_else(|| cut("metadata of the Arrow message", length, rest.len()))?;
    let message = verified(metadata, layout)?;
    let start = at + 8 + length;
    let available = given.length.saturating_sub(start);
    let body = usize::try_from(message.bodyLength()).map_err(|_| corrupt("its body has a negative length"))?;
    if body > available {
        return Err(cut("body of the Arrow message", body, available));
    }
    Ok((message, start..start + body))
}

/// Metadata of a record batch, verified as a flatbuffer. The verifier is long: there is one call of it.
pub(super) fn verified<'a>(metadata: &'a [u8], layout: &Layout) -> Result<Message<'a>, RecordError> {
    let options = VerifierOptions {
        max_depth: 8,
        max_tables: 16,
        max_apparent_size: 4096 + 32 * (layout.fields().len() + layout.buffer_count()),
        ..VerifierOptions::default()
    };
    let message = root_as_message_with_opts(&options, metadata).map_err(|error| corrupt(error.to_string()))?;
    if message.header_type() != MessageHeader::RecordBatch {
        return Err(corrupt("it is not a record batch"));
    }
    Ok(message)
}

/// The nodes, as many as the layout has; their lengths fit each other where no offsets decide it.
fn nodes(batch: &RecordBatch<'_>, layout: &Layout, rows: u32) -> Result<Vec<Node>, RecordError> {
    let found = batch.nodes().ok_or_else(|| corrupt("it has no nodes"))?;
    if found.len() != layout.fields().len() {
        return Err(corrupt(format!("it has {} nodes but its columns have {}", found.len(), layout.fields().len())));
    }
    let nodes = found.iter().map(|node| {
        let length = i32::try_from(node.length()).ok().and_then(|length| u32::try_from(length).ok());
        let nulls = u32::try_from(node.null_count()).ok();
        match (length, nulls) {
            (Some(length), Some(nulls)) if nulls <= length => Ok(Node { length, nulls }),
            _ => Err(corrupt(format!("a node has {} values, {} of them null", node.length(), node.null_count()))),
        }
    });
    let nodes: Vec<Node> = nodes.collect::<Result<_, _>>()?;
    let fit = |field: usize, length: u32| nodes.get(field).is_some_and(|node| node.length == length);
    let mut groups =
        layout.fields().iter().zip(&nodes).enumerate().filter(|(_, (field, _))| field.shape == Shape::Group);
    if !layout.tops().iter().all(|&top| fit(top, rows))
        || !groups.all(|(place, (_, node))| layout.children(place).all(|child| fit(child, node.length)))
    {
        return Err(corrupt("its columns are not all as long as its rows"));
    }
    Ok(nodes)
}

/// The buffers: inside the body, and in a compressed message with a length prefix that can be.
fn buffers(
    batch: &RecordBatch<'_>,
    given: &mut Given<'_>,
    body: Range<usize>,
    compression: Compression,
) -> Result<Vec<BufferSpan>, RecordError> {
    let found = batch.buffers().ok_or_else(|| corrupt("it has no buffers"))?;
    let spans = found.iter().map(|buffer| {
        let (offset, length) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let (Ok(offset), Ok(length)) = (offset, length) else {
            return Err(corrupt("a buffer has a negative offset or length"));
        };
        let end = offset.checked_add(length).filter(|end| *end <= body.len());
        let end = end.ok_or_else(|| corrupt("a buffer ends behind the body"))?;
        let range = body.start + offset..body.start + end;
        let plain = match compression {
            Compression::None => length as i64,
            _ if length == 0 => 0,
            _ if length < 8 => return Err(corrupt("a compressed buffer is shorter than its length prefix")),
            _ => match i64::from_le_bytes(given.prefix(range.start)?) {
                STORED => (length - 8) as i64,
                plain if plain > 0 && length == 8 => {
                    return Err(corrupt("a compressed buffer has nothing behind its length prefix"));
                }
                plain => plain,
            },
        };
        match i32::try_from(plain).ok().and_then(|plain| u32::try_from(plain).ok()) {
            Some(length) => Ok(BufferSpan { range, length, used: length }),
            None => Err(corrupt(format!("a buffer has {plain} bytes uncompressed"))),
        }
    });
    spans.collect()
}

/// Whether each buffer is long enough for the values of its field, and how much of it they take.
fn check_lengths(layout: &Layout, nodes: &[Node], buffers: &mut [BufferSpan]) -> Result<(), RecordError> {
    if buffers.len() != layout.buffer_count() {
        return Err(corrupt(format!(
            "it has {} buffers but its columns have {}",
            buffers.len(),
            layout.buffer_count()
        )));
    }
    for (field, node) in layout.fields().iter().zip(nodes) {
        let length = u64::from(node.length);
        let bits = length.div_ceil(8);
        let validity = if node.nulls == 0 { 0 } else { bits };
        let values = match field.shape {
            Shape::Bits => bits,
            Shape::Fixed(width) => length * u64::from(width),
            // Java writes no offset at all for zero values.
            Shape::Spans { .. } | Shape::Lists if length == 0 => 0,
            Shape::Spans { .. } | Shape::Lists => (length + 1) * 4,
            Shape::Group => 0,
        };
        let own = buffers.iter_mut().skip(field.buffer).take(field.shape.buffers());
        for (needed, buffer) in [validity, values].into_iter().zip(own) {
            if u64::from(buffer.length) < needed {
                let name = &field.name;
                let found = buffer.length;
                return Err(corrupt(format!("a buffer of column {name} has {found} bytes but needs {needed}")));
            }
            // It fits: a buffer's length is a u32.
            buffer.used = needed as u32;
        }
    }
    Ok(())
}

pub(super) fn corrupt(reason: impl Into<String>) -> RecordError {
    RecordError::CorruptMessage(reason.into())
}

fn cut(what: &'static str, needed: usize, available: usize) -> RecordError {
    RecordError::Cut { what, needed: needed as u64, available: available as u64 }
}
