//! Byte streams that are read while they grow: a file that is written to, and a pipe. `WouldBlock` means that there is
//! nothing more for now.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How long nothing must come before that is said.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);
/// Bytes that are taken from a pipe at once.
const BLOCK: usize = 1 << 16;

/// A file that grows; it never ends.
pub(super) struct Growing {
    file: File,
    /// Bytes read so far.
    read: u64,
}

impl Growing {
    pub(super) fn new(file: File) -> Self {
        Self { file, read: 0 }
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        let length = self.file.metadata()?.len();
        if length < self.read {
            let text = format!("it shrank from {} to {length} bytes while it was followed; append it anew", self.read);
            return Err(Error::other(text));
        }
        Err(ErrorKind::WouldBlock.into())
    }
}

/// A pipe that is read on a thread of its own, so that nobody waits for a writer that is slow. It ends when the pipe
/// does.
pub(super) struct Piped {
    blocks: Receiver<Result<Vec<u8>>>,
    block: Vec<u8>,
    /// How much of the block was read.
    read: usize,
    ended: bool,
}

impl Piped {
    pub(super) fn new(mut pipe: Box<dyn Read + Send>) -> Result<Self> {
        let (sender, blocks) = sync_channel(4);
        std::thread::Builder::new().name("thalweg-pipe".into()).spawn(move || {
            loop {
                let mut block = vec![0; BLOCK];
                let read = match pipe.read(&mut block) {
                    // Said, so that the end of the thread is not taken for the end of the pipe.
                    Ok(0) => {
                        let _ = sender.send(Ok(Vec::new()));
                        return;
                    }
                    Ok(count) => {
                        block.truncate(count);
                        Ok(block)
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.send(read).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Self { blocks, block: Vec::new(), read: 0, ended: false })
    }
}

impl Read for Piped {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.ended {
            return Ok(0);
        }
        if self.read == self.block.len() {
            self.block = match self.blocks.recv_timeout(PATIENCE) {
                Ok(block) => block?,
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::WouldBlock.into()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::other("the thread that reads it broke down"));
                }
            };
            self.read = 0;
            self.ended = self.block.is_empty();
        }
        let count = (&self.block[self.read..]).read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_growing_file_gives_what_comes_and_fails_when_it_shrinks() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let mut growing = Growing::new(file.reopen().expect("the file"));
        let mut buffer = [0; 16];
        let kind = |result: Result<usize>| result.map_err(|error| error.kind());
        assert_eq!(kind(growing.read(&mut buffer)), Err(ErrorKind::WouldBlock));
        file.write_all(b"abc").expect("written");
        assert_eq!(kind(growing.read(&mut buffer)), Ok(3));
        assert_eq!(kind(growing.read(&mut buffer)), Err(ErrorKind::WouldBlock));
        file.as_file().set_len(1).expect("cut");
        let error = growing.read(&mut buffer).expect_err("it shrank").to_string();
        assert!(error.contains("from 3 to 1 bytes"), "{error}");
    }

    #[test]
    fn a_pipe_ends_with_its_bytes() {
        let mut text = String::new();
        Piped::new(Box::new(&b"one and two"[..])).expect("a thread").read_to_string(&mut text).expect("read");
        assert_eq!(text, "one and two");
    }

    #[test]
    fn a_pipe_whose_thread_breaks_down_does_not_end_in_order() {
        struct Breaking;
        impl Read for Breaking {
            fn read(&mut self, _: &mut [u8]) -> Result<usize> {
                panic!("of a test");
            }
        }
        let mut pipe = Piped::new(Box::new(Breaking)).expect("a thread");
        let error = pipe.read_to_end(&mut Vec::new()).expect_err("it broke down").to_string();
        assert!(error.contains("broke down"), "{error}");
    }
}
