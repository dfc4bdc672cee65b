//! The values of table properties, read as Fluss reads them (`ConfigurationUtils` and `TimeUtils` of its sources).
//!
//! Words, numbers and truth values are taken in any case and exactly as they stand: ` disable ` is not `disable`. Only
//! durations may have spaces around them.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use super::PropertyError;

/// The properties of a table by their keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a>(pub(super) &'a BTreeMap<String, String>);

impl<'a> Values<'a> {
    /// Any text.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(String::as_str)
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(
        self,
        key: &'static str,
        words: &[(&str, T)],
        expected: &'static str,
    ) -> Result<Option<T>, PropertyError> {
        self.read(key, expected, |value| {
            words.iter().find(|(word, _)| value.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
        })
    }

    /// A whole number.
    pub(super) fn integer<T: FromStr>(self, key: &'static str) -> Result<Option<T>, PropertyError> {
        self.read(key, "a whole number", |value| value.parse().ok())
    }

    /// Whether something is so.
    pub(super) fn boolean(self, key: &'static str) -> Result<Option<bool>, PropertyError> {
        self.word(key, &[("true", true), ("false", false)], "true or false")
    }

    /// A duration.
    pub(super) fn duration(self, key: &'static str) -> Result<Option<Duration>, PropertyError> {
        self.read(key, "a duration such as 7d, 12 h or 500ms", parse_duration)
    }

    fn read<T>(
        self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, PropertyError> {
        let Some(value) = self.text(key) else { return Ok(None) };
        match read(value) {
            Some(meaning) => Ok(Some(meaning)),
            None => Err(PropertyError { key, value: value.to_owned(), expected }),
        }
    }
}

/// A duration as Fluss writes it: a number and a unit, as `7d`, `7 d`, `12 hours`.
fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit.trim().to_ascii_lowercase().as_str() {
        "d" | "day" | "days" => seconds(86_400),
        "h" | "hour" | "hours" => seconds(3600),
        "min" | "m" | "minute" | "minutes" => seconds(60),
        "s" | "sec" | "secs" | "second" | "seconds" => seconds(1),
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => Some(Duration::from_millis(number)),
        "µs" | "micro" | "micros" | "microsecond" | "microseconds" => Some(Duration::from_micros(number)),
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_fluss() {
        let cases = [
            ("7d", Some(604_800_000)),
            ("7 d", Some(604_800_000)),
            ("168h", Some(604_800_000)),
            ("  1  DAY ", Some(86_400_000)),
            ("3min", Some(180_000)),
            ("3 m", Some(180_000)),
            ("500ms", Some(500)),
            ("0s", Some(0)),
            ("7", None),
            ("d", None),
            ("-1d", None),
            ("7 weeks", None),
            ("", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text).map(|duration| duration.as_millis()), expected, "{text}");
        }
    }
}
