//! Decimals with more digits than their type has, and times that are on no day: neither Arrow nor Parquet sees to it that
//! there are none.

use arrow_array::Array as _;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType,
};
use arrow_array::{ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The first column with a value that is out of the range of its type.
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
        DataType::Time32(TimeUnit::Second) => of_day::<Time32SecondType>(array, 1),
        DataType::Time32(_) => of_day::<Time32MillisecondType>(array, 1_000),
        DataType::Time64(TimeUnit::Microsecond) => of_day::<Time64MicrosecondType>(array, 1_000_000),
        DataType::Time64(_) => of_day::<Time64NanosecondType>(array, 1_000_000_000),
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

fn of_day<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef, second: i64) -> bool {
    let day = 0..DAY * second;
    array.as_primitive_opt::<T>().is_none_or(|times| times.iter().flatten().all(|time| day.contains(&time.into())))
}
