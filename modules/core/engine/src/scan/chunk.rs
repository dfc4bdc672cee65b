//! One fetched batch on its way to the user: parsed, then checked and decompressed as work, then given.

use bytes::Bytes;
use thalweg_wire::record::{CheckedMessage, Compression, LogBatch, RecordError};

use super::{
    plan::Plan,
    reading::{Conversion, Reading},
    source::Source,
};
use crate::call::fatal;
use thalweg_contract::{Bucket, BufferId, Codec, Error, ErrorCode, Layout, Piece, Range, Scanned, Work, WorkOutput};

/// A batch that the user is to get.
#[derive(Debug)]
pub(super) struct Chunk {
    /// What the user gets; until the work is done, its body is that of the frame.
    pub(super) scanned: Scanned,
    /// What it takes of the scan's demand once it is ready, in bytes: decompressed, as demand counts. Of a batch of rows,
    /// the length of the batch: what they take as columns is not known before.
    pub(super) cost: u64,
    /// The number of its work; `None`: it is ready.
    pub(super) work: Option<u64>,
    /// A batch of rows, which are decoded when they are given.
    rows: Option<Bytes>,
    /// What the checksum must be.
    checksum: Option<u32>,
    /// The length of the body that the work makes.
    decoded: Option<u32>,
}

/// Which rows of a batch are wanted: from this offset on, and before that one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The first.
    pub(super) from: u64,
    /// One past the last.
    pub(super) end: u64,
}

impl Chunk {
    /// Makes a batch ready that begins at `at` in its frame, or says what work it takes. It has a row in the window, and its
    /// schema is known.
    pub(super) fn new(
        plan: &Plan,
        bucket: Bucket,
        window: Window,
        batch: &LogBatch<'_>,
        (source, at, projected): (&mut Source<'_>, usize, bool),
        batch_limit: u32,
    ) -> Result<(Self, Option<Work>), Error> {
        let corrupt = |reason: String| corrupt(plan, bucket, batch.base_offset, &reason);
        let buffer = source.buffer;
        let range = |part: std::ops::Range<usize>| -> Result<Range, Error> {
            let offset = u32::try_from(at + part.start).map_err(|_| corrupt("its frame is too long".into()))?;
            let length = u32::try_from(part.len()).map_err(|_| corrupt("it is too long".into()))?;
            Ok(Range { buffer, offset, length })
        };
        let base = batch.base_offset as u64;
        let first = window.from.saturating_sub(base) as u32;
        let rows = (window.end.min(batch.end_offset() as u64) - base) as u32 - first;
        let mut scanned = Scanned {
            bucket,
            schema_id: i32::from(batch.schema_id),
            offset: base + u64::from(first),
            timestamp: batch.commit_timestamp,
            first,
            rows,
            cost: 0,
            changes: None,
            layout: Layout::Message(Vec::new()),
            body: Piece::Inline(Vec::new()),
        };
        // The server leaves the checksum as it was where it projects (`fluss.md` 2.5).
        let checked = (!projected).then(|| range(batch.checksum_range())).transpose()?;
        let checksum = checked.map(|_| batch.checksum);
        let messages = match &plan.reading {
            Reading::Messages(messages) => messages,
            Reading::Rows(_) => {
                let work =
                    checked.map(|range| Work::Decode { checked: Some(range), codec: Codec::None, buffers: Vec::new() });
                let bytes = source.read_few(at..at + batch.length());
                let rows = Some(bytes.ok_or_else(|| corrupt("its bytes cannot be had".into()))?);
                let cost = batch.length() as u64;
                return Ok((Self { scanned, cost, work: None, rows, checksum, decoded: None }, work));
            }
        };
        let conversion = messages.conversion(scanned.schema_id, projected);
        let conversion = conversion.ok_or_else(|| corrupt(format!("its schema {} is unknown", batch.schema_id)))?;
        let mut prefix = |from: usize| source.read_few(at + from..at + from + 8)?.first_chunk().copied();
        let part = Part::of(conversion, batch, batch_limit, &mut prefix).map_err(|error| corrupt(error.to_string()))?;
        let wanted = first as usize..first as usize + rows as usize;
        scanned.changes = batch.changes(wanted).map_err(|error| corrupt(error.to_string()))?;
        let body = range(part.body)?;
        scanned.body = Piece::Held(body);
        let decoded = (!part.buffers.is_empty()).then(|| decoded_length(&part.buffers));
        let zeros = Range { buffer, offset: 0, length: 0 };
        let buffers = part.buffers.into_iter();
        let buffers = buffers.map(|(part, plain)| Ok((part.map_or(Ok(zeros), range)?, plain)));
        let buffers: Vec<(Range, u32)> = buffers.collect::<Result<_, Error>>()?;
        let codec = if buffers.is_empty() { Codec::None } else { part.compression };
        let work = (checked.is_some() || decoded.is_some()).then_some(Work::Decode { checked, codec, buffers });
        let cost = part.metadata.len() as u64 + u64::from(decoded.unwrap_or(body.length));
        (scanned.layout, scanned.cost) = (Layout::Message(part.metadata), cost);
        Ok((Self { scanned, cost, work: None, rows: None, checksum, decoded }, work))
    }

    /// What the user gets. Fails on malformed rows.
    pub(super) fn give(self, plan: &Plan, batch_limit: u32) -> Result<Scanned, Error> {
        let mut scanned = self.scanned;
        let (Some(bytes), Reading::Rows(reader)) = (self.rows, &plan.reading) else { return Ok(scanned) };
        let base = (scanned.offset - u64::from(scanned.first)) as i64;
        let corrupt = |error: RecordError| corrupt(plan, scanned.bucket, base, &error.to_string());
        let batch = LogBatch::parse(&bytes).map_err(corrupt)?;
        let mut changes = Vec::new();
        let wanted = batch.log_rows().skip(scanned.first as usize).take(scanned.rows as usize);
        let rows = wanted.map(|row| {
            let row = row?;
            changes.push(row.change);
            Ok((scanned.schema_id, row.row))
        });
        let (_, message) = reader.message(rows, batch_limit).map_err(corrupt)?;
        scanned.changes = (!batch.append_only).then_some(changes);
        scanned.first = 0;
        scanned.cost = (message.metadata.len() + message.body.len()) as u64;
        (scanned.layout, scanned.body) = (Layout::Message(message.metadata), Piece::Inline(message.body));
        Ok(scanned)
    }

    /// The buffer of the host that it lies in, once its work is done.
    pub(super) fn lies_in(&self) -> Option<BufferId> {
        match (&self.rows, &self.scanned.body) {
            (None, Piece::Held(body)) => Some(body.buffer),
            _ => None,
        }
    }

    /// Its work is done. Gives the buffer that it lies in now, if it does in any.
    pub(super) fn done(&mut self, plan: &Plan, output: WorkOutput) -> Result<Option<BufferId>, Error> {
        let bucket = self.scanned.bucket;
        let first = (self.scanned.offset - u64::from(self.scanned.first)) as i64;
        let corrupt = |reason: &str| corrupt(plan, bucket, first, reason);
        let (buffer, checksum) = match output {
            WorkOutput::Decoded { buffer, checksum } => (buffer, checksum),
            WorkOutput::Failed(reason) => return Err(corrupt(&reason)),
            WorkOutput::Encoded { .. } => return Err(corrupt("the host encoded it instead of decoding")),
        };
        if let Some(expected) = self.checksum.filter(|expected| *expected != checksum) {
            return Err(corrupt(&format!("its checksum is {checksum:08x}, but it says {expected:08x}")));
        }
        match (buffer, self.decoded) {
            (Some(buffer), Some(length)) => {
                self.work = None;
                self.scanned.body = Piece::Held(Range { buffer, offset: 0, length });
                Ok(self.lies_in())
            }
            (None, None) => {
                self.work = None;
                Ok(self.lies_in())
            }
            _ => Err(corrupt("the host gave no decompressed bytes, or some that were not asked for")),
        }
    }
}

/// The message of a batch, and what its body is made of.
struct Part {
    metadata: Vec<u8>,
    /// The body as it came.
    body: std::ops::Range<usize>,
    compression: Compression,
    /// What decode work is to make of it; empty: it can stay as it is.
    buffers: Vec<(Option<std::ops::Range<usize>>, u32)>,
}

impl Part {
    fn of(
        conversion: &Conversion,
        batch: &LogBatch<'_>,
        batch_limit: u32,
        prefix: &mut dyn FnMut(usize) -> Option<[u8; 8]>,
    ) -> Result<Self, RecordError> {
        let layout = match conversion {
            Conversion::Plain(layout) => layout,
            Conversion::Adapted(adaptation) => adaptation.source(),
        };
        let message = CheckedMessage::of_beginning(batch, layout, batch_limit, prefix)?;
        let (metadata, buffers) = match conversion {
            Conversion::Adapted(adaptation) => {
                let adapted = adaptation.message(&message, batch_limit)?;
                (adapted.metadata, adapted.parts)
            }
            Conversion::Plain(_) if message.is_plain() => (message.plain_metadata(), Vec::new()),
            Conversion::Plain(_) => {
                let buffers = message.to_decode().map(|(part, plain)| (Some(part), plain));
                (message.plain_metadata(), buffers.collect())
            }
        };
        Ok(Self { metadata, body: message.body, compression: message.compression, buffers })
    }
}

/// The length of the output of decode work: each buffer padded to 64. The batch limit keeps it within 32 bits.
fn decoded_length<T>(buffers: &[(T, u32)]) -> u32 {
    buffers.iter().map(|(_, plain)| plain.next_multiple_of(64)).sum()
}

/// The error of a batch that is not what it should be.
pub(super) fn corrupt(plan: &Plan, bucket: Bucket, offset: i64, reason: &str) -> Error {
    let text = format!("the batch at offset {offset} of {} is corrupt: {reason}", plan.place(bucket));
    fatal(ErrorCode::Corrupt(text))
}

#[cfg(test)]
mod tests {
    use thalweg_wire::record::{BatchContent, BatchHead, NO_WRITER, Node, encode_message};
    use thalweg_wire::table::{Schema, TableDescriptor, TablePath};

    use super::*;
    use crate::call::Body;
    use thalweg_contract::{End, ScanSpec, Start, TableInfo, WholeFrames};

    const BUCKET: Bucket = Bucket { partition: None, bucket: 0 };

    fn plan() -> Plan {
        let info = std::sync::Arc::new(TableInfo {
            path: TablePath { database: "d".into(), table: "t".into() },
            table_id: 1,
            schema_id: 1,
            descriptor: TableDescriptor::new(Schema::parse_sql("n BIGINT NOT NULL").expect("a column")),
            created: 0,
            modified: 0,
        });
        let (start, end) = (Start::Earliest, End::Never);
        let spec = ScanSpec { columns: None, buckets: Vec::new(), partitions: Vec::new(), start, end };
        Plan::new(&info, &spec).expect("it fits")
    }

    #[test]
    fn what_is_queued_costs_what_it_takes_of_the_demand() {
        let plan = plan();
        let values = [&8000i64.to_le_bytes()[..], b"8000 bytes, compressed to a few."].concat();
        for (compression, body, decoded) in
            [(Compression::Zstd, values, Some(8000)), (Compression::None, vec![0; 8000], None)]
        {
            let node = Node { length: 1000, nulls: 0 };
            let message = encode_message(1000, &[node], &[0, body.len() as u32], compression);
            let head = BatchHead::encode(&BatchContent {
                schema_id: 1,
                writer: NO_WRITER,
                records: 1000,
                changes: None,
                message: &message,
                body_length: body.len() as u32,
                body_checksum: crc32c::crc32c(&body),
            });
            let bytes = Bytes::from([head.expect("it is short").into_bytes(), body].concat());
            let batch = LogBatch::parse(&bytes).expect("it is whole");
            let window = Window { from: 0, end: u64::MAX };
            let body = Body { bytes: bytes.clone(), frame: bytes.clone(), length: bytes.len(), buffer: 1 };
            let mut frame = WholeFrames;
            let mut source = Source::new(&body, &mut frame);
            let (mut chunk, work) =
                Chunk::new(&plan, BUCKET, window, &batch, (&mut source, 0, false), 1 << 20).expect("it is sound");
            assert!(work.is_some());
            let output = WorkOutput::Decoded { buffer: decoded.map(|_| 2), checksum: batch.checksum };
            chunk.done(&plan, output).expect("its output");
            assert!(chunk.cost > 8000);
            assert_eq!(chunk.cost, chunk.scanned.cost);
            let metadata = chunk.scanned.layout.message().expect("a message");
            assert_eq!(chunk.cost, metadata.len() as u64 + chunk.scanned.body.length());
        }
    }
}
