//! Values of partition columns as text: `PartitionNameConverters` of the Java client (`fluss.md` 2.12).

use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

/// A value that has no text.
pub(crate) struct Unnameable {
    pub(crate) value: String,
    pub(crate) reason: &'static str,
}

/// Adds text.
pub(crate) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8], out: &mut String) {
    bytes.iter().for_each(|byte| put(out, format_args!("{byte:02x}")));
}

/// As Java's `Float.toString` and `Double.toString` (of JDK 19 and later; earlier ones have superfluous digits now and
/// then), with `_` for the point.
pub(crate) fn float<F: Into<f64> + Copy + std::fmt::Display + std::fmt::LowerExp>(value: F, out: &mut String) {
    let wide: f64 = value.into();
    let text = match wide.abs() {
        _ if wide.is_nan() => return out.push_str("NaN"),
        f64::INFINITY => return out.push_str(if wide > 0.0 { "Inf" } else { "-Inf" }),
        1e-3..1e7 | 0.0 => {
            let text = value.to_string();
            if text.contains('.') { text } else { text + ".0" }
        }
        _ => {
            let text = format!("{value:e}");
            // Java has two digits at least.
            let text = if text.contains('.') { text } else { format!("{value:.1e}") };
            text.replace('e', "E")
        }
    };
    out.push_str(&text.replace('.', "_"));
}

/// `yyyy-MM-dd`, of a day since 1970-01-01.
pub(crate) fn date(days: i32, out: &mut String) -> Result<(), Unnameable> {
    let Some(date) = NaiveDate::from_epoch_days(days) else {
        return Err(Unnameable { value: days.to_string(), reason: "the day is out of range" });
    };
    put(out, format_args!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()));
    Ok(())
}

/// `HH-mm-ss_SSS`, of a millisecond of the day.
pub(crate) fn time(millis: i32, out: &mut String) {
    let (hour, rest) = (millis.div_euclid(3_600_000), millis.rem_euclid(3_600_000));
    let (minute, second, milli) = (rest / 60_000, rest / 1000 % 60, rest % 1000);
    put(out, format_args!("{hour:02}-{minute:02}-{second:02}_{milli:03}"));
}

/// `yyyy-MM-dd-HH-mm-ss_`, and the nanoseconds without the zeros at their end.
pub(crate) fn timestamp(value: i64, precision: u8, out: &mut String) -> Result<(), Unnameable> {
    let per_second: i64 = match precision {
        0 => 1,
        1..=3 => 1_000,
        4..=6 => 1_000_000,
        _ => 1_000_000_000,
    };
    let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let Some(instant) = DateTime::from_timestamp(value.div_euclid(per_second), nanos as u32) else {
        return Err(Unnameable { value: value.to_string(), reason: "the time is out of range" });
    };
    let (era, year) = instant.year_ce();
    // Years before 1 count backwards in Java's pattern, without a sign; `era` is all that tells them apart.
    let sign = if era && year > 9999 { "+" } else { "" };
    put(out, format_args!("{sign}{year:04}-{:02}-{:02}", instant.month(), instant.day()));
    put(out, format_args!("-{:02}-{:02}-{:02}_", instant.hour(), instant.minute(), instant.second()));
    put(out, format_args!("{nanos:09}"));
    out.truncate(out.trim_end_matches('0').len());
    Ok(())
}
