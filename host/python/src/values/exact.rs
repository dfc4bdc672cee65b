//! Numbers and times between Python and Arrow, without loss.

use arrow_schema::TimeUnit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDelta, PyInt, PyTime, PyTzInfo, PyTzInfoAccess as _};

/// Days from 0001-01-01 to 1970-01-01: what Python's ordinals count from, and Arrow's.
const EPOCH_ORDINAL: i64 = 719_163;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Why a value does not become one of a column, without the place.
pub(super) type Unfit = String;

/// A `decimal.Decimal`, an int or a text as the digits of a DECIMAL with this precision and scale.
pub(super) fn decimal(value: &Bound<'_, PyAny>, precision: u8, scale: i8) -> Result<i128, Unfit> {
    let name = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    let whole = value.cast::<PyInt>().is_ok() && value.cast::<PyBool>().is_err();
    if !whole && name != "Decimal" && name != "str" {
        return Err(format!("a {name} is no exact DECIMAL; give a decimal.Decimal, an int or a text"));
    }
    let text = value.str().map_err(|error| error.to_string())?;
    let text = text.to_cow().map_err(|error| error.to_string())?;
    digits(&text, precision, scale).ok_or_else(|| format!("{text} does not fit DECIMAL({precision}, {scale})"))
}

/// The digits of a number written with or without an exponent, at a scale.
fn digits(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let plain = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !plain || whole.len() + fraction.len() == 0 {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let all = all.trim_start_matches('0');
    if all.is_empty() {
        return Some(0);
    }
    // The number is `all` times ten to this.
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(i32::from(scale))?;
    let number: i128 = if shift >= 0 {
        if all.len() + usize::try_from(shift).ok()? > usize::from(precision) {
            return None;
        }
        all.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?
    } else {
        let cut = all.len().checked_sub(usize::try_from(-shift).ok()?);
        let (kept, lost) = all.split_at(cut?);
        if lost.bytes().any(|byte| byte != b'0') || kept.len() > usize::from(precision) {
            return None;
        }
        if kept.is_empty() { 0 } else { kept.parse().ok()? }
    };
    Some(if negative { -number } else { number })
}

/// The digits of a DECIMAL as a text.
pub(super) fn decimal_text(number: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let (sign, point) = (if number < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
    format!("{sign}{whole}{point}{fraction}")
}

/// A `datetime.date` as days since 1970-01-01; an int is a number of these already.
pub(super) fn date(value: &Bound<'_, PyAny>) -> Result<i32, Unfit> {
    if let Some(days) = count(value) {
        return i32::try_from(days).map_err(|_| format!("{days} days do not fit DATE"));
    }
    if value.cast::<PyDate>().is_err() || value.cast::<PyDateTime>().is_ok() {
        return Err(wanted(value, "a datetime.date, or an int of days since 1970-01-01"));
    }
    i32::try_from(ordinal(value)? - EPOCH_ORDINAL).map_err(|error| error.to_string())
}

fn ordinal(value: &Bound<'_, PyAny>) -> Result<i64, Unfit> {
    value
        .call_method0(intern!(value.py(), "toordinal"))
        .and_then(|days| days.extract())
        .map_err(|error| error.to_string())
}

/// A `datetime.time` in this unit; an int is in that unit already.
pub(super) fn time(value: &Bound<'_, PyAny>, unit: TimeUnit) -> Result<i64, Unfit> {
    if let Some(count) = count(value) {
        return Ok(count);
    }
    let time =
        value.cast::<PyTime>().map_err(|_| wanted(value, "a datetime.time, or an int in the unit of the column"))?;
    if time.get_tzinfo().is_some() {
        return Err("a TIME has no zone; leave the time's tzinfo out".into());
    }
    in_unit(of_day(value)?, unit)
}

/// The microseconds of the day of a time or a datetime.
fn of_day(value: &Bound<'_, PyAny>) -> Result<i64, Unfit> {
    let part = |name| value.getattr(name).and_then(|part| part.extract::<i64>()).map_err(|error| error.to_string());
    let py = value.py();
    let minutes = part(intern!(py, "hour"))? * 60 + part(intern!(py, "minute"))?;
    Ok((minutes * 60 + part(intern!(py, "second"))?) * 1_000_000 + part(intern!(py, "microsecond"))?)
}

/// A `datetime.datetime` in this unit since 1970-01-01, with a zone or without one; an int is in that unit already.
pub(super) fn timestamp(value: &Bound<'_, PyAny>, unit: TimeUnit, zoned: bool) -> Result<i64, Unfit> {
    if let Some(count) = count(value) {
        return Ok(count);
    }
    let moment = value
        .cast::<PyDateTime>()
        .map_err(|_| wanted(value, "a datetime.datetime, or an int in the unit of the column"))?;
    let value = match (moment.get_tzinfo().is_some(), zoned) {
        (true, false) => return Err("a TIMESTAMP has no zone; leave the datetime's tzinfo out".into()),
        (false, true) => return Err("a TIMESTAMP_LTZ needs a datetime with a tzinfo, as datetime.timezone.utc".into()),
        (false, false) => value.clone(),
        (true, true) => {
            let utc = PyTzInfo::utc(value.py()).map_err(|error| error.to_string())?;
            value.call_method1(intern!(value.py(), "astimezone"), (utc,)).map_err(|error| error.to_string())?
        }
    };
    in_unit((ordinal(&value)? - EPOCH_ORDINAL) * DAY + of_day(&value)?, unit)
}

/// An int that is no bool.
fn count(value: &Bound<'_, PyAny>) -> Option<i64> {
    (value.cast::<PyInt>().is_ok() && value.cast::<PyBool>().is_err()).then(|| value.extract().ok()).flatten()
}

fn wanted(value: &Bound<'_, PyAny>, what: &str) -> Unfit {
    let name = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    format!("a {name} where {what} is wanted")
}

fn in_unit(micros: i64, unit: TimeUnit) -> Result<i64, Unfit> {
    let divisor = match unit {
        TimeUnit::Second => 1_000_000,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1,
        TimeUnit::Nanosecond => {
            return micros.checked_mul(1000).ok_or_else(|| "the time lies beyond what nanoseconds can count".into());
        }
    };
    match micros % divisor {
        0 => Ok(micros / divisor),
        _ => Err(format!("the time is finer than the column, which counts in {}; round it", unit_name(unit))),
    }
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "seconds",
        TimeUnit::Millisecond => "milliseconds",
        TimeUnit::Microsecond => "microseconds",
        TimeUnit::Nanosecond => "nanoseconds",
    }
}

/// A number of a unit as microseconds, which is as fine as Python's times are.
fn micros(number: i64, unit: TimeUnit) -> Result<i64, Unfit> {
    let finer =
        || format!("{number} ns is finer than Python's times, which end at microseconds; take the column as Arrow");
    match unit {
        TimeUnit::Second => number.checked_mul(1_000_000),
        TimeUnit::Millisecond => number.checked_mul(1000),
        TimeUnit::Microsecond => Some(number),
        TimeUnit::Nanosecond if number % 1000 != 0 => return Err(finer()),
        TimeUnit::Nanosecond => Some(number / 1000),
    }
    .ok_or_else(beyond)
}

fn beyond() -> Unfit {
    "the time lies beyond the years 1 to 9999 of Python's datetime; take the column as Arrow".into()
}

/// Days since 1970-01-01 as a `datetime.date`.
pub(super) fn date_object<'py>(py: Python<'py>, days: i32) -> Result<Bound<'py, PyAny>, Unfit> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.import(py, "datetime", "date").map_err(|error| error.to_string())?;
    class.call_method1(intern!(py, "fromordinal"), (i64::from(days) + EPOCH_ORDINAL,)).map_err(|_| beyond())
}

/// A time of day as a `datetime.time`.
pub(super) fn time_object<'py>(py: Python<'py>, number: i64, unit: TimeUnit) -> Result<Bound<'py, PyAny>, Unfit> {
    let micros = micros(number, unit)?;
    let part = |of: i64| u32::try_from(of).ok();
    let parts = || {
        let seconds = micros.checked_div(1_000_000)?;
        let hour = u8::try_from(seconds / 3600).ok()?;
        Some((hour, (seconds / 60 % 60) as u8, (seconds % 60) as u8, part(micros % 1_000_000)?))
    };
    let (hour, minute, second, micro) = parts().ok_or_else(beyond)?;
    PyTime::new(py, hour, minute, second, micro, None).map(Bound::into_any).map_err(|_| beyond())
}

/// A point in time as a `datetime.datetime`, with the zone UTC or without one.
pub(super) fn timestamp_object<'py>(
    py: Python<'py>,
    number: i64,
    unit: TimeUnit,
    zoned: bool,
) -> Result<Bound<'py, PyAny>, Unfit> {
    let micros = micros(number, unit)?;
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let make = || -> PyResult<Bound<'py, PyAny>> {
        let zone = if zoned { Some(PyTzInfo::utc(py)?.to_owned()) } else { None };
        let epoch = PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, zone.as_ref())?;
        let days = i32::try_from(days)?;
        let passed = PyDelta::new(py, days, (rest / 1_000_000) as i32, (rest % 1_000_000) as i32, true)?;
        epoch.call_method1(intern!(py, "__add__"), (passed,))
    };
    make().map_err(|_| beyond())
}
