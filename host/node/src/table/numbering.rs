//! The auto-increment column of a table: which it is, and how its numbers are given out (`fluss.md` 3.5).
//!
//! Each bucket takes a range of `table.auto-increment.cache-size` numbers at a time, from 1 on, and gives one to each row
//! that is inserted. A number is never given twice; those of a range that is not used up when the node stops are lost.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::record::{Layout, RecordError, RowFields, RowFormat, Scalar};
use thalweg_wire::table::{DataType, TableDescriptor, TableProperties};

use crate::failure::Failure;

/// How many numbers a bucket takes at once where the table does not say.
const CACHE: i64 = 100_000;

/// The auto-increment column of a table.
#[derive(Debug)]
pub(crate) struct Numbering {
    /// Its position.
    column: usize,
    name: String,
    data_type: DataType,
    /// How many numbers a bucket takes at once.
    cache: i64,
}

impl Numbering {
    /// That of a table, if it has one.
    pub(super) fn of(descriptor: &TableDescriptor) -> Result<Option<Self>, Failure> {
        let schema = &descriptor.schema;
        let column = match schema.auto_increment.as_slice() {
            [] => return Ok(None),
            [column] => *column,
            _ => return Err(Failure::invalid_table("Multiple auto increment columns are not supported yet.")),
        };
        let Some(about) = schema.columns.get(column) else {
            return Err(Failure::invalid_table("The auto increment column does not exist in table columns."));
        };
        const KEY: &str = TableProperties::AUTO_INCREMENT_CACHE;
        let cache = descriptor.properties.get(KEY).map(|text| text.parse::<i64>());
        let cache = match cache {
            None => CACHE,
            Some(Ok(cache)) if cache > 0 => cache,
            Some(_) => return Err(Failure::invalid_config(format!("'{KEY}' must be a whole number of 1 or more."))),
        };
        let (name, data_type) = (about.name.clone(), about.column_type.data_type.clone());
        Ok(Some(Self { column, name, data_type, cache }))
    }

    /// Refuses to write columns that it is among; none are all.
    pub(super) fn check(&self, target: &[i32]) -> Result<(), Failure> {
        let Self { column, name, .. } = self;
        let text = match target.iter().any(|at| usize::try_from(*at) == Ok(*column)) {
            true => format!("Auto-increment column [{name}] at index {column} must not be included in target columns."),
            false if target.is_empty() => format!(
                "The table contains an auto-increment column [{name}], but update target columns are not explicitly \
                 specified. Please specify the update target columns and exclude the auto-increment column from them."
            ),
            false => return Ok(()),
        };
        Err(Failure::new(ServerErrorCode::INVALID_TARGET_COLUMN, text))
    }

    /// The next number of a range, which is filled from `numbers` where it is empty. Fails where there are none left.
    pub(crate) fn next(&self, range: &mut Range<i64>, numbers: &Numbers) -> Result<i64, Failure> {
        if range.is_empty() {
            *range = (numbers.0)(self.cache)?;
        }
        // One less than there could be, which no table comes near: it stands for the end.
        let most = if self.data_type == DataType::Int { i64::from(i32::MAX) } else { i64::MAX - 2 };
        match range.next().filter(|number| *number <= most) {
            Some(number) => Ok(number),
            None => {
                // The next attempt ends here too, without taking more.
                *range = i64::MAX - 1..i64::MAX;
                let text = format!("Reached maximum value of sequence \"<{}>\" ({most}).", self.name);
                Err(Failure::invalid_table(text))
            }
        }
    }

    /// Adds a row with this number in the column to `out`; `bytes` is room for the number.
    pub(crate) fn fill(
        &self,
        layout: &Layout,
        format: RowFormat,
        row: &[u8],
        number: i64,
        (bytes, out): (&mut Vec<u8>, &mut Vec<u8>),
    ) -> Result<(), RecordError> {
        let value = match i32::try_from(number) {
            Ok(number) if self.data_type == DataType::Int => Scalar::Int(number),
            _ => Scalar::BigInt(number),
        };
        bytes.clear();
        value.write(&self.name, &self.data_type, format, bytes)?;
        let mut fields = RowFields::parse_as(layout, format, row)?;
        if let Some(field) = fields.fields_mut().get_mut(self.column) {
            *field = Some(bytes);
        }
        RowFields::write_as(layout, format, fields.fields(), out);
        Ok(())
    }
}

/// Where the numbers of a table come from: each call gives so many that nobody else has, or fewer at the end of all.
#[derive(Clone)]
pub(crate) struct Numbers(Arc<dyn Fn(i64) -> Result<Range<i64>, Failure> + Send + Sync>);

impl Numbers {
    /// Numbers that `take` gives.
    pub(crate) fn new(take: impl Fn(i64) -> Result<Range<i64>, Failure> + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Numbers")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use thalweg_wire::table::Schema;

    use super::*;

    fn numbering(sql: &str, properties: &[(&str, &str)]) -> Result<Option<Numbering>, Failure> {
        let mut schema = Schema::parse_sql(sql).unwrap();
        schema.primary_key = vec![0];
        schema.auto_increment = vec![1];
        let mut descriptor = TableDescriptor::new(schema);
        descriptor.properties = properties.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        Numbering::of(&descriptor)
    }

    #[test]
    fn ranges_are_taken_as_they_are_used_up() {
        let numbering = numbering("a INT NOT NULL, n INT", &[(TableProperties::AUTO_INCREMENT_CACHE, "3")]);
        let numbering = numbering.unwrap().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&taken);
        let most = i64::from(i32::MAX);
        let numbers = Numbers::new(move |count| {
            let mut taken = note.lock().unwrap();
            taken.push(count);
            Ok(if taken.len() < 3 { 1..1 + count } else { most..most + count })
        });
        let mut range = 0..0;
        let given: Vec<_> = (0..7).map(|_| numbering.next(&mut range, &numbers).unwrap()).collect();
        assert_eq!(given, [1, 2, 3, 1, 2, 3, most]);
        assert_eq!(*taken.lock().unwrap(), [3; 3]);
        for _ in 0..3 {
            let failure = numbering.next(&mut range, &numbers).unwrap_err();
            assert!(failure.text.contains("Reached maximum value of sequence \"<n>\" (2147483647)"), "{failure:?}");
        }
        assert_eq!(taken.lock().unwrap().len(), 3);
    }

    #[test]
    fn a_cache_of_nothing_is_refused() {
        for wrong in ["0", "-1", "many"] {
            let failure = numbering("a INT NOT NULL, n INT", &[(TableProperties::AUTO_INCREMENT_CACHE, wrong)]);
            assert_eq!(failure.unwrap_err().code, ServerErrorCode::INVALID_CONFIG, "{wrong}");
        }
    }

    #[test]
    fn rows_of_both_formats_are_filled() {
        for (sql, number) in [("a INT NOT NULL, n INT, s STRING", 7), ("a INT NOT NULL, n BIGINT, s STRING", 1 << 40)] {
            let numbering = numbering(sql, &[]).unwrap().unwrap();
            let layout = Layout::of_schema(&Schema::parse_sql(sql).unwrap());
            for format in [RowFormat::Compacted, RowFormat::Indexed] {
                let mut key = Vec::new();
                Scalar::Int(5).write("a", &DataType::Int, format, &mut key).unwrap();
                let (mut row, mut filled) = (Vec::new(), Vec::new());
                RowFields::write_as(&layout, format, &[Some(&key), None, None], &mut row);
                numbering.fill(&layout, format, &row, number, (&mut Vec::new(), &mut filled)).unwrap();
                let fields = RowFields::parse_as(&layout, format, &filled).unwrap();
                let bytes = fields.fields()[1].unwrap();
                let read = Scalar::read("n", &numbering.data_type, format, bytes).unwrap();
                let expected =
                    if numbering.data_type == DataType::Int { Scalar::Int(7) } else { Scalar::BigInt(number) };
                assert_eq!(read, expected, "{format:?}");
                assert_eq!((fields.fields()[0], fields.fields()[2]), (Some(&key[..]), None));
            }
        }
    }
}
