//! Dates and times as they are written.

use thalweg_module::Decimal;

/// Days since 1970-01-01 of `2001-01-31`, with or without a sign before the year.
pub(crate) fn date(text: &str) -> Option<i64> {
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
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Seconds of the day of `10:00`, `10:00:00` or `10:00:00.5`, with up to 9 digits behind the point.
pub(crate) fn time(text: &str) -> Option<Decimal> {
    Some(Decimal::new(i128::from(nanoseconds(text)?), 9))
}

/// Seconds since 1970-01-01T00:00:00 of a date, or a date and a time with a blank or `T` between.
pub(crate) fn timestamp(text: &str) -> Option<Decimal> {
    let (days, of_day) = match text.split_once([' ', 'T']) {
        Some((day, time)) => (date(day)?, nanoseconds(time)?),
        None => (date(text)?, 0),
    };
    Some(Decimal::new(i128::from(days) * 86_400_000_000_000 + i128::from(of_day), 9))
}

fn nanoseconds(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2..=2)?, digits(parts.next()?, 2..=2)?);
    let second = match parts.next() {
        Some(second) => digits(second, 2..=2)?,
        None if fraction.is_none() => 0,
        None => return None,
    };
    let fraction = match fraction {
        Some(fraction) => digits(fraction, 1..=9)? * 10_i64.pow(9 - fraction.len() as u32),
        None => 0,
    };
    let is_valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    is_valid.then_some((hour * 3_600 + minute * 60 + second) * 1_000_000_000 + fraction)
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
            assert_eq!(date(text), Some(days), "{text}");
        }
        for text in
            ["2001-02-29", "2001-13-01", "2001-00-01", "2001-1-1", "2001-01-32", "2001-01-01-01", "x", "", "--1-01-01"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn times_and_timestamps_are_read() {
        assert_eq!(time("10:00"), Some(Decimal::new(36_000, 0)));
        assert_eq!(time("10:00:00.25"), Some(Decimal::new(3_600_025, 2)));
        assert_eq!(timestamp("1969-12-31T23:59:59.5"), Some(Decimal::new(-5, 1)));
        assert_eq!(timestamp("1970-01-02"), Some(Decimal::new(86_400, 0)));
        for text in ["24:00", "10:60", "10", "10:00.5", "10:00:00.", "10:00:00.1234567890", "10:00:60", "1:00"] {
            assert_eq!(time(text), None, "{text}");
        }
        for text in ["1970-01-01 ", "1970-01-01  10:00", "10:00"] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }
}
