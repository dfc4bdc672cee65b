//! Values as messages show them: shortened, and without what could steer a terminal.

use std::fmt::{self, Write};

/// The longest part of a text that a message shows, in characters.
const TEXT: usize = 40;
/// The longest part of a value in JSON that a message shows, in characters.
const JSON: usize = 60;

/// A text in quotes, its controls escaped, its end left out where it is long.
pub(in crate::formats) fn quoted(text: &str) -> String {
    let (begin, rest) = shortened(text, TEXT);
    format!("{begin:?}{rest}")
}

/// A value in JSON as it stands there, its controls escaped, its end left out where it is long.
pub(in crate::formats) struct Shown<'a>(pub(in crate::formats) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begin, rest) = shortened(self.0, JSON);
        for character in begin.chars() {
            match character.is_control() {
                true => write!(f, "{}", character.escape_debug())?,
                false => f.write_char(character)?,
            }
        }
        f.write_str(rest)
    }
}

/// The begin of a text, of so many characters at most, and what stands for the rest.
fn shortened(text: &str, most: usize) -> (&str, &'static str) {
    match text.char_indices().nth(most) {
        Some((end, _)) => (text.get(..end).unwrap_or_default(), ".."),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shortened_and_controls_escaped() {
        assert_eq!(quoted("a\"\n"), r#""a\"\n""#);
        assert_eq!(quoted(&"é".repeat(40)), format!("\"{}\"", "é".repeat(40)));
        assert_eq!(quoted(&"é".repeat(41)), format!("\"{}\"..", "é".repeat(40)));
        assert_eq!(Shown("\"a\x1b\"").to_string(), "\"a\\u{1b}\"");
        assert_eq!(Shown(&"é".repeat(60)).to_string(), "é".repeat(60));
        assert_eq!(Shown(&"é".repeat(61)).to_string(), "é".repeat(60) + "..");
    }
}
