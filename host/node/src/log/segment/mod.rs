//! One file of a bucket's log: batches as they came, one behind the other.

pub(crate) mod index;
mod walk;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use bytes::Bytes;

use self::index::{Entry, Index};
use self::walk::Walk;
use super::batch::{Header, HeaderError};
use crate::disk::file::read_much;
use crate::runtime::sync::{read, write};

/// A segment: its first offset is its name.
#[derive(Debug)]
pub(crate) struct Segment {
    base: i64,
    path: PathBuf,
    /// Bytes that may be read: whole batches that are acknowledged.
    visible: AtomicU64,
    /// `None` until somebody needs it.
    index: RwLock<Option<Index>>,
    /// Kept open while it is written; else every read opens it, so that old segments hold no file handles.
    file: RwLock<Option<Arc<File>>>,
}

impl Segment {
    /// The segment of `base` in `folder`, of which `visible` bytes may be read.
    pub(crate) fn new(folder: &Path, base: i64, visible: u64, index: Option<Index>) -> Self {
        Self {
            base,
            path: path(folder, base),
            visible: AtomicU64::new(visible),
            index: RwLock::new(index),
            file: RwLock::new(None),
        }
    }

    /// Its first offset.
    pub(crate) fn base(&self) -> i64 {
        self.base
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its index file.
    pub(crate) fn index_path(&self) -> PathBuf {
        self.path.with_extension("index")
    }

    /// Bytes that may be read.
    pub(crate) fn visible(&self) -> u64 {
        self.visible.load(Ordering::Acquire)
    }

    /// Lets `bytes` be read.
    pub(crate) fn publish(&self, bytes: u64) {
        self.visible.store(bytes, Ordering::Release);
    }

    /// Keeps `file` open for readers, or closes it.
    pub(crate) fn keep_open(&self, file: Option<Arc<File>>) {
        *write(&self.file) = file;
    }

    fn open(&self) -> io::Result<Arc<File>> {
        match &*read(&self.file) {
            Some(file) => Ok(Arc::clone(file)),
            None => Ok(Arc::new(File::open(&self.path)?)),
        }
    }

    /// Takes note of a batch that was written.
    pub(crate) fn note(&self, entry: Entry) {
        if let Some(index) = &mut *write(&self.index) {
            index.note(entry);
        }
    }

    /// Forgets the batches at `position` and behind it.
    pub(crate) fn forget(&self, position: u64) {
        if let Some(index) = &mut *write(&self.index) {
            index.truncate(position);
        }
    }

    /// Writes the index file of the first `covered` bytes.
    pub(crate) fn save_index(&self, covered: u64, flush: bool) -> io::Result<()> {
        match &*read(&self.index) {
            Some(index) => index.save(&self.index_path(), covered, flush),
            None => Ok(()),
        }
    }

    /// Forgets the index of a segment that is closed; it is loaded again when somebody needs it.
    pub(crate) fn release_index(&self) {
        let file = self.index_path();
        if file.exists() || self.save_index(self.visible(), false).is_ok() {
            *write(&self.index) = None;
        }
    }

    /// Whether its index takes up memory.
    #[cfg(test)]
    pub(crate) fn holds_index(&self) -> bool {
        read(&self.index).is_some()
    }

    /// Asks the index; loads or makes it first where that has not been done.
    fn with_index<T>(&self, ask: impl Fn(&Index) -> T) -> io::Result<T> {
        if let Some(index) = &*read(&self.index) {
            return Ok(ask(index));
        }
        let visible = self.visible();
        let index = match Index::load(&self.index_path(), visible) {
            Some(index) => index,
            None => index_of(&*self.open()?, visible)?,
        };
        Ok(ask(write(&self.index).get_or_insert(index)))
    }

    /// Whole batches from the one with `offset` on, `most` bytes of them; if `at_least_one`, the first even when it
    /// is larger. Reads the file once: the first index entry before the offset, and what is asked for.
    pub(crate) fn read(&self, offset: i64, most: usize, at_least_one: bool) -> io::Result<Bytes> {
        let end = self.visible();
        let mut position = self.with_index(|index| index.position_of_offset(offset))?;
        let file = self.open()?;
        while position < end {
            let window = (most as u64).saturating_add(index::INTERVAL).min(end - position);
            let buffer = read_much(&self.path, &file, position, window)?;
            let (start, first) = find(&buffer, offset)?;
            position += start as u64;
            let Some(first) = first else { continue };
            if first.size > most {
                return if at_least_one { self.one(&file, position, first.size, end) } else { Ok(Bytes::new()) };
            }
            let length = whole(buffer.get(start..).unwrap_or_default(), most);
            if length > 0 {
                return Ok(Bytes::from(buffer).slice(start..start + length));
            }
            if start == 0 {
                return Err(damaged());
            }
        }
        Ok(Bytes::new())
    }

    /// The one batch of `size` bytes at `position`.
    fn one(&self, file: &File, position: u64, size: usize, end: u64) -> io::Result<Bytes> {
        if size as u64 > end - position {
            return Err(damaged());
        }
        read_much(&self.path, file, position, size as u64).map(Bytes::from)
    }

    /// From the batch with `offset` on, `most` bytes at most, wherever they end; if `at_least_one`, the first batch even
    /// when it is larger.
    pub(crate) fn read_cut(&self, offset: i64, most: usize, at_least_one: bool) -> io::Result<Bytes> {
        let end = self.visible();
        let from = self.with_index(|index| index.position_of_offset(offset))?;
        let file = self.open()?;
        for step in Walk::new(&file, from, end) {
            let (position, header) = step?;
            if header.next_offset() > offset {
                let most = if at_least_one { most.max(header.size) } else { most };
                return read_much(&self.path, &file, position, (most as u64).min(end - position)).map(Bytes::from);
            }
        }
        Ok(Bytes::new())
    }

    /// The base offset of the first batch taken at `timestamp` or later.
    pub(crate) fn offset_of_time(&self, timestamp: i64) -> io::Result<Option<i64>> {
        let end = self.visible();
        if end == 0 {
            return Ok(None);
        }
        let from = self.with_index(|index| index.position_of_time(timestamp))?;
        let file = self.open()?;
        for step in Walk::new(&file, from, end) {
            let (_, header) = step?;
            if header.timestamp >= timestamp {
                return Ok(Some(header.base_offset));
            }
        }
        Ok(None)
    }

    /// When its last batch was taken; `None` when it holds none.
    pub(crate) fn last_timestamp(&self) -> io::Result<Option<i64>> {
        let end = self.visible();
        if end == 0 {
            return Ok(None);
        }
        let from = self.with_index(|index| index.position_of_time(i64::MAX))?;
        let file = self.open()?;
        let mut last = None;
        for step in Walk::new(&file, from, end) {
            last = Some(step?.1.timestamp);
        }
        Ok(last)
    }
}

/// The file of a segment.
pub(crate) fn path(folder: &Path, base: i64) -> PathBuf {
    folder.join(format!("{base:020}.log"))
}

/// Makes the index of the first `end` bytes of a segment.
pub(crate) fn index_of(file: &File, end: u64) -> io::Result<Index> {
    let mut index = Index::default();
    for step in Walk::new(file, 0, end) {
        let (position, header) = step?;
        index.note(Entry { offset: header.base_offset, timestamp: header.timestamp, position });
    }
    Ok(index)
}

/// Where in `buffer` the first batch begins that holds `offset` or a later one, and its header. Without a header the
/// batch must be looked for from there on: too little of it is in the buffer.
fn find(buffer: &[u8], offset: i64) -> io::Result<(usize, Option<Header>)> {
    let mut at = 0;
    while let Some(rest) = buffer.get(at..).filter(|rest| !rest.is_empty()) {
        match Header::read(rest) {
            Ok(header) if header.next_offset() > offset => return Ok((at, Some(header))),
            Ok(header) => at += header.size,
            Err(HeaderError::Short) if at > 0 => break,
            Err(_) => return Err(damaged()),
        }
    }
    Ok((at, None))
}

/// The length of the whole batches at the beginning of `bytes`, `most` at most.
fn whole(bytes: &[u8], most: usize) -> usize {
    let mut length = 0;
    while let Some(Ok(header)) = bytes.get(length..).map(Header::read) {
        if length + header.size > most.min(bytes.len()) {
            break;
        }
        length += header.size;
    }
    length
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a batch in the log is damaged")
}
