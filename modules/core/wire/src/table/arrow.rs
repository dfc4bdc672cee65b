//! Fluss types as Arrow types and back (`fluss.md` 2.6).

use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field as ArrowField, Fields, TimeUnit};

use super::{ColumnType, DataType, Field, Schema};

/// Why an Arrow type has no Fluss type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the field {field} has the Arrow type {arrow}, for which Fluss has no type: {remedy}")]
pub struct ArrowTypeError {
    /// Its name; nested fields with dots.
    pub field: String,
    /// The type, as Arrow writes it.
    pub arrow: String,
    /// What can be done.
    pub remedy: &'static str,
}

/// The zone that instants have on our side; on the wire there is none.
const ZONE: &str = "UTC";

impl From<&Schema> for arrow_schema::Schema {
    fn from(schema: &Schema) -> Self {
        let fields = schema.columns.iter().map(|column| column.column_type.to_arrow(&column.name));
        arrow_schema::Schema::new(fields.collect::<Fields>())
    }
}

/// Column types of Fluss as Arrow fields, and back.
pub trait ArrowColumn: Sized {
    /// The Arrow field of this name and type.
    fn to_arrow(&self, name: &str) -> ArrowField;

    /// The type that holds every value of an Arrow field; see [`ArrowValues::from_arrow`].
    ///
    /// # Errors
    /// Where Fluss has none.
    fn from_arrow(field: &ArrowField) -> Result<Self, ArrowTypeError>;
}

/// Data types of Fluss as Arrow types, and back.
pub trait ArrowValues: Sized {
    /// The Arrow type that has these values on the wire. Instants have the zone `UTC`.
    fn to_arrow(&self) -> ArrowType;

    /// The type that holds every value of an Arrow type: where Fluss lacks one, the next wider. `UInt64` becomes
    /// `DECIMAL(20, 0)`, other unsigned integers the next longer signed one, `Date64` milliseconds become
    /// `TIMESTAMP(3)`, a timestamp with any zone `TIMESTAMP_LTZ`, a dictionary the type of its values. Nested fields have
    /// no id yet.
    ///
    /// # Errors
    /// Where Fluss has none.
    fn from_arrow(arrow: &ArrowType) -> Result<Self, ArrowTypeError>;
}

impl ArrowColumn for ColumnType {
    fn to_arrow(&self, name: &str) -> ArrowField {
        ArrowField::new(name, self.data_type.to_arrow(), self.nullable)
    }

    fn from_arrow(field: &ArrowField) -> Result<Self, ArrowTypeError> {
        from_field(field, field.name())
    }
}

impl ArrowValues for DataType {
    fn to_arrow(&self) -> ArrowType {
        match self {
            DataType::Boolean => ArrowType::Boolean,
            DataType::TinyInt => ArrowType::Int8,
            DataType::SmallInt => ArrowType::Int16,
            DataType::Int => ArrowType::Int32,
            DataType::BigInt => ArrowType::Int64,
            DataType::Float => ArrowType::Float32,
            DataType::Double => ArrowType::Float64,
            DataType::Decimal { precision, scale } => ArrowType::Decimal128(*precision, *scale as i8),
            DataType::Char(_) | DataType::String => ArrowType::Utf8,
            DataType::Binary(length) => ArrowType::FixedSizeBinary(i32::try_from(*length).unwrap_or(i32::MAX)),
            DataType::Bytes => ArrowType::Binary,
            DataType::Date => ArrowType::Date32,
            DataType::Time(precision @ 0..=3) => ArrowType::Time32(unit(*precision)),
            DataType::Time(precision) => ArrowType::Time64(unit(*precision)),
            DataType::Timestamp(precision) => ArrowType::Timestamp(unit(*precision), None),
            DataType::TimestampLtz(precision) => ArrowType::Timestamp(unit(*precision), Some(ZONE.into())),
            DataType::Array(element) => ArrowType::List(Arc::new(element.to_arrow("element"))),
            DataType::Map(key, value) => {
                let key = ArrowField::new("key", key.data_type.to_arrow(), false);
                let entries = ArrowType::Struct(Fields::from(vec![key, value.to_arrow("value")]));
                ArrowType::Map(Arc::new(ArrowField::new("entries", entries, false)), false)
            }
            DataType::Row(fields) => {
                ArrowType::Struct(fields.iter().map(|field| field.column_type.to_arrow(&field.name)).collect())
            }
        }
    }

    fn from_arrow(arrow: &ArrowType) -> Result<Self, ArrowTypeError> {
        from_type(arrow, "")
    }
}

fn unit(precision: u8) -> TimeUnit {
    match precision {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

fn precision(unit: &TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn from_field(field: &ArrowField, name: &str) -> Result<ColumnType, ArrowTypeError> {
    Ok(ColumnType { data_type: from_type(field.data_type(), name)?, nullable: field.is_nullable() })
}

fn from_type(arrow: &ArrowType, name: &str) -> Result<DataType, ArrowTypeError> {
    let no_type = |remedy| ArrowTypeError { field: name.to_owned(), arrow: arrow.to_string(), remedy };
    let data_type = match arrow {
        ArrowType::Boolean => DataType::Boolean,
        ArrowType::Int8 => DataType::TinyInt,
        ArrowType::Int16 | ArrowType::UInt8 => DataType::SmallInt,
        ArrowType::Int32 | ArrowType::UInt16 => DataType::Int,
        ArrowType::Int64 | ArrowType::UInt32 => DataType::BigInt,
        ArrowType::UInt64 => DataType::Decimal { precision: 20, scale: 0 },
        ArrowType::Float16 | ArrowType::Float32 => DataType::Float,
        ArrowType::Float64 => DataType::Double,
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => DataType::String,
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView => DataType::Bytes,
        ArrowType::FixedSizeBinary(length) => match u32::try_from(*length) {
            Ok(length) if length > 0 => DataType::Binary(length),
            _ => return Err(no_type("give it at least one byte")),
        },
        ArrowType::Date32 => DataType::Date,
        ArrowType::Date64 => DataType::Timestamp(3),
        ArrowType::Time32(unit) | ArrowType::Time64(unit) => DataType::Time(precision(unit)),
        ArrowType::Timestamp(unit, None) => DataType::Timestamp(precision(unit)),
        ArrowType::Timestamp(unit, Some(_)) => DataType::TimestampLtz(precision(unit)),
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => match u8::try_from(*scale) {
            Ok(scale) if (1..=38).contains(precision) && scale <= *precision => {
                DataType::Decimal { precision: *precision, scale }
            }
            _ => return Err(no_type("cast it to a decimal of at most 38 digits with a scale from 0 to these")),
        },
        ArrowType::Dictionary(_, values) => from_type(values, name)?,
        ArrowType::RunEndEncoded(_, values) => from_type(values.data_type(), name)?,
        ArrowType::List(element)
        | ArrowType::LargeList(element)
        | ArrowType::ListView(element)
        | ArrowType::LargeListView(element)
        | ArrowType::FixedSizeList(element, _) => DataType::Array(from_child(element, name, "element")?.into()),
        ArrowType::Map(entries, _) => match entries.data_type() {
            ArrowType::Struct(fields) => {
                let [key, value] = &**fields else { return Err(no_type("give its entries a key and a value")) };
                let key = ColumnType { nullable: false, ..from_child(key, name, "key")? };
                DataType::Map(key.into(), from_child(value, name, "value")?.into())
            }
            _ => return Err(no_type("give its entries a key and a value")),
        },
        ArrowType::Struct(fields) => DataType::Row(fields.iter().map(|f| from_row(f, name)).collect::<Result<_, _>>()?),
        ArrowType::Null => return Err(no_type("cast it to the type that its values are to have")),
        ArrowType::Duration(_) | ArrowType::Interval(_) => return Err(no_type("cast it to BIGINT")),
        ArrowType::Union(..) => return Err(no_type("split it into one column for each case")),
    };
    Ok(data_type)
}

fn from_child(field: &ArrowField, parent: &str, name: &str) -> Result<ColumnType, ArrowTypeError> {
    from_field(field, &format!("{parent}.{name}"))
}

fn from_row(field: &ArrowField, parent: &str) -> Result<Field, ArrowTypeError> {
    let column_type = from_child(field, parent, field.name())?;
    Ok(Field { id: None, name: field.name().clone(), column_type, description: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nullable(data_type: DataType) -> ColumnType {
        ColumnType { data_type, nullable: true }
    }

    #[test]
    fn every_type_comes_back() {
        let row = vec![Field { id: None, name: "f".into(), column_type: nullable(DataType::Date), description: None }];
        let key = ColumnType { data_type: DataType::Int, nullable: false };
        let types = [
            (DataType::Boolean, "Boolean"),
            (DataType::TinyInt, "Int8"),
            (DataType::SmallInt, "Int16"),
            (DataType::Int, "Int32"),
            (DataType::BigInt, "Int64"),
            (DataType::Float, "Float32"),
            (DataType::Double, "Float64"),
            (DataType::Decimal { precision: 38, scale: 10 }, "Decimal128(38, 10)"),
            (DataType::String, "Utf8"),
            (DataType::Binary(3), "FixedSizeBinary(3)"),
            (DataType::Bytes, "Binary"),
            (DataType::Date, "Date32"),
            (DataType::Time(0), "Time32(s)"),
            (DataType::Time(3), "Time32(ms)"),
            (DataType::Time(6), "Time64(µs)"),
            (DataType::Time(9), "Time64(ns)"),
            (DataType::Timestamp(0), "Timestamp(s)"),
            (DataType::Timestamp(9), "Timestamp(ns)"),
            (DataType::TimestampLtz(3), "Timestamp(ms, \"UTC\")"),
            (DataType::TimestampLtz(6), "Timestamp(µs, \"UTC\")"),
            (DataType::Array(nullable(DataType::Int).into()), "List(Int32, field: 'element')"),
            (
                DataType::Map(key.into(), nullable(DataType::Bytes).into()),
                "Map(\"entries\": non-null Struct(\"key\": non-null Int32, \"value\": Binary), unsorted)",
            ),
            (DataType::Row(row), "Struct(\"f\": Date32)"),
        ];
        for (data_type, expected) in types {
            let arrow = data_type.to_arrow();
            assert_eq!(arrow.to_string(), expected);
            assert_eq!(DataType::from_arrow(&arrow), Ok(data_type));
        }
    }

    #[test]
    fn other_arrow_types_become_the_next_wider() {
        let dictionary = ArrowType::Dictionary(ArrowType::Int8.into(), ArrowType::LargeUtf8.into());
        let item = Arc::new(ArrowField::new("item", ArrowType::UInt8, false));
        let element = ColumnType { data_type: DataType::SmallInt, nullable: false };
        let types = [
            (ArrowType::UInt16, DataType::Int),
            (ArrowType::UInt32, DataType::BigInt),
            (ArrowType::UInt64, DataType::Decimal { precision: 20, scale: 0 }),
            (ArrowType::Utf8View, DataType::String),
            (ArrowType::Date64, DataType::Timestamp(3)),
            (ArrowType::Timestamp(TimeUnit::Second, Some("+02:00".into())), DataType::TimestampLtz(0)),
            (dictionary, DataType::String),
            (ArrowType::FixedSizeList(item, 4), DataType::Array(element.into())),
        ];
        for (arrow, expected) in types {
            assert_eq!(DataType::from_arrow(&arrow), Ok(expected), "{arrow}");
        }
    }

    #[test]
    fn a_type_without_counterpart_names_its_field() {
        let inner = ArrowField::new("wait", ArrowType::Duration(TimeUnit::Second), true);
        let outer = ArrowField::new("trip", ArrowType::Struct(vec![inner].into()), true);
        let error = ColumnType::from_arrow(&outer).expect_err("Fluss has no durations");
        assert_eq!(error.field, "trip.wait");
        assert!(ColumnType::from_arrow(&ArrowField::new("d", ArrowType::Decimal256(50, 2), true)).is_err());
        assert!(ColumnType::from_arrow(&ArrowField::new("d", ArrowType::Decimal128(10, -2), true)).is_err());
        assert!(ColumnType::from_arrow(&ArrowField::new("n", ArrowType::Null, true)).is_err());
    }
}
