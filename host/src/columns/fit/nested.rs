//! Lists of all layouts, maps whose entries go by position, rows whose fields go by name.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, StructArray, UInt64Array, new_null_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};
use arrow_select::take::take;

use super::{Fault, Rounding, convert as convert_field, plain};

/// The values as a nested field has them; `None` where neither type is nested.
pub(super) fn convert(array: &ArrayRef, to: &Field, rounding: Rounding) -> Option<Result<ArrayRef, Fault>> {
    Some(match (array.data_type(), to.data_type()) {
        (DataType::Struct(_), DataType::Struct(fields)) => rows(array.as_struct(), fields, rounding),
        (DataType::Map(..), DataType::Map(entries, sorted)) => map(array.as_map(), entries, *sorted, rounding),
        (DataType::Map(..), _) => Err(Fault::Kind),
        (from, DataType::List(element)) => match lists(array, from) {
            Some(lists) => list(lists, array.nulls(), element, rounding),
            None => Err(Fault::Kind),
        },
        (_, to) if to.is_nested() => Err(Fault::Kind),
        (from, _) if from.is_nested() => Err(Fault::Kind),
        _ => return None,
    })
}

/// Where the lists of rows lie in their children.
struct Lists {
    children: Vec<ArrayRef>,
    /// For each row its first element, and how many it has.
    spans: Vec<(usize, usize)>,
}

fn lists(array: &ArrayRef, from: &DataType) -> Option<Lists> {
    fn offsets<O: arrow_array::OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> Vec<(usize, usize)> {
        offsets.windows(2).map(|ends| (ends[0].as_usize(), (ends[1] - ends[0]).as_usize())).collect()
    }
    fn views<O: arrow_array::OffsetSizeTrait>(offsets: &[O], sizes: &[O]) -> Vec<(usize, usize)> {
        offsets.iter().zip(sizes).map(|(offset, size)| (offset.as_usize(), size.as_usize())).collect()
    }
    let (child, spans) = match from {
        DataType::List(_) => (array.as_list::<i32>().values(), offsets(array.as_list::<i32>().offsets())),
        DataType::LargeList(_) => (array.as_list::<i64>().values(), offsets(array.as_list::<i64>().offsets())),
        DataType::ListView(_) => {
            let lists = array.as_list_view::<i32>();
            (lists.values(), views(lists.offsets(), lists.sizes()))
        }
        DataType::LargeListView(_) => {
            let lists = array.as_list_view::<i64>();
            (lists.values(), views(lists.offsets(), lists.sizes()))
        }
        DataType::FixedSizeList(_, length) => {
            let length = usize::try_from(*length).ok()?;
            (array.as_fixed_size_list().values(), (0..array.len()).map(|row| (row * length, length)).collect())
        }
        _ => return None,
    };
    Some(Lists { children: vec![Arc::clone(child)], spans })
}

impl Lists {
    /// The children with nothing between the lists of rows, nothing in those that are null, and their offsets.
    fn packed(self, nulls: Option<&NullBuffer>) -> Result<(Vec<ArrayRef>, OffsetBuffer<i32>), Fault> {
        let mut offsets = Vec::with_capacity(self.spans.len() + 1);
        offsets.push(0_i32);
        let (mut end, mut total, mut is_packed) = (0, 0_usize, true);
        for (row, &(first, count)) in self.spans.iter().enumerate() {
            let count = if nulls.is_none_or(|nulls| nulls.is_valid(row)) { count } else { 0 };
            if count > 0 {
                is_packed &= total == 0 || first == end;
                end = first + count;
                total += count;
            }
            let reason = || "the arrays up to this row have more elements than can be held; read fewer rows".to_owned();
            offsets.push(i32::try_from(total).map_err(|_| Fault::Value { row, reason: reason() })?);
        }
        let offsets = OffsetBuffer::new(offsets.into());
        if is_packed {
            let begin = end - total;
            return Ok((self.children.iter().map(|child| child.slice(begin, total)).collect(), offsets));
        }
        let valid = self.spans.iter().enumerate().filter(|(row, _)| nulls.is_none_or(|nulls| nulls.is_valid(*row)));
        let elements = valid.flat_map(|(_, &(first, count))| (first..first + count).map(|at| at as u64));
        let elements = UInt64Array::from_iter_values(elements);
        let taken = self.children.iter().map(|child| take(child, &elements, None)).collect::<Result<_, _>>();
        Ok((taken.map_err(refused)?, offsets))
    }
}

fn list(lists: Lists, nulls: Option<&NullBuffer>, element: &FieldRef, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let (children, offsets) = lists.packed(nulls)?;
    let child = children.first().ok_or(Fault::Kind)?;
    let child = convert_field(child, element, None, rounding).map_err(|fault| fault.at(|at| row_of(&offsets, at)))?;
    let list = ListArray::try_new(Arc::clone(element), offsets, child, nulls.cloned()).map_err(refused)?;
    Ok(Arc::new(list))
}

fn map(array: &MapArray, entries: &FieldRef, sorted: bool, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let DataType::Struct(fields) = entries.data_type() else { return Err(Fault::Kind) };
    let [key, value] = &fields[..] else { return Err(Fault::Kind) };
    let ends = array.offsets().windows(2);
    let spans = ends.map(|ends| (ends[0] as usize, (ends[1] - ends[0]) as usize)).collect();
    let lists = Lists { children: vec![Arc::clone(array.keys()), Arc::clone(array.values())], spans };
    let (children, offsets) = lists.packed(array.nulls())?;
    let converted = children.iter().zip([key, value]).map(|(child, field)| convert_field(child, field, None, rounding));
    let converted = converted.collect::<Result<_, _>>().map_err(|fault| fault.at(|at| row_of(&offsets, at)))?;
    let pairs = StructArray::try_new(fields.clone(), converted, None).map_err(refused)?;
    let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, array.nulls().cloned(), sorted);
    Ok(Arc::new(map.map_err(refused)?))
}

/// The row whose list has this element.
fn row_of(offsets: &OffsetBuffer<i32>, element: usize) -> usize {
    offsets.partition_point(|offset| (*offset as usize) <= element).saturating_sub(1)
}

/// Rows by the names of their fields. One that is not there is null.
fn rows(array: &StructArray, fields: &Fields, rounding: Rounding) -> Result<ArrayRef, Fault> {
    let names: Vec<&str> = array.fields().iter().map(|field| field.name().as_str()).collect();
    let mut taken = vec![false; names.len()];
    let mut columns = Vec::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        let is_it = |place: &usize| names.get(*place) == Some(&field.name().as_str()) && !taken[*place];
        let place =
            Some(at).filter(|place| *place < names.len() && is_it(place)).or_else(|| (0..names.len()).find(is_it));
        columns.push(match place {
            Some(place) => {
                taken[place] = true;
                convert_field(array.column(place), field, array.nulls(), rounding)?
            }
            None if field.is_nullable() => new_null_array(field.data_type(), array.len()),
            None => return Err(Fault::Kind),
        });
    }
    if taken.contains(&false) {
        return Err(Fault::Kind);
    }
    let nulls = array.nulls().cloned();
    let rows = StructArray::try_new_with_length(fields.clone(), columns, nulls, array.len()).map_err(refused)?;
    Ok(Arc::new(rows))
}

fn refused(error: arrow_schema::ArrowError) -> Fault {
    Fault::Value { row: 0, reason: plain(&error) }
}
