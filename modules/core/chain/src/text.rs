//! Texts that modules wrote, made fit for a terminal, a log and a message.

/// The longest text of a module that is kept, in bytes; the rest is cut.
pub const MESSAGE_BYTES: usize = 4096;

/// A text of a module's, without what could steer a terminal, and no longer than `MESSAGE_BYTES`.
pub fn message(text: &str) -> String {
    printable(text, MESSAGE_BYTES)
}

/// The text without what could steer a terminal or hide what it says, cut to at most `limit` bytes.
pub fn printable(text: &str, limit: usize) -> String {
    let plain = |character: char| match character {
        '\n' | '\t' => character,
        other if other.is_control() || is_invisible(other) => '\u{fffd}',
        other => other,
    };
    let mut printed = String::with_capacity(text.len().min(limit));
    for character in text.chars().map(plain) {
        if printed.len() + character.len_utf8() > limit {
            break;
        }
        printed.push(character);
    }
    printed
}

/// Characters that turn the direction of writing, or have no width.
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_cannot_steer_a_terminal() {
        assert_eq!(printable("a\x1b[2Jb\nc\r\u{9b}1m\u{202e}", 100), "a\u{fffd}[2Jb\nc\u{fffd}\u{fffd}1m\u{fffd}");
        assert_eq!(printable(&"ä".repeat(4000), 4095).len(), 4094);
        // Three bytes for one: the limit holds for what is printed.
        assert!(printable(&"\x07".repeat(4096), 4096).len() <= 4096);
    }
}
