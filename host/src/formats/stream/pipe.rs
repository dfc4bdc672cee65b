//! A pipe that is read while it is written to.

use std::io::{Error, ErrorKind, Read, Result};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};

use super::PATIENCE;

/// Bytes that are taken from a pipe at once.
const BLOCK: usize = 1 << 16;

/// A pipe that is read on a thread of its own, so that nobody waits for a writer that is slow. It ends when the pipe
/// does.
pub(in crate::formats) struct Piped {
    blocks: Receiver<Result<Vec<u8>>>,
    block: Vec<u8>,
    /// How much of the block was read.
    read: usize,
    ended: bool,
}

impl Piped {
    pub(in crate::formats) fn new(mut pipe: Box<dyn Read + Send>) -> Result<Self> {
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
    use super::*;

    /// Everything of a pipe, however long its thread takes to begin.
    fn read(pipe: impl Read + Send + 'static) -> Result<Vec<u8>> {
        let mut pipe = Piped::new(Box::new(pipe))?;
        let mut bytes = Vec::new();
        loop {
            match pipe.read_to_end(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                ended => return ended.map(|_| bytes),
            }
        }
    }

    #[test]
    fn a_pipe_ends_with_its_bytes() {
        assert_eq!(read(&b"one and two"[..]).expect("read"), b"one and two");
    }

    #[test]
    fn a_pipe_whose_thread_breaks_down_does_not_end_in_order() {
        struct Breaking;
        impl Read for Breaking {
            fn read(&mut self, _: &mut [u8]) -> Result<usize> {
                panic!("of a test");
            }
        }
        let error = read(Breaking).expect_err("it broke down").to_string();
        assert!(error.contains("broke down"), "{error}");
    }
}
