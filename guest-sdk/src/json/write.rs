//! Writes values of columns as JSON.

use std::fmt::{Display, Write};

use crate::{AnyColumn, DataType, Date, Decimal, Error, Time, Timestamp, TimestampLtz, Value};

impl AnyColumn<'_> {
    /// Writes the value of a row as JSON, in the forms that [`json`](mod@crate::json) describes.
    ///
    /// # Errors
    /// If it has a type that this version does not know.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn write_json(self, row: usize, out: &mut String) -> Result<(), Error> {
        if self.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        match self.data_type() {
            DataType::Boolean => self.plain::<bool>(row, out),
            DataType::Tinyint => self.plain::<i8>(row, out),
            DataType::Smallint => self.plain::<i16>(row, out),
            DataType::Int => self.plain::<i32>(row, out),
            DataType::Bigint => self.plain::<i64>(row, out),
            DataType::Float => self.float::<f32>(row, out),
            DataType::Double => self.float::<f64>(row, out),
            DataType::Decimal(_) => self.plain::<Decimal>(row, out),
            DataType::Date => self.quoted::<Date>(row, out),
            DataType::Time(_) => self.quoted::<Time>(row, out),
            DataType::Timestamp(_) => self.quoted::<Timestamp>(row, out),
            DataType::TimestampLtz(_) => self.quoted::<TimestampLtz>(row, out),
            DataType::Text | DataType::FixedText(_) => {
                text(self.typed::<str>()?.value(row), out);
                Ok(())
            }
            DataType::Bytes | DataType::FixedBytes(_) => {
                out.push('"');
                self.typed::<[u8]>()?.value(row).iter().for_each(|byte| add(out, format_args!("{byte:02x}")));
                out.push('"');
                Ok(())
            }
            DataType::Array(_) => self.list(row, out),
            DataType::Dictionary(_) => self.map(row, out),
            DataType::Row(_) => self.object(row, out),
            DataType::Other(name) => Err(Error::input(format!("values of {name} cannot be written as JSON"))),
        }
    }

    fn plain<T: for<'v> Value<Item<'v>: Display>>(self, row: usize, out: &mut String) -> Result<(), Error> {
        add(out, self.typed::<T>()?.value(row));
        Ok(())
    }

    fn quoted<T: for<'v> Value<Item<'v>: Display>>(self, row: usize, out: &mut String) -> Result<(), Error> {
        add(out, format_args!("\"{}\"", self.typed::<T>()?.value(row)));
        Ok(())
    }

    fn float<T: for<'v> Value<Item<'v>: serde::Serialize + Into<f64> + Copy>>(
        self,
        row: usize,
        out: &mut String,
    ) -> Result<(), Error> {
        let value = self.typed::<T>()?.value(row);
        match value.into() {
            f64::INFINITY => out.push_str("\"Infinity\""),
            f64::NEG_INFINITY => out.push_str("\"-Infinity\""),
            wide if wide.is_nan() => out.push_str("\"NaN\""),
            _ => add(out, serde_json::to_string(&value).unwrap_or_default()),
        }
        Ok(())
    }

    fn list(self, row: usize, out: &mut String) -> Result<(), Error> {
        let (offsets, elements) = self.elements().ok_or_else(|| Error::contract("an array has no elements"))?;
        let span = offsets[row] as usize..offsets[row + 1] as usize;
        out.push('[');
        for at in span.clone() {
            if at > span.start {
                out.push(',');
            }
            elements.write_json(at, out)?;
        }
        out.push(']');
        Ok(())
    }

    fn map(self, row: usize, out: &mut String) -> Result<(), Error> {
        let (offsets, keys, values) = self.entries().ok_or_else(|| Error::contract("a map has no entries"))?;
        let span = offsets[row] as usize..offsets[row + 1] as usize;
        let is_object = has_text(keys.data_type());
        out.push(if is_object { '{' } else { '[' });
        for at in span.clone() {
            if at > span.start {
                out.push(',');
            }
            if is_object {
                let begin = out.len();
                keys.write_json(at, out)?;
                if !out[begin..].starts_with('"') {
                    out.insert(begin, '"');
                    out.push('"');
                }
                out.push(':');
                values.write_json(at, out)?;
            } else {
                out.push_str("{\"key\":");
                keys.write_json(at, out)?;
                out.push_str(",\"value\":");
                values.write_json(at, out)?;
                out.push('}');
            }
        }
        out.push(if is_object { '}' } else { ']' });
        Ok(())
    }

    fn object(self, row: usize, out: &mut String) -> Result<(), Error> {
        let fields = self.row().ok_or_else(|| Error::contract("a row has no fields"))?;
        out.push('{');
        for (index, field) in fields.enumerate() {
            if index > 0 {
                out.push(',');
            }
            text(field.name(), out);
            out.push(':');
            field.write_json(row, out)?;
        }
        out.push('}');
        Ok(())
    }
}

/// One row of several columns as an object: each with the row that it has there.
pub(crate) fn object<'a>(columns: impl Iterator<Item = (AnyColumn<'a>, usize)>) -> Result<String, Error> {
    let mut out = String::from("{");
    for (at, (column, row)) in columns.enumerate() {
        if at > 0 {
            out.push(',');
        }
        text(column.name(), &mut out);
        out.push(':');
        column.write_json(row, &mut out)?;
    }
    out.push('}');
    Ok(out)
}

/// Whether values of this type can name the members of an object.
fn has_text(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Boolean
            | DataType::Float
            | DataType::Double
            | DataType::Array(_)
            | DataType::Dictionary(_)
            | DataType::Row(_)
            | DataType::Other(_)
    )
}

/// A text in quotes.
fn text(value: &str, out: &mut String) {
    add(out, serde_json::Value::from(value));
}

fn add(out: &mut String, value: impl Display) {
    // Writing to a text cannot fail.
    let _ = write!(out, "{value}");
}
