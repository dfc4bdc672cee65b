//! Values that a layout can hold and a type cannot, wherever they are nested: decimals with too many digits, times of day
//! that are on no day. Readers in other languages stop at them, and with them whoever reads the table.

use arrow_array::types::{
    Decimal128Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, cast::AsArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, TimeUnit};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Checks the rows whose bit is set, or all. What stands in a null, or below one, does not count. The error says what is
/// wrong, and in which row, counted among the values of the nested type.
pub(super) fn check_range(array: &ArrayRef, rows: Option<&BooleanBuffer>) -> Result<(), String> {
    match array.data_type() {
        DataType::Decimal128(precision, _) => {
            let limit = 10u128.pow(u32::from(*precision));
            let fault = || format!("has more than {precision} digits");
            check::<Decimal128Type>(array, rows, |value| value.unsigned_abs() < limit, fault)
        }
        DataType::Time32(TimeUnit::Second) => of_day::<Time32SecondType>(array, rows, 1),
        DataType::Time32(_) => of_day::<Time32MillisecondType>(array, rows, 1_000),
        DataType::Time64(TimeUnit::Microsecond) => of_day::<Time64MicrosecondType>(array, rows, 1_000_000),
        DataType::Time64(_) => of_day::<Time64NanosecondType>(array, rows, 1_000_000_000),
        data_type if !has_ranges(data_type) => Ok(()),
        DataType::Struct(_) => {
            let rows = valid(rows, array.nulls());
            array.as_struct().columns().iter().try_for_each(|child| check_range(child, rows.as_ref()))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            check_range(list.values(), elements(list.offsets(), valid(rows, list.nulls())).as_ref())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries = elements(map.offsets(), valid(rows, map.nulls()));
            [map.keys(), map.values()].into_iter().try_for_each(|child| check_range(child, entries.as_ref()))
        }
        _ => Ok(()),
    }
}

fn of_day<T: ArrowPrimitiveType<Native: Into<i64>>>(
    array: &ArrayRef,
    rows: Option<&BooleanBuffer>,
    second: i64,
) -> Result<(), String> {
    let day = 0..DAY * second;
    check::<T>(array, rows, |value| day.contains(&value.into()), || "has a time that is on no day".to_owned())
}

fn check<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    rows: Option<&BooleanBuffer>,
    fits: impl Fn(T::Native) -> bool,
    fault: impl Fn() -> String,
) -> Result<(), String> {
    let array = array.as_primitive::<T>();
    let wrong = |&(row, value): &(usize, &T::Native)| {
        !fits(*value) && array.is_valid(row) && rows.is_none_or(|rows| rows.value(row))
    };
    match array.values().iter().enumerate().find(wrong) {
        Some((row, _)) => Err(format!("{} in row {row} of the call", fault())),
        None => Ok(()),
    }
}

fn has_ranges(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal128(..) | DataType::Time32(_) | DataType::Time64(_) => true,
        DataType::List(field) | DataType::Map(field, _) => has_ranges(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_ranges(field.data_type())),
        _ => false,
    }
}

/// Those of the rows that are no null; `None`: all.
fn valid(rows: Option<&BooleanBuffer>, nulls: Option<&NullBuffer>) -> Option<BooleanBuffer> {
    match (rows, nulls) {
        (Some(rows), Some(nulls)) => Some(rows & nulls.inner()),
        (rows, nulls) => rows.or(nulls.map(NullBuffer::inner)).cloned(),
    }
}

/// The elements of some lists; `None`: of all.
fn elements(offsets: &OffsetBuffer<i32>, lists: Option<BooleanBuffer>) -> Option<BooleanBuffer> {
    let lists = lists?;
    let mut elements = BooleanBufferBuilder::new(0);
    for (list, length) in lists.iter().zip(offsets.lengths()) {
        elements.append_n(length, list);
    }
    Some(elements.finish())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Decimal128Array, ListArray, StructArray, Time32SecondArray, Time64NanosecondArray};
    use arrow_schema::Field;

    use super::*;

    fn decimals(values: &[i128]) -> ArrayRef {
        let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(3, 1);
        Arc::new(array.expect("a precision and a scale"))
    }

    fn nulls(valid: &[bool]) -> Option<NullBuffer> {
        Some(NullBuffer::from(valid.to_vec()))
    }

    fn fault(array: ArrayRef, rows: Option<&[bool]>) -> Option<String> {
        check_range(&array, rows.map(|rows| BooleanBuffer::from(rows.to_vec())).as_ref()).err()
    }

    #[test]
    fn digits_are_counted_wherever_a_value_counts() {
        assert_eq!(fault(decimals(&[999, -999]), None), None);
        let expected = Some("has more than 3 digits in row 1 of the call".to_owned());
        assert_eq!(fault(decimals(&[0, -1000]), None), expected);
        assert_eq!(fault(decimals(&[0, i128::MIN]), Some(&[false, true])), expected);
        assert_eq!(fault(decimals(&[0, 1000]), Some(&[true, false])), None);

        let field = Arc::new(Field::new("a", decimals(&[]).data_type().clone(), true));
        let row = |valid| {
            let children = vec![decimals(&[0, 1000])];
            Arc::new(StructArray::new(vec![Arc::clone(&field)].into(), children, nulls(valid)))
        };
        assert_eq!(fault(row(&[true, true]), None), expected);
        assert_eq!(fault(row(&[true, false]), None), None);

        let list = |valid: &[bool], lengths: [usize; 2]| {
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::new(Arc::clone(&field), offsets, decimals(&[0, 1000]), nulls(valid)))
        };
        assert_eq!(fault(list(&[true, true], [0, 2]), None), expected);
        assert_eq!(fault(list(&[true, false], [1, 1]), None), None);
        assert_eq!(fault(list(&[true, true], [1, 1]), Some(&[true, false])), None);
        assert_eq!(fault(list(&[true, true], [2, 0]), Some(&[true, false])), expected);
    }

    #[test]
    fn times_are_of_a_day() {
        let fault_of = |seconds: i32| fault(Arc::new(Time32SecondArray::from(vec![0, seconds])), None);
        assert_eq!((fault_of(86_399), fault_of(0)), (None, None));
        for seconds in [86_400, -1, i32::MIN] {
            assert_eq!(fault_of(seconds).as_deref(), Some("has a time that is on no day in row 1 of the call"));
        }
        let last = 86_400 * 1_000_000_000 - 1;
        assert_eq!(fault(Arc::new(Time64NanosecondArray::from(vec![last])), None), None);
        assert!(fault(Arc::new(Time64NanosecondArray::from(vec![last + 1])), None).is_some());
    }
}
