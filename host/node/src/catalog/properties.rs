//! The properties of Fluss's own that a table can have, `table.*`, and what they may be (`fluss.md` 3.2).

use std::collections::BTreeMap;
use std::time::Duration;

use thalweg_wire::message::ServerErrorCode;

use crate::failure::Failure;

/// How long rows are kept.
pub(crate) const LOG_TTL: &str = "table.log.ttl";
/// How many copies there are; always 1 here.
pub(crate) const REPLICATION_FACTOR: &str = "table.replication.factor";
/// Whether rows also go to a lake; never here.
pub(crate) const LAKE_ENABLED: &str = "table.datalake.enabled";
/// A custom property of ours: the least bytes that a bucket keeps when it forgets its oldest segments.
pub(crate) const RETENTION_BYTES: &str = "thalweg.log.retention-bytes";
/// How long rows are kept when nothing is said.
const DEFAULT_LOG_TTL: Duration = Duration::from_secs(7 * 86_400);

/// What a value must be.
enum Kind {
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    Boolean,
    Duration,
    Text,
    OneOf(&'static [&'static str]),
}

struct Property {
    key: &'static str,
    kind: Kind,
    /// Whether it can be changed later.
    alterable: bool,
}

const fn fixed(key: &'static str, kind: Kind) -> Property {
    Property { key, kind, alterable: false }
}

const fn alterable(key: &'static str, kind: Kind) -> Property {
    Property { key, kind, alterable: true }
}

const PROPERTIES: &[Property] = &[
    fixed(REPLICATION_FACTOR, Kind::Integer),
    fixed("table.log.format", Kind::OneOf(&["ARROW", "INDEXED", "COMPACTED"])),
    fixed("table.log.arrow.compression.type", Kind::OneOf(&["NONE", "LZ4_FRAME", "ZSTD"])),
    fixed("table.log.arrow.compression.zstd.level", Kind::Integer),
    fixed("table.kv.format", Kind::OneOf(&["COMPACTED", "INDEXED"])),
    fixed("table.kv.format-version", Kind::Integer),
    alterable("table.auto-partition.enabled", Kind::Boolean),
    fixed("table.auto-partition.key", Kind::Text),
    fixed("table.auto-partition.time-unit", Kind::OneOf(&["YEAR", "QUARTER", "MONTH", "DAY", "HOUR"])),
    fixed("table.auto-partition.time-zone", Kind::Text),
    alterable("table.auto-partition.num-precreate", Kind::Integer),
    alterable("table.auto-partition.num-retention", Kind::Integer),
    alterable(LOG_TTL, Kind::Duration),
    alterable("table.log.tiered.local-segments", Kind::Integer),
    alterable(LAKE_ENABLED, Kind::Boolean),
    fixed("table.datalake.format", Kind::OneOf(&["PAIMON", "LANCE", "ICEBERG"])),
    alterable("table.datalake.freshness", Kind::Duration),
    alterable("table.datalake.auto-compaction", Kind::Boolean),
    fixed("table.datalake.auto-expire-snapshot", Kind::Boolean),
    fixed("table.merge-engine", Kind::OneOf(&["FIRST_ROW", "VERSIONED", "AGGREGATION"])),
    fixed("table.merge-engine.versioned.ver-column", Kind::Text),
    fixed("table.delete.behavior", Kind::OneOf(&["ALLOW", "IGNORE", "DISABLE"])),
    fixed("table.auto-increment.cache-size", Kind::Long),
    fixed("table.changelog.image", Kind::OneOf(&["FULL", "WAL"])),
];

fn invalid(text: String) -> Failure {
    Failure::new(ServerErrorCode::INVALID_CONFIG, text)
}

/// Checks that every property is known and has a value that it can have.
pub(crate) fn check_values(properties: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (key, value) in properties {
        let property = PROPERTIES.iter().find(|property| property.key == key).ok_or_else(|| unknown(key))?;
        check_value(property, value)?;
    }
    Ok(())
}

/// Checks the properties that any table may have, beyond what `check_values` does.
pub(crate) fn check(properties: &BTreeMap<String, String>) -> Result<(), Failure> {
    let integer = |key: &str| properties.get(key).and_then(|value| value.trim().parse::<i64>().ok());
    if let Some(factor) = integer(REPLICATION_FACTOR) {
        if factor <= 0 {
            return Err(invalid(format!("'{REPLICATION_FACTOR}' must be greater than 0.")));
        }
        if factor > 1 {
            let text = format!("Replication factor: {factor} larger than available tablet servers: 1.");
            return Err(Failure::new(ServerErrorCode::INVALID_REPLICATION_FACTOR, text));
        }
    }
    if let Some(level) = integer("table.log.arrow.compression.zstd.level").filter(|level| !(1..=22).contains(level)) {
        let text = format!("Invalid ZSTD compression level: {level}. Expected a value between 1 and 22.");
        return Err(invalid(text));
    }
    if integer("table.log.tiered.local-segments").is_some_and(|segments| segments <= 0) {
        return Err(invalid("'table.log.tiered.local-segments' must be greater than 0.".to_owned()));
    }
    Ok(())
}

fn unknown(key: &str) -> Failure {
    invalid(if key.starts_with("table.") {
        format!(
            "'{key}' is not a recognized Fluss table property in the current cluster version. You may be using an \
             older Fluss cluster that does not support this property."
        )
    } else {
        format!("'{key}' is not a Fluss table property. Please use '.customProperty(..)' to set custom properties.")
    })
}

fn check_value(property: &Property, value: &str) -> Result<(), Failure> {
    let value = value.trim();
    let (fits, wanted) = match &property.kind {
        Kind::Integer => (value.parse::<i32>().is_ok(), "a whole number".to_owned()),
        Kind::Long => (value.parse::<i64>().is_ok(), "a whole number".to_owned()),
        Kind::Boolean => {
            (["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word)), "true or false".to_owned())
        }
        Kind::Duration => (parse_duration(value).is_some(), "a duration such as 7d, 12 h or 500ms".to_owned()),
        Kind::Text => (true, String::new()),
        Kind::OneOf(words) => {
            (words.iter().any(|word| value.eq_ignore_ascii_case(word)), format!("one of {}", words.join(", ")))
        }
    };
    if fits {
        Ok(())
    } else {
        let key = property.key;
        Err(invalid(format!(
            "Invalid value for config '{key}'. Reason: Could not parse value '{value}' for key '{key}': it must be \
             {wanted}."
        )))
    }
}

/// Whether a property that is true or false is true.
pub(crate) fn is_on(properties: &BTreeMap<String, String>, key: &str) -> bool {
    properties.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

/// A property in upper case: like Fluss, words are taken in any case.
pub(crate) fn upper(properties: &BTreeMap<String, String>, key: &str) -> Option<String> {
    properties.get(key).map(|value| value.trim().to_uppercase())
}

/// Whether a property of Fluss's own may be changed on an existing table.
pub(crate) fn is_alterable(key: &str) -> bool {
    PROPERTIES.iter().any(|property| property.alterable && property.key == key)
}

/// How long the rows of a table with these properties are kept. A duration of nothing or less keeps them for ever, as
/// in Fluss.
pub(crate) fn log_ttl(properties: &BTreeMap<String, String>) -> Option<Duration> {
    let ttl = properties.get(LOG_TTL).and_then(|text| parse_duration(text)).unwrap_or(DEFAULT_LOG_TTL);
    Some(ttl).filter(|ttl| !ttl.is_zero())
}

/// The least bytes that a bucket of a table with these custom properties keeps.
pub(crate) fn retention_bytes(custom: &BTreeMap<String, String>) -> Option<u64> {
    custom.get(RETENTION_BYTES)?.trim().parse().ok()
}

/// Checks the custom properties that mean something here.
pub(crate) fn check_custom(custom: &BTreeMap<String, String>) -> Result<(), Failure> {
    match custom.get(RETENTION_BYTES) {
        Some(value) if value.trim().parse::<u64>().is_err() => {
            Err(invalid(format!("Invalid value '{value}' for '{RETENTION_BYTES}': it must be a number of bytes.")))
        }
        _ => Ok(()),
    }
}

/// A duration as Fluss writes it: a number and a unit, as `7d`, `7 d`, `12 hours`.
fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let unit = unit.trim().to_ascii_lowercase();
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match unit.as_str() {
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

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

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

    #[test]
    fn what_fluss_refuses_is_refused() {
        let cases: &[(&[(&str, &str)], i32)] = &[
            (&[("table.no.such", "1")], 39),
            (&[("connector", "x")], 39),
            (&[("table.statistics.columns", "*")], 39),
            (&[("table.log.ttl", "soon")], 39),
            (&[("table.log.tiered.local-segments", "0")], 39),
            (&[("table.replication.factor", "100")], 17),
            (&[("table.log.format", "ROWS")], 39),
            (&[("table.auto-partition.num-retention", "2147483648")], 39),
            (&[("table.log.arrow.compression.zstd.level", "23")], 39),
        ];
        for (properties, code) in cases {
            let properties = map(properties);
            let failure = check_values(&properties).and_then(|()| check(&properties)).unwrap_err();
            assert_eq!(failure.code.code(), *code, "{properties:?}");
        }
        let properties = map(&[("table.log.ttl", "1 h"), ("table.log.arrow.compression.type", "zstd")]);
        check_values(&properties).and_then(|()| check(&properties)).unwrap();
    }

    #[test]
    fn rows_are_kept_for_a_week_unless_told() {
        assert_eq!(log_ttl(&map(&[])), Some(Duration::from_secs(604_800)));
        assert_eq!(log_ttl(&map(&[(LOG_TTL, "2h")])), Some(Duration::from_secs(7200)));
        assert_eq!(log_ttl(&map(&[(LOG_TTL, "0ms")])), None);
    }
}
