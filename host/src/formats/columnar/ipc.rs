//! Arrow IPC in, as a file or as a stream: messages are cut and checked here, and decoded by the library.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::reader::{RecordBatchDecoder, read_dictionary};
use arrow_ipc::{Block, Endianness, Message, MessageHeader, root_as_footer, root_as_message};
use arrow_schema::SchemaRef;

use super::ipc_check::check_batch;
use crate::formats::error::arrow_reason;

/// How an Arrow IPC file (not a stream) begins and ends.
const MAGIC: &[u8; 6] = b"ARROW1";
/// How Feather of version 1 begins, which is another format.
const FEATHER_1: &[u8; 4] = b"FEA1";
/// What stands before the length of a message since Arrow 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Length of the footer, and the magic.
const TRAILER: u64 = 10;

/// Why a file cannot be read: a sentence.
type Problem = String;

/// The batches of an Arrow file or stream.
pub(super) struct Ipc {
    bytes: BufReader<File>,
    /// How long the file is.
    size: u64,
    /// Where the next byte is read.
    at: u64,
    schema: SchemaRef,
    dictionaries: HashMap<i64, ArrayRef>,
    /// Where the batches of a file stand, the next one last; `None` in a stream.
    blocks: Option<Vec<Block>>,
}

/// What a message says, and where its values begin.
struct Head {
    bytes: Vec<u8>,
    body_at: u64,
}

impl Ipc {
    /// Reads what stands before the rows.
    pub(super) fn open(file: File) -> Result<Self, Problem> {
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        let schema = SchemaRef::new(arrow_schema::Schema::empty());
        let bytes = BufReader::new(file);
        let mut ipc = Self { bytes, size, at: 0, schema, dictionaries: HashMap::new(), blocks: None };
        let magic = ipc.read(size.min(MAGIC.len() as u64))?;
        if magic.starts_with(FEATHER_1) {
            return Err("it is Feather of version 1, which is not read; write it as version 2, which is Arrow".into());
        }
        match magic == MAGIC {
            true => ipc.open_file()?,
            false => ipc.open_stream()?,
        }
        Ok(ipc)
    }

    /// The columns.
    pub(super) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn open_stream(&mut self) -> Result<(), Problem> {
        self.seek(0)?;
        let Some(head) = self.next_head()? else { return Err("it is empty; not even its columns are there".into()) };
        let message = message(&head.bytes)?;
        let schema = message.header_as_schema().ok_or("it does not begin with its columns")?;
        self.schema = checked_schema(schema)?;
        self.seek(head.body_at)
    }

    fn open_file(&mut self) -> Result<(), Problem> {
        let cut_off = || "it is cut off: its end has no footer".to_owned();
        let trailer_at = self.size.checked_sub(TRAILER).ok_or_else(cut_off)?;
        self.seek(trailer_at)?;
        let trailer = self.read(TRAILER)?;
        let (length, magic) = trailer.split_first_chunk::<4>().ok_or_else(cut_off)?;
        if magic != MAGIC {
            return Err(cut_off());
        }
        let length = u64::try_from(i32::from_le_bytes(*length)).ok();
        let begin =
            length.and_then(|length| trailer_at.checked_sub(length)).ok_or("the length of its footer is wrong")?;
        self.seek(begin)?;
        let footer = self.read(trailer_at - begin)?;
        let footer = root_as_footer(&footer).map_err(|_| "its footer is damaged")?;
        self.schema = checked_schema(footer.schema().ok_or("its footer has no columns")?)?;
        let batches: Vec<Block> = footer.recordBatches().into_iter().flatten().rev().copied().collect();
        let dictionaries: Vec<Block> = footer.dictionaries().into_iter().flatten().copied().collect();
        self.check_blocks(batches.iter().chain(&dictionaries))?;
        for block in &dictionaries {
            let head = self.head_of(block)?;
            self.take_dictionary(message(&head.bytes)?, head.body_at)?;
        }
        self.blocks = Some(batches);
        Ok(())
    }

    /// Sees that the blocks lie in the file, and that no two of them share a byte.
    fn check_blocks<'a>(&self, blocks: impl Iterator<Item = &'a Block>) -> Result<(), Problem> {
        let mut total = 0_u64;
        for block in blocks {
            let part = |length: i64| u64::try_from(length).ok();
            let (offset, head, body) =
                (part(block.offset()), part(block.metaDataLength().into()), part(block.bodyLength()));
            let length = head.zip(body).and_then(|(head, body)| head.checked_add(body));
            let end = offset.zip(length).and_then(|(offset, length)| offset.checked_add(length));
            total = total.saturating_add(length.unwrap_or(u64::MAX));
            if end.is_none_or(|end| end > self.size) || total > self.size {
                return Err("its footer names places that the file does not have".into());
            }
        }
        Ok(())
    }

    fn head_of(&mut self, block: &Block) -> Result<Head, Problem> {
        let (offset, length) = (block.offset().unsigned_abs(), u64::from(block.metaDataLength().unsigned_abs()));
        self.seek(offset)?;
        let mut head = self.read(length)?;
        let prefix = if head.starts_with(&CONTINUATION) { 8 } else { 4 };
        head.drain(..prefix.min(head.len()));
        Ok(Head { bytes: head, body_at: offset + length })
    }

    /// The next message of a stream.
    fn next_head(&mut self) -> Result<Option<Head>, Problem> {
        let length = match self.four()? {
            Some(CONTINUATION) => self.four()?,
            other => other,
        };
        // Streams may end without a word.
        let length = i32::from_le_bytes(length.unwrap_or_default());
        if length == 0 {
            return Ok(None);
        }
        let length =
            u64::try_from(length).map_err(|_| format!("the message at byte {} has a wrong length", self.at))?;
        let head = self.read(length)?;
        Ok(Some(Head { bytes: head, body_at: self.at }))
    }

    /// Four bytes; `None` at the end.
    fn four(&mut self) -> Result<Option<[u8; 4]>, Problem> {
        if self.at == self.size {
            return Ok(None);
        }
        let four = self.read(4)?;
        Ok(four.first_chunk().copied())
    }

    /// Decodes the next batch.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Problem> {
        loop {
            let head = match &mut self.blocks {
                Some(blocks) => match blocks.pop() {
                    Some(block) => self.head_of(&block)?,
                    None => return Ok(None),
                },
                None => match self.next_head()? {
                    Some(head) => head,
                    None => return Ok(None),
                },
            };
            let message = message(&head.bytes)?;
            match message.header_type() {
                MessageHeader::RecordBatch => return self.take_batch(message, head.body_at).map(Some),
                MessageHeader::DictionaryBatch => self.take_dictionary(message, head.body_at)?,
                MessageHeader::NONE => {}
                MessageHeader::Schema => return Err("it has columns twice".into()),
                _ => return Err("it has messages that are no rows".into()),
            }
        }
    }

    fn take_batch(&mut self, message: Message<'_>, body_at: u64) -> Result<RecordBatch, Problem> {
        let body = self.body(message, body_at)?;
        let batch = message.header_as_record_batch().ok_or_else(damaged)?;
        check_batch(&batch, &body)?;
        let version = message.version();
        let decoder = RecordBatchDecoder::try_new(&body, batch, self.schema(), &self.dictionaries, &version);
        decoder.and_then(RecordBatchDecoder::read_record_batch).map_err(|error| arrow_reason(&error))
    }

    fn take_dictionary(&mut self, message: Message<'_>, body_at: u64) -> Result<(), Problem> {
        let body = self.body(message, body_at)?;
        let dictionary = message.header_as_dictionary_batch().ok_or_else(damaged)?;
        check_batch(&dictionary.data().ok_or_else(damaged)?, &body)?;
        let schema = self.schema();
        read_dictionary(&body, dictionary, &schema, &mut self.dictionaries, &message.version())
            .map_err(|error| arrow_reason(&error))
    }

    /// The buffers behind a message.
    fn body(&mut self, message: Message<'_>, body_at: u64) -> Result<Buffer, Problem> {
        let length =
            u64::try_from(message.bodyLength()).ok().filter(|length| *length <= self.size.saturating_sub(body_at));
        let length = length.ok_or_else(|| self.cut_off())?;
        self.seek(body_at)?;
        let mut body = MutableBuffer::from_len_zeroed(usize::try_from(length).map_err(|_| damaged())?);
        self.bytes.read_exact(&mut body).map_err(|error| self.failed(&error))?;
        self.at += length;
        Ok(body.into())
    }

    fn read(&mut self, length: u64) -> Result<Vec<u8>, Problem> {
        if length > self.size.saturating_sub(self.at) {
            return Err(self.cut_off());
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| damaged())?];
        self.bytes.read_exact(&mut bytes).map_err(|error| self.failed(&error))?;
        self.at += length;
        Ok(bytes)
    }

    fn seek(&mut self, at: u64) -> Result<(), Problem> {
        if at != self.at {
            self.bytes.seek(SeekFrom::Start(at)).map_err(|error| self.failed(&error))?;
            self.at = at;
        }
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Problem {
        if error.kind() == ErrorKind::UnexpectedEof { self.cut_off() } else { error.to_string() }
    }

    fn cut_off(&self) -> Problem {
        format!("it is cut off or damaged: a message at byte {} is longer than the rest of it", self.at)
    }
}

impl Iterator for Ipc {
    type Item = Result<RecordBatch, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

fn message(head: &[u8]) -> Result<Message<'_>, Problem> {
    root_as_message(head).map_err(|_| damaged())
}

fn damaged() -> Problem {
    "it is damaged: a message in it is not what it says".into()
}

fn checked_schema(schema: arrow_ipc::Schema<'_>) -> Result<SchemaRef, Problem> {
    if schema.endianness() != Endianness::Little {
        return Err("it has the byte order of a big-endian machine, which is not read; write it anew on another".into());
    }
    arrow_ipc::convert::try_fb_to_schema(schema).map(SchemaRef::new).map_err(|error| arrow_reason(&error))
}
