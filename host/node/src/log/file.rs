//! Reading a segment's file at a position, and writing several pieces at its end.

use std::fs::File;
use std::io::{self, IoSlice, Write};

use super::batch::{Header, LONGEST};

/// Bytes read at once when only headers are wanted.
const PAGE: u64 = 4 << 10;

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

/// The headers of the batches from one position to another, each with where its batch begins.
pub(crate) struct Walk<'a> {
    file: &'a File,
    position: u64,
    end: u64,
    page: Vec<u8>,
    page_at: u64,
}

impl<'a> Walk<'a> {
    /// From the batch at `position` to `end`, which is the end of a batch.
    pub(crate) fn new(file: &'a File, position: u64, end: u64) -> Self {
        Self { file, position, end, page: Vec::new(), page_at: position }
    }

    fn header(&mut self) -> io::Result<Header> {
        let wanted = (LONGEST as u64).min(self.end - self.position);
        let held = self.page_at + self.page.len() as u64;
        if self.position < self.page_at || self.position + wanted > held {
            self.page = read_exact_at(self.file, self.position, PAGE.min(self.end - self.position))?;
            self.page_at = self.position;
        }
        let at = usize::try_from(self.position - self.page_at).unwrap_or(usize::MAX);
        let header = Header::read(self.page.get(at..).unwrap_or_default())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if header.size as u64 > self.end - self.position {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(header)
    }
}

impl Iterator for Walk<'_> {
    type Item = io::Result<(u64, Header)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.end {
            return None;
        }
        let position = self.position;
        match self.header() {
            Ok(header) => {
                self.position += header.size as u64;
                Some(Ok((position, header)))
            }
            Err(error) => {
                self.position = self.end;
                Some(Err(error))
            }
        }
    }
}
