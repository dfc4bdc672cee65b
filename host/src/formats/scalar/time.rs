//! Dates, times and instants in texts, as ISO 8601 and RFC 3339 write them, and as databases do: `2026-01-31`,
//! `12:30`, `2026-01-31 12:30:00.25+02:00`. Years beyond four digits have a sign. There is no second 60 and no hour 24.

use arrow_array::timezone::Tz;
use arrow_schema::TimeUnit;
use chrono::{DateTime, Offset, TimeZone};

use super::Fault;
use crate::formats::Rounding;

const DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::formats) struct Clock {
    /// Whole seconds since midnight.
    seconds: i64,
    nanos: i64,
    /// How many digits the fraction of the second has.
    pub(in crate::formats) digits: usize,
    /// Whether it is finer than nanoseconds.
    finer: bool,
}

/// A day, and a time of it in a zone where the text has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) struct Moment {
    /// Days since 1970.
    days: i64,
    pub(in crate::formats) clock: Option<Clock>,
    /// How many seconds its zone is ahead of UTC.
    pub(in crate::formats) zone: Option<i64>,
}

impl Moment {
    /// It as a count of units since 1970 in UTC.
    pub(in crate::formats) fn count(&self, unit: TimeUnit, rounding: Rounding) -> Result<i64, Fault> {
        let clock = self.clock.unwrap_or_default();
        let seconds = i128::from(self.days * DAY + clock.seconds - self.zone.unwrap_or(0));
        let fraction = clock.fraction(unit, rounding)?;
        i64::try_from(seconds * i128::from(per_second(unit)) + i128::from(fraction)).map_err(|_| Fault::Range)
    }
}

impl Clock {
    /// Whether it is no finer than nanoseconds.
    pub(in crate::formats) fn is_of_nanos(&self) -> bool {
        !self.finer
    }

    /// The fraction of its second in units.
    fn fraction(&self, unit: TimeUnit, rounding: Rounding) -> Result<i64, Fault> {
        let nanos = NANOS / per_second(unit);
        if (self.finer || self.nanos % nanos != 0) && rounding == Rounding::Refuse {
            return Err(Fault::Digits);
        }
        Ok(self.nanos / nanos)
    }

    /// It as a count of units since midnight.
    fn count(&self, unit: TimeUnit, rounding: Rounding) -> Result<i64, Fault> {
        Ok(self.seconds * per_second(unit) + self.fraction(unit, rounding)?)
    }
}

/// How many units a second has.
fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => NANOS,
    }
}

/// A DATE: days since 1970.
pub(super) fn date(text: &str, rounding: Rounding) -> Result<i32, Fault> {
    let text = text.trim_ascii();
    let days = match day(text.as_bytes()) {
        Some((days, [])) => days,
        _ => basic_day(text.as_bytes()).map_or_else(|| day_of_moment(text, rounding), Ok)?,
    };
    i32::try_from(days).map_err(|_| Fault::Range)
}

/// The day of a moment that has more than a day.
fn day_of_moment(text: &str, rounding: Rounding) -> Result<i64, Fault> {
    let moment = moment(text).ok_or(Fault::Kind)?;
    let midnight = moment.clock.is_none_or(|clock| clock.seconds == 0 && clock.nanos == 0 && !clock.finer);
    match rounding {
        Rounding::Refuse if moment.zone.is_some() => Err(Fault::Zone),
        Rounding::Refuse if !midnight => Err(Fault::Clock),
        _ => Ok(moment.count(TimeUnit::Second, Rounding::Nearest)?.div_euclid(DAY)),
    }
}

/// A TIME: units since midnight.
pub(super) fn time_of_day(text: &str, unit: TimeUnit, rounding: Rounding) -> Result<i64, Fault> {
    let text = text.trim_ascii();
    let (bytes, half) = match text.as_bytes() {
        [rest @ .., b' ', half, b'm' | b'M'] => match half.to_ascii_lowercase() {
            b'a' => (rest, Some(0)),
            b'p' => (rest, Some(12)),
            _ => return Err(Fault::Kind),
        },
        bytes => (bytes, None),
    };
    let Some((mut clock, [])) = clock(bytes) else { return Err(Fault::Kind) };
    if let Some(half) = half {
        let hour = clock.seconds / 3600;
        if !(1..=12).contains(&hour) {
            return Err(Fault::Kind);
        }
        clock.seconds += (hour % 12 + half - hour) * 3600;
    }
    clock.count(unit, rounding)
}

/// A TIMESTAMP, or TIMESTAMP_LTZ where `zoned`: units since 1970. Without a zone the text is in UTC.
pub(super) fn instant(text: &str, unit: TimeUnit, zoned: bool, rounding: Rounding) -> Result<i64, Fault> {
    let moment = moment(text.trim_ascii()).ok_or(Fault::Kind)?;
    if !zoned && moment.zone.is_some_and(|zone| zone != 0) && rounding == Rounding::Refuse {
        return Err(Fault::Zone);
    }
    moment.count(unit, rounding)
}

/// The moment that a text is.
pub(in crate::formats) fn moment(text: &str) -> Option<Moment> {
    let (days, rest) = day(text.as_bytes())?;
    let rest = match rest {
        [] => return Some(Moment { days, clock: None, zone: None }),
        [b'T' | b't' | b' ', rest @ ..] => rest,
        _ => return None,
    };
    let (clock, rest) = clock(rest)?;
    let zone = match rest {
        [] => None,
        _ => Some(zone(text.get(text.len() - rest.len()..)?, days * DAY + clock.seconds)?),
    };
    Some(Moment { days, clock: Some(clock), zone })
}

/// How many seconds a zone is ahead of UTC when its clocks show so many seconds since 1970.
fn zone(text: &str, local: i64) -> Option<i64> {
    let text = text.trim_ascii_start();
    let (ahead, rest) = match text.as_bytes() {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => {
            let zone: Tz = text.parse().ok()?;
            let local = DateTime::from_timestamp(local, 0)?.naive_utc();
            return Some(zone.offset_from_local_datetime(&local).single()?.fix().local_minus_utc().into());
        }
    };
    let (hours, rest) = number(rest, 2, 2)?;
    let (minutes, rest) = match rest {
        [] => (0, rest),
        [b':', rest @ ..] => number(rest, 2, 2)?,
        _ => number(rest, 2, 2)?,
    };
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(ahead * (hours * 3600 + minutes * 60))
}

/// Days since 1970 of a date at the begin of a text, and what stands behind it.
fn day(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = match bytes {
        [b'+', rest @ ..] => number(rest, 4, 9)?,
        [b'-', rest @ ..] => number(rest, 4, 9).map(|(year, rest)| (-year, rest))?,
        _ => number(bytes, 4, 4)?,
    };
    let [b'-', rest @ ..] = rest else { return None };
    let (month, rest) = number(rest, 1, 2)?;
    let [b'-', rest @ ..] = rest else { return None };
    let (day, rest) = number(rest, 1, 2)?;
    Some((days(year, month, day)?, rest))
}

/// Days since 1970 of a date without hyphens.
fn basic_day(bytes: &[u8]) -> Option<i64> {
    let (year, rest) = number(bytes, 4, 4)?;
    let (month, rest) = number(rest, 2, 2)?;
    match number(rest, 2, 2)? {
        (day, []) => days(year, month, day),
        _ => None,
    }
}

/// A time of day at the begin of a text, and what stands behind it.
pub(in crate::formats) fn clock(bytes: &[u8]) -> Option<(Clock, &[u8])> {
    let (hours, rest) = number(bytes, 1, 2)?;
    let [b':', rest @ ..] = rest else { return None };
    let (minutes, rest) = number(rest, 2, 2)?;
    let (seconds, mut rest) = match rest {
        [b':', rest @ ..] => number(rest, 2, 2)?,
        _ => (0, rest),
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let mut clock = Clock { seconds: hours * 3600 + minutes * 60 + seconds, ..Clock::default() };
    if let [b'.', fraction @ ..] = rest {
        let end = fraction.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(fraction.len());
        let (digits, behind) = fraction.split_at(end);
        if digits.is_empty() {
            return None;
        }
        let padded = digits.iter().chain(std::iter::repeat(&b'0')).take(9);
        clock.nanos = padded.fold(0, |nanos, byte| nanos * 10 + i64::from(byte - b'0'));
        clock.digits = digits.len();
        clock.finer = digits.iter().skip(9).any(|byte| *byte != b'0');
        rest = behind;
    }
    Some((clock, rest))
}

/// A number of so many digits at the begin of a text, and what stands behind it.
fn number(bytes: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let mut value = 0;
    let mut length = 0;
    while length < most
        && let Some(digit) = bytes.get(length).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        value = value * 10 + i64::from(digit);
        length += 1;
    }
    (length >= least).then_some((value, bytes.get(length..)?))
}

/// Days since 1970 in the Gregorian calendar, for any year of at most nine digits.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}
