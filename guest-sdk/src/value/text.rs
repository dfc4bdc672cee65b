//! Dates, times and timestamps as they are written.

use std::fmt;
use std::str::FromStr;

use super::{Date, Time, Timestamp, TimestampLtz, Unit};

/// A text that is no date, time or timestamp, or one out of range.
///
/// Its text says what is expected: `a date, as 2001-01-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseTimeError {
    expected: &'static str,
}

impl fmt::Display for ParseTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }
}

impl std::error::Error for ParseTimeError {}

impl FromStr for Date {
    type Err = ParseTimeError;

    /// Reads `2001-01-31`; a year may have up to 7 digits and a `-`.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        date(text).map(Self::from_days).ok_or(ParseTimeError { expected: "a date, as 2001-01-31" })
    }
}

impl FromStr for Time {
    type Err = ParseTimeError;

    /// Reads `10:00`, `10:00:00` or `10:00:00.5`, with up to 9 digits behind the point, which settle the unit.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let (value, unit) = time(text).ok_or(ParseTimeError { expected: "a time, as 10:00:00" })?;
        Ok(Self::new(value, unit))
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimeError;

    /// Reads a date, or a date and a time with a blank or `T` between: `2001-01-31 10:00:00`.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let expected = "a timestamp, as 2001-01-31 10:00:00";
        let (value, unit) = timestamp(text).ok_or(ParseTimeError { expected })?;
        Ok(Self::new(value, unit))
    }
}

impl FromStr for TimestampLtz {
    type Err = ParseTimeError;

    /// As for [`Timestamp`], in UTC, with or without `Z`; behind a time may stand an offset, as `+02:00`.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let expected = "an instant, as 2001-01-31T10:00:00Z";
        let (value, unit) = instant(text).ok_or(ParseTimeError { expected })?;
        Ok(Self::new(value, unit))
    }
}

fn date(text: &str) -> Option<i32> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut parts = unsigned.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4..=7)?, digits(parts.next()?, 2..=2)?, digits(parts.next()?, 2..=2)?);
    let year = sign * year;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=length).contains(&day) {
        return None;
    }
    // Years from March on, so that the leap day is the last: the Gregorian calendar repeats every 400 years, 146,097 days.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    i32::try_from(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468).ok()
}

/// Units of the day.
fn time(text: &str) -> Option<(i64, Unit)> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2..=2)?, digits(parts.next()?, 2..=2)?);
    let second = match parts.next() {
        Some(second) => digits(second, 2..=2)?,
        None if fraction.is_none() => 0,
        None => return None,
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let unit = Unit::of_precision(fraction.map_or(0, |fraction| fraction.len().min(9) as u8));
    let fraction = match fraction {
        Some(fraction) => digits(fraction, 1..=9)? * 10_i64.pow(u32::from(unit.digits()) - fraction.len() as u32),
        None => 0,
    };
    Some(((hour * 3_600 + minute * 60 + second) * per_second(unit) + fraction, unit))
}

/// Units since 1970-01-01T00:00:00.
fn timestamp(text: &str) -> Option<(i64, Unit)> {
    let (days, (of_day, unit)) = match text.split_once([' ', 'T']) {
        Some((day, clock)) => (date(day)?, time(clock)?),
        None => (date(text)?, (0, Unit::Seconds)),
    };
    Some(((i64::from(days) * 86_400).checked_mul(per_second(unit))?.checked_add(of_day)?, unit))
}

fn instant(text: &str) -> Option<(i64, Unit)> {
    let Some((day, clock)) = text.split_once([' ', 'T']) else { return timestamp(text) };
    let (zone, seconds) = match clock.find(['Z', '+', '-']) {
        Some(at) if &clock[at..] == "Z" => (at, 0),
        Some(at) => {
            let (ahead, _) = time(&clock[at + 1..]).filter(|(_, unit)| *unit == Unit::Seconds)?;
            (at, if clock[at..].starts_with('-') { -ahead } else { ahead })
        }
        None => (clock.len(), 0),
    };
    let (local, unit) = timestamp(&text[..day.len() + 1 + zone])?;
    Some((local.checked_sub(seconds * per_second(unit))?, unit))
}

fn per_second(unit: Unit) -> i64 {
    1_000_000_000 / unit.nanoseconds()
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    (length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2001-01-01", 11_323),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(text.parse(), Ok(Date::from_days(days)), "{text}");
        }
        for text in
            ["2001-02-29", "2001-13-01", "2001-00-01", "2001-1-1", "2001-01-32", "2001-01-01-01", "x", "", "--1-01-01"]
        {
            assert_eq!(text.parse::<Date>().unwrap_err().to_string(), "a date, as 2001-01-31", "{text}");
        }
    }

    #[test]
    fn times_and_timestamps_are_read() {
        use Unit::{Microseconds, Milliseconds, Nanoseconds, Seconds};
        for (text, value, unit) in [
            ("10:00", 36_000, Seconds),
            ("10:00:00.25", 36_000_250, Milliseconds),
            ("00:00:00.0001", 100, Microseconds),
            ("00:00:00.0000001", 100, Nanoseconds),
        ] {
            let time: Time = text.parse().unwrap();
            assert_eq!((time.value(), time.unit()), (value, unit), "{text}");
        }
        for text in
            ["24:00", "10:60", "10", "10:00.5", "10:00:00.", "10:00:00.1234567890", "10:00:60", "1:00", "10:00Z"]
        {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
        for (text, value, unit) in [
            ("1969-12-31T23:59:59.5", -500, Milliseconds),
            ("1970-01-02", 86_400, Seconds),
            ("9999-12-31 23:59:59", 253_402_300_799, Seconds),
        ] {
            let stamp: Timestamp = text.parse().unwrap();
            assert_eq!((stamp.value(), stamp.unit()), (value, unit), "{text}");
        }
        for text in ["1970-01-01 ", "1970-01-01  10:00", "10:00", "1970-01-01T10:00Z", "9999-12-31 00:00:00.0000001"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn instants_have_zones() {
        for (text, value) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01 00:00", 0),
            ("1970-01-02", 86_400),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31T22:30-01:30", 0),
        ] {
            let instant: TimestampLtz = text.parse().unwrap();
            assert_eq!((instant.value(), instant.unit()), (value, Unit::Seconds), "{text}");
        }
        for text in ["1970-01-01Z", "1970-01-01T00:00:00z", "1970-01-01T00:00+1", "1970-01-01T00:00+01:00:00.5", "é"] {
            assert!(text.parse::<TimestampLtz>().is_err(), "{text}");
        }
    }
}
