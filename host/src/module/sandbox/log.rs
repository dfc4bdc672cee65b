//! A module's messages, as events of `tracing`, and no more of them than anybody can read.

use std::sync::Arc;

use thalweg_chain::text::{self, MESSAGE_BYTES};

use crate::wit::module::thalweg::module::log::Level;

/// How many messages a call may write; the rest is counted.
const MESSAGES: usize = 64;

/// Where a module that was built for WASI writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::module) enum Output {
    Stdout,
    Stderr,
}

/// The log of one instance.
pub(in crate::module) struct Log {
    module: Arc<str>,
    /// What a call may write, in bytes.
    limit: usize,
    /// What this call has written, in bytes and messages.
    written: (usize, usize),
    /// What was cut or left out of it.
    dropped: (usize, usize),
    /// The last error in this call.
    error: Option<String>,
    /// The line that each output stands in.
    lines: [Vec<u8>; 2],
    /// The end of what this call wrote to stderr.
    last_words: Vec<u8>,
}

impl Log {
    /// A log of at most `limit` bytes a call.
    pub(in crate::module) fn new(module: &Arc<str>, limit: usize) -> Log {
        Log {
            module: Arc::clone(module),
            limit,
            written: (0, 0),
            dropped: (0, 0),
            error: None,
            lines: [Vec::new(), Vec::new()],
            last_words: Vec::new(),
        }
    }

    pub(in crate::module) fn write(&mut self, level: Level, message: &str) {
        if matches!(level, Level::Error) {
            self.error = Some(text::message(message));
        }
        let (bytes, messages) = self.written;
        let text = match messages < MESSAGES {
            true => text::printable(message, MESSAGE_BYTES.min(self.limit - bytes)),
            false => String::new(),
        };
        if text.is_empty() && !message.is_empty() || messages == MESSAGES {
            self.dropped.0 = self.dropped.0.saturating_add(message.len());
            self.dropped.1 += 1;
            return;
        }
        self.written = (bytes + text.len(), messages + 1);
        self.dropped.0 = self.dropped.0.saturating_add(message.len().saturating_sub(text.len()));
        let module = &*self.module;
        match level {
            Level::Debug => tracing::debug!(module, "{text}"),
            Level::Info => tracing::info!(module, "{text}"),
            Level::Warn => tracing::warn!(module, "{text}"),
            Level::Error => tracing::error!(module, "{text}"),
        }
    }

    /// Takes what a module prints: each line is a message.
    pub(in crate::module) fn print(&mut self, output: Output, bytes: &[u8]) {
        if output == Output::Stderr {
            self.last_words.extend(bytes.iter().skip(bytes.len().saturating_sub(MESSAGE_BYTES)));
            let excess = self.last_words.len().saturating_sub(MESSAGE_BYTES);
            self.last_words.drain(..excess);
        }
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let line = &mut self.lines[output as usize];
            let room = MESSAGE_BYTES.saturating_sub(line.len()).min(piece.len());
            line.extend(&piece[..room]);
            self.dropped.0 = self.dropped.0.saturating_add(piece.len() - room);
            if piece.ends_with(b"\n") {
                self.end_line(output);
            }
        }
    }

    fn end_line(&mut self, output: Output) {
        let line = std::mem::take(&mut self.lines[output as usize]);
        let text = String::from_utf8_lossy(&line);
        let level = match output {
            Output::Stdout => Level::Info,
            Output::Stderr => Level::Error,
        };
        match text.trim_end() {
            "" => {}
            text => self.write(level, text),
        }
    }

    /// What was last written in this call that tells why it failed: what stands on stderr, or the last error.
    pub(in crate::module) fn take_last_words(&mut self) -> Option<String> {
        let words = std::mem::take(&mut self.last_words);
        match String::from_utf8_lossy(&words).trim() {
            "" => self.error.take(),
            words => Some(text::message(words)),
        }
    }

    /// Says how much was dropped, and begins anew.
    pub(in crate::module) fn end_call(&mut self) {
        [Output::Stdout, Output::Stderr].into_iter().for_each(|output| self.end_line(output));
        let (bytes, messages) = self.dropped;
        if self.dropped != (0, 0) {
            tracing::warn!(module = &*self.module, bytes, messages, "the log of one call was cut");
        }
        (self.written, self.dropped, self.error) = ((0, 0), (0, 0), None);
        self.last_words.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(limit: usize) -> Log {
        Log::new(&Arc::from("m"), limit)
    }

    #[test]
    fn a_call_keeps_its_last_error_and_a_bounded_number_of_messages() {
        let mut log = log(1 << 20);
        for number in 100..200 {
            log.write(Level::Error, &number.to_string());
        }
        assert_eq!((log.written, log.dropped), ((64 * 3, 64), (36 * 3, 36)));
        assert_eq!(log.take_last_words().as_deref(), Some("199"));
        log.end_call();
        assert_eq!((log.written, log.dropped), ((0, 0), (0, 0)));
        assert_eq!(log.take_last_words(), None);
    }

    #[test]
    fn a_call_writes_a_bounded_number_of_bytes_and_what_is_cut_is_counted() {
        let mut log = log(10_000);
        let long = "x".repeat(5000);
        for _ in 0..4 {
            log.write(Level::Info, &long);
        }
        // 4096, 4096, the 1808 that are left, and nothing.
        assert_eq!((log.written, log.dropped), ((10_000, 3), (10_000, 1)));
        log.end_call();
        log.write(Level::Info, "again");
        assert_eq!((log.written, log.dropped), ((5, 1), (0, 0)));
    }

    #[test]
    fn what_is_printed_is_cut_into_lines_and_stderr_tells_why() {
        let mut log = log(1 << 20);
        log.print(Output::Stdout, b"one\ntwo\nthr");
        log.print(Output::Stdout, b"ee\n\n");
        assert_eq!(log.written, (3 + 3 + 5, 3));
        log.print(Output::Stderr, b"thread panicked:\n");
        log.print(Output::Stderr, b"no \x1b[31m such row\nnote");
        let words = log.take_last_words();
        assert_eq!(words.as_deref(), Some("thread panicked:\nno \u{fffd}[31m such row\nnote"));
        log.end_call();
        assert!(log.lines.iter().all(Vec::is_empty));
    }

    #[test]
    fn lines_without_end_take_no_memory() {
        let mut log = log(1 << 20);
        for _ in 0..1000 {
            log.print(Output::Stderr, &[b'x'; 1000]);
        }
        assert!(log.lines[1].len() == MESSAGE_BYTES && log.last_words.len() == MESSAGE_BYTES);
        assert!(log.lines[1].capacity() + log.last_words.capacity() < 64 << 10);
        assert_eq!(log.dropped.0, 1_000_000 - MESSAGE_BYTES);
    }
}
