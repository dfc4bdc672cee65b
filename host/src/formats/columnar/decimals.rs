//! Decimals with more digits than their type has: neither Arrow nor Parquet sees to it that there are none.

use arrow_array::Array as _;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;

/// The first column with a decimal that is out of the range of its type.
pub(super) fn out_of_range(batch: &RecordBatch) -> Option<&str> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    columns.filter(|(_, column)| !is_in_range(column)).map(|(field, _)| field.name().as_str()).next()
}

fn is_in_range(array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::Decimal32(precision, _) => fit::<Decimal32Type>(array, *precision),
        DataType::Decimal64(precision, _) => fit::<Decimal64Type>(array, *precision),
        DataType::Decimal128(precision, _) => fit::<Decimal128Type>(array, *precision),
        DataType::Decimal256(precision, _) => fit::<Decimal256Type>(array, *precision),
        DataType::List(_) => is_in_range(array.as_list::<i32>().values()),
        DataType::LargeList(_) => is_in_range(array.as_list::<i64>().values()),
        DataType::ListView(_) => is_in_range(array.as_list_view::<i32>().values()),
        DataType::LargeListView(_) => is_in_range(array.as_list_view::<i64>().values()),
        DataType::FixedSizeList(..) => is_in_range(array.as_fixed_size_list().values()),
        DataType::Map(..) => array.as_map().entries().columns().iter().all(is_in_range),
        DataType::Struct(_) => array.as_struct().columns().iter().all(is_in_range),
        DataType::Dictionary(..) => array.as_any_dictionary_opt().is_none_or(|array| is_in_range(array.values())),
        _ => true,
    }
}

fn fit<T: DecimalType>(array: &ArrayRef, precision: u8) -> bool {
    array.as_primitive_opt::<T>().is_none_or(|decimals| decimals.validate_decimal_precision(precision).is_ok())
}
