//! Texts that strangers wrote, made fit for a terminal, a log and a message: nothing in them steers, hides or floods.

use std::borrow::Cow;
use std::fmt::Write as _;

use thalweg_chain::text::is_invisible;
pub(crate) use thalweg_chain::text::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest message, in characters.
const MESSAGE: usize = 500;
/// How much of a longer one is kept of its end, which often says what to do.
const TAIL: usize = 120;

/// The text on one line, with what could steer a terminal or hide what it says written as `\n` or `\u{1b}`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match needs_escape(character) {
            true => escaped.extend(character.escape_default()),
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// A message for people: on one line, and of a few hundred characters at most. Of a longer one begin and end are kept, and
/// between them stands how much is not.
pub(crate) fn message(text: &str) -> Cow<'_, str> {
    match escaped(text) {
        Cow::Borrowed(text) => shortened(text, MESSAGE),
        Cow::Owned(text) => Cow::Owned(shortened(&text, MESSAGE).into_owned()),
    }
}

/// The begin and the end of a text of more than `limit` characters, and between them how much was left out.
fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    let begin = |count: usize| text.char_indices().nth(count).map(|(at, _)| at);
    if text.len() <= limit || begin(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let tail = TAIL.min(limit / 2);
    let head_end = begin(limit - tail).unwrap_or(text.len());
    let tail_start = text.char_indices().rev().nth(tail.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (&text[..head_end], &text[tail_start..]);
    let left_out = text[head_end..tail_start].chars().count();
    let mut cut = String::with_capacity(head.len() + tail.len() + 48);
    let _ = write!(cut, "{head} … ({left_out} characters left out) … {tail}");
    Cow::Owned(cut)
}

/// How many columns of a terminal a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { UnicodeWidthStr::width(text) }
}

/// The text, or as much of it as `limit` columns of a terminal hold before an ellipsis.
pub(crate) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit || width(text) <= limit {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let fits = |(_, character): &(usize, char)| {
        taken += character.width().unwrap_or(0);
        taken >= limit.max(1)
    };
    let end = text.char_indices().find(fits).map_or(text.len(), |(at, _)| at);
    // A joiner joins nothing at the end.
    let kept = text[..end].trim_end_matches('\u{200d}');
    Cow::Owned(if limit == 0 { String::new() } else { format!("{kept}…") })
}

/// The text and blanks up to a width: before it where it stands to the right.
pub(crate) fn padded(text: &str, columns: usize, right: bool) -> String {
    let blanks = " ".repeat(columns.saturating_sub(width(text)));
    if right { blanks + text } else { text.to_owned() + &blanks }
}

/// Whether a character steers the terminal, turns the direction of writing, or breaks or hides a line.
fn needs_escape(character: char) -> bool {
    // The joiners are part of how some scripts and emoji are written.
    character.is_control()
        || is_invisible(character) && !matches!(character, '\u{200c}' | '\u{200d}')
        || matches!(character, '\u{61c}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_or_hides_is_written_out() {
        let cases = [
            ("plain ä 中 👩\u{200d}🚀 C:\\dir", "plain ä 中 👩\u{200d}🚀 C:\\dir"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\x1b[2J\0\x7f\u{9b}1m", r"\u{1b}[2J\u{0}\u{7f}\u{9b}1m"),
            ("\u{202e}abc\u{2066}\u{2069}\u{feff}\u{200b}", r"\u{202e}abc\u{2066}\u{2069}\u{feff}\u{200b}"),
            ("line\u{2028}para\u{2029}", r"line\u{2028}para\u{2029}"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn messages_are_short_and_say_how_much_they_leave_out() {
        assert_eq!(message("a.json, line 1: no"), "a.json, line 1: no");
        assert_eq!(message(&"ä".repeat(MESSAGE)), "ä".repeat(MESSAGE));
        for filling in ["x", "中", "\u{1b}", "\n"] {
            let long = format!("a.json, line 1: {} is no number; mend the line", filling.repeat(300_000));
            let cut = message(&long);
            assert!(cut.starts_with("a.json, line 1: ") && cut.ends_with("is no number; mend the line"), "{cut}");
            assert!(cut.contains("characters left out") && cut.chars().count() < MESSAGE + 50, "{cut}");
            assert!(!cut.chars().any(needs_escape), "{cut:?}");
        }
        let long = "x".repeat(MESSAGE + 1);
        let left_out = message(&long);
        assert!(left_out.contains("x … (1 characters left out) … x"), "{left_out}");
    }

    #[test]
    fn texts_are_cut_at_the_width_of_a_terminal() {
        let cases = [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("中文字", 6, "中文字"),
            ("中文字", 5, "中文…"),
            ("中文字", 4, "中…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("👩\u{200d}🚀👩\u{200d}🚀", 4, "👩\u{200d}🚀👩\u{200d}🚀"),
            ("👩\u{200d}🚀👩\u{200d}🚀", 3, "👩…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ];
        for (text, limit, expected) in cases {
            let cut = cut(text, limit);
            assert_eq!(cut, expected, "{text} at {limit}");
            assert!(width(&cut) <= limit, "{text} at {limit}");
        }
        assert_eq!((padded("中", 4, true), padded("中", 4, false)), ("  中".into(), "中  ".into()));
    }
}
