//! Opening a bucket's log: what lies behind its checkpoint is checked batch by batch, and a torn end is cut off.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::batch::{Header, HeaderError, LONGEST};
use super::checkpoint::Checkpoint;
use super::segment::index::{Entry, Index};
use super::segment::{self, Segment};
use super::tail::Tail;
use super::{Log, LogSettings};
use crate::disk::file::read_exact_at;
use crate::error::NodeError;
use crate::ids::BucketId;

/// Bytes checked at once.
const WINDOW: u64 = 1 << 20;

/// Opens the log in `folder`, which need not be there.
pub(crate) fn open(id: BucketId, folder: &Path, settings: &Arc<LogSettings>) -> Result<Log, NodeError> {
    let bases = bases(folder).map_err(|source| NodeError::storage(folder, source))?;
    let checkpoint = Checkpoint::load(folder);
    let Some(first) = bases.first().copied() else {
        return Ok(Log::empty(id, folder.to_path_buf(), Arc::clone(settings)));
    };
    let mut segments = Vec::with_capacity(bases.len());
    let usable = checkpoint.filter(|checkpoint| {
        bases.contains(&checkpoint.segment)
            && fs::metadata(segment::path(folder, checkpoint.segment))
                .is_ok_and(|file| file.len() >= checkpoint.position)
    });
    let checkpoint = usable.unwrap_or(Checkpoint { segment: first, next_offset: first, ..Checkpoint::default() });
    for base in bases.iter().copied().filter(|base| *base < checkpoint.segment) {
        let path = segment::path(folder, base);
        let size = fs::metadata(&path).map_err(|source| NodeError::storage(&path, source))?.len();
        segments.push(Arc::new(Segment::new(folder, base, size, None)));
    }
    let mut state = Recovery { folder, checkpoint, whole: true };
    for base in bases.iter().copied().filter(|base| *base >= state.checkpoint.segment).collect::<Vec<_>>() {
        let path = segment::path(folder, base);
        if state.whole && base != state.checkpoint.segment && base != state.checkpoint.next_offset {
            let why = format!("the segment before it ends at offset {}", state.checkpoint.next_offset);
            return Err(NodeError::Damaged { path, why });
        }
        let recovered = if state.whole { state.segment(base).map(Some) } else { set_aside(&path).map(|()| None) };
        segments.extend(recovered.map_err(|source| NodeError::storage(&path, source))?.map(Arc::new));
    }
    let Checkpoint { position, next_offset, last_timestamp, writers, .. } = state.checkpoint;
    let tail = Tail { size: position, last_timestamp, writers, ..Tail::at(next_offset) };
    Ok(Log::new(id, folder.to_path_buf(), Arc::clone(settings), segments, tail))
}

/// The first offsets of the segments in `folder`, in order.
fn bases(folder: &Path) -> io::Result<Vec<i64>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut bases = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let base = name.to_str().and_then(|name| name.strip_suffix(".log")).and_then(|name| name.parse::<i64>().ok());
        bases.extend(base);
    }
    bases.sort_unstable();
    Ok(bases)
}

/// Renames a segment that follows one that had to be cut: its rows have no place in the log any more.
fn set_aside(path: &Path) -> io::Result<()> {
    tracing::warn!(file = %path.display(), "setting a segment aside that follows a torn one");
    let _ = fs::remove_file(path.with_extension("index"));
    fs::rename(path, path.with_extension("aside"))
}

/// How far recovery has come: everything before `checkpoint` is whole.
struct Recovery<'a> {
    folder: &'a Path,
    checkpoint: Checkpoint,
    /// Whether nothing had to be cut off so far.
    whole: bool,
}

impl Recovery<'_> {
    /// Checks one segment and cuts it off behind its last whole batch.
    fn segment(&mut self, base: i64) -> io::Result<Segment> {
        let path = segment::path(self.folder, base);
        if base != self.checkpoint.segment {
            self.checkpoint.segment = base;
            self.checkpoint.position = 0;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let size = file.metadata()?.len();
        let mut index = self.index_before(&file)?;
        self.check(&file, size, &mut index)?;
        let end = self.checkpoint.position;
        if end < size {
            tracing::warn!(file = %path.display(), cut = size - end, "cutting off a torn end");
            self.whole = false;
            file.set_len(end)?;
            file.sync_data()?;
        }
        Ok(Segment::new(self.folder, base, end, Some(index)))
    }

    fn index_before(&self, file: &File) -> io::Result<Index> {
        let Checkpoint { segment, position, .. } = self.checkpoint;
        if position == 0 {
            return Ok(Index::default());
        }
        match Index::load(&segment::path(self.folder, segment).with_extension("index"), position) {
            Some(index) => Ok(index),
            None => segment::index_of(file, position),
        }
    }

    /// Goes on from the checkpoint as long as batches are whole and in order.
    fn check(&mut self, file: &File, size: u64, index: &mut Index) -> io::Result<()> {
        let mut window = WINDOW;
        loop {
            let left = size - self.checkpoint.position;
            let bytes = read_exact_at(file, self.checkpoint.position, left.min(window))?;
            let checked = self.check_some(&bytes, index);
            let rest = bytes.get(checked..).unwrap_or_default();
            if rest.len() as u64 == left - checked as u64 {
                return Ok(()); // Nothing more is to come.
            }
            // The window ends within a batch: the next one begins with it and holds it, if it can be one at all.
            let wanted = match Header::read(rest) {
                Ok(header) => header.size as u64,
                Err(HeaderError::Short) => LONGEST as u64,
                Err(HeaderError::Damaged) => return Ok(()),
            };
            let all = rest.len() as u64 >= wanted;
            if all || (wanted > LONGEST as u64 && wanted > left - checked as u64) {
                return Ok(());
            }
            window = wanted.max(WINDOW);
        }
    }

    /// Checks the whole batches in `bytes`. Returns where the first begins that is not whole or not right.
    fn check_some(&mut self, bytes: &[u8], index: &mut Index) -> usize {
        let mut at = 0;
        while let Some(Ok(header)) = bytes.get(at..).map(Header::read) {
            let state = &mut self.checkpoint;
            let batch = bytes.get(at..at.saturating_add(header.size));
            if header.base_offset != state.next_offset || !batch.is_some_and(|batch| header.check(batch)) {
                break;
            }
            let (offset, timestamp, position) = (header.base_offset, header.timestamp, state.position);
            index.note(Entry { offset, timestamp, position });
            state.writers.note(&header);
            state.position += header.size as u64;
            state.next_offset = header.next_offset();
            state.last_timestamp = state.last_timestamp.max(timestamp);
            at += header.size;
        }
        at
    }
}
