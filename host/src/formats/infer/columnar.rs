//! The columns of Parquet and Arrow files.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};

use super::Inferred;
use crate::formats::columnar::{arrow_schema, parquet_schema};
use crate::formats::{FormatError, Input};

pub(super) fn infer_parquet(input: &Input) -> Result<Inferred, FormatError> {
    parquet_schema(input).map(|schema| typed(&schema))
}

pub(super) fn infer_arrow(input: &Input) -> Result<Inferred, FormatError> {
    arrow_schema(input).map(|schema| typed(&schema))
}

/// The columns with a type for those that have only nulls.
fn typed(schema: &Schema) -> Inferred {
    let mut hints = Vec::new();
    let fields = fields(schema.fields(), "", &mut hints);
    Inferred { schema: Schema::new(fields), hints }
}

fn fields(fields: &Fields, parent: &str, hints: &mut Vec<String>) -> Fields {
    fields.iter().map(|field| with_type(field, &format!("{parent}{}", field.name()), hints)).collect()
}

fn with_type(field: &FieldRef, name: &str, hints: &mut Vec<String>) -> FieldRef {
    let mut child = |child: &FieldRef| with_type(child, &format!("{name}.{}", child.name()), hints);
    let data_type = match field.data_type() {
        DataType::Null => {
            hints.push(format!("column {name:?} has no value, and is taken for STRING; say otherwise with --schema"));
            DataType::Utf8
        }
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => DataType::List(child(element)),
        DataType::Map(entries, sorted) => DataType::Map(child(entries), *sorted),
        DataType::Struct(inner) => DataType::Struct(fields(inner, &format!("{name}."), hints)),
        DataType::Dictionary(_, values) => {
            let values = Arc::new(Field::new(field.name(), values.as_ref().clone(), field.is_nullable()));
            return with_type(&values, name, hints);
        }
        DataType::RunEndEncoded(_, values) => {
            let values =
                Field::new(field.name(), values.data_type().clone(), field.is_nullable() || values.is_nullable());
            return with_type(&Arc::new(values), name, hints);
        }
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
}
