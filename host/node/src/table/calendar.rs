//! The names of partitions that stand for a time: a year, quarter, month, day or hour, as Fluss writes them.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use chrono_tz::Tz;
use thalweg_wire::table::{AutoPartition, PartitionTimeError, TimeUnit, fixed_zone};

/// Which time a partition stands for, and where its days begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calendar {
    unit: TimeUnit,
    zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

impl Calendar {
    /// Of a unit and a time zone (default: that of this machine); `None`: there is no such zone.
    pub(super) fn new(unit: TimeUnit, zone: Option<&str>) -> Option<Self> {
        Some(Self { unit, zone: zone.map_or_else(|| Some(Zone::system()), Zone::parse)? })
    }

    /// The time in the name of the partition that is `distance` units from that of `now`; `None` beyond the calendar.
    pub(super) fn name(&self, now: i64, distance: i64) -> Option<String> {
        self.unit.name_at(DateTime::from_timestamp_millis(now)?, distance, |instant| self.zone.local(instant))
    }

    /// The first time that is kept at `now`; `None`: all are.
    pub(super) fn oldest(&self, rules: &AutoPartition, now: i64) -> Option<String> {
        rules.oldest(DateTime::from_timestamp_millis(now)?, |instant| self.zone.local(instant))
    }

    /// Checks the name of a partition that is to be made at `now`.
    pub(super) fn check(
        &self,
        rules: &AutoPartition,
        keys: &[String],
        name: &str,
        now: i64,
    ) -> Result<(), PartitionTimeError> {
        let now = DateTime::from_timestamp_millis(now).unwrap_or_default();
        rules.check(keys, name, now, |instant| self.zone.local(instant))
    }
}

impl Zone {
    /// A zone of the tz database, or a distance from Greenwich as Java has it: `GMT+8`, `GMT+08:00`.
    fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::Named).ok().or_else(|| fixed_zone(text).map(Self::Fixed))
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
            (TimeUnit::Year, "UTC", ["2025", "2026", "2027"]),
            (TimeUnit::Quarter, "UTC", ["20254", "20261", "20262"]),
            (TimeUnit::Month, "UTC", ["202512", "202601", "202602"]),
            (TimeUnit::Day, "UTC", ["20260130", "20260131", "20260201"]),
            (TimeUnit::Day, "Asia/Shanghai", ["20260131", "20260201", "20260202"]),
            (TimeUnit::Month, "GMT+1", ["202601", "202602", "202603"]),
            (TimeUnit::Hour, "GMT-03:30", ["2026013119", "2026013120", "2026013121"]),
            (TimeUnit::Hour, "UTC", ["2026013122", "2026013123", "2026020100"]),
        ];
        for (unit, zone, names) in cases {
            let calendar = Calendar::new(unit, Some(zone)).unwrap();
            let found = [-1, 0, 1].map(|distance| calendar.name(NOW, distance).unwrap());
            assert_eq!(found, names, "{unit:?} {zone}");
            assert!(found.iter().all(|name| unit.fits(name)), "{unit:?} {zone}");
        }
        for unit in [TimeUnit::Year, TimeUnit::Quarter, TimeUnit::Month, TimeUnit::Day, TimeUnit::Hour] {
            let calendar = Calendar::new(unit, None).unwrap();
            assert_eq!([i64::MIN, i64::MAX].map(|distance| calendar.name(NOW, distance)), [None, None], "{unit:?}");
            assert_eq!([i64::MIN, i64::MAX].map(|now| calendar.name(now, 0)), [None, None], "{unit:?}");
        }
    }
}
