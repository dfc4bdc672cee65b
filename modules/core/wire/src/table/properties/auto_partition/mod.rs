//! Partitions that follow the time (`table.auto-partition.*`): which values name one, and which are too old, by the rules
//! of Fluss's `AutoPartitionManager` and `PartitionUtils`.

use chrono::{DateTime, Datelike, FixedOffset, Months, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::{PropertyError, values::Values};
use crate::table::PARTITION_SEPARATOR;

/// How the partitions of a table follow the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoPartition {
    /// Whether they do.
    pub enabled: bool,
    /// The partition key that has the time, if there are several.
    pub key: Option<String>,
    /// The time that a partition stands for.
    pub unit: TimeUnit,
    /// Where days begin; `None`: where the server is.
    pub zone: Option<String>,
    /// How many are made, that of now first, if the table says.
    pub precreate: Option<i32>,
    /// How many before that of now are kept; below 0: all.
    pub retention: i32,
}

/// The time that a partition stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// `2026`
    Year,
    /// `20261`
    Quarter,
    /// `202601`
    Month,
    /// `20260131`; the default.
    Day,
    /// `2026013123`
    Hour,
}

/// Why a partition is not made; in the words of Fluss.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartitionTimeError {
    /// Its value is no time of its unit.
    #[error(
        "Partition value '{value}' does not match the expected format '{}' for auto-partition time unit '{}'.",
        unit.format(),
        unit.name()
    )]
    Format {
        /// The value.
        value: String,
        /// The unit.
        unit: TimeUnit,
    },
    /// It would be dropped at once.
    #[error("Partition value '{value}' is out-of-date. The earliest retained partition is '{oldest}'.")]
    Old {
        /// The value.
        value: String,
        /// The first one that is kept.
        oldest: String,
    },
}

/// How many partitions are kept when nothing is said.
const DEFAULT_RETENTION: i32 = 7;
/// How far west of Greenwich days begin last, in seconds.
const WESTERNMOST: i32 = 12 * 3600;

impl AutoPartition {
    /// Whether partitions follow the time.
    pub const ENABLED: &'static str = "table.auto-partition.enabled";
    /// The partition key that has the time.
    pub const KEY: &'static str = "table.auto-partition.key";
    /// The time that a partition stands for.
    pub const TIME_UNIT: &'static str = "table.auto-partition.time-unit";
    /// Where days begin.
    pub const TIME_ZONE: &'static str = "table.auto-partition.time-zone";
    /// How many partitions are made.
    pub const PRECREATE: &'static str = "table.auto-partition.num-precreate";
    /// How many are kept.
    pub const RETENTION: &'static str = "table.auto-partition.num-retention";

    pub(super) fn parse(values: Values<'_>) -> Result<Self, PropertyError> {
        let units = [TimeUnit::Year, TimeUnit::Quarter, TimeUnit::Month, TimeUnit::Day, TimeUnit::Hour];
        let units = units.map(|unit| (unit.name(), unit));
        let unit = values.word(Self::TIME_UNIT, &units, "YEAR, QUARTER, MONTH, DAY or HOUR")?;
        Ok(Self {
            enabled: values.boolean(Self::ENABLED)?.unwrap_or(false),
            key: values.text(Self::KEY).map(str::to_owned),
            unit: unit.unwrap_or(TimeUnit::Day),
            zone: values.text(Self::TIME_ZONE).map(str::to_owned),
            precreate: values.integer(Self::PRECREATE)?,
            retention: values.integer(Self::RETENTION)?.unwrap_or(DEFAULT_RETENTION),
        })
    }

    /// Which of the table's partition keys has the time; `None`: partitions do not follow it.
    pub fn position(&self, keys: &[String]) -> Option<usize> {
        match keys {
            _ if !self.enabled => None,
            [] => None,
            [_] => Some(0),
            keys => keys.iter().position(|key| Some(key) == self.key.as_ref()),
        }
    }

    /// The first time that is kept at `now`, as it stands in a name; `None`: all are. `local` says what time it is where
    /// days begin.
    pub fn oldest(&self, now: DateTime<Utc>, local: impl Fn(DateTime<Utc>) -> NaiveDateTime) -> Option<String> {
        if self.retention < 0 { None } else { self.unit.name_at(now, -i64::from(self.retention), local) }
    }

    /// Checks the name of a partition that is to be made at `now`. One that is there already may have any name.
    ///
    /// # Errors
    /// If the partition does not stand for a time, or for one that is not kept.
    pub fn check(
        &self,
        keys: &[String],
        name: &str,
        now: DateTime<Utc>,
        local: impl Fn(DateTime<Utc>) -> NaiveDateTime,
    ) -> Result<(), PartitionTimeError> {
        let Some(position) = self.position(keys) else { return Ok(()) };
        let value = name.split(PARTITION_SEPARATOR).nth(position).unwrap_or_default();
        let owned = || value.to_owned();
        if !self.unit.fits(value) {
            return Err(PartitionTimeError::Format { value: owned(), unit: self.unit });
        }
        match self.oldest(now, local) {
            Some(oldest) if value < oldest.as_str() => Err(PartitionTimeError::Old { value: owned(), oldest }),
            _ => Ok(()),
        }
    }

    /// The same for a client, which does not know all time zones: where the table's has a name, or is that of the server,
    /// a partition is too old when it is so wherever days begin. `now` is in milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// As `check`.
    pub fn check_anywhere(&self, keys: &[String], name: &str, now: i64) -> Result<(), PartitionTimeError> {
        let offset = self.zone.as_deref().and_then(fixed_zone).or(FixedOffset::west_opt(WESTERNMOST));
        let now = DateTime::from_timestamp_millis(now).unwrap_or_default();
        let local = |instant: DateTime<Utc>| match offset {
            Some(offset) => instant.with_timezone(&offset).naive_local(),
            None => instant.naive_utc(),
        };
        self.check(keys, name, now, local)
    }
}

impl TimeUnit {
    /// Its name as Fluss writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Year => "YEAR",
            Self::Quarter => "QUARTER",
            Self::Month => "MONTH",
            Self::Day => "DAY",
            Self::Hour => "HOUR",
        }
    }

    /// How its times are written, as a pattern of Java's.
    pub fn format(self) -> &'static str {
        match self {
            Self::Year => "yyyy",
            Self::Quarter => "yyyyQ",
            Self::Month => "yyyyMM",
            Self::Day => "yyyyMMdd",
            Self::Hour => "yyyyMMddHH",
        }
    }

    /// Whether a value is written like this. As in Java a day may be one that its month does not have, up to the 31st.
    pub fn fits(self, value: &str) -> bool {
        let number = |range: std::ops::Range<usize>| value.get(range).and_then(|digits| digits.parse::<u32>().ok());
        let within = |from, to, least, most| number(from..to).is_some_and(|number| (least..=most).contains(&number));
        let digits = value.len() == self.format().len() && value.bytes().all(|byte| byte.is_ascii_digit());
        digits
            && within(0, 4, 1, 9999)
            && match self {
                Self::Year => true,
                Self::Quarter => within(4, 5, 1, 4),
                Self::Month => within(4, 6, 1, 12),
                Self::Day => within(4, 6, 1, 12) && within(6, 8, 1, 31),
                Self::Hour => within(4, 6, 1, 12) && within(6, 8, 1, 31) && within(8, 10, 0, 23),
            }
    }

    /// The time that is `distance` units from `now`, as it stands in a partition's name; `None` beyond the calendar.
    pub fn name_at(
        self,
        now: DateTime<Utc>,
        distance: i64,
        local: impl Fn(DateTime<Utc>) -> NaiveDateTime,
    ) -> Option<String> {
        let months = |count: i64| {
            let months = Months::new(u32::try_from(count.unsigned_abs()).ok()?);
            if count < 0 { local(now).checked_sub_months(months) } else { local(now).checked_add_months(months) }
        };
        Some(match self {
            Self::Year => format!("{:04}", months(distance.checked_mul(12)?)?.year()),
            Self::Quarter => {
                let time = months(distance.checked_mul(3)?)?;
                format!("{:04}{}", time.year(), time.month0() / 3 + 1)
            }
            Self::Month => {
                let time = months(distance)?;
                format!("{:04}{:02}", time.year(), time.month())
            }
            Self::Day => {
                let time = local(now).checked_add_signed(TimeDelta::try_days(distance)?)?;
                format!("{:04}{:02}{:02}", time.year(), time.month(), time.day())
            }
            Self::Hour => {
                let time = local(now.checked_add_signed(TimeDelta::try_hours(distance)?)?);
                format!("{:04}{:02}{:02}{:02}", time.year(), time.month(), time.day(), time.hour())
            }
        })
    }
}

/// A time zone that is a distance from Greenwich: `UTC`, or as Java has it `GMT+8`, `GMT-03:30`.
pub fn fixed_zone(text: &str) -> Option<FixedOffset> {
    if ["UTC", "GMT", "Etc/UTC", "Etc/GMT", "Z"].contains(&text) {
        return FixedOffset::east_opt(0);
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
    let (hours, minutes) = if digits.len() > 2 { digits.split_at(digits.len() - 2) } else { (digits.as_str(), "0") };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = (minutes < 60).then_some(sign * (hours * 60 + minutes) * 60)?;
    FixedOffset::east_opt(seconds)
}

#[cfg(test)]
mod tests;
