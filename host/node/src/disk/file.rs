//! Access to files: reading at a position, writing several pieces at the end, putting a whole file in place.

use std::fs::{self, File};
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes from which on a file is opened for the reading alone.
const LARGE: u64 = 128 << 10;

/// As `read_exact_at`, of the file at `path` that `file` is. For much of it a handle of its own is opened: only where a handle
/// is can bytes be read into memory that was not zeroed before.
pub(crate) fn read_much(path: &Path, file: &File, position: u64, length: u64) -> io::Result<Vec<u8>> {
    if length < LARGE {
        return read_exact_at(file, position, length);
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(position))?;
    let mut bytes =
        Vec::with_capacity(usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?);
    match file.take(length).read_to_end(&mut bytes)? as u64 {
        read if read == length => Ok(bytes),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads exactly `length` bytes at `position`.
pub(crate) fn read_exact_at(file: &File, position: u64, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut bytes = vec![0; length];
    fill(file, position, &mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn fill(file: &File, position: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, position)
}

#[cfg(windows)]
fn fill(file: &File, mut position: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, position)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        position += read as u64;
    }
    Ok(())
}

/// Writes all the pieces, one behind the other.
pub(crate) fn write_all(mut file: &File, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !pieces.is_empty() {
        match file.write_vectored(pieces) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut pieces, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Puts a whole file in place: the old one or the new one is there at any time, never half of it. With `flush` it is
/// on the disk when this returns.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], flush: bool) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    if flush {
        file.sync_all()?;
    }
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) if flush => flush_folder(folder),
        _ => Ok(()),
    }
}

/// Brings the names in a folder to the disk.
pub(crate) fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
