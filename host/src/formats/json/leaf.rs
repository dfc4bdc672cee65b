//! Columns of flat types as they are built from JSON: the texts of their values, one behind the other.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef};
use arrow_select::zip::zip;

use super::column::{Misplaced, nulls};
use crate::formats::Rounding;
use crate::formats::scalar::{self, Shown, sql_name};

/// The texts of values.
pub(super) struct Leaf {
    text: String,
    /// Where each value ends.
    ends: Vec<usize>,
    valid: Vec<bool>,
    /// The rows whose values are no texts but counts, of days or of a timestamp's units.
    counts: Vec<usize>,
    takes: Takes,
}

/// Which JSON values a type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Booleans,
    /// Numbers, and texts with one.
    Numbers,
    Texts,
    /// Texts, and numbers as counts.
    Moments,
}

impl Leaf {
    pub(super) fn new(field: &FieldRef) -> Result<Self, String> {
        let takes = match field.data_type() {
            DataType::Boolean => Takes::Booleans,
            DataType::Date32 | DataType::Timestamp(..) => Takes::Moments,
            DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_) => Takes::Texts,
            DataType::Time32(_) | DataType::Time64(_) => Takes::Texts,
            number if number.is_numeric() => Takes::Numbers,
            other => return Err(format!("column {:?} is {other}, which cannot be read from JSON", field.name())),
        };
        let (text, ends, valid, counts) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Self { text, ends, valid, counts, takes })
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.valid.truncate(rows);
        self.text.truncate(self.ends.last().copied().unwrap_or_default());
        self.counts.truncate(self.counts.partition_point(|row| *row < rows));
    }

    pub(super) fn push_null(&mut self) {
        self.ends.push(self.text.len());
        self.valid.push(false);
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.valid.push(true);
    }

    /// Adds a value: JSON without blanks around, and not null.
    pub(super) fn push_json(&mut self, json: &str, field: &Field) -> Result<(), String> {
        match (json.as_bytes(), self.takes) {
            ([b'"', ..], Takes::Booleans) => Err(misfit(json, field)),
            ([b'"', text @ .., b'"'], _) if !text.contains(&b'\\') => {
                self.push(json.get(1..json.len() - 1).unwrap_or_default());
                Ok(())
            }
            ([b'"', ..], _) => {
                let text: String = serde_json::from_str(json)
                    .map_err(|_| format!("{} is no text: it holds half of a surrogate pair", Shown(json)))?;
                self.push(&text);
                Ok(())
            }
            ([b't' | b'f', ..], Takes::Booleans) => {
                self.push(json);
                Ok(())
            }
            ([b't' | b'f' | b'{' | b'[', ..], _) | (_, Takes::Booleans | Takes::Texts) => Err(misfit(json, field)),
            (_, Takes::Numbers) => {
                self.push(json);
                Ok(())
            }
            (_, Takes::Moments) => {
                self.counts.push(self.ends.len());
                self.push(json);
                Ok(())
            }
        }
    }

    /// Adds the value that a text is.
    pub(super) fn push_text(&mut self, text: &str, field: &Field) -> Result<(), String> {
        if self.takes == Takes::Booleans {
            return Err(misfit(text, field));
        }
        self.push(text);
        Ok(())
    }

    /// The values as an array; there are none then.
    pub(super) fn finish(&mut self, field: &Field, rounding: Rounding) -> Result<ArrayRef, Misplaced> {
        let array = match field.data_type() {
            DataType::Utf8 => self.strings(),
            DataType::Boolean => Ok(self.booleans()),
            _ if self.counts.is_empty() => self.scalars(field, rounding, |_| true),
            _ => self.moments(field, rounding),
        };
        self.truncate(0);
        array
    }

    fn strings(&mut self) -> Result<ArrayRef, Misplaced> {
        let wrong = |reason: String| Misplaced { at: 0, path: String::new(), reason };
        let end =
            |end: &usize| i32::try_from(*end).map_err(|_| wrong("there are more than 2 GiB of text at once".into()));
        let ends = std::iter::once(Ok(0)).chain(self.ends.iter().map(end)).collect::<Result<Vec<_>, _>>()?;
        let values = Buffer::from_vec(std::mem::take(&mut self.text).into_bytes());
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let strings = StringArray::try_new(offsets, values, nulls(&mut self.valid));
        Ok(Arc::new(strings.map_err(|error| wrong(format!("it cannot be read: {error}")))?))
    }

    fn booleans(&self) -> ArrayRef {
        Arc::new((0..self.len()).map(|row| self.value(row).map(|text| text == "true")).collect::<BooleanArray>())
    }

    fn value(&self, row: usize) -> Option<&str> {
        let begin = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let is_valid = self.valid.get(row).copied().unwrap_or_default();
        is_valid.then(|| self.text.get(begin..*self.ends.get(row)?)).flatten()
    }

    /// The values of some rows; the others are null.
    fn scalars(
        &self,
        field: &Field,
        rounding: Rounding,
        with: impl Fn(usize) -> bool + Copy,
    ) -> Result<ArrayRef, Misplaced> {
        let texts = (0..self.len()).map(|row| with(row).then(|| self.value(row)).flatten());
        scalar::column(texts, field, rounding).map_err(|misfit| Misplaced {
            at: misfit.at,
            path: String::new(),
            reason: misfit.reason,
        })
    }

    /// The values of a type of days or instants, of which some are counts.
    fn moments(&self, field: &Field, rounding: Rounding) -> Result<ArrayRef, Misplaced> {
        let is_count = |row: usize| self.counts.binary_search(&row).is_ok();
        let whole = match field.data_type() {
            DataType::Date32 => DataType::Int32,
            _ => DataType::Int64,
        };
        let wrong =
            |error: arrow_schema::ArrowError| Misplaced { at: 0, path: String::new(), reason: error.to_string() };
        let texts = self.scalars(field, rounding, |row| !is_count(row))?;
        let counts = self.scalars(&field.clone().with_data_type(whole), rounding, is_count)?;
        let counts = cast(&counts, field.data_type()).map_err(wrong)?;
        let mask = (0..self.len()).map(|row| Some(is_count(row))).collect::<BooleanArray>();
        zip(&mask, &counts, &texts).map_err(wrong)
    }
}

/// Another kind of JSON value than the type takes.
fn misfit(json: &str, field: &Field) -> String {
    format!("{} is no {}", Shown(json), sql_name(field.data_type()))
}
