//! The partition of a row: the values of its partition columns as text (`fluss.md` 2.12).

use crate::column::{Batch, Values};
use crate::record::bits::bit;
use crate::record::partition::text::{Unnameable, date, float, hex, put, time, timestamp};
use crate::record::{Layout, RecordError, Shape};
use crate::table::{DataType, PARTITION_SEPARATOR, check_partition_value};

/// Names the partition of one row at a time, as `PartitionGetter` and `PartitionNameConverters` of the Java client do.
#[derive(Debug, Clone)]
pub struct PartitionEncoder {
    columns: Vec<PartitionColumn>,
}

#[derive(Debug, Clone)]
struct PartitionColumn {
    /// Its position in `Batch::columns`.
    position: usize,
    name: String,
    data_type: DataType,
    /// Bytes a value, of `Values::Fixed`.
    width: usize,
}

impl PartitionEncoder {
    /// For the top-level columns at `keys`, in this order, of rows with this layout.
    ///
    /// Fails on a position without column, and on types that cannot be a partition key: decimals, arrays, maps and
    /// rows.
    pub fn new(layout: &Layout, keys: &[usize]) -> Result<Self, RecordError> {
        let columns = keys.iter().map(|&key| {
            let field = layout.top(key)?;
            let name = field.name.clone();
            let width = if let Shape::Fixed(width) = field.shape { width as usize } else { 0 };
            match &field.data_type {
                None | Some(DataType::Map(..)) => Err(RecordError::PartitionType { column: name, data_type: "MAP" }),
                Some(DataType::Decimal { .. }) => {
                    Err(RecordError::PartitionType { column: name, data_type: "DECIMAL" })
                }
                Some(DataType::Array(_)) => Err(RecordError::PartitionType { column: name, data_type: "ARRAY" }),
                Some(DataType::Row(_)) => Err(RecordError::PartitionType { column: name, data_type: "ROW" }),
                Some(data_type) => {
                    Ok(PartitionColumn { position: field.column, name, data_type: data_type.clone(), width })
                }
            }
        });
        Ok(Self { columns: columns.collect::<Result<_, _>>()? })
    }

    /// Writes the name of the partition of a row into `out`, which is emptied first.
    ///
    /// Fails on a null, on a value after which no partition can be named (a text with other characters than letters,
    /// digits, `_` and `-`, or longer than 200), and on a batch that does not fit the layout.
    pub fn name(&self, batch: &Batch<'_>, row: usize, out: &mut String) -> Result<(), RecordError> {
        out.clear();
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                out.push(PARTITION_SEPARATOR);
            }
            let from = out.len();
            column.write(batch, row, out)?;
            let value = out.get(from..).unwrap_or_default();
            check_partition_value(value).map_err(|error| column.unnameable(row, &error.name, error.reason))?;
        }
        Ok(())
    }
}

impl PartitionColumn {
    fn write(&self, batch: &Batch<'_>, row: usize, out: &mut String) -> Result<(), RecordError> {
        let misfit = || {
            let reason = format!("row {row} has no value there, or not one of its type");
            RecordError::Misfit { column: self.name.clone(), reason }
        };
        let column = batch.columns.get(self.position).ok_or_else(misfit)?;
        if column.validity.is_some_and(|validity| !bit(validity, row)) {
            return Err(RecordError::Null { column: self.name.clone(), row });
        }
        match self.text(column.values, row, out).ok_or_else(misfit)? {
            Ok(()) => Ok(()),
            Err(Unnameable { value, reason }) => Err(self.unnameable(row, &value, reason)),
        }
    }

    /// The text of a value; `None` if there is none of this type.
    fn text(&self, values: Values<'_>, row: usize, out: &mut String) -> Option<Result<(), Unnameable>> {
        match (&self.data_type, values) {
            (DataType::Boolean, Values::Bits(bits)) => {
                out.push_str(if bits.get(row / 8)? >> (row % 8) & 1 != 0 { "true" } else { "false" });
            }
            (DataType::Char(_) | DataType::String, Values::Spans { offsets, bytes }) => {
                match std::str::from_utf8(span(offsets, bytes, row)?) {
                    Ok(text) => out.push_str(text),
                    Err(_) => {
                        let value = String::from_utf8_lossy(span(offsets, bytes, row)?).into_owned();
                        return Some(Err(Unnameable { value, reason: "it is not UTF-8" }));
                    }
                }
            }
            (DataType::Bytes, Values::Spans { offsets, bytes }) => hex(span(offsets, bytes, row)?, out),
            (DataType::Binary(_), Values::Fixed(bytes)) => {
                let from = row.checked_mul(self.width)?;
                hex(bytes.get(from..from.checked_add(self.width)?)?, out);
            }
            (DataType::TinyInt, Values::Int8(values)) => put(out, format_args!("{}", values.get(row)?)),
            (DataType::SmallInt, Values::Int16(values)) => put(out, format_args!("{}", values.get(row)?)),
            (DataType::Int, Values::Int32(values)) => put(out, format_args!("{}", values.get(row)?)),
            (DataType::BigInt, Values::Int64(values)) => put(out, format_args!("{}", values.get(row)?)),
            (DataType::Float, Values::Float32(values)) => float(*values.get(row)?, out),
            (DataType::Double, Values::Float64(values)) => float(*values.get(row)?, out),
            (DataType::Date, Values::Int32(values)) => return Some(date(*values.get(row)?, out)),
            (DataType::Time(precision), Values::Int32(values)) => {
                let value = *values.get(row)?;
                time(if *precision == 0 { value.wrapping_mul(1000) } else { value }, out);
            }
            (DataType::Time(precision), Values::Int64(values)) => {
                let per_milli = if *precision <= 6 { 1_000 } else { 1_000_000 };
                time((values.get(row)? / per_milli) as i32, out);
            }
            (DataType::Timestamp(precision) | DataType::TimestampLtz(precision), Values::Int64(values)) => {
                return Some(timestamp(*values.get(row)?, *precision, out));
            }
            _ => return None,
        }
        Some(Ok(()))
    }

    fn unnameable(&self, row: usize, value: &str, reason: &'static str) -> RecordError {
        let value = value.chars().take(200).collect();
        RecordError::PartitionValue { column: self.name.clone(), row, value, reason }
    }
}

fn span<'a>(offsets: &[i32], bytes: &'a [u8], row: usize) -> Option<&'a [u8]> {
    let (from, to) = (*offsets.get(row)?, *offsets.get(row + 1)?);
    bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Column;
    use crate::table::ColumnType;

    fn named(data_type: DataType, values: Values<'_>, row: usize) -> Result<String, RecordError> {
        let column_type = ColumnType { data_type, nullable: true };
        let encoder = PartitionEncoder::new(&Layout::new([("p", &column_type)]), &[0])?;
        let batch = Batch { rows: row + 1, columns: vec![Column { validity: None, values }] };
        let mut name = String::new();
        encoder.name(&batch, row, &mut name).map(|()| name)
    }

    fn check(data_type: DataType, values: Values<'_>, expected: &[&str]) {
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(named(data_type.clone(), values, row).as_deref(), Ok(*expected));
        }
    }

    /// Those of `PartitionUtilsTest`, and what Java gives at the ends of ranges.
    #[test]
    fn names_are_java_s() {
        let bytes = &[0x10, 0x20, 0x30, 0x40, 0x50, 0xff];
        check(DataType::Bytes, Values::Spans { offsets: &[0, 6], bytes }, &["1020304050ff"]);
        check(DataType::Binary(3), Values::Fixed(bytes), &["102030", "4050ff"]);
        check(DataType::String, Values::Spans { offsets: &[0, 5, 6], bytes: b"Fluss7" }, &["Fluss", "7"]);
        check(DataType::Boolean, Values::Bits(&[1]), &["true", "false"]);
        check(DataType::TinyInt, Values::Int8(&[100, -128]), &["100", "-128"]);
        check(DataType::SmallInt, Values::Int16(&[-32760]), &["-32760"]);
        check(DataType::Int, Values::Int32(&[299_000]), &["299000"]);
        check(DataType::BigInt, Values::Int64(&[i64::MIN]), &["-9223372036854775808"]);
        check(DataType::Date, Values::Int32(&[20_235, -719_529]), &["2025-05-27", "-001-12-31"]);
        check(DataType::Time(3), Values::Int32(&[5_402_199]), &["01-30-02_199"]);
        check(DataType::Time(0), Values::Int32(&[86_399]), &["23-59-59_000"]);
        check(DataType::Time(9), Values::Int64(&[5_402_199_999_999]), &["01-30-02_199"]);
        let floats = [5.73, 1e7, -0.0, 1.5e-5, f32::NAN, f32::NEG_INFINITY, f32::from_bits(1)];
        let expected = ["5_73", "1_0E7", "-0_0", "1_5E-5", "NaN", "-Inf", "1_4E-45"];
        check(DataType::Float, Values::Float32(&floats), &expected);
        let doubles = [5.73, 100.0, 0.001, 1e23, f64::INFINITY, 123_456_789.0];
        check(
            DataType::Double,
            Values::Float64(&doubles),
            &["5_73", "100_0", "0_001", "1_0E23", "Inf", "1_23456789E8"],
        );
        let times = [1_748_662_955_428_099_988, 1_748_662_955_000_000_000, -1_748_662_955_427_900_012];
        let expected = ["2025-05-31-03-42-35_428099988", "2025-05-31-03-42-35_", "1914-08-03-20-17-24_572099988"];
        check(DataType::Timestamp(9), Values::Int64(&times), &expected);
        check(DataType::TimestampLtz(0), Values::Int64(&[1_748_662_955]), &["2025-05-31-03-42-35_"]);
        check(DataType::Timestamp(3), Values::Int64(&[1_748_662_955_428]), &["2025-05-31-03-42-35_428"]);
    }

    #[test]
    fn what_names_no_partition_is_refused() {
        fn error(data_type: DataType, values: Values<'_>) -> String {
            named(data_type, values, 0).unwrap_err().to_string()
        }
        let text = |bytes, end| error(DataType::String, Values::Spans { offsets: &[0, end], bytes });
        let start = "the column p has in row 0 the value";
        let rest = "after which no partition can be named";
        let characters = "only the letters A to Z and a to z, digits, '_' and '-' are allowed";
        assert_eq!(text(b"a$b", 3), format!("{start} 'a$b', {rest}: {characters}"));
        assert_eq!(text(b"", 0), format!("{start} '', {rest}: it is empty"));
        assert_eq!(text(b"\xff", 1), format!("{start} '\u{fffd}', {rest}: it is not UTF-8"));
        let day = error(DataType::Date, Values::Int32(&[i32::MAX]));
        assert_eq!(day, format!("{start} '2147483647', {rest}: the day is out of range"));
        let far = error(DataType::Timestamp(0), Values::Int64(&[i64::MAX]));
        assert_eq!(far, format!("{start} '9223372036854775807', {rest}: the time is out of range"));
        let misfit = "the column p does not fit: row 0 has no value there, or not one of its type";
        assert_eq!(error(DataType::Int, Values::Int64(&[1])), misfit);
        assert_eq!(error(DataType::Int, Values::Int32(&[])), misfit);
        let decimal = DataType::Decimal { precision: 5, scale: 2 };
        let refused = "the column p of type DECIMAL cannot be a partition key";
        assert_eq!(error(decimal, Values::Fixed(&[0; 16])), refused);
    }

    #[test]
    fn nulls_are_refused_and_values_joined() {
        let column_type = ColumnType { data_type: DataType::Int, nullable: true };
        let layout = Layout::new([("a", &column_type), ("b", &column_type)]);
        let encoder = PartitionEncoder::new(&layout, &[1, 0]).expect("two integers");
        let columns = vec![
            Column { validity: None, values: Values::Int32(&[1, 2]) },
            Column { validity: Some(&[1]), values: Values::Int32(&[3, 4]) },
        ];
        let batch = Batch { rows: 2, columns };
        let mut name = "left over".to_owned();
        assert_eq!(encoder.name(&batch, 0, &mut name), Ok(()));
        assert_eq!(name, "3$1");
        let null = RecordError::Null { column: "b".into(), row: 1 };
        assert_eq!(encoder.name(&batch, 1, &mut name), Err(null));
    }
}
