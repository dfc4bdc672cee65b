//! The names of partitions that stand for a time: a year, quarter, month, day or hour, as Fluss writes them.

use chrono::{DateTime, Datelike, FixedOffset, Months, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

/// Which time a partition stands for, and where its days begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calendar {
    unit: Unit,
    zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Quarter,
    Month,
    Day,
    Hour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

impl Calendar {
    /// From a unit in upper case (default: days) and a time zone (default: that of this machine).
    pub(super) fn parse(unit: Option<&str>, zone: Option<&str>) -> Option<Self> {
        Some(Self { unit: Unit::parse(unit)?, zone: zone.map_or_else(|| Some(Zone::system()), Zone::parse)? })
    }

    /// The time in the name of the partition that is `distance` units from that of `now`; `None` beyond the calendar.
    pub(super) fn name(&self, now: i64, distance: i64) -> Option<String> {
        let now = DateTime::<Utc>::from_timestamp_millis(now)?;
        let months = |count: i64| {
            let local = self.zone.local(now);
            let months = Months::new(u32::try_from(count.unsigned_abs()).ok()?);
            if count < 0 { local.checked_sub_months(months) } else { local.checked_add_months(months) }
        };
        Some(match self.unit {
            Unit::Year => format!("{:04}", months(distance.checked_mul(12)?)?.year()),
            Unit::Quarter => {
                let time = months(distance.checked_mul(3)?)?;
                format!("{:04}{}", time.year(), time.month0() / 3 + 1)
            }
            Unit::Month => {
                let time = months(distance)?;
                format!("{:04}{:02}", time.year(), time.month())
            }
            Unit::Day => {
                let time = self.zone.local(now).checked_add_signed(TimeDelta::try_days(distance)?)?;
                format!("{:04}{:02}{:02}", time.year(), time.month(), time.day())
            }
            Unit::Hour => {
                let time = self.zone.local(now.checked_add_signed(TimeDelta::try_hours(distance)?)?);
                format!("{:04}{:02}{:02}{:02}", time.year(), time.month(), time.day(), time.hour())
            }
        })
    }
}

impl Unit {
    fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            Some("YEAR") => Some(Self::Year),
            Some("QUARTER") => Some(Self::Quarter),
            Some("MONTH") => Some(Self::Month),
            None | Some("DAY") => Some(Self::Day),
            Some("HOUR") => Some(Self::Hour),
            Some(_) => None,
        }
    }
}

impl Zone {
    /// A zone of the tz database, or a distance from Greenwich as Java has it: `GMT+8`, `GMT+08:00`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(zone) = text.parse::<Tz>() {
            return Some(Self::Named(zone));
        }
        let distance = text.strip_prefix("GMT")?;
        let sign = match distance.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let digits = distance.get(1..)?.replacen(':', "", 1);
        if !(1..=4).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) =
            if digits.len() > 2 { digits.split_at(digits.len() - 2) } else { (digits.as_str(), "0") };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds = (minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)?;
        FixedOffset::east_opt(seconds).map(Self::Fixed)
    }

    /// That of this machine; UTC if it does not say.
    fn system() -> Self {
        iana_time_zone::get_timezone().ok().and_then(|name| Self::parse(&name)).unwrap_or(Self::Named(Tz::UTC))
    }

    fn local(self, instant: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Named(zone) => instant.with_timezone(&zone).naive_local(),
            Self::Fixed(distance) => instant.with_timezone(&distance).naive_local(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T23:30:00Z.
    const NOW: i64 = 1_769_902_200_000;

    #[test]
    fn names_are_those_of_fluss() {
        let cases = [
            ("YEAR", "UTC", ["2025", "2026", "2027"]),
            ("QUARTER", "UTC", ["20254", "20261", "20262"]),
            ("MONTH", "UTC", ["202512", "202601", "202602"]),
            ("DAY", "UTC", ["20260130", "20260131", "20260201"]),
            ("DAY", "Asia/Shanghai", ["20260131", "20260201", "20260202"]),
            ("MONTH", "GMT+1", ["202601", "202602", "202603"]),
            ("HOUR", "GMT-03:30", ["2026013119", "2026013120", "2026013121"]),
            ("HOUR", "UTC", ["2026013122", "2026013123", "2026020100"]),
        ];
        for (unit, zone, names) in cases {
            let calendar = Calendar::parse(Some(unit), Some(zone)).unwrap();
            assert_eq!([-1, 0, 1].map(|distance| calendar.name(NOW, distance).unwrap()), names, "{unit} {zone}");
        }
        for unit in ["YEAR", "QUARTER", "MONTH", "DAY", "HOUR"] {
            let calendar = Calendar::parse(Some(unit), None).unwrap();
            assert_eq!([i64::MIN, i64::MAX].map(|distance| calendar.name(NOW, distance)), [None, None], "{unit}");
            assert_eq!([i64::MIN, i64::MAX].map(|now| calendar.name(now, 0)), [None, None], "{unit}");
        }
    }
}
