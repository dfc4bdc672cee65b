//! Values between JSON and fluss-rs.

use anyhow::{Context, Result, bail, ensure};
use bigdecimal::BigDecimal;
use fluss::metadata::{DataField, DataType};
use fluss::row::{
    DataGetters, Date, Datum, Decimal, FlussArray, FlussArrayWriter, FlussMap, GenericRow, Time, TimestampLtz,
    TimestampNtz,
};
use jiff::civil;
use serde_json::{Map, Number, Value};

/// A JSON object as a row of these fields; what it does not name is null.
pub fn row(value: &Value, fields: &[DataField]) -> Result<GenericRow<'static>> {
    let object = value.as_object().with_context(|| format!("no object: {value}"))?;
    let mut row = GenericRow::new(fields.len());
    for (at, field) in fields.iter().enumerate() {
        if let Some(value) = object.get(field.name()).filter(|value| !value.is_null()) {
            row.values[at] = datum(value, field.data_type()).with_context(|| field.name().to_owned())?;
        }
    }
    Ok(row)
}

fn datum(value: &Value, kind: &DataType) -> Result<Datum<'static>> {
    let text = || value.as_str().with_context(|| format!("no text: {value}"));
    let number =
        || value.as_i64().or_else(|| value.as_str()?.parse().ok()).with_context(|| format!("no number: {value}"));
    let float = || value.as_f64().with_context(|| format!("no number: {value}"));
    Ok(match kind {
        DataType::Boolean(_) => Datum::Bool(value.as_bool().context("no boolean")?),
        DataType::TinyInt(_) => Datum::Int8(number()?.try_into()?),
        DataType::SmallInt(_) => Datum::Int16(number()?.try_into()?),
        DataType::Int(_) => Datum::Int32(number()?.try_into()?),
        DataType::BigInt(_) => Datum::Int64(number()?),
        DataType::Float(_) => Datum::Float32((float()? as f32).into()),
        DataType::Double(_) => Datum::Float64(float()?.into()),
        DataType::Char(_) | DataType::String(_) => Datum::String(text()?.to_owned().into()),
        DataType::Binary(_) | DataType::Bytes(_) => Datum::Blob(bytes(text()?)?.into()),
        DataType::Decimal(kind) => {
            let decimal: BigDecimal = text()?.parse()?;
            Datum::Decimal(Decimal::from_big_decimal(decimal, kind.precision(), kind.scale())?)
        }
        DataType::Date(_) => {
            let days = (text()?.parse::<civil::Date>()? - civil::date(1970, 1, 1)).get_days();
            Datum::Date(Date::new(days))
        }
        DataType::Time(_) => {
            let time: civil::Time = text()?.parse()?;
            let millis = time.duration_since(civil::Time::midnight()).as_millis();
            Datum::Time(Time::new(millis.try_into()?))
        }
        DataType::Timestamp(_) => {
            let (millis, nanos) = since_epoch(text()?)?;
            Datum::TimestampNtz(TimestampNtz::from_millis_nanos(millis, nanos)?)
        }
        DataType::TimestampLTz(_) => {
            let (millis, nanos) = since_epoch(text()?.strip_suffix('Z').context("no time in UTC")?)?;
            Datum::TimestampLtz(TimestampLtz::from_millis_nanos(millis, nanos)?)
        }
        DataType::Array(kind) => Datum::Array(array(value.as_array().context("no list")?, kind.get_element_type())?),
        DataType::Map(kind) => {
            let (keys, values) = entries(value)?;
            let keys = array(&keys, kind.key_type())?;
            let values = array(&values, kind.value_type())?;
            Datum::Map(FlussMap::from_arrays(&keys, &values, kind.key_type(), kind.value_type())?)
        }
        DataType::Row(kind) => Datum::Row(Box::new(row(value, kind.fields())?)),
    })
}

/// Keys and values of a map: an object, or a list of `{"key", "value"}`.
fn entries(value: &Value) -> Result<(Vec<Value>, Vec<Value>)> {
    match value {
        Value::Object(object) => Ok(object.iter().map(|(k, v)| (Value::from(k.as_str()), v.clone())).unzip()),
        Value::Array(list) => Ok(list.iter().map(|entry| (entry["key"].clone(), entry["value"].clone())).unzip()),
        _ => bail!("no map: {value}"),
    }
}

fn array(values: &[Value], kind: &DataType) -> Result<FlussArray> {
    let mut out = FlussArrayWriter::new(values.len(), kind);
    for (at, value) in values.iter().enumerate() {
        if value.is_null() {
            out.set_null_at(at);
            continue;
        }
        match (datum(value, kind)?, kind) {
            (Datum::Bool(value), _) => out.write_boolean(at, value),
            (Datum::Int8(value), _) => out.write_byte(at, value),
            (Datum::Int16(value), _) => out.write_short(at, value),
            (Datum::Int32(value), _) => out.write_int(at, value),
            (Datum::Int64(value), _) => out.write_long(at, value),
            (Datum::Float32(value), _) => out.write_float(at, value.0),
            (Datum::Float64(value), _) => out.write_double(at, value.0),
            (Datum::String(value), _) => out.write_string(at, &value),
            (Datum::Blob(value), _) => out.write_binary_bytes(at, &value),
            (Datum::Decimal(value), DataType::Decimal(kind)) => out.write_decimal(at, &value, kind.precision()),
            (Datum::Date(value), _) => out.write_date(at, value),
            (Datum::Time(value), _) => out.write_time(at, value),
            (Datum::TimestampNtz(value), DataType::Timestamp(kind)) => {
                out.write_timestamp_ntz(at, &value, kind.precision())
            }
            (Datum::TimestampLtz(value), DataType::TimestampLTz(kind)) => {
                out.write_timestamp_ltz(at, &value, kind.precision())
            }
            (Datum::Array(value), _) => out.write_array(at, &value),
            (Datum::Map(value), _) => out.write_map(at, &value),
            (Datum::Row(value), _) => out.write_row(at, value.as_ref())?,
            (value, kind) => bail!("{value} is no {kind}"),
        }
    }
    Ok(out.complete()?)
}

/// Milliseconds since the epoch, and nanoseconds of the millisecond.
fn since_epoch(text: &str) -> Result<(i64, i32)> {
    let moment: civil::DateTime = text.parse()?;
    let nanos = moment.duration_since(civil::datetime(1970, 1, 1, 0, 0, 0, 0)).as_nanos();
    Ok((nanos.div_euclid(1_000_000) as i64, nanos.rem_euclid(1_000_000) as i32))
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    ensure!(text.len() % 2 == 0 && text.is_ascii(), "no hexadecimal: {text}");
    (0..text.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&text[at..at + 2], 16)?)).collect()
}

/// A row of these fields as a JSON object.
pub fn json(row: &dyn DataGetters, fields: &[DataField]) -> Result<Value> {
    let mut object = Map::new();
    for (at, field) in fields.iter().enumerate() {
        let value = value(row, at, field.data_type()).with_context(|| field.name().to_owned())?;
        object.insert(field.name().to_owned(), value);
    }
    Ok(object.into())
}

fn value(row: &dyn DataGetters, at: usize, kind: &DataType) -> Result<Value> {
    if row.is_null_at(at)? {
        return Ok(Value::Null);
    }
    Ok(match kind {
        DataType::Boolean(_) => row.get_boolean(at)?.into(),
        DataType::TinyInt(_) => row.get_byte(at)?.into(),
        DataType::SmallInt(_) => row.get_short(at)?.into(),
        DataType::Int(_) => row.get_int(at)?.into(),
        DataType::BigInt(_) => row.get_long(at)?.into(),
        // By its shortest text, as JSON of a FLOAT is written.
        DataType::Float(_) => row.get_float(at)?.to_string().parse::<Number>()?.into(),
        DataType::Double(_) => row.get_double(at)?.into(),
        DataType::Char(kind) => row.get_char(at, kind.length() as usize)?.into(),
        DataType::String(_) => row.get_string(at)?.into(),
        DataType::Binary(kind) => hexadecimal(row.get_binary(at, kind.length())?).into(),
        DataType::Bytes(_) => hexadecimal(row.get_bytes(at)?).into(),
        DataType::Decimal(kind) => {
            let decimal = row.get_decimal(at, kind.precision() as usize, kind.scale() as usize)?;
            decimal.to_big_decimal().with_scale(kind.scale().into()).to_plain_string().into()
        }
        DataType::Date(_) => civil::date(1970, 1, 1)
            .checked_add(jiff::Span::new().days(row.get_date(at)?.get_inner()))?
            .to_string()
            .into(),
        DataType::Time(_) => clock(i64::from(row.get_time(at)?.get_inner()), 0)?.into(),
        DataType::Timestamp(kind) => {
            let value = row.get_timestamp_ntz(at, kind.precision())?;
            moment(value.get_millisecond(), value.get_nano_of_millisecond())?.into()
        }
        DataType::TimestampLTz(kind) => {
            let value = row.get_timestamp_ltz(at, kind.precision())?;
            (moment(value.get_epoch_millisecond(), value.get_nano_of_millisecond())? + "Z").into()
        }
        DataType::Array(kind) => list(&row.get_array(at)?.try_into_binary()?, kind.get_element_type())?,
        DataType::Map(_) => pairs(&row.get_map(at)?.try_into_binary()?)?,
        DataType::Row(kind) => json(&row.get_row(at)?, kind.fields())?,
    })
}

/// Elements that have a view only of their array are read from there: fluss-rs gives none through its traits.
fn list(array: &FlussArray, kind: &DataType) -> Result<Value> {
    let element = |at| match kind {
        _ if array.is_null_at(at) => Ok(Value::Null),
        DataType::Map(kind) => pairs(&array.get_map(at, kind.key_type(), kind.value_type())?),
        DataType::Row(kind) => json(&array.get_row(at, kind)?, kind.fields()),
        kind => value(array, at, kind),
    };
    (0..array.size()).map(element).collect()
}

/// An object where the keys have a text of their own, else a list of `{"key", "value"}`.
fn pairs(map: &FlussMap) -> Result<Value> {
    use DataType::{Array, Boolean, Double, Float, Map as Nested, Row};
    let keys = list(map.key_array(), map.key_type())?;
    let values = list(map.value_array(), map.value_type())?;
    let pairs = keys.as_array().into_iter().flatten().zip(values.as_array().into_iter().flatten());
    if matches!(map.key_type(), Boolean(_) | Float(_) | Double(_) | Array(_) | Nested(_) | Row(_)) {
        return Ok(pairs.map(|(key, value)| serde_json::json!({"key": key, "value": value})).collect());
    }
    let name = |key: &Value| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
    Ok(Value::Object(pairs.map(|(key, value)| (name(key), value.clone())).collect()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time of day with as many digits as it needs: none, three, six or nine.
fn clock(millis: i64, nanos: i32) -> Result<String> {
    let seconds = millis / 1000;
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let nanos = millis % 1000 * 1_000_000 + i64::from(nanos);
    Ok(text
        + &match nanos {
            0 => String::new(),
            n if n % 1_000_000 == 0 => format!(".{:03}", n / 1_000_000),
            n if n % 1000 == 0 => format!(".{:06}", n / 1000),
            n => format!(".{n:09}"),
        })
}

fn moment(millis: i64, nanos: i32) -> Result<String> {
    const DAY: i64 = 86_400_000;
    let date = civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(millis.div_euclid(DAY))?)?;
    Ok(format!("{date}T{}", clock(millis.rem_euclid(DAY), nanos)?))
}
