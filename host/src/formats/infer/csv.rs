//! The columns that the cells of a CSV file suggest. Every column is of a type in which each of its cells can be read, and
//! comes back as it was but for the writing of numbers and times; what is of several kinds, or would not come back (as `007`),
//! is STRING.

use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::{InferOptions, Inferred};
use crate::formats::csv::{self, Limits, Records, Stream, delimiter_within, say_delimiter, value};
use crate::formats::scalar::{self, Clock, NumberKind};
use crate::formats::{FormatError, Input, ReadOptions, Rounding};

/// Records that are looked at together.
const RECORDS: usize = 65_536;
/// Digits that every DOUBLE keeps of a number are fewer than this; more digits than these it never does.
const DOUBLE_DIGITS: usize = 17;
/// A number of so many digits is always below the largest DOUBLE.
const DOUBLE_WHOLE_DIGITS: usize = 308;

pub(super) fn infer(input: &Input, options: &InferOptions) -> Result<Inferred, FormatError> {
    let mut stream = csv::open(input, &ReadOptions { csv: options.csv.clone(), ..ReadOptions::default() })?;
    let Some(first) = stream.first()? else {
        let problem = "it is empty, and so says nothing about columns".into();
        return Err(FormatError::Malformed { place: input.name().to_string(), problem });
    };
    let names = match options.csv.header {
        true => csv::names(&stream, &first)?,
        false => (0..first.width()).map(|at| csv::name("", at)).collect(),
    };
    let mut columns = vec![Column::default(); names.len()];
    let mut left = options.sample.unwrap_or(usize::MAX);
    let null = options.csv.null.as_deref();
    if !options.csv.header {
        look(&mut columns, &first, null);
        left -= 1;
    }
    stream.expect(names.len(), names.len() == 1);
    look_at_all(&mut stream, &mut columns, left, null)?;
    let mut hints = Vec::new();
    hints.extend(
        delimiter_within(&first).map(|char| format!("{} has one column; {}", input.name(), say_delimiter(char))),
    );
    let fields = names.iter().zip(&columns).map(|(name, column)| {
        hints.extend(column.hint(name));
        Field::new(name, column.data_type(), true)
    });
    Ok(Inferred { schema: Schema::new(fields.collect::<Vec<_>>()), hints })
}

fn look_at_all(
    stream: &mut Stream,
    columns: &mut [Column],
    mut left: usize,
    null: Option<&str>,
) -> Result<(), FormatError> {
    while left > 0 {
        let records = stream.next(Limits { records: left.min(RECORDS), follow: false })?;
        if records.len() == 0 {
            break;
        }
        left -= records.len();
        look(columns, &records, null);
    }
    Ok(())
}

fn look(columns: &mut [Column], records: &Records, null: Option<&str>) {
    for (at, column) in columns.iter_mut().enumerate() {
        for record in 0..records.len() {
            match value(records.cell(record, at), null, true) {
                // In quotes; null where the column turns out to be no STRING.
                Some("") => column.empty = true,
                Some(text) => column.look(text),
                None => {}
            }
        }
    }
}

/// What is known of a column.
#[derive(Debug, Clone, Default)]
struct Column {
    kind: Option<Kind>,
    /// Whether it has a text without a character.
    empty: bool,
}

/// Of what kind values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Boolean,
    Number {
        /// Whether all are whole.
        whole: bool,
        /// How many digits whole ones have at most that are beyond BIGINT.
        large: usize,
        /// How many digits others have at most.
        digits: usize,
    },
    Time {
        /// Digits of the fraction of a second at most.
        digits: usize,
    },
    /// Instants, or days.
    Moment {
        day: bool,
        zoned: bool,
        digits: usize,
        /// Whether all can be counted in nanoseconds.
        nanos: bool,
    },
}

impl Column {
    fn look(&mut self, text: &str) {
        self.kind = match self.kind {
            Some(Kind::Text) => return,
            Some(Kind::Number { whole, large, digits }) => match NumberKind::of(text) {
                Some(NumberKind::Bigint) => return,
                Some(NumberKind::Double(more)) => Some(Kind::Number { whole: false, large, digits: digits.max(more) }),
                Some(NumberKind::Integer(more)) => Some(Kind::Number { whole, large: large.max(more), digits }),
                Some(NumberKind::Text) | None => Some(Kind::Text),
            },
            Some(kind) => Some(kind.and(Kind::of(text))),
            None => Some(Kind::of(text)),
        }
    }

    fn data_type(&self) -> DataType {
        let unit = |digits| match digits {
            0 => TimeUnit::Second,
            1..=3 => TimeUnit::Millisecond,
            4..=6 => TimeUnit::Microsecond,
            _ => TimeUnit::Nanosecond,
        };
        match self.kind {
            Some(Kind::Boolean) => DataType::Boolean,
            Some(Kind::Number { whole: true, large: 0, .. }) => DataType::Int64,
            Some(Kind::Number { whole: true, large: ..=20, .. }) => DataType::Decimal128(20, 0),
            Some(Kind::Number { whole: true, large: ..=38, .. }) => DataType::Decimal128(38, 0),
            Some(Kind::Number { whole: false, large: ..=DOUBLE_WHOLE_DIGITS, .. }) => DataType::Float64,
            Some(Kind::Time { digits: digits @ ..=3 }) => DataType::Time32(unit(digits)),
            Some(Kind::Time { digits }) => DataType::Time64(unit(digits)),
            Some(Kind::Moment { day: true, .. }) => DataType::Date32,
            Some(Kind::Moment { zoned, digits, nanos, .. }) if digits <= 6 || nanos => {
                DataType::Timestamp(unit(digits), zoned.then(|| "UTC".into()))
            }
            _ => DataType::Utf8,
        }
    }

    fn hint(&self, name: &str) -> Option<String> {
        let name = scalar::quoted(name);
        match self.kind {
            None if !self.empty => Some(format!("column {name} has no value, and is STRING")),
            Some(Kind::Number { whole: false, large, digits }) if large.max(digits) > DOUBLE_DIGITS => Some(format!(
                "column {name} has numbers of more digits than DOUBLE keeps; where they matter, say DECIMAL with --schema"
            )),
            _ => None,
        }
    }
}

impl Kind {
    fn of(text: &str) -> Self {
        let text = text.trim_ascii();
        match text.as_bytes() {
            [_, _, b':', ..] => Self::time(text),
            [_, _, _, _, b'-', _, _, b'-', ..] => Self::moment(text),
            _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => Self::Boolean,
            _ => match NumberKind::of(text) {
                Some(NumberKind::Bigint) => Self::Number { whole: true, large: 0, digits: 0 },
                Some(NumberKind::Integer(large)) => Self::Number { whole: true, large, digits: 0 },
                Some(NumberKind::Double(digits)) => Self::Number { whole: false, large: 0, digits },
                Some(NumberKind::Text) | None => Self::Text,
            },
        }
    }

    fn time(text: &str) -> Self {
        match scalar::clock(text.as_bytes()) {
            Some((clock, [])) if clock.is_of_nanos() => Self::Time { digits: clock.digits },
            _ => Self::Text,
        }
    }

    fn moment(text: &str) -> Self {
        let hour_has_two_digits = text.as_bytes().get(13).is_none_or(|byte| *byte == b':');
        let Some(moment) = scalar::moment(text).filter(|_| hour_has_two_digits) else { return Self::Text };
        if !moment.clock.is_none_or(|clock| clock.is_of_nanos()) {
            return Self::Text;
        }
        Self::Moment {
            day: moment.clock.is_none(),
            zoned: moment.zone.is_some(),
            digits: moment.clock.map_or(0, |clock: Clock| clock.digits),
            nanos: moment.count(TimeUnit::Nanosecond, Rounding::Refuse).is_ok(),
        }
    }

    /// The kind of values of both kinds.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Boolean, Self::Boolean) => Self::Boolean,
            (Self::Time { digits: one }, Self::Time { digits: other }) => Self::Time { digits: one.max(other) },
            (
                Self::Moment { day, zoned, digits, nanos },
                Self::Moment { day: other_day, zoned: other_zoned, digits: other_digits, nanos: other_nanos },
            ) if zoned == other_zoned => Self::Moment {
                day: day && other_day,
                zoned,
                digits: digits.max(other_digits),
                nanos: nanos && other_nanos,
            },
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests;
