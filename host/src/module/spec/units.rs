//! Sizes and times as people write them: `64MiB`, `1s`.

use std::time::Duration;

/// An invalid size or time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}: write {example}")]
pub struct UnitError {
    text: String,
    what: &'static str,
    example: &'static str,
}

/// A number of bytes: a whole number and `B`, `KiB`, `MiB`, `GiB`, `KB`, `MB` or `GB`; no unit means bytes.
///
/// # Errors
/// On anything else, and on what is no `usize`.
pub fn parse_bytes(text: &str) -> Result<usize, UnitError> {
    let error = || UnitError { text: text.to_owned(), what: "size", example: "64MiB, 512KiB or 1000" };
    let (number, unit) = split(text).ok_or_else(error)?;
    let factor: usize = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(error()),
    };
    usize::try_from(number).ok().and_then(|number| number.checked_mul(factor)).ok_or_else(error)
}

/// A time longer than nothing: numbers with units, as `500ms`, `2m` or `1m 30s`.
///
/// # Errors
/// On anything else.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let error = || UnitError { text: text.to_owned(), what: "time", example: "500ms, 1s or 2m" };
    humantime::parse_duration(text).ok().filter(|time| !time.is_zero()).ok_or_else(error)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read() {
        assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
        assert_eq!(parse_bytes("1000"), Ok(1000));
        assert_eq!(parse_bytes("2 GB"), Ok(2_000_000_000));
        assert_eq!(parse_duration("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(parse_duration("250 ms"), Ok(Duration::from_millis(250)));
        for text in ["", "MiB", "-1", "1.5MiB", "99999999999GiB", "1 parsec"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
        for text in ["", "1", "s", "0s", "-1s", "18446744073709551615h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
