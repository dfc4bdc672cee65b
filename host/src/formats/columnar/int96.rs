//! Times of 96 bits, as Impala, Hive and Spark wrote them: nanoseconds of a day, and a day that may lie where 64 bits of
//! nanoseconds do not reach. They are read in microseconds where these are exact, and else in nanoseconds; never wrapped.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowTimestampType, TimestampMicrosecondType, TimestampNanosecondType, TimestampSecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::groups::parquet_reason;

/// The fields with such a unit in those leaves of which `leaves` says so, depth first.
pub(super) fn with_unit(fields: &Fields, leaves: &mut dyn Iterator<Item = bool>, unit: TimeUnit) -> Fields {
    fields.iter().map(|field| field_with_unit(field, leaves, unit)).collect()
}

fn field_with_unit(field: &FieldRef, leaves: &mut dyn Iterator<Item = bool>, unit: TimeUnit) -> FieldRef {
    let mut child = |child: &FieldRef| field_with_unit(child, leaves, unit);
    let data_type = match field.data_type() {
        DataType::List(element) => DataType::List(child(element)),
        DataType::LargeList(element) => DataType::LargeList(child(element)),
        DataType::ListView(element) => DataType::ListView(child(element)),
        DataType::LargeListView(element) => DataType::LargeListView(child(element)),
        DataType::FixedSizeList(element, length) => DataType::FixedSizeList(child(element), *length),
        DataType::Map(entries, sorted) => DataType::Map(child(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(with_unit(fields, leaves, unit)),
        leaf => match (leaves.next(), leaf) {
            (Some(true), DataType::Timestamp(_, zone)) => DataType::Timestamp(unit, zone.clone()),
            _ => leaf.clone(),
        },
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// Whether a type has nanoseconds in it.
pub(super) fn is_in_nanoseconds(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, None) => true,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => is_in_nanoseconds(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| is_in_nanoseconds(field.data_type())),
        _ => false,
    }
}

/// Columns with such times, read in several units side by side.
pub(super) struct Times {
    /// Their positions in the file.
    roots: Vec<usize>,
    /// In microseconds, nanoseconds and seconds; all but the last may have wrapped.
    units: [ParquetRecordBatchReader; 3],
}

impl Times {
    pub(super) fn new(roots: Vec<usize>, units: [ParquetRecordBatchReader; 3]) -> Self {
        Self { roots, units }
    }

    /// The columns of the next batch, each in a unit that is exact.
    pub(super) fn next_columns(&mut self) -> Result<Option<Vec<ArrayRef>>, String> {
        let mut read = Vec::with_capacity(self.units.len());
        for unit in &mut self.units {
            match unit.next() {
                Some(batch) => read.push(batch.map_err(|error| parquet_reason(&error))?),
                None => return Ok(None),
            }
        }
        let [micros, nanos, seconds] = &read[..] else { return Ok(None) };
        let fields = micros.schema_ref().fields().iter();
        let units = micros.columns().iter().zip(nanos.columns()).zip(seconds.columns());
        let exact = |(field, ((micros, nanos), seconds)): (&FieldRef, ((&ArrayRef, &ArrayRef), &ArrayRef))| {
            exact(micros, nanos, seconds).ok_or_else(|| {
                format!("column {:?} has times that 64 bits of microseconds or nanoseconds cannot hold", field.name())
            })
        };
        fields.zip(units).map(exact).collect::<Result<_, _>>().map(Some)
    }

    /// A batch with these columns in the place of its own.
    pub(super) fn replace(&self, batch: &RecordBatch, columns: Vec<ArrayRef>) -> Result<RecordBatch, String> {
        let (mut fields, mut arrays) = (batch.schema_ref().fields().to_vec(), batch.columns().to_vec());
        for (&root, column) in self.roots.iter().zip(columns) {
            if let (Some(field), Some(array)) = (fields.get_mut(root), arrays.get_mut(root)) {
                *field = Arc::new(Field::clone(field).with_data_type(column.data_type().clone()));
                *array = column;
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|error| parquet_reason(&error))
    }
}

/// Of one column in three units, the coarsest that is exact.
fn exact(micros: &ArrayRef, nanos: &ArrayRef, seconds: &ArrayRef) -> Option<ArrayRef> {
    let (mut in_micros, mut in_nanos) = (true, true);
    let mut units = [leaves(micros), leaves(nanos), leaves(seconds)].map(Vec::into_iter);
    let [all_micros, all_nanos, all_seconds] = &mut units;
    for ((micros, nanos), seconds) in all_micros.zip(all_nanos).zip(all_seconds) {
        let (Some(micros), Some(nanos), Some(seconds)) = (
            values::<TimestampMicrosecondType>(&micros),
            values::<TimestampNanosecondType>(&nanos),
            values::<TimestampSecondType>(&seconds),
        ) else {
            continue;
        };
        for ((micro, nano), second) in micros.zip(nanos).zip(seconds) {
            let (Some(micro), Some(nano), Some(second)) = (micro, nano, second) else { continue };
            in_micros &= micro.div_euclid(1_000_000) == second && micro.wrapping_mul(1000) == nano;
            in_nanos &= nano.div_euclid(1_000_000_000) == second;
        }
    }
    match (in_micros, in_nanos) {
        (true, _) => Some(Arc::clone(micros)),
        (_, true) => Some(Arc::clone(nanos)),
        _ => None,
    }
}

fn values<T: ArrowTimestampType>(array: &ArrayRef) -> Option<impl Iterator<Item = Option<i64>>> {
    Some(array.as_primitive_opt::<T>()?.iter())
}

/// The leaves of a column, depth first.
fn leaves(array: &ArrayRef) -> Vec<ArrayRef> {
    match array.data_type() {
        DataType::List(_) => leaves(array.as_list::<i32>().values()),
        DataType::LargeList(_) => leaves(array.as_list::<i64>().values()),
        DataType::ListView(_) => leaves(array.as_list_view::<i32>().values()),
        DataType::LargeListView(_) => leaves(array.as_list_view::<i64>().values()),
        DataType::FixedSizeList(..) => leaves(array.as_fixed_size_list().values()),
        DataType::Map(..) => array.as_map().entries().columns().iter().flat_map(leaves).collect(),
        DataType::Struct(_) => array.as_struct().columns().iter().flat_map(leaves).collect(),
        _ => vec![Arc::clone(array)],
    }
}
