//! Decimals that a module wrote, wherever they are nested: none may have more digits than its type.

use arrow_array::types::Decimal128Type;
use arrow_array::{Array, ArrayRef, cast::AsArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, OffsetBuffer};
use arrow_schema::DataType;

/// Checks the rows whose bit is set, or all. What stands in a null, or below one, does not count. The error says how many
/// digits there may be, and in which row, counted among the values of the type that is too long.
pub(super) fn check_digits(array: &ArrayRef, rows: Option<&BooleanBuffer>) -> Result<(), String> {
    match array.data_type() {
        DataType::Decimal128(precision, _) => check_decimals(array, *precision, rows),
        data_type if !has_decimals(data_type) => Ok(()),
        DataType::Struct(_) => {
            let rows = valid(rows, array.nulls());
            array.as_struct().columns().iter().try_for_each(|child| check_digits(child, rows.as_ref()))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            check_digits(list.values(), elements(list.offsets(), valid(rows, list.nulls())).as_ref())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries = elements(map.offsets(), valid(rows, map.nulls()));
            [map.keys(), map.values()].into_iter().try_for_each(|child| check_digits(child, entries.as_ref()))
        }
        _ => Ok(()),
    }
}

fn check_decimals(array: &ArrayRef, precision: u8, rows: Option<&BooleanBuffer>) -> Result<(), String> {
    let limit = 10u128.pow(u32::from(precision));
    let decimals = array.as_primitive::<Decimal128Type>();
    let long = |&(row, value): &(usize, &i128)| {
        value.unsigned_abs() >= limit && decimals.is_valid(row) && rows.is_none_or(|rows| rows.value(row))
    };
    match decimals.values().iter().enumerate().find(long) {
        Some((row, _)) => Err(format!("has more than {precision} digits in row {row} of the call")),
        None => Ok(()),
    }
}

fn has_decimals(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal128(..) => true,
        DataType::List(field) | DataType::Map(field, _) => has_decimals(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_decimals(field.data_type())),
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

    use arrow_array::{Decimal128Array, ListArray, StructArray};
    use arrow_schema::Field;

    use super::*;

    fn decimals(values: &[i128]) -> ArrayRef {
        let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(3, 1);
        Arc::new(array.expect("a precision and a scale"))
    }

    fn nulls(valid: &[bool]) -> Option<NullBuffer> {
        Some(NullBuffer::from(valid.to_vec()))
    }

    fn told(array: ArrayRef, rows: Option<&[bool]>) -> Option<String> {
        check_digits(&array, rows.map(|rows| BooleanBuffer::from(rows.to_vec())).as_ref()).err()
    }

    #[test]
    fn digits_are_counted_wherever_a_value_counts() {
        assert_eq!(told(decimals(&[999, -999]), None), None);
        let expected = Some("has more than 3 digits in row 1 of the call".to_owned());
        assert_eq!(told(decimals(&[0, -1000]), None), expected);
        assert_eq!(told(decimals(&[0, i128::MIN]), Some(&[false, true])), expected);
        assert_eq!(told(decimals(&[0, 1000]), Some(&[true, false])), None);

        let field = Arc::new(Field::new("a", decimals(&[]).data_type().clone(), true));
        let row = |valid| {
            let children = vec![decimals(&[0, 1000])];
            Arc::new(StructArray::new(vec![Arc::clone(&field)].into(), children, nulls(valid)))
        };
        assert_eq!(told(row(&[true, true]), None), expected);
        assert_eq!(told(row(&[true, false]), None), None);

        let list = |valid: &[bool], lengths: [usize; 2]| {
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::new(Arc::clone(&field), offsets, decimals(&[0, 1000]), nulls(valid)))
        };
        assert_eq!(told(list(&[true, true], [0, 2]), None), expected);
        assert_eq!(told(list(&[true, false], [1, 1]), None), None);
        assert_eq!(told(list(&[true, true], [1, 1]), Some(&[true, false])), None);
        assert_eq!(told(list(&[true, true], [2, 0]), Some(&[true, false])), expected);
    }
}
