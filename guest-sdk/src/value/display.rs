//! How dates, times and timestamps are written.

use std::fmt;

use super::{Date, Time, Timestamp, TimestampLtz, Unit};

impl fmt::Display for Date {
    /// As `2001-01-31`.
    ///
    /// ```
    /// assert_eq!(thalweg_module::Date::from_days(11_353).to_string(), "2001-01-31");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        date(f, i64::from(self.days()))
    }
}

impl fmt::Display for Time {
    /// As `10:00:00` or `10:00:00.250`, with as many digits of a second as the unit has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        clock(f, i128::from(self.value()) * i128::from(self.unit().nanoseconds()))
    }
}

impl fmt::Display for Timestamp {
    /// As `2001-01-31T10:00:00`, with 3, 6 or 9 digits of a second where it has a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        moment(f, self.value(), self.unit())
    }
}

impl fmt::Display for TimestampLtz {
    /// As `2001-01-31T10:00:00Z`, with 3, 6 or 9 digits of a second where it has a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        moment(f, self.value(), self.unit())?;
        f.write_str("Z")
    }
}

fn moment(f: &mut fmt::Formatter<'_>, value: i64, unit: Unit) -> fmt::Result {
    let day = 86_400 * (1_000_000_000 / unit.nanoseconds());
    date(f, value.div_euclid(day))?;
    f.write_str("T")?;
    clock(f, i128::from(value.rem_euclid(day)) * i128::from(unit.nanoseconds()))
}

/// Nanoseconds of the day.
fn clock(f: &mut fmt::Formatter<'_>, nanoseconds: i128) -> fmt::Result {
    let (seconds, fraction) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    write!(f, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
    match fraction {
        0 => Ok(()),
        _ if fraction % 1_000_000 == 0 => write!(f, ".{:03}", fraction / 1_000_000),
        _ if fraction % 1_000 == 0 => write!(f, ".{:06}", fraction / 1_000),
        _ => write!(f, ".{fraction:09}"),
    }
}

/// Days since 1970-01-01. Years count from March on, so that the leap day is the last; 400 of them have 146,097 days.
fn date(f: &mut fmt::Formatter<'_>, days: i64) -> fmt::Result {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let of_era_year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_year + of_era_year / 4 - of_era_year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = of_era_year + era * 400 + i64::from(month <= 2);
    let sign = if year < 0 { "-" } else { "" };
    write!(f, "{sign}{:04}-{month:02}-{day:02}", year.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_written() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (-719_162, "0001-01-01"),
            (2_932_896, "9999-12-31"),
        ] {
            assert_eq!(Date::from_days(days).to_string(), text);
        }
        for (value, unit, text) in [
            (0, Unit::Seconds, "1970-01-01T00:00:00Z"),
            (-500, Unit::Milliseconds, "1969-12-31T23:59:59.500Z"),
            (36_000_000_001, Unit::Microseconds, "1970-01-01T10:00:00.000001Z"),
            (1, Unit::Nanoseconds, "1970-01-01T00:00:00.000000001Z"),
        ] {
            assert_eq!(TimestampLtz::new(value, unit).to_string(), text);
        }
        assert_eq!(Time::new(36_000_250, Unit::Milliseconds).to_string(), "10:00:00.250");
    }
}
