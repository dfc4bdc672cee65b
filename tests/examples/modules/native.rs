//! The functions of tests/bench-modules as closures over Arrow arrays.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take_record_batch;

/// What a chain is measured against.
pub(crate) type Native = Box<dyn Fn(&RecordBatch) -> Result<RecordBatch>>;

/// The function of a module, by its name.
pub(crate) fn native(module: &str) -> Result<Native> {
    Ok(match module {
        "late" => keep("delay", |delay| BooleanArray::from_unary(delay.as_primitive::<Int32Type>(), |it| it > 30)),
        "seattle" => keep("origin", |origin| BooleanArray::from_unary(origin.as_string::<i32>(), |it| it == "SEA")),
        "kilometres" => floats("distance", 1.609344),
        "euros" => floats("fare", 0.92),
        "litres" => floats("fuel", 3.785411784),
        "kilograms" => floats("weight", 0.45359237),
        "city" => replace("destination", |destination| {
            let city = |text| str::split_once(text, ',').map_or(text, |(city, _)| city);
            Arc::new(destination.as_string::<i32>().iter().map(|text| text.map(city)).collect::<StringArray>())
        }),
        "lower" => replace("destination", |destination| {
            let texts = destination.as_string::<i32>().iter();
            Arc::new(texts.map(|text| text.map(str::to_ascii_lowercase)).collect::<StringArray>())
        }),
        "checked" => {
            let kilometres = floats("distance", 1.609344);
            let valid = keep("distance", |distance| {
                BooleanArray::from_unary(distance.as_primitive::<Float64Type>(), |it| it >= 0.0)
            });
            Box::new(move |batch| kilometres(&valid(batch)?))
        }
        "thrice" => {
            let third = replace("weight", |values| {
                Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(|it| it / 3.0))
            });
            Box::new(move |batch| {
                let rows = u32::try_from(batch.num_rows())?;
                let indices = UInt32Array::from_iter_values((0..rows).flat_map(|row| [row; 3]));
                Ok(take_record_batch(&third(batch)?, &indices)?)
            })
        }
        other => bail!("no module {other}"),
    })
}

fn keep(column: &'static str, keep: impl Fn(&dyn Array) -> BooleanArray + 'static) -> Native {
    Box::new(move |batch| {
        let kept = keep(batch.column_by_name(column).context("no such column")?);
        Ok(filter_record_batch(batch, &kept)?)
    })
}

fn floats(column: &'static str, factor: f64) -> Native {
    replace(column, move |values| {
        Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(|it| it * factor))
    })
}

fn replace(column: &'static str, map: impl Fn(&dyn Array) -> ArrayRef + 'static) -> Native {
    Box::new(move |batch| replaced(batch, column, |array| Ok(map(array))))
}

/// The batch with another array in a column's place.
pub(crate) fn replaced(
    batch: &RecordBatch,
    column: &str,
    map: impl FnOnce(&ArrayRef) -> Result<ArrayRef>,
) -> Result<RecordBatch> {
    let at = batch.schema_ref().index_of(column)?;
    let mut columns = batch.columns().to_vec();
    columns[at] = map(&columns[at])?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
