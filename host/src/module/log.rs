//! A module's messages, as events of `tracing`, and no more of them than anybody can read.

use std::sync::Arc;

use super::bindings::thalweg::module::log::Level;

/// The longest message, in bytes; the rest is cut.
const MESSAGE_BYTES: usize = 4096;

/// How many messages a call may write; the rest is counted.
const MESSAGES: usize = 64;

/// The log of one instance.
pub(super) struct Log {
    module: Arc<str>,
    written: usize,
    dropped: usize,
    /// The last error in this call.
    error: Option<String>,
}

impl Log {
    pub(super) fn new(module: &Arc<str>) -> Log {
        Log { module: Arc::clone(module), written: 0, dropped: 0, error: None }
    }

    pub(super) fn write(&mut self, level: Level, message: &str) {
        let message = printable(message);
        if matches!(level, Level::Error) {
            self.error = Some(message.clone());
        }
        self.written += 1;
        if self.written > MESSAGES {
            self.dropped += 1;
            return;
        }
        let module = &*self.module;
        match level {
            Level::Debug => tracing::debug!(module, "{message}"),
            Level::Info => tracing::info!(module, "{message}"),
            Level::Warn => tracing::warn!(module, "{message}"),
            Level::Error => tracing::error!(module, "{message}"),
        }
    }

    /// The last error that was written in this call.
    pub(super) fn take_error(&mut self) -> Option<String> {
        self.error.take()
    }

    /// Says how much was dropped, and begins anew.
    pub(super) fn end_call(&mut self) {
        if self.dropped > 0 {
            tracing::warn!(module = &*self.module, dropped = self.dropped, "messages of one call dropped");
        }
        (self.written, self.dropped, self.error) = (0, 0, None);
    }
}

/// The text without what could steer a terminal, cut at the limit.
pub(super) fn printable(message: &str) -> String {
    let end = message.floor_char_boundary(MESSAGE_BYTES);
    let plain = |character: char| match character {
        '\n' | '\t' => character,
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    message[..end].chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_and_cannot_steer_a_terminal() {
        assert_eq!(printable("a\x1b[2Jb\nc"), "a\u{fffd}[2Jb\nc");
        assert_eq!(printable(&"ä".repeat(4000)).len(), 4096);
    }

    #[test]
    fn a_call_keeps_its_last_error_and_a_bounded_number_of_messages() {
        let mut log = Log::new(&Arc::from("m"));
        for number in 0..100 {
            log.write(Level::Error, &number.to_string());
        }
        assert_eq!((log.dropped, log.take_error().as_deref()), (36, Some("99")));
        log.end_call();
        assert_eq!((log.written, log.dropped), (0, 0));
    }
}
